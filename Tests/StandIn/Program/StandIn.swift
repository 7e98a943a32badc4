import BusConformance
import CUsbfs
import Glibc

/// libusb itself over a usbfs of our own: `stand-in [CASE…]`. Behind each node is a virtual device.
///
/// Runs the bus's contract, then the rules of libusb's use that can be seen here. Each case ends in
/// a line `case NAME pass`, `fail REASON` or `n/a REASON`.
@main
struct StandIn {
    static func main() async {
        LibUSBLog.begin()
        let wanted = CommandLine.arguments.dropFirst()
        let bench = StandInBench()
        var failures = 0
        for test in ConformanceSuite.cases where wanted.isEmpty || wanted.contains(test.id) {
            let verdict = await ConformanceSuite.run(test, on: bench)
            await bench.clear()
            failures += report(test.id, verdict)
        }
        for rule in Rule.all where wanted.isEmpty || wanted.contains(rule.id) {
            failures += report(rule.id, await rule.run(on: bench))
        }
        bench.power.remove()
        exit(failures == 0 ? 0 : 1)
    }

    private static func report(_ id: String, _ verdict: ConformanceVerdict) -> Int {
        let warnings = LibUSBLog.take()
        switch verdict {
        case .passed where !warnings.isEmpty:
            say("case \(id) fail libusb warned: \(warnings.joined(separator: " | "))")
            return 1
        case .passed:
            say("case \(id) pass")
        case .notApplicable(let reason):
            say("case \(id) n/a \(reason)")
        case .failed(let reason):
            say("case \(id) fail \(([reason] + warnings).joined(separator: " | "))")
            return 1
        }
        return 0
    }
}

/// A line that whoever runs this sees at once.
func say(_ line: String) {
    print(line)
    fflush(nil)
}
