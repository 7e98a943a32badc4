internal import CLibUSB
package import DriverRuntime
internal import Glibc
internal import Synchronization

/// Where the loop of this bus waits: libusb's own event handling, which calls the transfers' and
/// the hotplug's callbacks (libusb §2.4).
///
/// Until a context is attached it waits for work alone: a bus can be asked things before it has
/// started, and when it could not start. Idle it sleeps for a day at a time: nothing polls.
package final class LibUSBWaiter: Waiter {
    /// The longest wait asked of libusb, whose milliseconds must fit an `Int32`.
    private static let longest = 86_400_000_000

    private let calls: any LibUSBCalls
    private let lock = Lock()
    private let shared = Shared()
    private let contextless = PollWaiter()
    private let errors = Atomic<UInt64>(0)

    private final class Shared: @unchecked Sendable {
        // `context` is guarded by `lock`; the rest is the loop thread's alone.
        var context: ContextPointer?
        var active: ContextPointer?
        var failuresInARow = 0
    }

    package init(_ calls: any LibUSBCalls) { self.calls = calls }

    /// How often handling events failed (L29). Any thread.
    package var errorCount: UInt64 { errors.load(ordering: .relaxed) }

    /// Begins to wait in `context`. Any thread.
    package func attach(_ context: ContextPointer) {
        lock.withLock { shared.context = context }
        contextless.wake()
        // Whoever woke the loop before did not wake libusb, in which it may be about to wait.
        calls.interrupt(context)
    }

    /// Forgets the context; after the loop's end and before the context's.
    package func detach() { lock.withLock { shared.context = nil } }

    /// `CLOCK_MONOTONIC`.
    package var now: Instant { .monotonic }

    package func wait(until deadline: Instant?) {
        if shared.active == nil { shared.active = lock.withLock { shared.context } }
        guard let context = shared.active else { return contextless.wait(until: deadline) }
        var microseconds = Self.longest
        if let deadline, deadline != .distantFuture {
            let left = now.duration(to: deadline).nanoseconds
            microseconds = left <= 0 ? 0 : min(Int((left - 1) / 1_000) + 1, Self.longest)
        }
        let code = calls.handleEvents(context, microseconds: microseconds)
        // A signal's arrival is nothing to us (L29).
        if code >= 0 || code == LIBUSB_ERROR_INTERRUPTED.rawValue {
            shared.failuresInARow = 0
        } else {
            backOff()
        }
    }

    package func wake() {
        // The lock keeps the context from being freed under a late wake.
        lock.withLock {
            if let context = shared.context { calls.interrupt(context) } else { contextless.wake() }
        }
    }

    /// A failing poll returns at once: without a pause the loop would take the processor (L29).
    private func backOff() {
        errors.add(1, ordering: .relaxed)
        shared.failuresInARow += 1
        let milliseconds = min(Int32(1) << min(shared.failuresInARow, 7), 100)
        _ = poll(nil, 0, milliseconds)
    }
}
