import DriverRuntime
import Foundation
import VirtualUSB

/// Takes those who open the node, as long as it lives.
///
/// Its socket outlives the node: the preloaded library ends a process that finds nobody there.
final class NodeServer: Sendable {
    private let listener: Int32

    /// `serve` gets each connection, on a thread of its own.
    init(path: String, serve: @escaping @Sendable (Int32) -> Void) throws {
        unlink(path)
        let listener = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        self.listener = listener
        let result = LocalAddress(path).withSocketAddress { bind(listener, $0, $1) }
        guard result == 0, listen(listener, 8) == 0 else {
            throw HotplugFailure("cannot listen at \(path): \(errno)")
        }
        Self.thread("node") {
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { break }
                Self.thread("node connection") { serve(connection) }
            }
            close(listener)
        }
    }

    private static func thread(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let thread = Foundation.Thread(block: body)
        thread.name = name
        thread.start()
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }
}
