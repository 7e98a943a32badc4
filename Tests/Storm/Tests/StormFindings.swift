import DriverFoundation
import DriverRuntime
import DriverSimulation
import Testing
import VirtualUSB

/// What storms have found, each by itself: small, so that it stays found when storms change.
@Suite struct StormFindings {
    private static let seeds: Range<UInt64> = 0..<32

    @Test("R-7: a cancel handler runs in the driver's scope, whoever cancels")
    func cancelHandler() throws {
        try Simulation.seeds(Self.seeds) { simulation in
            let (plugAndPlay, _) = try await start(simulation) { try await $0.plug(Plain.init) }
            let file = try await plugAndPlay.interfaces.open(.findings)
            let scope = simulation.scope(named: "client")
            let waiting = scope.task {
                do throws(DeviceError) { try await file.control(1) } catch {
                    simulation.log("\(error.code)")
                }
            }
            await simulation.clock.wait(for: .milliseconds(5))
            waiting.cancel()
            await waiting.value
            await plugAndPlay.stop()
        }
    }

    @Test("PNP-11: a DeviceAdd that fails late takes the start asked for meanwhile with it")
    func failedDeviceAdd() throws {
        try Simulation.seeds(Self.seeds) { simulation in
            let (plugAndPlay, _) = try await start(simulation, [Refuser.self]) {
                try await $0.plug(Plain.init)
            }
            await simulation.clock.wait(for: .milliseconds(50))
            #expect(await plugAndPlay.devices().isEmpty)
            await plugAndPlay.stop()
        }
    }

    @Test("L9: a halt is cleared while nothing is in flight, whatever is asked meanwhile")
    func resetUnderLoad() throws {
        try Simulation.seeds(Self.seeds) { simulation in
            let (plugAndPlay, _) = try await start(simulation) { try await $0.plug(Plain.init) }
            let file = try await plugAndPlay.interfaces.open(.findings)
            let scope = simulation.scope(named: "clients")
            let readers = (0..<4).map { _ in
                scope.task { for _ in 0..<10 { _ = try? await file.read(upTo: 64) } }
            }
            for _ in 0..<10 { _ = try? await file.control(2) }
            for reader in readers { await reader.value }
            await plugAndPlay.stop()
        }
    }

    @Test("PNP-8: a device ends after its driver has noticed the departure, though it was going")
    func departureWhileGoing() throws {
        try Simulation.seeds(Self.seeds) { simulation in
            let steps = LoopConfined<[LifecycleStep]>(on: simulation.loop, [])
            let (plugAndPlay, plugged) = try await start(simulation, noting: steps) {
                try await $0.plug(Plain.init)
            }
            _ = try await plugAndPlay.interfaces.open(.findings)
            let device = try #require(await plugAndPlay.devices().first)
            let removal = simulation.scope(named: "hand").task { try? await device.remove() }
            await simulation.clock.wait(for: .milliseconds(5))
            await plugged.unplug()
            await removal.value
            let noticed = steps.value.firstIndex(of: .returned(.surpriseRemoval))
            let disposed = try #require(steps.value.firstIndex(of: .disposed))
            #expect(try #require(noticed) < disposed)
            await plugAndPlay.stop()
        }
    }

    @Test("a device that leaves while its host configures it never arrives")
    func departureWhileConfigured() throws {
        try Simulation.seeds(Self.seeds) { simulation in
            let faults = FaultPlan([FaultRule(.control, transfer: 1, .unplug(.vanish))])
            let (plugAndPlay, plugged) = try await start(simulation) {
                try await $0.plug(faults: faults, Plain.init)
            }
            #expect(await plugged.id == nil)
            #expect(await plugAndPlay.devices().isEmpty)
            await plugged.unplug()
            await plugAndPlay.stop()
        }
    }

    @Test("USB 2.0 §9.2.6.1: a device that never answers its host is given up")
    func silentDevice() throws {
        try Simulation.seeds(Self.seeds) { simulation in
            let faults = FaultPlan([FaultRule(.control, .silence)])
            let (plugAndPlay, _) = try await start(simulation) {
                try await $0.plug(faults: faults, Plain.init)
            }
            #expect(simulation.clock.now >= Instant(nanoseconds: 5_000_000_000))
            await plugAndPlay.stop()
        }
    }

    @Test("a device without a bus sends nothing, and its sender does not wait")
    func sendAfterUnplug() throws {
        try Simulation.seeds(Self.seeds) { simulation in
            let ports = LoopConfined<[DevicePort]>(on: simulation.loop, [])
            let (plugAndPlay, plugged) = try await start(simulation) {
                try await $0.plug { port in
                    ports.value.append(port)
                    return Plain(port: port)
                }
            }
            await plugged.unplug(pending: .vanish)
            let port = try #require(ports.value.first)
            #expect(await port.send([1], on: 0x82) == false)
            await plugAndPlay.stop()
        }
    }

