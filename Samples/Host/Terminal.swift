import DriverFoundation
import Glibc

/// Where a program's lines go: whole lines in order from any thread, and below them, on a terminal,
/// one line that changes in place.
package final class Terminal: @unchecked Sendable {
    // Sendable because `status` is guarded by `lock`, which also keeps lines whole.
    private let lock = Lock()
    private var status: String?
    private let output: @Sendable (String) -> Void

    /// Whether colours and lines that change are understood.
    package let isInteractive: Bool

    /// The program's standard output.
    package static let standard = Terminal(
        isInteractive: isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil,
        output: { text in write(text, to: STDOUT_FILENO) })

    package init(isInteractive: Bool, output: @escaping @Sendable (String) -> Void) {
        self.isInteractive = isInteractive
        self.output = output
    }

    /// Prints a line.
    package func line(_ text: String) {
        lock.withLock {
            let clear = status == nil ? "" : Escape.clearLine
            output(clear + text + "\n" + (status ?? ""))
        }
    }

    /// Shows `text` below the lines instead of what was there; `nil` for nothing. Not a terminal:
    /// no effect.
    package func setStatus(_ text: String?) {
        guard isInteractive else { return }
        lock.withLock {
            if status != nil || text != nil { output(Escape.clearLine + (text ?? "")) }
            status = text
        }
    }

    /// `text` in a colour, where colours are understood.
    package func paint(_ text: String, _ escapes: Escape...) -> String {
        guard isInteractive, !escapes.isEmpty else { return text }
        return escapes.map(\.rawValue).joined() + text + Escape.reset.rawValue
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            // Nobody can be told that nobody listens.
            guard count > 0 || errno == EINTR else { return }
            bytes.removeFirst(max(count, 0))
        }
    }
}

/// What a terminal is told beside the text (ECMA-48 §8.3.117 and §8.3.41).
package enum Escape: String, Sendable {
    case reset = "\u{1B}[0m"
    case bold = "\u{1B}[1m"
    case dim = "\u{1B}[2m"
    case red = "\u{1B}[31m"
    case green = "\u{1B}[32m"
    case yellow = "\u{1B}[33m"
    case blue = "\u{1B}[34m"
    case magenta = "\u{1B}[35m"
    case cyan = "\u{1B}[36m"
    case eraseLine = "\u{1B}[K"

    static let clearLine = "\r" + eraseLine.rawValue
}
