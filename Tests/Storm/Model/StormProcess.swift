import Glibc

/// Storms in processes of their own: one that traps ends its process, and no other.
package enum StormProcess {
    /// What such a process writes before each move, and before its failure.
    private static let moveMark = "move ", failureMark = "failure "

    /// The command `storm` that was built along with the program that runs now.
    package static var besideThisOne: String? {
        guard let path = unsafe realpath("/proc/self/exe", nil) else { return nil }
        defer { unsafe free(path) }
        let own = unsafe String(cString: path)
        guard let slash = own.lastIndex(of: "/") else { return nil }
        let program = own[...slash] + "storm"
        return unsafe access(String(program), X_OK) == 0 ? String(program) : nil
    }

    /// Tries a storm in a process that runs `program`.
    package static func attempt(
        _ storm: StormCase, planted: String?, program: String
    ) -> StormShrinker.Attempt {
        var arguments = [program, "--attempt", storm.description]
        if let planted { arguments += ["--planted", planted] }
        guard let (status, output) = run(arguments) else {
            return StormShrinker.Attempt(failure: nil, moves: [])
        }
        var attempt = StormShrinker.Attempt(failure: nil, moves: [], milliseconds: 1500)
        var trap: String?
        for line in output.split(separator: "\n") {
            if line.hasPrefix(moveMark) { attempt.moves.append(String(line.dropFirst(5))) }
            if line.hasPrefix(failureMark) { attempt.failure = String(line.dropFirst(8)) }
            if let range = line.firstRange(of: "Fatal error: ") {
                trap = trap ?? String(line[range.lowerBound...])
            }
        }
        if status != 0, attempt.failure == nil { attempt.failure = trap ?? "status \(status)" }
        return attempt
    }

    /// What such a process does.
    package static func perform(_ storm: StormCase, planted: String?) -> Never {
        do {
            _ = try Storm.run(
                storm, planted: StormSurvey.planted(planted), began: { put(moveMark + $0) })
            exit(0)
        } catch {
            let sentence = Storm.sentence(of: error)
            put(failureMark + sentence.replacing("\n", with: " "))
            exit(1)
        }
    }

    /// Written at once, since a trap forgets what a buffer holds.
    package static func put(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = unsafe write(STDOUT_FILENO, bytes, bytes.count)
    }

    /// Runs a program to its end; its status, and what it wrote.
    private static func run(_ arguments: [String]) -> (status: Int32, output: String)? {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { return nil }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO)
        unsafe posix_spawn_file_actions_addclose(&actions, ends[0])
        var pointers = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer { unsafe pointers.forEach { unsafe free($0) } }
        var process: pid_t = 0
        // A report of where it trapped takes a second, and nobody reads it.
        let variables = unsafe [strdup("SWIFT_BACKTRACE=enable=no"), nil]
        defer { unsafe free(variables[0]) }
        let code = unsafe posix_spawn(
            &process, arguments[0], &actions, nil, &pointers, variables)
        close(ends[1])
        defer { close(ends[0]) }
        guard code == 0 else { return nil }
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe read(ends[0], &buffer, buffer.count)
            if count <= 0 { break }
            output += buffer[..<count]
        }
        var status: Int32 = 0
        unsafe waitpid(process, &status, 0)
        return (status, String(decoding: output, as: UTF8.self))
    }
}
