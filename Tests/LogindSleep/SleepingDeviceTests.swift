import DriverFoundation
import Logging
import TestDevices
import Testing
import VirtualUSB

@testable import LogindSleep

/// A driver on a virtual bus, from logind's word to its callbacks and back.
@Suite(.timeLimit(.minutes(10))) struct SleepingDeviceTests {
    @Test("PNP-5: the inhibitor is held until D0Exit has returned; the waking brings D0Entry")
    func device() async throws {
        let bench = try await DeviceBench()
        try await bench.steps.next(.enteredD0)
        try await bench.referee.says("inhibitors 1")
        await bench.gate.close()
        try await bench.referee.says("sleep")
        try await bench.steps.next(.exitsD0)
        // While exitD0 runs; what was let go too early would be gone by now.
        try await bench.referee.says("inhibitors 1")
        await bench.gate.open()
        try await bench.steps.next(.exitedD0)
        try await bench.referee.says("inhibitors 0")
        try await bench.referee.says("wake")
        try await bench.steps.next(.enteredD0)
        try await bench.referee.says("inhibitors 1")
        await bench.end()
        try await bench.referee.says("inhibitors 0")
    }

    @Test("PNP-5: twenty sleeps: one D0Exit and one D0Entry each")
    func twenty() async throws {
        let bench = try await DeviceBench()
        for _ in 0..<20 {
            try await bench.steps.next(.enteredD0)
            try await bench.referee.says("inhibitors 1")
            try await bench.referee.says("sleep")
            try await bench.referee.says("inhibitors 0")
            try await bench.referee.says("wake")
            #expect(try await bench.steps.next { $0 } == .exitsD0)
            #expect(try await bench.steps.next { $0 } == .exitedD0)
        }
        try await bench.steps.next(.enteredD0)
        await bench.end()
        #expect(await bench.steps.rest() == [.exitsD0, .exitedD0])
    }

    @Test("PNP-5: stopped while the system falls asleep, the program ends in order")
    func stopWhileFalling() async throws {
        let bench = try await DeviceBench()
        try await bench.steps.next(.enteredD0)
        // Or it would begin in the middle of a sleep, for which logind gives none.
        try await bench.referee.says("inhibitors 1")
        await bench.gate.close()
        try await bench.referee.says("sleep")
        try await bench.steps.next(.exitsD0)
        async let end: Void = bench.end()
        try await bench.referee.says("inhibitors 1")
        await bench.gate.open()
        await end
        try await bench.referee.says("inhibitors 0")
        let rest = await bench.steps.rest()
        // A device that sleeps is brought back to be stopped.
        #expect(rest.first == .exitedD0 && rest.last == .exitedD0, "\(rest)")
    }

    @Test("PNP-5: without a bus the device works on")
    func noBus() async throws {
        let bench = try await DeviceBench(commands: [])
        try await bench.steps.next(.enteredD0)
        #expect(await bench.plugAndPlay.devices().count == 1)
        await bench.end()
        #expect(await bench.steps.rest() == [.exitsD0, .exitedD0])
    }
}

/// One echo device on a virtual bus that runs by itself, its sleep from a referee.
private final class DeviceBench: Sendable {
    let referee: Referee
    let plugAndPlay: PlugAndPlay
    let steps = Happenings<Step>()
    let gate = Gate()

    init(commands: [String] = ["bus", "logind"]) async throws {
        referee = try await Referee()
        for command in commands { try await referee.says(command) }
        var sleep = LogindSleepSource.Options()
        sleep.address = referee.address
        sleep.logger.logLevel = .critical
        var options = PlugAndPlay.Options()
        options.sleepSource = LogindSleepSource(who: "test of a device", options: sleep)
        let bus = VirtualBus()
        plugAndPlay = PlugAndPlay(on: bus, drivers: [SleepyEcho.self], options: options)
        SleepyEcho.benches.add(.init(steps: steps, gate: gate), for: bus.loop)
        try await plugAndPlay.start()
        _ = try await bus.plug { EchoDevice(port: $0) }
    }

    func end() async {
        await plugAndPlay.stop()
        SleepyEcho.benches.remove(plugAndPlay.bus.loop)
    }
}

private enum Step: Sendable, Hashable {
    case enteredD0
    case exitsD0
    case exitedD0
}

/// A driver that tells its bench of its power, and leaves D0 through the bench's gate.
private actor SleepyEcho: FunctionDriver {
    static let matches: [DeviceMatch] = [.id(vendor: 0x1209, product: 0x0001)]
    static let benches = Benches()

    struct Notes: Sendable {
        let steps: Happenings<Step>
        let gate: Gate
    }

    final class Benches: @unchecked Sendable {
        // Sendable because `notes` is guarded by `lock`.
        private let lock = Lock()
        private var notes: [ObjectIdentifier: Notes] = [:]

        func add(_ new: Notes, for loop: EventLoop) {
            lock.withLock { notes[ObjectIdentifier(loop)] = new }
        }
        func remove(_ loop: EventLoop) {
            lock.withLock { notes[ObjectIdentifier(loop)] = nil }
        }
        func notes(of loop: EventLoop) -> Notes? {
            lock.withLock { notes[ObjectIdentifier(loop)] }
        }
    }

    nonisolated let device: Device
    private let notes: Notes

    init(device: Device) async throws(DeviceError) {
        guard let notes = Self.benches.notes(of: device.loop) else {
            throw DeviceError(.failed, "no bench has this loop")
        }
        self.device = device
        self.notes = notes
    }

    func enterD0(from previous: PowerState) async throws(DeviceError) {
        notes.steps.note(.enteredD0)
    }

    func exitD0(to next: PowerState) async throws(DeviceError) {
        notes.steps.note(.exitsD0)
        await notes.gate.pass()
        notes.steps.note(.exitedD0)
    }
}
