import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

@Suite struct StuckCallbackTests {
    private static func waiting(in callback: DriverCallback) -> Script {
        Script([callback: { await $0.valve.pass() }])
    }

    @Test(
        "VF-1, VF-62: a callback that does not return is named every 60 seconds, without limit",
        arguments: [
            .deviceAdd, .prepareHardware, .enterD0, .postInterruptsEnabled,
            .initializeSelfManagedIO, .suspendSelfManagedIO, .preInterruptsDisabled, .exitD0,
            .releaseHardware, .flushSelfManagedIO, .cleanUpSelfManagedIO, .surpriseRemoval,
            .queryRemove,
        ] as [DriverCallback])
    func named(callback: DriverCallback) throws {
        var options = PlugAndPlay.Options()
        options.verifier.callbackLimit = .seconds(60)
        try onBench(seeds: 0..<4, Self.waiting(in: callback), options: options) { bench in
            let (plug, _) = try await bench.plug()
            await bench.settle()
            let device = try bench.device
            var removal: Task<Void, Never>?
            if callback == .surpriseRemoval {
                await plug.unplug()
            } else if bench.journal.has(.started) {
                removal = bench.executor.task { try? await device.remove() }
            }
            await bench.clock.wait(for: .seconds(185))
            bench.valve.open()
            await removal?.value
            await bench.clock.wait(for: .seconds(300))
            let findings = bench.plugAndPlay.verifier.findings
            try same(findings.count, 3, "findings")
            for (index, finding) in findings.enumerated() {
                try same(finding.row, "VF-1", "row")
                try check(finding.object.contains("Gadget"), finding.object)
                try check(finding.problem.contains(callback.rawValue), finding.problem)
                try check(finding.problem.contains("\(60 * (index + 1))"), finding.problem)
                try check(!finding.remedy.isEmpty, "no remedy")
            }
            try check(bench.journal.errors.contains(findings[0].description), "not logged")
        }
    }

    @Test("VF-1: a callback that takes its time within the limit is not named")
    func slow() throws {
        let script = Script([
            .prepareHardware: { await $0.device.clock.wait(for: .seconds(59)) },
            .enterD0: { await $0.device.clock.wait(for: .seconds(59)) },
        ])
        var options = PlugAndPlay.Options()
        options.verifier.callbackLimit = .seconds(60)
        try onBench(seeds: 0..<4, script, options: options) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            try same(bench.plugAndPlay.verifier.findings, [], "findings")
        }
    }

    @Test("VF-62, VF-63: the limit can be chosen")
    func limit() throws {
        var options = PlugAndPlay.Options()
        options.verifier.callbackLimit = .milliseconds(100)
        let script = Script([.prepareHardware: { await $0.device.clock.wait(for: .seconds(1)) }])
        try onBench(seeds: 0..<4, script, options: options) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let count = bench.plugAndPlay.verifier.findings.count
            try check(9...10 ~= count, "\(count) findings")
        }
    }
}
