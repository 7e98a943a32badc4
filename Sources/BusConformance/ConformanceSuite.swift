internal import DriverRuntime
internal import USBBus

/// All cases, and what runs them.
public enum ConformanceSuite {
    /// Every case, grouped by what it is about.
    public static let cases: [ConformanceCase] =
        arrivals + opening + control + lengths + order + cancelling + halts + settings + suspending
        + departures

    /// Runs one case on a bus of its own.
    ///
    /// Threading: any but the loop of a bus that ends with ``USBBus/stop()``.
    public static func run(
        _ test: ConformanceCase, on bench: any ConformanceBench
    ) async -> ConformanceVerdict {
        for need in test.needs {
            if let reason = bench.inability(need) { return .notApplicable(reason) }
        }
        let bus: any USBBus
        do throws(ConformanceFailure) { bus = try await bench.makeBus() } catch {
            return .failed("The bench made no bus: \(error)")
        }
        let scope = Scope(on: bus.loop, name: "conformance")
        let verdict = await Resumption.wait { resumption in
            scope.task { resumption.resume(returning: await perform(test, bench, bus)) }
        }
        await bus.stop()
        return verdict
    }

    /// On the bus's loop, so that cases may touch transfers.
    private static func perform(
        _ test: ConformanceCase, _ bench: any ConformanceBench, _ bus: any USBBus
    ) async -> ConformanceVerdict {
        let run = ConformanceRun(bench, bus)
        var failures: [String] = []
        do {
            try await test.body(run)
        } catch {
            failures.append("\(error)")
        }
        failures += await run.cleanUp()
        failures += run.violations
        return failures.isEmpty ? .passed : .failed(failures.joined(separator: " "))
    }

    /// One row of a table of cases and tiers: the id, the sentence, and a cell for each verdict.
    public static func row(_ test: ConformanceCase, _ verdicts: [ConformanceVerdict]) -> String {
        let cells = verdicts.map { verdict in
            switch verdict {
            case .passed: "yes"
            case .failed(let text): "**no**: \(text)"
            case .notApplicable(let reason): "n/a: \(reason)"
            }
        }
        return (["| \(test.id)", test.sentence] + cells).joined(separator: " | ") + " |"
    }
}
