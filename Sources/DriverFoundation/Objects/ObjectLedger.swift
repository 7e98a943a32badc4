/// What has not been destroyed yet, and who refers to it: WDF's leak detection (OBJ-13) and its
/// tagged references (OBJ-8).
///
/// Threading: any. Sendable because all of it is guarded by its lock.
public final class ObjectLedger: @unchecked Sendable {
    // Sendable because all its variables are guarded by `lock`: the last reference to an object may
    // go on any thread.
    private let lock = Lock()
    /// An object that lives.
    public struct Entry: Hashable, Sendable, CustomStringConvertible {
        /// What sort of thing it is.
        public let kind: String
        /// What reports call it.
        public let name: String
        /// The tags of the references that were not let go of, oldest first.
        public fileprivate(set) var tags: [String] = []
        fileprivate let number: UInt64
        fileprivate let root: UInt64?

        /// Kind, name and tags.
        public var description: String {
            "\(kind) \(name)" + (tags.isEmpty ? "" : " (\(tags.joined(separator: ", ")))")
        }
    }

    // Oldest first, since numbers only grow: found by bisection.
    private var entries: [Entry] = []
    private var lastNumber: UInt64 = 0

    init() {}

    /// The objects that live now, oldest first. Devices that have not come to their end are among
    /// them.
    public var live: [Entry] { lock.withLock { entries } }

    /// The objects of the tree whose root has this number, the root aside.
    func live(below root: UInt64) -> [Entry] {
        lock.withLock { entries.filter { $0.root == root } }
    }

    func add(_ kind: String, _ name: String, root: UInt64?) -> UInt64 {
        lock.withLock {
            lastNumber += 1
            entries.append(Entry(kind: kind, name: name, number: lastNumber, root: root))
            return lastNumber
        }
    }

    func remove(_ number: UInt64) {
        lock.withLock {
            guard let index = index(of: number) else { return }
            entries.remove(at: index)
        }
    }

    func tag(_ number: UInt64, _ tag: String) {
        lock.withLock {
            guard let index = index(of: number) else { return }
            entries[index].tags.append(tag)
        }
    }

    func untag(_ number: UInt64, _ tag: String) {
        lock.withLock {
            guard let index = index(of: number),
                let place = entries[index].tags.firstIndex(of: tag)
            else { return }
            entries[index].tags.remove(at: place)
        }
    }

    private func index(of number: UInt64) -> Int? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].number == number ? low : nil
    }
}
