import Dispatch
import Glibc

/// What a transfer costs over `LibUSBBus`, beside a loop in C over the same libusb and the same
/// node of our own: bulk IN of 512 bytes that completes at once.
///
///   benchmarks                               the table
///   benchmarks measure LOOP DEPTH COUNT      one run, for the tools that count
///
/// Every figure is the difference of two runs of different length, so that start and end cancel
/// out.
@main
struct Benchmarks {
    // Not asynchronous: valgrind cannot follow the way in which such a main gives up its thread.
    static func main() {
        let arguments = CommandLine.arguments
        if arguments.count == 5, arguments[1] == "measure", let depth = Int(arguments[3]),
            let count = Int(arguments[4])
        {
            Measurement.run(arguments[2], depth: depth, count: count)
        } else {
            exit(table() ? 0 : 1)
        }
    }

    private static func table() -> Bool {
        say("bulk IN, 512 bytes, for each transfer:")
        say("| depth | loop | instructions | system calls | allocations | ioctls | ns |")
        say("|---|---|---|---|---|---|---|")
        var isComplete = true
        var counts: [(loop: String, allocations: Double?, limit: Double?)] = []
        for depth in [1, 16] {
            let costs = Measurement.loops.map { Cost(of: $0, depth: depth) }
            for (loop, cost) in zip(Measurement.loops, costs) {
                say("| \(depth) | \(loop) | \(cost.row) |")
                if cost.instructions == nil { isComplete = false }
            }
            guard let raw = costs.first else { continue }
            for (loop, cost) in zip(Measurement.loops, costs).dropFirst() {
                counts.append(("\(loop), depth \(depth)", cost.allocations, raw.allocations))
            }
            for (loop, cost) in zip(Measurement.loops, costs).dropFirst() {
                say("| \(depth) | \(loop) / \(Measurement.loops[0]) | \(cost.ratio(to: raw)) |")
            }
        }
        // A read that returns its bytes makes an array.
        let awaited = Cost.allocations(of: Measurement.awaited, depth: 1)
        let libusb = Cost.allocations(of: Measurement.loops[0], depth: 1)
        counts.append((Measurement.awaited, awaited, libusb.map { $0 + 1 }))
        for caller in CallbackDriver.Caller.allCases {
            // libusb waits in whole milliseconds, and a timer with it.
            let allocations = Cost.allocations(of: caller.rawValue, depth: 1, divisor: 10)
            counts.append((caller.rawValue, allocations, 0))
        }
        for count in counts where !holds(count.loop, count.allocations, to: count.limit) {
            isComplete = false
        }
        return isComplete
    }

    /// What is counted exactly is held to: nothing here may allocate more than libusb itself does.
    private static func holds(_ loop: String, _ allocations: Double?, to limit: Double?) -> Bool {
        guard let allocations, let limit else { return false }
        let isKept = allocations < limit + 0.01
        say("\(loop): \(allocations) allocations, \(limit) allowed\(isKept ? "" : ": too many")")
        return isKept
    }
}

func say(_ line: String) {
    print(line)
    fflush(nil)
}
