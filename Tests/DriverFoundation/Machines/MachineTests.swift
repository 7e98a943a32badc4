import Testing

@testable import DriverFoundation

@Suite struct MachineTests {
    @Test(
        "PnP and power, exhaustively: in whatever order, a device ends as it should")
    func life() throws {
        let start = try LifeModel.started().get()
        let report = Exploration<LifeModel, LifeModel.Move>(
            moves: { $0.moves }, result: { $0.after($1) }, problemAtRest: { $0.problemAtRest }
        ).run(from: start)
        print("PnP and power: \(report)")
        #expect(report.violations == [])
        #expect(!report.isCut)
        #expect(report.states > 4000)
    }

    @Test("the explorer finds a planted mistake of each kind")
    func planted() throws {
        // Each plants one mistake into the state that the search begins with.
        let plants: [(String, (inout LifeModel) -> Void)] = [
            (
                "D0Exit without",
                {
                    $0.power = MachineRun(.d0); $0.pnp = MachineRun(.started)
                }
            ),
            ("Release without Prepare", { $0.pnp = MachineRun(.preparingHardware) }),
            ("hardware closed", { $0.pnp = MachineRun(.purgingPowerManagedQueues(.orderly)) }),
            ("interfaces disabled", { $0.pnp = MachineRun(.releasingHardware(.orderly)) }),
            ("dead end", { $0.pnp = MachineRun(.waitingForFiles) }),
            ("came in", { $0.pnp = MachineRun(.started) }),
        ]
        for (text, plant) in plants {
            var model = try LifeModel.started().get()
            model.running = model.pnpActivities(text)
            plant(&model)
            let report = Exploration<LifeModel, LifeModel.Move>(
                moves: { $0.moves }, result: { $0.after($1) },
                problemAtRest: { $0.problemAtRest }
            ).run(from: model, limit: 20_000)
            #expect(report.violations.contains { $0.contains(text) }, "\(text)")
        }
    }

    @Test(
        "ENG-1: a kept event comes again after a change of state, oldest first")
    func kept() {
        var run = MachineRun<PnPMachine>(.created)
        run.post(.add)
        run.post(.start)
        run.post(.remove)
        #expect(run.next() == [.callDeviceAdd])
        #expect(run.next() == [])
        #expect(run.next() == [])
        #expect(run.next() == nil)
        #expect(run.kept == [.start, .remove])
        run.post(.deviceAdded)
        #expect(run.next() == [])
        #expect(run.pending == [.start, .remove])
        #expect(run.next() == [.acquireHardware])
    }

    @Test("ENG-3: an event that must not come traps, and names machine, event and state")
    func unexpected() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            var run = MachineRun<PowerMachine>(.off)
            run.post(.queuesHeld)
            _ = run.next()
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("PowerMachine: queuesHeld must not come in state off"))
    }

    @Test("ENG-1: a machine that is posted to without end traps instead of growing")
    func limit() async {
        await #expect(processExitsWith: .failure) {
            var run = MachineRun<PowerMachine>(.off)
            for _ in 0..<33 { run.post(.implicitD0) }
        }
    }
}

extension LifeModel {
    /// What must be under way for a planted state to go on.
    fileprivate func pnpActivities(_ text: String) -> Set<Activity> {
        switch text {
        case "Release without Prepare": [.prepareHardware]
        case "hardware closed": [.purgePowerManaged]
        case "interfaces disabled": [.releaseHardware]
        case "came in": [.deviceAdd]
        default: []
        }
    }
}
