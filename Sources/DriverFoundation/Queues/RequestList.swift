/// Requests in order, linked through themselves: nothing is allocated, and any can leave at any
/// time.
struct RequestList {
    private(set) var first: RequestCore?
    private var last: RequestCore?
    private(set) var count = 0

    var isEmpty: Bool { first == nil }

    /// The requests as they stand now.
    var all: [RequestCore] {
        var cores: [RequestCore] = []
        var core = first
        while let present = core {
            precondition(cores.count < count, "a request stands in two lists")
            cores.append(present)
            core = present.state.value.next
        }
        return cores
    }

    /// The first request for which `isWanted` says so.
    func first(where isWanted: (RequestCore) -> Bool) -> RequestCore? {
        var core = first
        while let present = core {
            if isWanted(present) { return present }
            core = present.state.value.next
        }
        return nil
    }

    /// Whether `isTrue` says so of each.
    func allSatisfy(_ isTrue: (RequestCore) -> Bool) -> Bool { first { !isTrue($0) } == nil }

    mutating func append(_ core: RequestCore) {
        core.state.value.previous = last
        last?.state.value.next = core
        if first == nil { first = core }
        last = core
        count += 1
    }

    mutating func prepend(_ core: RequestCore) {
        core.state.value.next = first
        first?.state.value.previous = core
        if last == nil { last = core }
        first = core
        count += 1
    }

    /// Takes out `core`, which must stand in this list.
    mutating func remove(_ core: RequestCore) {
        let next = core.state.value.next.take()
        let previous = core.state.value.previous.take()
        if let next { next.state.value.previous = previous } else { last = previous }
        if let previous { previous.state.value.next = next } else { first = next }
        count -= 1
    }

    mutating func popFirst() -> RequestCore? {
        guard let core = first else { return nil }
        remove(core)
        return core
    }
}
