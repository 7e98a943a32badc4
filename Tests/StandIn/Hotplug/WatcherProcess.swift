import Foundation

/// A ``Watcher`` in a process of its own: this program once more, with the library preloaded that
/// shows it `folder` as its system.
final class WatcherProcess {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var received: [UInt8] = []

    init(in folder: SystemFolder) throws {
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["watch"]
        var environment = ProcessInfo.processInfo.environment
        environment["LD_PRELOAD"] = "libumockdev-preload.so.0"
        environment["UMOCKDEV_DIR"] = folder.path
        process.environment = environment
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    /// The next line must be this one.
    func expect(_ wanted: String) throws {
        let line = try next()
        guard line == wanted else {
            throw HotplugFailure("the bus's process said \"\(line)\" instead of \"\(wanted)\"")
        }
    }

    /// The next lines must be these, in any order.
    func expect(unordered wanted: Set<String>) throws {
        var lines: Set<String> = []
        for _ in wanted { lines.insert(try next()) }
        guard lines == wanted else {
            throw HotplugFailure("the bus's process said \(lines) instead of \(wanted)")
        }
    }

    /// All lines up to the first that `isLast` of.
    func lines(until isLast: (String) -> Bool) throws -> [String] {
        var lines: [String] = []
        repeat { lines.append(try next()) } while !isLast(lines[lines.count - 1])
        return lines
    }

    /// Tells it something, to which it must say this.
    func tell(_ command: String, expecting answer: String) throws {
        input.fileHandleForWriting.write(Data("\(command)\n".utf8))
        try expect(answer)
    }

    /// It must stop by itself, with nothing more to say.
    func stop() throws {
        try tell("stop", expecting: "stopped")
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw HotplugFailure("the bus's process ended with \(process.terminationStatus)")
        }
    }

    func kill() {
        // It may be beyond listening to anything else.
        if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }

    private func next() throws -> String {
        let descriptor = output.fileHandleForReading.fileDescriptor
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: received[..<end], as: UTF8.self)
                received.removeFirst(end + 1)
                return line
            }
            var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&ready, 1, 20_000) > 0 else {
                throw HotplugFailure("the bus's process says nothing")
            }
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = read(descriptor, &bytes, bytes.count)
            guard count > 0 else { throw HotplugFailure("the bus's process ended") }
            received += bytes.prefix(count)
        }
    }
}
