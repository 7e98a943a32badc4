import Testing
import VirtualUSB

@testable import DriverFoundation

/// Plug and Play after its end, on a bus whose loop ends with it.
@Suite struct AfterStopTests {
    @Test("a second stop does nothing; what is asked of the devices afterwards returns")
    func stopTwice() async throws {
        let bus = VirtualBus()
        let plugAndPlay = PlugAndPlay(on: bus, drivers: [ScriptedDriver.self])
        try await plugAndPlay.start()
        let plugged = try await bus.plug { Gadget(port: $0) }
        let device = try #require(await plugAndPlay.devices().first)
        let file = try await plugAndPlay.interfaces.open(.gadget)
        async let together: Void = plugAndPlay.stop()
        await plugAndPlay.stop()
        await together
        await plugAndPlay.stop()
        try await device.remove()
        await plugged.unplug()
        await file.close()
        #expect(await plugAndPlay.devices().isEmpty)
        #expect(await code { try await file.write([1]) } == .removed)
    }
}
