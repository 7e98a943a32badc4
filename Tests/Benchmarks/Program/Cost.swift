import Glibc

/// What one transfer of a loop costs; a figure is `nil` when its tool is not there.
struct Cost {
    private static let short = 2_000
    private static let long = 12_000

    var instructions: Double?
    var systemCalls: Double?
    var allocations: Double?
    var ioctls: Double?
    var nanoseconds: Double?

    /// What one transfer or call of a loop allocates, and nothing else.
    ///
    /// `divisor`: how many times fewer than usual it is measured with.
    static func allocations(of loop: String, depth: Int, divisor: Int = 1) -> Double? {
        let (short, long) = (short / divisor, long / divisor)
        guard let few = number(after: "allocations", in: command(loop, depth, short)),
            let many = number(after: "allocations", in: command(loop, depth, long))
        else { return nil }
        return (many - few) / Double(long - short)
    }

    init(of loop: String, depth: Int) {
        func difference(_ figure: (String) -> Double?, scale: Int = 1) -> Double? {
            let (short, long) = (Self.short * scale, Self.long * scale)
            guard let few = figure(Self.command(loop, depth, short)),
                let many = figure(Self.command(loop, depth, long))
            else { return nil }
            return (many - few) / Double(long - short)
        }
        instructions = difference {
            Self.number(
                after: "Collected :",
                in: "valgrind --tool=callgrind --callgrind-out-file=/dev/null \($0) 2>&1")
        }
        systemCalls = difference { command in
            Self.output("strace -f -c -U calls,name -o '|cat' \(command) 2>&1").compactMap { line in
                let fields = line.split(separator: " ")
                return fields.count == 2 && fields[1] == "total" ? Double(fields[0]) : nil
            }.first
        }
        allocations = Self.allocations(of: loop, depth: depth)
        ioctls = difference { Self.number(after: "ioctls", in: $0) }
        nanoseconds = difference({ Self.number(after: "nanoseconds", in: $0) }, scale: 20)
    }

    private static func command(_ loop: String, _ depth: Int, _ count: Int) -> String {
        "\(CommandLine.arguments[0]) measure '\(loop)' \(depth) \(count)"
    }

    private static func number(after word: String, in command: String) -> Double? {
        for line in output(command) {
            let fields = line.split(separator: " ").map(String.init)
            let words = word.split(separator: " ").map(String.init)
            guard fields.count > words.count else { continue }
            for start in 0..<fields.count - words.count
            where Array(fields[start..<start + words.count]) == words {
                return Double(fields[start + words.count])
            }
        }
        return nil
    }

    private static func output(_ command: String) -> [String] {
        guard let pipe = popen(command, "r") else { return [] }
        defer { pclose(pipe) }
        var lines: [String] = []
        var line = [CChar](repeating: 0, count: 4096)
        while fgets(&line, 4096, pipe) != nil {
            lines.append(
                String(decoding: line.prefix { $0 > 31 }.map { UInt8($0) }, as: UTF8.self))
        }
        return lines
    }

    var row: String {
        [instructions, systemCalls, allocations, ioctls, nanoseconds]
            .map { $0.map(Self.written) ?? "no tool" }.joined(separator: " | ")
    }

    func ratio(to other: Cost) -> String {
        let pairs = [
            (instructions, other.instructions), (systemCalls, other.systemCalls),
            (allocations, other.allocations), (ioctls, other.ioctls),
            (nanoseconds, other.nanoseconds),
        ]
        return pairs.map { pair in
            guard let ours = pair.0, let theirs = pair.1, theirs > 0 else { return "–" }
            return "× " + Self.written(ours / theirs)
        }.joined(separator: " | ")
    }

    private static func written(_ number: Double) -> String {
        if number >= 100 { return String(Int(number.rounded())) }
        let hundredths = Int((number * 100).rounded())
        let rest = String(hundredths % 100)
        return "\(hundredths / 100)." + String(repeating: "0", count: 2 - rest.count) + rest
    }
}
