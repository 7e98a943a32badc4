import Dispatch
import Glibc

/// The wish that the program end: Ctrl-C or a termination signal.
///
/// The first is heard; after it the signals do again what they do by default, so that a second one
/// ends a program that hangs.
package final class Signals: @unchecked Sendable {
    // Sendable because nothing varies after `init`, and Dispatch's sources are safe to cancel
    // anywhere.
    private let sources: [any DispatchSourceSignal]

    /// Calls `handler` for the first signal, on a thread of its own.
    package init(_ handler: @escaping @Sendable () -> Void) {
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                signal(SIGINT, SIG_DFL)
                signal(SIGTERM, SIG_DFL)
                handler()
            }
            source.resume()
            return source
        }
    }

    deinit {
        for source in sources { source.cancel() }
    }
}