    @Test("a stopped bus and what drove it are let go")
    func stoppedBus() throws {
        for seed in Self.seeds {
            let gone = try Simulation.run(seed: seed) { simulation in
                let (plugAndPlay, _) = try await start(simulation) { try await $0.plug(Plain.init) }
                await plugAndPlay.stop()
                return WeakReference(plugAndPlay)
            }
            #expect(gone.value.object == nil)
        }
    }

    @Test("F-2: a device that is waited for closes all its clients' files and ends once")
    func filesOfAGoingDevice() throws {
        try Simulation.seeds(Self.seeds) { simulation in
            let (plugAndPlay, _) = try await start(simulation) { try await $0.plug(Plain.init) }
            var files: [DeviceFile] = []
            for _ in 0..<3 { files.append(try await plugAndPlay.interfaces.open(.findings)) }
            await plugAndPlay.stop()
            for file in files { await file.close() }
        }
    }

    private func start(
        _ simulation: Simulation, _ drivers: [any FunctionDriver.Type] = [Finder.self],
        noting steps: LoopConfined<[LifecycleStep]>? = nil,
        _ plug: (VirtualBus) async throws -> PluggedDevice
    ) async throws -> (PlugAndPlay, PluggedDevice) {
        let bus = VirtualBus(on: simulation.loop)
        var options = PlugAndPlay.Options()
        options.observer = { device, step in
            simulation.log("\(device.attached.id): \(step)")
            steps?.value.append(step)
        }
        let plugAndPlay = PlugAndPlay(on: bus, drivers: drivers, options: options)
        try await plugAndPlay.start()
        return (plugAndPlay, try await plug(bus))
    }
}

/// Sendable because `object` is read after the simulation, on the thread that ran it.
private final class WeakReference: @unchecked Sendable {
    weak var object: PlugAndPlay?
    init(_ object: PlugAndPlay) { self.object = object }
}

extension DeviceInterfaceClass {
    fileprivate static let findings: DeviceInterfaceClass = "org.driver-foundation.findings"
}

private actor Plain: VirtualDevice {
    nonisolated let port: DevicePort
    init(port: DevicePort) { self.port = port }

    nonisolated var description: DeviceDescription {
        DeviceDescription(vendor: 0x1209, product: 0x5702, name: "Plain") {
            Interface(.vendorSpecific) { Endpoint.bulkIn(0x82) }
        }
    }

    func transmit(upTo length: Int, on endpoint: EndpointAddress) async {
        await port.send([1, 2, 3], on: endpoint)
    }
}

/// Control 1 waits for its cancel handler, control 2 resets the pipe.
private actor Finder: FunctionDriver {
    static let matches: [DeviceMatch] = [.id(vendor: 0x1209, product: 0x5702)]
    nonisolated let device: Device
    private var held: Request?

    init(device: Device) async throws(DeviceError) {
        self.device = device
        device.register(.findings)
        device.queue(.parallel(limit: 8), for: self, read: { await $0.read($1) })
        device.queue(
            .parallel(limit: 8), for: self, deviceControl: { await $0.control($1) })
    }

    func exitD0(to next: PowerState) async throws(DeviceError) {
        await device.clock.wait(for: .milliseconds(10))
    }

    func surpriseRemoval() async { await device.clock.wait(for: .milliseconds(100)) }

    private func read(_ request: consuming Request) async {
        do throws(DeviceError) {
            let bytes = try await device.pipe(0x82).read(upTo: 64, for: request)
            request.complete(with: unsafe bytes.span.bytes)
        } catch { request.fail(error) }
    }

    private func control(_ request: consuming Request) async {
        if request.code == 1 {
            request.onCancel { [self] in assumeIsolated { $0.giveUp() } }
            held = consume request
        } else {
            do throws(DeviceError) {
                try await device.pipe(0x82).reset()
                request.complete()
            } catch { request.fail(error) }
        }
    }

    private func giveUp() { held.take()?.fail(.cancelled) }
}

/// Takes its time to refuse its device.
private actor Refuser: FunctionDriver {
    static let matches: [DeviceMatch] = [.id(vendor: 0x1209, product: 0x5702)]
    nonisolated let device: Device

    init(device: Device) async throws(DeviceError) {
        self.device = device
        await device.clock.wait(for: .milliseconds(5))
        throw DeviceError(.failed, "Not this one.")
    }
}
