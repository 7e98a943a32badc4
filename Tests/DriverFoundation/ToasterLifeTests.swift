import DriverFoundation
import DriverSimulation
import Testing
import ToasterDriver
import VirtualUSB

actor TestToaster: VirtualDevice {
    nonisolated let port: DevicePort
    init(port: DevicePort) { self.port = port }
    nonisolated var description: DeviceDescription {
        DeviceDescription(
            vendor: 0x1209, product: 0x7057, manufacturer: "Driver Foundation", name: "Toaster",
            serial: "0001"
        ) {
            Interface(.vendorSpecific) {
                Endpoint.bulkOut(0x02)
                Endpoint.interruptIn(0x81, maxPacketSize: 8, every: .milliseconds(10))
            }
        }
    }
    func received(_ bytes: RawSpan, on endpoint: EndpointAddress) async {
        port.task { [self] in await toast() }
    }
    func toast() async {
        for level in stride(from: 0, through: 255, by: 5) {
            await port.send([UInt8(level)], on: 0x81)
            await port.clock.wait(for: .milliseconds(20))
        }
    }
}

@Suite struct ToasterLifeTests {
    @Test("a toaster driver lives, toasts, and sees the plug pulled")
    func first() throws {
        let outcome = try Simulation.run(seed: 1) { simulation in
            let bus = VirtualBus(on: simulation.loop)
            var options = PlugAndPlay.Options()
            options.observer = { device, step in simulation.log("\(step)") }
            let plugAndPlay = PlugAndPlay(on: bus, drivers: [Toaster.self], options: options)
            try await plugAndPlay.start()
            let plugged = try await bus.plug { TestToaster(port: $0) }
            let file = try await plugAndPlay.interfaces.open(.toaster)
            simulation.log("opened")
            try await file.write([7])
            let level = try await file.control(ToasterControl.waitUntilBrown).information
            simulation.log("brown: \(level)")
            async let waiting = file.control(ToasterControl.waitUntilBrown)
            await simulation.clock.wait(for: .milliseconds(700))
            await plugged.unplug(pending: .endWithError)
            do { _ = try await waiting } catch { simulation.log("\(error)") }
            await plugAndPlay.stop()
            return level
        }
        for line in outcome.lines { print(line) }
        #expect(outcome.value == 200)
    }
}
