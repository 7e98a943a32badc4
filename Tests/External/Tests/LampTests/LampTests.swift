// All of them together, with what a program has anyway: no name of ours shadows another.
import BusConformance
import Dispatch
import DriverClient
import DriverFoundation
import DriverSimulation
import Foundation
import LampDevice
import LampDriver
import LibUSBBus
import Testing
import USBIP
import USBTypes
import VirtualUSB

@Suite struct LampTests {
    /// Dims a lamp up, follows it, asks for its text, and pulls it while somebody reads.
    private static func story(on bus: VirtualBus, _ clock: LoopClock) async throws -> [UInt8] {
        let plugAndPlay = PlugAndPlay(on: bus, drivers: [Lamp.self])
        try await plugAndPlay.start()
        let plugged = try await bus.plug { LampDevice(port: $0) }
        let file = try await plugAndPlay.interfaces.open(.lamp)
        #expect(try await file.write([100]) == 1)
        var levels: [UInt8] = []
        while levels.last != 100 { levels += try await file.read(upTo: 1) }
        let text = try await file.control(LampControl.describe, upTo: 100).output
        #expect(String(decoding: text, as: UTF8.self).hasSuffix(" at 39.2 %"))
        async let reading = file.read(upTo: 1)
        await clock.wait(for: .milliseconds(30))
        await plugged.unplug(pending: .endWithError)
        do {
            _ = try await reading
            Issue.record("nothing is left to read")
        } catch {
            #expect((error as? DeviceError)?.code == .removed)
        }
        await file.close()
        await plugAndPlay.stop()
        return levels
    }

    @Test("driver and device agree in every order of what happens at once")
    func simulated() throws {
        let survey = try Simulation.seeds(0..<100) { simulation in
            let levels = try await Self.story(
                on: VirtualBus(on: simulation.loop), simulation.clock)
            try #require(levels.last == 100 && levels == levels.sorted())
        }
        #expect(survey.runs == 100)
    }

    @Test("driver and device agree in real time")
    func real() async throws {
        let bus = VirtualBus(name: "lamps")
        let levels = try await Self.story(on: bus, LoopClock(bus.loop))
        #expect(levels.last == 100 && levels == levels.sorted())
    }

    @Test("the names of the other products can be used beside Foundation's")
    func names() {
        #expect(ServerOptions().port == 3240)
        #expect(Data([1, 2]).count == 2)
        let _: Foundation.Thread.Type = Thread.self
        let _: LibUSBBus.Type = LibUSBBus.self
        let _: any USBBus.Type = VirtualBus.self
    }
}
