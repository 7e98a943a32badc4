import Testing
import VirtualUSB

@testable import DriverFoundation

/// Composite devices, whose functions are children with drivers of their own.
@Suite struct CompositeTests {
    private static let drivers: [any FunctionDriver.Type] = [
        InertDriver<OfSpeakers>.self, CompositeDevice.self, InertDriver<OfButtons>.self,
    ]

    @Test("DRV-1, B-1, GAP-17: each function of a composite device is matched to a driver")
    func functions() throws {
        try onBench(drivers: Self.drivers) { bench in
            let plug = try await bench.bus.plug { Radio(port: $0) }
            let (speaker, button) = try await bench.radio()
            try same(speaker.interfaceNumbers, [0, 1], "the speaker's interfaces")
            try same(button.interfaceNumbers, [2], "the button's")
            try check(speaker.parent === button.parent, "two parents")
            try same(speaker.parent?.interfaceNumbers, [], "the parent's interfaces")
            try same(
                button.identity.hardwareIDs, ["usb:1209:0003:2"], "the button's hardware ids")
            _ = try await button.pipe(0x83)
            try same(await code { try await button.pipe(0x01) }, .notFound, "another's endpoint")
            await plug.unplug()
            await bench.settle()
            try same(await bench.plugAndPlay.devices().count, 0, "devices")
            try same(bench.journal.errors, [], "errors")
        }
    }

    @Test("CB-1: functions share one open device: pipes, settings and control of each work beside")
    func sharedHardware() throws {
        try onBench(drivers: Self.drivers) { bench in
            let plug = try await bench.bus.plug { Radio(port: $0) }
            let (speaker, button) = try await bench.radio()
            try await speaker.selectAlternateSetting(1, of: 1)
            let sound = try await speaker.pipe(0x01)
            let reading = bench.client {
                try await button.pipe(0x83).read(upTo: 8, deadline: .milliseconds(3))
            }
            try same(try await sound.write([1, 2, 3]), 3, "a write beside a read")
            let get = SetupPacket(
                requestType: 0xC0, request: 1, value: 7, index: 0, length: 1)
            try same(try await speaker.controlRead(get), [7], "the speaker's control transfer")
            try same(try await button.controlRead(get), [7], "the button's")
            _ = await reading.value
            await plug.unplug()
        }
    }

    @Test("CB-1: a function that goes gives back its own interfaces alone; the last closes")
    func givesBackItsOwn() throws {
        try onBench(drivers: Self.drivers) { bench in
            let plug = try await bench.bus.plug { Radio(port: $0) }
            let (speaker, button) = try await bench.radio()
            let parent = button.parent
            try await button.remove()
            let sound = try await speaker.selected(1)
            try same(try await sound.write([1]), 1, "the other still works")
            // Whoever opens it again finds the one interface free, the other taken.
            try await parent?.remove()
            await bench.settle()
            guard let id = speaker.usb?.id else { throw Surprise("no attachment") }
            let hardware = try await bench.bus.open(id)
            try await hardware.claim(0, detaching: false)
            try await hardware.claim(2, detaching: false)
            await hardware.close()
            await plug.unplug()
        }
    }

    @Test("DEV-21, CB-7: functions that cannot work without each other go together")
    func relatedFunctions() throws {
        try onBench(seeds: 0..<4, drivers: Self.drivers) { bench in
            let plug = try await bench.bus.plug { Radio(port: $0) }
            let (speaker, button) = try await bench.radio()
            speaker.addRemovalRelation(with: button)
            try await button.remove()
            try check(bench.journal.story.contains("\(speaker.name): disposed"), "it stays")
            try same(speaker.parent?.children.count, 0, "children")
            await plug.unplug()
        }
    }

    @Test("DRV-2, GAP-17: a driver that knows a composite device by its id gets all interfaces")
    func wholeDevice() throws {
        try onBench(seeds: 0..<1, drivers: Self.drivers + [InertDriver<OfRadios>.self]) { bench in
            let plug = try await bench.bus.plug { Radio(port: $0) }
            await bench.journal.wait(for: .started)
            try same(try bench.device.interfaceNumbers, [0, 1, 2], "interfaces")
            await plug.unplug()
        }
    }

