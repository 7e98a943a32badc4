import DriverFoundation
import Glibc

/// The lines of the program's standard input, as they come, without a thread that waits for them.
package final class InputLines: Sendable {
    private let lines: AsyncStream<String>
    private let loop: EventLoop

    /// Reads on `loop`, whose waiter must be a ``PollWaiter``.
    package init(on loop: EventLoop) {
        let (lines, continuation) = AsyncStream<String>.makeStream()
        self.lines = lines
        self.loop = loop
        guard let waiter = loop.waiter as? PollWaiter else {
            preconditionFailure("loop \(loop.name) does not wait for descriptors")
        }
        let rest = LoopConfined<[UInt8]>(on: loop, [])
        loop.execute {
            waiter.watch(STDIN_FILENO, for: .readable) { _ in
                var buffer = [UInt8](repeating: 0, count: 1024)
                let count = read(STDIN_FILENO, &buffer, buffer.count)
                guard count > 0 else {
                    if count == 0 || errno != EAGAIN && errno != EINTR {
                        waiter.unwatch(STDIN_FILENO)
                        continuation.finish()
                    }
                    return
                }
                rest.value += buffer[..<count]
                while let end = rest.value.firstIndex(of: 10) {
                    continuation.yield(String(decoding: rest.value[..<end], as: UTF8.self))
                    rest.value.removeFirst(end + 1)
                }
                // No command is that long.
                if rest.value.count > 4096 { rest.value = [] }
            }
        }
    }

    /// Calls `body` with each line until it returns `false`, or the input ends.
    ///
    /// Cancellation: ends it.
    /// - Returns: Whether the input has ended.
    package func forEach(_ body: (String) async throws -> Bool) async rethrows -> Bool {
        for await line in lines {
            guard try await body(line) else { return false }
        }
        return true
    }
}
