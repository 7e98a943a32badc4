import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// Devices of two buses, and so of two threads, that use each other.
@Suite struct TwoLoopsTests {
    private static let script = Script([
        .deviceAdd: { driver in
            driver.device.queue(
                .parallel(limit: 4), for: driver,
                write: { driver, request in
                    driver.notes.append("write")
                    let count = bytes(of: request).count
                    request.complete(count)
                },
                deviceControl: { driver, request in
                    await driver.device.wait(for: .seconds(900), request: request)
                    request.fail(.cancelled)
                })
        }
    ])

    @Test("T-2, T-6: the other device may be on another loop, and is removed from there")
    func removal() async throws {
        try await withBoth { holder, interface, other in
            let target = await holder.makeTarget()
            try await holder.open(target, on: interface)
            for _ in 0..<50 {
                #expect(try await holder.write([1, 2, 3], to: target) == 3)
            }
            let waiting = Task { await code { try await target.deviceControl(1) } }
            let cancelled = Task { await code { try await target.deviceControl(2) } }
            cancelled.cancel()
            #expect(await cancelled.value == .cancelled)
            await holder.veto(true)
            #expect(await code { try await other.remove() } == .busy)
            await holder.veto(false)
            try await other.remove()
            let end = await waiting.value
            #expect(end == .cancelled || end == .removed)
            #expect(
                await holder.notes == [
                    "query, started", "query, started", "complete, closedForQueryRemove",
                ])
            #expect(await holder.state(of: target) == .closed)
        }
    }

    @Test("T-7: a device that goes lets go of one on another loop")
    func holderGoes() async throws {
        try await withBoth { holder, interface, other in
            let target = await holder.makeTarget()
            try await holder.open(target, on: interface)
            let waiting = Task { await code { try await target.deviceControl(1) } }
            _ = try await holder.write([1], to: target)
            try await holder.device.remove()
            let end = await waiting.value
            #expect(end == .cancelled || end == .removed || end == .invalidDeviceState)
            let files = await other.loop.perform { other.state.value.files.count }
            #expect(files == 0)
        }
    }

    /// Runs `body` with a holder on one loop and the device of an interface on another.
    private func withBoth(
        _ body: (Holder, DeviceInterface, Device) async throws -> Void
    ) async throws {
        let (near, far) = (VirtualBus(), VirtualBus())
        Script.register(Self.script, Valve(on: far.loop), for: far.loop)
        let interfaces = DeviceInterfaces()
        let nearLife = PlugAndPlay(on: near, drivers: [Holder.self], interfaces: interfaces)
        let farLife = PlugAndPlay(on: far, drivers: [ScriptedDriver.self], interfaces: interfaces)
        try await nearLife.start()
        try await farLife.start()
        _ = try await near.plug { HolderGadget(port: $0) }
        _ = try await far.plug { Gadget(port: $0) }
        await (try await interfaces.open(.gadget)).close()
        let interface = try #require(interfaces.all(of: .gadget).first)
        let device = try #require(await nearLife.devices().first)
        let holder = await holder(of: device)
        try await body(
            try #require(holder), interface, try #require(await farLife.devices().first))
        await nearLife.stop()
        await farLife.stop()
        Script.forget(far.loop)
    }

    /// The driver of `device`, once it has been made.
    private func holder(of device: Device) async -> Holder? {
        for _ in 0..<1000 {
            let driver = await device.loop.perform { device.state.value.driver as? Holder }
            if let driver = driver ?? nil { return driver }
            await device.clock.wait(for: .milliseconds(1))
        }
        return nil
    }
}

extension Holder {
    fileprivate func open(
        _ target: IOTarget, on interface: DeviceInterface
    ) async throws(DeviceError) {
        try await target.open(interface)
    }

    fileprivate func write(_ bytes: [UInt8], to target: IOTarget) async throws(DeviceError) -> Int {
        try await target.write(bytes)
    }

    fileprivate func state(of target: IOTarget) -> IOTarget.State { target.state }
}