    @Test("B-7: functions are single interfaces, or what an association keeps together")
    func grouping() throws {
        func interface(_ number: UInt8) -> ConfigurationDescriptor.Item {
            .interface(InterfaceDescriptor(number: number, classCode: .vendorSpecific))
        }
        func association(_ first: UInt8, _ count: UInt8) -> ConfigurationDescriptor.Item {
            .association(
                InterfaceAssociationDescriptor(
                    firstInterface: first, interfaceCount: count, classCode: .audio))
        }
        let cases: [([ConfigurationDescriptor.Item], [[UInt8]])] = [
            ([], []),
            ([interface(0)], [[0]]),
            ([interface(0), interface(0), interface(3)], [[0], [3]]),
            ([association(1, 2), interface(0), interface(1), interface(2)], [[0], [1, 2]]),
            // Associations that overlap or run over the end: what is left is kept together.
            ([association(0, 2), association(1, 2), interface(0), interface(1)], [[0, 1]]),
            ([association(250, 255), interface(251), interface(255)], [[251, 255]]),
            ([association(7, 0), interface(7)], [[7]]),
        ]
        for (items, expected) in cases {
            let configuration = ConfigurationDescriptor(items: items)
            try same(USBFunction.all(in: configuration).map(\.interfaces), expected, "\(items)")
        }
    }

    @Test("DEV-18: what a device can do is in its descriptors, unless its bus driver knows better")
    func capabilities() throws {
        try onBench(seeds: 0..<1, drivers: Self.drivers + [Toy.self]) { bench in
            let plug = try await bench.bus.plug { Radio(port: $0) }
            let (speaker, _) = try await bench.radio()
            let descriptor = speaker.configuration
            try same(
                speaker.capabilities.canWake, descriptor?.supportsRemoteWakeup, "wake")
            try same(
                speaker.capabilities.isSelfPowered, descriptor?.isSelfPowered, "self-powered")
            let bus = try await bench.toyBus()
            await bus.run { $0.settle = { $0.capabilities = DeviceCapabilities(canWake: true) } }
            let toy = try await bench.toy(1, in: bus)
            try same(toy.capabilities.canWake, true, "a child's")
            await plug.unplug()
        }
    }
}

extension Bench {
    /// The radio's functions, started: the speaker and the button.
    fileprivate func radio() async throws -> (speaker: Device, button: Device) {
        await journal.wait(for: .started, of: "Radio (1-1), function 0")
        await journal.wait(for: .started, of: "Radio (1-1), function 2")
        guard let speaker = journal.device(named: "Radio (1-1), function 0"),
            let button = journal.device(named: "Radio (1-1), function 2")
        else { throw Surprise("a function is missing") }
        return (speaker, button)
    }
}

extension Device {
    fileprivate func selected(_ setting: UInt8) async throws(DeviceError) -> USBPipe {
        try await selectAlternateSetting(setting, of: 1)
        return try await pipe(0x01)
    }
}

private enum OfSpeakers: DriverKind {
    static let matches: [DeviceMatch] = [.interface(.audio)]
}

private enum OfButtons: DriverKind {
    static let matches: [DeviceMatch] = [.interface(.hid)]
}

private enum OfRadios: DriverKind {
    static let matches: [DeviceMatch] = [.id(vendor: 0x1209, product: 0x0003)]
}

/// A speaker of two interfaces, of which one has a second setting with a pipe, and a button.
private actor Radio: VirtualDevice {
    nonisolated let port: DevicePort
    init(port: DevicePort) { self.port = port }
    nonisolated var description: DeviceDescription {
        var description = DeviceDescription(
            vendor: 0x1209, product: 0x0003, name: "Radio", classCode: .interfaceAssociation
        ) {
            Interface(.audio) {}
            Interface(ClassCode(0x01, subclass: 2)) {
                AlternateSetting { Endpoint.bulkOut(0x01) }
            }
            Interface(.hid) {
                Endpoint.interruptIn(0x83, maxPacketSize: 8, every: .milliseconds(1))
            }
        }
        let association = InterfaceAssociationDescriptor(
            firstInterface: 0, interfaceCount: 2, classCode: .audio)
        description.configurations[0].items.insert(.association(association), at: 0)
        return description
    }
    func control(_ setup: SetupPacket, _ data: inout ControlData) async throws(Stall) {
        data.append(UInt8(truncatingIfNeeded: setup.value))
    }
}
