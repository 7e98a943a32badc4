/// A place for one, and a line of those who wait for it: first come, first served.
///
/// A wait ends early by its limit, by its task's cancellation and by its device's departure,
/// whichever the loop sees first; the place is never lost between two who both leave the line.
///
/// Threading: its loop.
final class WaitingLine: Sendable {
    private struct Waiter {
        let number: UInt64
        let resumption: Resumption<DeviceError?>
    }

    private struct State {
        var isTaken = false
        var waiters: [Waiter] = []
        var last: UInt64 = 0
    }

    private let loop: EventLoop
    private let state: LoopConfined<State>

    init(on loop: EventLoop) {
        self.loop = loop
        state = LoopConfined(on: loop, State())
    }

    /// Whether somebody has the place.
    var isTaken: Bool { state.value.isTaken }

    /// How many wait.
    var count: Int { state.value.waiters.count }

    /// Takes the place, after those who came before; throws without it. With a `device`, its
    /// departure ends the wait.
    func enter(for device: Device, within limit: Duration?) async throws(DeviceError) {
        if device.isGone { throw DeviceError.removed }
        state.value.last += 1
        let number = state.value.last
        let deadline = limit.map { _ in
            Deadline(on: loop) { [self] in end(number, DeviceError(.timedOut)) }
        }
        let departure = device.onDeparture { [self] in end(number, .removed) }
        let error = await withTaskCancellationHandler {
            await Resumption<DeviceError?>.wait { resumption in
                if Task.isCancelled { return resumption.resume(returning: DeviceError.cancelled) }
                if state.value.isTaken, limit.map({ $0 <= .zero }) == true {
                    return resumption.resume(returning: DeviceError(.timedOut))
                }
                if take(or: Waiter(number: number, resumption: resumption)), let limit {
                    deadline?.arm(after: limit)
                }
            }
        } onCancel: {
            _ = loop.onLoop { [self] in end(number, .cancelled) }
        }
        deadline?.disarm()
        device.forget(departure)
        if let error { throw error }
    }

    /// Takes the place, however long that takes.
    func enter() async {
        _ = await Resumption<DeviceError?>.wait { resumption in
            _ = take(or: Waiter(number: 0, resumption: resumption))
        }
    }

    /// Takes the place for a waiter, or lets it wait.
    /// - Returns: whether it waits.
    private func take(or waiter: Waiter) -> Bool {
        if state.value.isTaken {
            state.value.waiters.append(waiter)
            return true
        }
        state.value.isTaken = true
        waiter.resumption.resume(returning: nil)
        return false
    }

    /// Gives the place to the next, or to nobody.
    func leave() {
        if state.value.waiters.isEmpty {
            state.value.isTaken = false
        } else {
            state.value.waiters.removeFirst().resumption.resume(returning: nil)
        }
    }

    private func end(_ number: UInt64, _ error: DeviceError) {
        guard let index = state.value.waiters.firstIndex(where: { $0.number == number }) else {
            return
        }
        state.value.waiters.remove(at: index).resumption.resume(returning: error)
    }
}

/// Waits that end when the device goes.
struct Departures {
    private var ends: [(number: UInt64, end: @Sendable () -> Void)] = []
    private var last: UInt64 = 0

    mutating func add(_ end: @escaping @Sendable () -> Void) -> UInt64 {
        last += 1
        ends.append((last, end))
        return last
    }

    mutating func remove(_ number: UInt64) { ends.removeAll { $0.number == number } }

    mutating func takeAll() -> [@Sendable () -> Void] {
        defer { ends = [] }
        return ends.map(\.end)
    }
}

extension Device {
    /// Calls `end` once, when the device departs or its removal purges what waits.
    func onDeparture(_ end: @escaping @Sendable () -> Void) -> UInt64 {
        state.value.parts.departures.add(end)
    }

    /// What was to be called at the departure is not wanted any more.
    func forget(_ departure: UInt64) { state.value.parts.departures.remove(departure) }

    /// Ends what waits for something that is not the device's own.
    func endWaits() {
        for end in state.value.parts.departures.takeAll() { end() }
    }
}
