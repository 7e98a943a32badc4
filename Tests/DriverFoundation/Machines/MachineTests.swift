import Testing

@testable import DriverFoundation

@Suite struct MachineTests {
    @Test(
        "ENG-1, ENG-2: posting only queues; a kept event comes again after a change of state, oldest first"
    )
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

    @Test("ENG-3, VF-12: an event that must not come traps, naming machine, event and state")
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

    @Test("ENG-5: of a closed state's kept changes of settings the last one counts")
    func singular() {
        var run = MachineRun<PowerPolicyMachine>(.created)
        run.post(.start)
        #expect(run.next() == [.implicitD0])
        for _ in 0..<50 {
            run.post(.idleDisabled)
            run.post(.idleEnabled)
            #expect(run.next() == [])
        }
        #expect(run.kept == [.idleEnabled])
    }

    @Test("PNP-5: a device that idled when the system went to sleep stays down when it resumes")
    func staysIdle() {
        typealias Policy = PowerPolicyMachine
        let asleep = Policy.reduce(.dx(isArmed: false), .systemSleep(wakes: false))
        guard case .go(let state, [.acknowledgeSleep]) = asleep else {
            Issue.record("the sleep is not acknowledged: \(String(describing: asleep))")
            return
        }
        #expect(
            Policy.reduce(state, .resume(powersIdle: false)) == .go(.dx(isArmed: false), []))
    }
}
