import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// Which driver gets a device, and what of it: DRV-1, DRV-2.
@Suite struct MatchTests {
    @Test(
        "DRV-2: an id beats an interface, that beats a class, that beats any; else the first listed"
    )
    func ranks() throws {
        let ranked: [any FunctionDriver.Type] = [
            InertDriver<AnyDevice>.self, InertDriver<OfClass>.self,
            InertDriver<OfInterface>.self, ScriptedDriver.self,
        ]
        for count in 1...4 {
            for drivers in [Array(ranked.prefix(count)), Array(ranked.prefix(count).reversed())] {
                try onBench(seeds: 0..<1, drivers: drivers) { bench in
                    _ = try await bench.plug()
                    try same(
                        bench.journal.steps().first, .matched(driver: "\(ranked[count - 1])"),
                        "driver")
                }
            }
        }
        try onBench(seeds: 0..<1, drivers: [InertDriver<Another>.self, ScriptedDriver.self]) {
            bench in
            _ = try await bench.plug()
            try same(
                bench.journal.steps().first, .matched(driver: "\(InertDriver<Another>.self)"),
                "the first")
        }
    }

    @Test(
        "DRV-2: a device without a driver, or one that the program does not accept, is left alone")
    func unmatched() throws {
        try onBench(seeds: 0..<1, drivers: []) { bench in
            let (plug, _) = try await bench.plug()
            try same(await bench.plugAndPlay.devices().count, 0, "devices")
            await plug.unplug()
            try same(bench.journal.steps(), [], "steps")
        }
        var options = PlugAndPlay.Options()
        options.accepts = { $0.descriptor.productID != 1 }
        try onBench(seeds: 0..<1, options: options) { bench in
            _ = try await bench.plug()
            try same(await bench.plugAndPlay.devices().count, 0, "devices")
        }
    }

    @Test("DRV-1, CB-10: a match of an interface gives the driver that interface alone")
    func interface() throws {
        try onBench(seeds: 0..<4, drivers: [InertDriver<OfInterface>.self]) { bench in
            let plug = try await bench.bus.plug { Composite(port: $0) }
            await bench.journal.wait(for: .started)
            let device = try bench.device
            try same(device.interfaceNumbers, [1], "interfaces")
            _ = try await device.pipe(0x81)
            try same(await code { try await device.pipe(0x82) }, .notFound, "another's endpoint")
            try same(
                await code { try await device.selectAlternateSetting(0, of: 0) }, .notFound,
                "another's interface")
            await plug.unplug()
        }
    }

    @Test("DRV-2: what one device's driver does is nothing to another device")
    func isolation() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in
                if driver.device.attached.location.ports == [1] { throw DeviceError(.failed) }
            },
            .prepareHardware: { driver throws(DeviceError) in
                if driver.device.attached.location.ports == [2] { throw DeviceError(.failed) }
            },
            .enterD0: { driver throws(DeviceError) in
                if driver.device.attached.location.ports == [3] { await driver.valve.pass() }
            },
        ])
        try onBench(script, options: StartTests.withoutRestart) { bench in
            var plugs: [PluggedDevice] = []
            for _ in 0..<4 { plugs.append(try await bench.plug().0) }
            await bench.journal.wait(for: .started)
            await bench.settle()
            let started = bench.journal.device
            try same(started?.attached.location.ports, [4], "the device that started")
            try same(await bench.plugAndPlay.devices().count, 3, "devices")
            await plugs[3].unplug()
            await bench.settle()
            try same(bench.journal.lines(of: started?.attached.id).last, "disposed", "its end")
            bench.valve.open()
        }
    }
}

private enum AnyDevice: DriverKind {
    static let matches: [DeviceMatch] = [.any]
}

private enum OfClass: DriverKind {
    static let matches: [DeviceMatch] = [.deviceClass(.perInterface)]
}

private enum OfInterface: DriverKind {
    static let matches: [DeviceMatch] = [.interface(.vendorSpecific)]
}

private enum Another: DriverKind {
    static let matches: [DeviceMatch] = [.any, .id(vendor: 0x1209, product: 0x0001)]
}

/// Two interfaces of different classes.
private actor Composite: VirtualDevice {
    nonisolated let port: DevicePort
    init(port: DevicePort) { self.port = port }
    nonisolated var description: DeviceDescription {
        DeviceDescription(vendor: 0x1209, product: 0x0002, name: "Composite") {
            Interface(ClassCode(0x0A)) { Endpoint.bulkIn(0x82) }
            Interface(.vendorSpecific) { Endpoint.bulkIn(0x81) }
        }
    }
}
