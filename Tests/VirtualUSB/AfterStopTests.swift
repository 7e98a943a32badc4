import Testing
import USBBus
import VirtualUSB

/// A bus on a thread of its own, after its end.
@Suite struct AfterStopTests {
    @Test("a second stop does nothing; what is done to the bus and its plugs afterwards returns")
    func stopTwice() async throws {
        let bus = VirtualBus()
        try await bus.start { _ in }
        let plugged = try await bus.plug { EchoDevice(port: $0) }
        let id = try #require(await plugged.id)
        await bus.stop()
        #expect(!bus.loop.executeIfRunning {}, "its loop still runs")
        await bus.stop()
        await plugged.unplug()
        try await plugged.replug()
        #expect(await plugged.id == nil)
        do throws(BusError) {
            _ = try await bus.open(id)
            Issue.record("a device of a stopped bus was opened")
        } catch { #expect(error.code == .deviceGone) }
        do throws(BusError) {
            try await bus.start { _ in }
            Issue.record("a stopped bus started")
        } catch { #expect(error.code == .unavailable) }
    }
}
