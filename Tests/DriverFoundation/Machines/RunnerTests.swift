import Testing

@testable import DriverFoundation

/// The engine that runs a device's machines.
@Suite struct RunnerTests {
    @Test("ENG-2: what is posted from inside an effect waits: one runner takes one event at a time")
    func oneRunner() throws {
        let seen = Seen()
        var options = PlugAndPlay.Options()
        options.stateObserver = { device, change in
            guard change.machine == .plugAndPlay, change.to == "started", change.moment == .after,
                seen.states.isEmpty
            else { return }
            // The post returns at once, and the machine is where it was.
            for event in [PnPMachine.Event.queryStop, .cancelStop] {
                device.post(event)
                seen.states.append(device.state.value.pnp.state)
            }
        }
        try onBench(seeds: 0..<1, options: options) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            try same(seen.states, [.started, .started], "states after the posts")
            await bench.journal.wait(for: .returned(.queryStop))
            await bench.settle()
            let steps = bench.journal.lines()
            try same(steps.suffix(2), ["started", "queryStop"], "in its turn")
            try same(try bench.device.state.value.pnp.state, .started, "after both")
        }
    }
}

/// Sendable because one simulation's thread alone touches it.
private final class Seen: @unchecked Sendable { var states: [PnPMachine.State] = [] }
