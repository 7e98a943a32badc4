import CAllocationCount
import DriverRuntime
import Testing
import USBBus
import VirtualUSB

/// Sends and receives the echo of 64 bytes again and again, from its handlers.
private final class PingPong: @unchecked Sendable {
    // Sendable because it is touched on the bus's loop alone.
    private let output: BusTransfer
    private let input: BusTransfer
    private var rounds = 0
    private var before: UInt64 = 0
    private let result: Resumption<UInt64>

    init(_ device: any BusDevice, _ result: Resumption<UInt64>) throws {
        output = try device.makeTransfer(.bulk, on: 0x01, maxPacketSize: 512, capacity: 64)
        input = try device.makeTransfer(.bulk, on: 0x81, maxPacketSize: 512, capacity: 512)
        self.result = result
        output.handler = { _ in }
        input.handler = { [self] _ in next() }
    }

    func next() {
        rounds += 1
        if rounds == 200 { before = allocation_count() }
        if rounds == 2200 { return result.resume(returning: allocation_count() - before) }
        try? input.submit(length: 512)
        try? output.submit(length: 64)
    }

    func release() { (input.handler, output.handler) = (nil, nil) }
}

@Suite("Nothing is allocated when warm", .enabled(if: allocation_count_works()))
struct AllocationTests {
    @Test("2000 round trips through a virtual device and back allocate nothing")
    func roundTrips() async throws {
        let bus = VirtualBus()
        try await bus.start { _ in }
        let plugged = try await bus.plug { EchoDevice(port: $0) }
        let device = try await bus.open(try #require(await plugged.id))
        try await device.claim(0, detaching: false)
        let count: UInt64 = await bus.loop.answer { _, result in
            let game = try? PingPong(device, result)
            guard let game else { return result.resume(returning: .max) }
            game.next()
        }
        #expect(count == 0)
        await device.close()
        await plugged.unplug()
        await bus.stop()
    }
}
