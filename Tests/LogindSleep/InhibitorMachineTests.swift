import DriverFoundation
import Testing

@testable import LogindSleep

/// All that can happen to the machine, at every point.
@Suite struct InhibitorMachineTests {
    private static func events(in machine: InhibitorMachine) -> [InhibitorMachine.Event] {
        var events: [InhibitorMachine.Event] = [.lost, .patienceEnded, .end]
        for sleep in SystemSleep.allCases { events += [.linked(sleep), .announced(sleep)] }
        if machine.inhibitor == .asked { events += [.granted, .refused] }
        if machine.devices == .goingDown || machine.devices == .comingUp { events += [.handled] }
        return events
    }

    @Test(
        "PNP-5: everywhere the inhibitor outlives the way down, and the devices follow the system")
    func everywhere() {
        var seen: Set<InhibitorMachine> = [InhibitorMachine()]
        var open = Array(seen)
        var transitions = 0
        while let machine = open.popLast() {
            for event in Self.events(in: machine) {
                var next = machine
                check(next.take(event), from: machine, by: event, to: next)
                transitions += 1
                if seen.insert(next).inserted { open.append(next) }
            }
        }
        print("the inhibitor's machine: \(seen.count) states, \(transitions) transitions")
        #expect(seen.count > 30)
    }

    private func check(
        _ effects: [InhibitorMachine.Effect], from old: InhibitorMachine,
        by event: InhibitorMachine.Event, to new: InhibitorMachine
    ) {
        let isLetGo =
            (old.inhibitor == .held || event == .granted) && new.inhibitor == .none
        let what: Comment = "\(old) -\(event)-> \(new): \(effects)"
        #expect(effects.filter { $0 == .release }.count == (isLetGo ? 1 : 0), what)
        #expect(!effects.contains(.release) || new.devices != .goingDown, what)
        #expect(
            effects.contains(.ask) == (old.inhibitor != .asked && new.inhibitor == .asked), what)
        let isBusy = old.devices == .goingDown || old.devices == .comingUp
        let tells = effects.filter { if case .tell = $0 { true } else { false } }
        // One call at a time, in turn.
        #expect(tells.count <= (isBusy && event != .handled ? 0 : 1), what)
        if tells.contains(.tell(.falling)) {
            #expect(new.devices == .goingDown && new.system == .falling, what)
        }
        if tells.contains(.tell(.awake)) {
            #expect(new.devices == .comingUp && new.system == .awake, what)
        }
        guard !new.isFinished else {
            #expect(effects.contains(.finish) == !old.isFinished, what)
            #expect(!isBusy || event == .handled, what)
            return
        }
        // At rest the devices are as the system is, and the inhibitor is there when it can be.
        if new.devices == .awake { #expect(new.system == .awake || new.isEnding, what) }
        if new.devices == .down {
            #expect(new.system == .falling || new.isEnding, what)
            #expect(new.inhibitor != .held, what)
        }
        if new.devices == .awake, new.isLinked, !new.isRefused, !new.isEnding {
            #expect(new.inhibitor != .none, what)
        }
    }

    @Test(
        "PNP-5: an inhibitor that logind refuses while it sends the system to sleep is asked anew")
    func refused() {
        var machine = InhibitorMachine()
        #expect(machine.take(.linked(.awake)) == [.ask])
        #expect(machine.take(.refused) == [])
        #expect(
            machine.take(.announced(.falling)) == [
                .notice(.announced(.falling)), .tell(.falling),
            ])
        #expect(machine.take(.handled) == [])
        #expect(
            machine.take(.announced(.awake)) == [
                .notice(.announced(.awake)), .tell(.awake), .ask,
            ])
    }
}
