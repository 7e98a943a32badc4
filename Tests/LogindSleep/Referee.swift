import DriverRuntime
import Foundation

/// Debian's message bus and dbusmock's logind, in processes of their own: what the script beside
/// this file starts, and does when it is asked.
final class Referee: Sendable {
    struct Refusal: Error, CustomStringConvertible { let description: String }

    let address: String
    private static let spawning = Lock()
    private let process = Process()
    private let input: Pipe
    private let output: Pipe
    private let queue = DispatchQueue(label: "referee")

    /// Starts it, and does `commands`.
    init(_ commands: String...) async throws {
        process.executableURL = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "logind")
        process.standardError = FileHandle.nullDevice
        (input, output) = try Self.spawn(process)
        address = try Self.line(output)
        for command in commands { try await says(command) }
    }

    /// The end of its input is its end.
    deinit { try? input.fileHandleForWriting.close() }

    /// One at a time: a child would inherit another's ends, and with them keep it alive.
    private static func spawn(_ process: Process) throws -> (Pipe, Pipe) {
        try spawning.withLock { () throws -> (Pipe, Pipe) in
            let (input, output) = (Pipe(), Pipe())
            for pipe in [input, output] {
                for end in [pipe.fileHandleForReading, pipe.fileHandleForWriting] {
                    _ = fcntl(end.fileDescriptor, F_SETFD, FD_CLOEXEC)
                }
            }
            process.standardInput = input
            process.standardOutput = output
            try process.run()
            return (input, output)
        }
    }

    /// What it answers to `command`; throws when it could not do it.
    @discardableResult
    func says(_ command: String) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { [self] in
                continuation.resume(
                    with: Result {
                        try input.fileHandleForWriting.write(
                            contentsOf: Data((command + "\n").utf8))
                        return try Self.line(output)
                    }.flatMap { answer in
                        answer.hasPrefix("ok ")
                            ? .success(String(answer.dropFirst(3)))
                            : .failure(
                                Refusal(
                                    description:
                                        "\(command): \(answer); are Debian's packages dbus "
                                        + "and python3-dbusmock installed?"))
                    })
            }
        }
    }

    private static func line(_ pipe: Pipe) throws -> String {
        var line = Data()
        while let byte = try pipe.fileHandleForReading.read(upToCount: 1), byte.first != 10 {
            if byte.isEmpty { throw Refusal(description: "the script has ended") }
            line += byte
        }
        return String(decoding: line, as: UTF8.self)
    }
}
