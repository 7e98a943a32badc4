import BusConformance
import Glibc

/// The bus's contract over libusb and a real kernel, case by case: `lab-conformance [CASE…]`.
///
/// It exports the reference device over USB/IP and asks whoever runs it to attach it (`LAB-ROUND
/// attach 1-1 3240`); each case ends in a line `case NAME pass`, `fail REASON` or `n/a REASON`.
@main
struct LabConformance {
    static func main() async throws {
        let wanted = CommandLine.arguments.dropFirst()
        let bench = try await KernelBench()
        var failures = 0
        for test in ConformanceSuite.cases where wanted.isEmpty || wanted.contains(test.id) {
            switch await ConformanceSuite.run(test, on: bench) {
            case .passed: say("case \(test.id) pass")
            case .notApplicable(let reason): say("case \(test.id) n/a \(reason)")
            case .failed(let reason):
                failures += 1
                say("case \(test.id) fail \(reason)")
            }
        }
        await bench.stop()
        exit(failures == 0 ? 0 : 1)
    }
}

/// A line that whoever runs this sees at once.
func say(_ line: String) {
    print(line)
    fflush(nil)
}
