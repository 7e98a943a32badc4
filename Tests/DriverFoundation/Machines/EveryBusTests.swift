import Testing
import VirtualUSB

@testable import DriverFoundation

/// One driver on every kind of bus there is in a process: its callbacks and its device's machines
/// know nothing of what is below.
@Suite struct EveryBusTests {
    /// Where the driver's device is.
    enum Place: CaseIterable {
        /// A USB device in whole.
        case usb
        /// A USB device under and over filters.
        case filtered
        /// A function of a composite USB device: a child whose parent has opened it.
        case function
        /// A child of a bus driver without hardware.
        case child
        /// No child of anybody's.
        case root
    }

    /// A whole life: start, idle, asked for, stop, start, orderly removal. Lines in parentheses
    /// are only there with hardware.
    private static let life = """
        matched to Traveller
        deviceAdd
        (hardware acquired)
        prepareHardware
        enterD0
        postInterruptsEnabled
        power-managed queues started
        initializeSelfManagedIO
        interfaces enabled
        started
        idle
        suspendSelfManagedIO
        power-managed queues held
        preInterruptsDisabled
        exitD0
        enterD0
        postInterruptsEnabled
        power-managed queues started
        restartSelfManagedIO
        queryStop
        suspendSelfManagedIO
        power-managed queues held
        preInterruptsDisabled
        exitD0
        releaseHardware
        (hardware closed)
        stopped
        (hardware acquired)
        prepareHardware
        enterD0
        postInterruptsEnabled
        power-managed queues started
        restartSelfManagedIO
        started
        queryRemove
        suspendSelfManagedIO
        power-managed queues held
        preInterruptsDisabled
        exitD0
        releaseHardware
        interfaces disabled
        power-managed queues purged
        flushSelfManagedIO
        (hardware closed)
        all queues purged
        cleanUpSelfManagedIO
        disposed
        """

    @Test(
        "SEED-9: one driver has one life, and its machines one way, on every bus",
        arguments: Place.allCases)
    func everyBus(place: Place) throws {
        let usual = try Self.live(in: .usb)
        let found = try Self.live(in: place)
        #expect(usual.states.count > 60)
        for machine in DeviceMachine.allCases {
            let way = found.states.filter { $0.machine == machine }.map(\.description)
            let usualWay = usual.states.filter { $0.machine == machine }.map(\.description)
            #expect(way == usualWay)
        }
        let hasHardware = place != .child && place != .root
        let expected = Self.life.split(separator: "\n").compactMap { line -> String? in
            guard line.hasPrefix("(") else { return String(line) }
            return hasHardware ? String(line.dropFirst().dropLast()) : nil
        }
        #expect(found.steps == expected)
    }

    /// Lives the life once, and returns what was seen of it.
    private static func live(in place: Place) throws -> (steps: [String], states: [StateChange]) {
        let seen = Seen()
        var options = PlugAndPlay.Options()
        options.stateObserver = { seen.note($1, of: $0) }
        let filters: [FilterPlacement] =
            place == .filtered ? [.upper(Silent.self), .lower(Silent.self)] : []
        try onBench(
            seeds: 0..<1, drivers: [Traveller.self, CompositeDevice.self], filters: filters,
            options: options
        ) { bench in
            let name = try await bench.arrive(in: place)
            await bench.journal.wait(for: .started, of: name)
            guard let device = bench.journal.device(named: name) else {
                throw Surprise("\(name) is not there")
            }
            let file = try await bench.interfaces.open(.gadget)
            await bench.clock.wait(for: .seconds(3))
            try check(!device.idleReport.isInD0, "it does not idle")
            try same(try await file.read(upTo: 4), [7], "a read")
            await bench.settle()
            try await device.stop()
            try await device.start()
            try same(try await file.read(upTo: 4), [7], "a read after the stop")
            await file.close()
            try await device.remove()
            await bench.settle()
            seen.end(of: device, bench.journal.lines(named: name))
            try same(bench.journal.errors, [], "errors")
        }
        return (seen.steps, seen.states)
    }
}

extension Bench {
    /// Has the traveller's device arrive, and returns its name.
    fileprivate func arrive(in place: EveryBusTests.Place) async throws -> String {
        switch place {
        case .usb, .filtered:
            _ = try await plug()
            return "Gadget (1-1)"
        case .function:
            _ = try await bus.plug { Pair(port: $0) }
            return "Pair (1-1), function 0"
        case .child:
            _ = try await toy(1, in: toyBus())
            return "toy 1"
        case .root:
            _ = await plugAndPlay.addRoot(Traveller.self)
            return "Traveller"
        }
    }
}

/// What was seen of a device's life.
///
/// Sendable because one simulation's thread alone touches it.
private final class Seen: @unchecked Sendable {
    private(set) var steps: [String] = []
    private(set) var states: [StateChange] = []
    private var all: [(device: ObjectIdentifier, change: StateChange)] = []

    func note(_ change: StateChange, of device: Device) {
        all.append((ObjectIdentifier(device), change))
    }

    func end(of device: Device, _ steps: [String]) {
        states = all.filter { $0.device == ObjectIdentifier(device) }.map(\.change)
        self.steps = steps
    }
}

/// The driver, which fits everywhere.
private actor Traveller: FunctionDriver {
    static let matches: [DeviceMatch] = [
        .id(vendor: 0x1209, product: 0x0001), .interface(.hid), .hardwareID("toy"),
    ]
    nonisolated let device: Device

    init(device: Device) async throws(DeviceError) {
        self.device = device
        device.register(.gadget)
        device.queue(.sequential, for: self, read: { $1.complete(with: [7]) })
        var settings = IdleSettings()
        settings.isEnabled = true
        settings.timeout = .seconds(2)
        settings.suspends = false
        try setIdle(settings)
    }
}

/// Changes nothing.
private actor Silent: FilterDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let level: DeviceLevel
    init(level: DeviceLevel) async throws(DeviceError) { self.level = level }
}

/// A composite device of two functions.
private actor Pair: VirtualDevice {
    nonisolated let port: DevicePort
    init(port: DevicePort) { self.port = port }
    nonisolated var description: DeviceDescription {
        DeviceDescription(vendor: 0x1209, product: 0x0004, name: "Pair", classCode: .perInterface) {
            Interface(.hid) {
                Endpoint.interruptIn(0x83, maxPacketSize: 8, every: .milliseconds(1))
            }
            Interface(.vendorSpecific) { Endpoint.bulkIn(0x82) }
        }
    }
}
