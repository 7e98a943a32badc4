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

    private final class Table: @unchecked Sendable {
        // Guarded by `lock`. Slot 0 is the wake-up pipe's.
        var polls: [pollfd] = []
        var handlers: [Handler] = []
    }

    /// Makes a waiter with a wake-up pipe of its own.
    public init() {
        var ends = InlineArray<2, Int32>(repeating: -1)
        var span = ends.mutableSpan
        let code = unsafe span.withUnsafeMutableBufferPointer { unsafe pipe($0.baseAddress) }
        precondition(code == 0, "no descriptors left for an event loop")
        (wakeReader, wakeWriter) = (ends[0], ends[1])
        for end in [wakeReader, wakeWriter] {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        table.polls = [pollfd(fd: wakeReader, events: Int16(POLLIN), revents: 0)]
        table.handlers = [{ _ in }]
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
            if let slot = table.polls.firstIndex(where: { $0.fd == descriptor }) {
                (table.polls[slot], table.handlers[slot]) = (poll, handler)
            } else {
                table.polls.append(poll)
                table.handlers.append(handler)
            }
        }
    }

    /// Stops watching `descriptor`; call it before the descriptor is closed. On the loop.
    public func unwatch(_ descriptor: Int32) {
        lock.withLock {
            guard let slot = table.polls.firstIndex(where: { $0.fd == descriptor }) else { return }
            table.polls.remove(at: slot)
            table.handlers.remove(at: slot)
        }
    }

    /// Waits with poll, at most for the milliseconds to the deadline, rounded up.
    public func wait(until deadline: Instant?) {
        var timeout: Int32 = -1
        if let deadline, deadline != .distantFuture {
            let left = now.duration(to: deadline).nanoseconds
            timeout = left <= 0 ? 0 : Int32(clamping: (left - 1) / 1_000_000 + 1)
        }
        // A copy, because handlers change the table; sockets are few.
        var polls = lock.withLock { table.polls }
        let count = unsafe poll(&polls, nfds_t(polls.count), timeout)
        guard count > 0 else { return }
        if polls[0].revents != 0 { emptyWakePipe() }
        for poll in polls.dropFirst() where poll.revents != 0 {
            // An earlier handler of the same wait may have unwatched this one.
            let handler = lock.withLock {
                table.polls.firstIndex { $0.fd == poll.fd }.map { table.handlers[$0] }
            }
            handler?(Readiness(rawValue: poll.revents))
        }
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
