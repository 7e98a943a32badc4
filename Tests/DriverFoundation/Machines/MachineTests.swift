import Testing

@testable import DriverFoundation

@Suite struct MachineTests {
    @Test(
        "a kept event comes again after a change of state, oldest first")
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

    @Test("VF-12: an event that must not come traps, and names machine, event and state")
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

    @Test("a machine that is posted to without end traps instead of growing")
    func limit() async {
        await #expect(processExitsWith: .failure) {
            var run = MachineRun<PowerMachine>(.off)
            for _ in 0..<33 { run.post(.implicitD0) }
        }
    }
}
