import CAllocationCount
import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// What a transfer allocates once everything is warm, on a virtual bus in a loop of its own.
///
/// Each number is of the whole path, the virtual bus and the device included, between two readings
/// of one thread's count. Debug builds allocate a few frames and boxes for each awaited transfer,
/// which only bounds them there.
@Suite("What is allocated when warm", .enabled(if: allocation_count_works()))
struct DriverAllocationTests {
    private static let script = Script([
        .prepareHardware: { driver throws(DeviceError) in
            driver.output = try await driver.device.pipe(0x01)
            driver.input = try await driver.device.pipe(0x82)
        }
    ])

    /// Runs `body` with a started gadget on a real loop.
    private func onLoop(
        _ body: @escaping @Sendable (ScriptedDriver, Pump) async throws -> Void
    ) async throws {
        let bus = VirtualBus()
        Script.register(Self.script, Valve(on: bus.loop), for: bus.loop)
        let made = Made()
        let found = LoopConfined<ScriptedDriver?>(on: bus.loop, nil)
        var options = PlugAndPlay.Options()
        options.observer = { device, step in
            if step == .started { found.value = device.state.value.driver as? ScriptedDriver }
        }
        let plugAndPlay = PlugAndPlay(on: bus, drivers: [ScriptedDriver.self], options: options)
        try await plugAndPlay.start()
        _ = try await bus.plug { port in
            let pump = Pump(port: port)
            made.pump = pump
            return pump
        }
        _ = try await plugAndPlay.interfaces.open(.gadget)
        let driver = await Resumption<ScriptedDriver?>.wait { answer in
            bus.loop.execute { answer.resume(returning: found.value) }
        }
        try await body(try #require(driver), try #require(made.pump))
        await plugAndPlay.stop()
        Script.forget(bus.loop)
    }

    @Test("a transfer awaited in the driver's scope allocates a bounded number of times")
    func transfers() async throws {
        try await onLoop { driver, _ in
            // In a task that prefers the scope, as the framework's do: any other is resumed by way
            // of the global pool, which allocates.
            let (writes, reads) = try await Task(executorPreference: driver.device.scope) {
                (try await driver.countWrites(2000), try await driver.countReads(2000))
            }.value
            print("2000 writes allocated \(writes), 2000 reads \(reads)")
            #if DEBUG
            #expect(writes <= 4 * 2000)
            #expect(reads <= 5 * 2000)
            #else
            // A read's array.
            #expect(writes == 0)
            #expect(reads <= 2000)
            #endif
        }
    }

    @Test("a delivery of a continuous reader allocates nothing")
    func reader() async throws {
        try await onLoop { driver, pump in
            let count = try await driver.countDeliveries(4000, from: pump)
            print("4000 deliveries allocated \(count)")
            #expect(count == 0)
        }
    }
}

/// A device that takes everything, and always has 64 bytes to give.
actor Pump: VirtualDevice {
    nonisolated let port: DevicePort
    private let message = [UInt8](repeating: 7, count: 64)

    init(port: DevicePort) { self.port = port }

    nonisolated var description: DeviceDescription {
        DeviceDescription(vendor: 0x1209, product: 0x0001, name: "Pump") {
            Interface(.vendorSpecific) {
                Endpoint.bulkOut(0x01)
                Endpoint.bulkIn(0x82)
            }
        }
    }

    func transmit(upTo length: Int, on endpoint: EndpointAddress) async {
        await port.send(message, on: endpoint)
    }
}

extension ScriptedDriver {
    fileprivate func countWrites(_ count: Int) async throws -> UInt64 {
        guard let output else { throw Surprise("no pipe") }
        let bytes = [UInt8](repeating: 1, count: 64)
        for _ in 0..<200 { try await output.write(unsafe bytes.span.bytes) }
        let before = allocation_count()
        for _ in 0..<count { try await output.write(unsafe bytes.span.bytes) }
        return allocation_count() - before
    }

    fileprivate func countReads(_ count: Int) async throws -> UInt64 {
        guard let input else { throw Surprise("no pipe") }
        var sum = 0
        for _ in 0..<200 { sum += try await input.read(upTo: 64).count }
        let before = allocation_count()
        for _ in 0..<count { sum += try await input.read(upTo: 64).count }
        return allocation_count() - before
    }

    /// The allocations of the loop's thread between two deliveries.
    fileprivate func countDeliveries(_ count: Int, from pump: Pump) async throws -> UInt64 {
        guard let input else { throw Surprise("no pipe") }
        let done = Valve(on: device.loop)
        let tally = Deliveries()
        let reader = try input.continuousReader(for: self, depth: 4, size: 512) { _, bytes in
            guard bytes.byteCount == 64 else { return }
            tally.number += 1
            if tally.number == 500 { tally.before = allocation_count() }
            if tally.number == 500 + count {
                tally.after = allocation_count()
                done.open()
            }
        }
        reader.start()
        await done.pass()
        await reader.stop()
        return tally.after - tally.before
    }
}

/// Sendable because it is written before anybody reads it.
private final class Made: @unchecked Sendable {
    var pump: Pump?
}

/// Sendable because it is touched on one loop.
private final class Deliveries: @unchecked Sendable {
    var number = 0
    var before: UInt64 = 0
    var after: UInt64 = 0
}
