internal import Glibc

/// A waiter for file descriptors: what a loop of virtual devices and USB/IP sockets waits with.
public final class PollWaiter: Waiter {
    /// What can be waited for on a descriptor.
    public struct Readiness: OptionSet, Sendable {
        /// The bits, poll's own.
        public let rawValue: Int16
        /// Takes poll's bits.
        public init(rawValue: Int16) { self.rawValue = rawValue }
        /// Reading will not block.
        public static let readable = Readiness(rawValue: Int16(POLLIN))
        /// Writing will not block.
        public static let writable = Readiness(rawValue: Int16(POLLOUT))
        /// The descriptor failed or its peer is gone; always reported.
        public static let closed = Readiness(rawValue: Int16(POLLERR | POLLHUP | POLLNVAL))
    }

    /// Called on the loop with what a descriptor is ready for.
    public typealias Handler = @Sendable (Readiness) -> Void

    private let wakeReader: Int32
    private let wakeWriter: Int32
    private let lock = Lock()
    private let table = Table()

    /// Sendable because `watches` and `generation` are guarded by `lock`, and `polled` is touched
    /// inside `wait` alone, which has one caller at a time.
    private final class Table: @unchecked Sendable {
        struct Watch {
            var poll: pollfd
            /// Never used again, unlike the descriptor.
            let number: UInt64
            let handler: Handler
        }

        var watches: [Watch] = []
        var generation: UInt64 = 0
        /// What poll reads and writes: the wake-up pipe, then the watches of `polledGeneration`.
        /// Kept from wait to wait, so that a wait allocates nothing; a handler may change the
        /// watches, but not this.
        var polled: [pollfd] = []
        var numbers: [UInt64] = []
        var polledGeneration: UInt64 = 0
    }

    /// Makes a waiter with a wake-up pipe of its own.
    public init() {
        var ends = InlineArray<2, Int32>(repeating: -1)
        var span = ends.mutableSpan
        let code = unsafe span.withUnsafeMutableBufferPointer { unsafe pipe($0.baseAddress) }
        contract(code == 0, "no descriptors left for an event loop")
        (wakeReader, wakeWriter) = (ends[0], ends[1])
        for end in [wakeReader, wakeWriter] {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        table.polled = [pollfd(fd: wakeReader, events: Int16(POLLIN), revents: 0)]
    }

    deinit {
        close(wakeReader)
        close(wakeWriter)
    }

    /// `CLOCK_MONOTONIC`.
    public var now: Instant { .monotonic }

    /// Calls `handler` on the loop whenever `descriptor` is ready (level-triggered) for `interest`,
    /// or closed. One handler for each descriptor; another watch replaces it. On the loop.
    public func watch(_ descriptor: Int32, for interest: Readiness, _ handler: @escaping Handler) {
        let poll = pollfd(fd: descriptor, events: interest.rawValue, revents: 0)
        lock.withLock {
            table.generation += 1
            table.watches.removeAll { $0.poll.fd == descriptor }
            table.watches.append(.init(poll: poll, number: table.generation, handler: handler))
        }
    }

    /// Stops watching `descriptor`; call it before the descriptor is closed. On the loop.
    public func unwatch(_ descriptor: Int32) {
        lock.withLock {
            table.generation += 1
            table.watches.removeAll { $0.poll.fd == descriptor }
        }
    }

    /// Waits with poll, at most for the milliseconds to the deadline, rounded up.
    public func wait(until deadline: Instant?) {
        refreshPolled()
        let count = unsafe poll(&table.polled, nfds_t(table.polled.count), timeout(until: deadline))
        // None when the time has come, or when a signal ended the call.
        guard count > 0 else { return }
        if table.polled[0].revents != 0 { emptyWakePipe() }
        for index in 1..<table.polled.count where table.polled[index].revents != 0 {
            // An earlier handler of this wait may have ended the watch, and another one may have
            // begun on the same descriptor: that one was not polled.
            let number = table.numbers[index - 1]
            let watch = lock.withLock { table.watches.first { $0.number == number } }
            watch?.handler(Readiness(rawValue: table.polled[index].revents))
        }
    }

    private func refreshPolled() {
        lock.withLock {
            guard table.polledGeneration != table.generation else { return }
            table.polledGeneration = table.generation
            table.polled.removeLast(table.polled.count - 1)
            table.polled.append(contentsOf: table.watches.map(\.poll))
            table.numbers = table.watches.map(\.number)
        }
    }

    private func timeout(until deadline: Instant?) -> Int32 {
        guard let deadline, deadline != .distantFuture else { return -1 }
        // Without a look at the clock: a busy loop passes this way every turn.
        if deadline.nanoseconds == 0 { return 0 }
        let left = now.duration(to: deadline).nanoseconds
        return left <= 0 ? 0 : Int32(clamping: (left - 1) / 1_000_000 + 1)
    }

    /// Writes to the wake-up pipe.
    public func wake() {
        var byte: UInt8 = 0
        _ = unsafe write(wakeWriter, &byte, 1)
    }

    private func emptyWakePipe() {
        var bytes: UInt64 = 0
        while unsafe read(wakeReader, &bytes, 8) == 8 {}
    }
}

extension Instant {
    /// The machine's monotonic clock, now. Any thread.
    public static var monotonic: Instant {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }
}
