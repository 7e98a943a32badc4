import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

@Suite struct LeftDriverTests {
    @Test("VF-42: a driver that something holds after its device's end is named at the end")
    func left() throws {
        try onBench(seeds: 0..<4) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started)
            let driver = try bench.driver
            await plug.unplug()
            await bench.journal.wait(for: .disposed)
            await bench.plugAndPlay.stop()
            let findings = bench.plugAndPlay.verifier.findings
            try same(findings.map(\.row), ["VF-42"], "rows")
            try check(findings[0].object.contains("Gadget"), findings[0].object)
            try check(findings[0].problem.contains("ScriptedDriver"), findings[0].problem)
            withExtendedLifetime(driver) {}
        }
    }

    @Test("VF-42: a device that was waited for in its callbacks to the last leaves nothing")
    func nothingLeft() throws {
        try onBench(seeds: 0..<4) { bench in
            let (plug, _) = try await bench.plug()
            for _ in 0..<20 {
                await plug.unplug()
                try await plug.replug()
            }
            await bench.plugAndPlay.stop()
            try same(bench.plugAndPlay.verifier.findings, [], "findings")
        }
    }

    @Test("VF-42, VF-63: up to the limit, those left are not named")
    func limit() throws {
        var options = PlugAndPlay.Options()
        options.verifier.leakLimit = 2
        for count in 1...3 {
            try onBench(seeds: 0..<2, options: options) { bench in
                var kept: [ScriptedDriver] = []
                let (plug, _) = try await bench.plug()
                for _ in 0..<count {
                    await bench.settle()
                    kept.append(try bench.driver)
                    await plug.unplug()
                    try await plug.replug()
                }
                await plug.unplug()
                await bench.plugAndPlay.stop()
                let found = bench.plugAndPlay.verifier.findings.count
                try same(found, count > 2 ? count : 0, "findings with \(count) left")
                withExtendedLifetime(kept) {}
            }
        }
    }
}
