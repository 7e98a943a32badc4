internal import CLibUSB
internal import DriverRuntime
internal import Glibc

/// Waits for a suspended device to resume, on a thread of its own, because the kernel offers
/// nothing to poll for it.
///
/// The kernel's wait ends with a resume and with the device's departure, and not before: one that
/// began before the device slept would never end if it never does. So the watch first looks, now
/// and then, until it sleeps; that can be cancelled. From then on ending the sleep is what ends it.
final class ResumeWatch: Sendable {
    private let thread = SideThread(name: "usb wake")
    private let node: Int32
    private let power: RuntimePower
    private let sleepTime: Int
    private let cancelled = Latch()
    private let ended = Latch()

    /// Begins to watch a device that had slept for `sleepTime` before it was let. `resumed` is
    /// called on the watch's thread, unless the watch was ended.
    init(
        node: Int32, _ power: RuntimePower, sleepTime: Int,
        resumed: @escaping @Sendable () -> Void
    ) {
        self.node = node
        self.power = power
        self.sleepTime = sleepTime
        thread.perform { [self] in
            if watch() { resumed() }
            ended.set()
        }
        thread.stop()
    }

    /// From now on a resume is not reported.
    func cancel() { cancelled.set() }

    /// Waits for its end, after ``cancel()`` and the end of the device's sleep.
    func end() {
        _ = ended.isSet(within: -1)
    }

    /// Waits for the thread's own end, after ``end()``.
    func joined() async { await thread.ended() }

    /// Whether it resumed.
    private func watch() -> Bool {
        var pause: Int32 = 20
        // It may have slept and resumed before the first look.
        while !power.isSuspended, power.sleepTime == sleepTime {
            if cancelled.isSet(within: pause) { return false }
            pause = min(pause * 2, 500)
        }
        while true {
            let code = df_usbfs_wait_for_resume(node)
            if code == EINTR { continue }
            return code == 0 && !cancelled.isSet(within: 0)
        }
    }

}

/// Set once, and waited for with a limit: a pipe with nothing in it, or a byte.
private final class Latch: Sendable {
    private let reader: Int32
    private let writer: Int32

    init() {
        var ends = InlineArray<2, Int32>(repeating: -1)
        var span = ends.mutableSpan
        let code = unsafe span.withUnsafeMutableBufferPointer { unsafe pipe($0.baseAddress) }
        contract(code == 0, "no descriptors left to watch a device")
        (reader, writer) = (ends[0], ends[1])
        for end in [reader, writer] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }

    deinit {
        close(reader)
        close(writer)
    }

    func set() {
        var byte: UInt8 = 0
        _ = unsafe write(writer, &byte, 1)
    }

    /// Waits at most so long; -1 for ever.
    func isSet(within milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
        while true {
            let count = unsafe poll(&entry, 1, milliseconds)
            if count < 0 && errno == EINTR { continue }
            return count > 0
        }
    }
}
