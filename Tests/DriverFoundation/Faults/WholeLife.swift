import DriverSimulation
import Logging
import VirtualUSB

@testable import DriverFoundation

/// Everything that can happen to a device, one after the other, whatever fails meanwhile; and at
/// the end the account: nothing hangs, nothing is left, every callback has its pair.
struct WholeLife {
    let simulation: Simulation
    let bus: VirtualBus
    let plugAndPlay: PlugAndPlay
    let account: Account
    let clients: Scope

    /// What one life came to.
    struct Outcome: Sendable {
        var passed: [FailPoint] = []
        /// What each of the program's calls came to.
        var answers: [String] = []
        var steps: [LifecycleStep] = []
    }

    init(_ simulation: Simulation, failing failure: Verifier.Failure) {
        self.simulation = simulation
        let account = Account()
        self.account = account
        bus = VirtualBus(on: simulation.loop)
        clients = simulation.scope(named: "clients")
        var options = PlugAndPlay.Options()
        options.verifier.failure = failure
        options.logger = Logger(label: "whole life") { _ in SwiftLogNoOpLogHandler() }
        options.observer = { device, step in
            simulation.log("\(device.name) \(step)")
            account.note(step, of: device)
        }
        plugAndPlay = PlugAndPlay(
            on: bus, drivers: [FrailDriver.self],
            filters: [.lower(FrailFilter.self), .upper(FrailFilter.self)], options: options)
    }

    func run() async throws -> Outcome {
        // The bus may refuse once; a second failure is the program's to live with.
        do { try await plugAndPlay.start() } catch { try await plugAndPlay.start() }
        let made = LoopConfined<Gadget?>(on: simulation.loop, nil)
        let plugged = try await bus.plug { port in
            let gadget = Gadget(port: port)
            made.value = gadget
            return gadget
        }
        await use(made.value)
        await remove()
        try await plugged.replug()
        await use(made.value)
        await plugged.unplug(pending: .endWithError)
        try await plugged.replug()
        await use(made.value, keepsWaiting: true)
        await plugAndPlay.stop()
        // Longer than any deadline: whatever is still armed then was forgotten.
        await simulation.clock.wait(for: .seconds(20))
        try check(simulation.loop.armedDeadlines == 0, "a deadline is armed")
        try check(await plugAndPlay.devices().isEmpty, "a device is left")
        try check(plugAndPlay.interfaces.all(of: .gadget).isEmpty, "an interface is left")
        try check(plugAndPlay.verifier.findings.isEmpty, "\(plugAndPlay.verifier.findings)")
        try account.check()
        return Outcome(
            passed: plugAndPlay.verifier.passed, answers: account.answers, steps: account.steps)
    }

    /// What a program does with the device; asked again where an answer could not come.
    private func use(_ gadget: Gadget?, keepsWaiting: Bool = false) async {
        await simulation.clock.wait(for: .milliseconds(300))
        guard let interface = plugAndPlay.interfaces.all(of: .gadget).first else { return }
        guard let file = await openTwice(interface) else { return }
        var calls: [Task<Void, Never>] = []
        calls.append(ask("write") { _ = try await file.write([1, 2, 3]) })
        calls.append(ask("status") { _ = try await file.control(FrailDriver.Code.status) })
        calls.append(ask("configure") { _ = try await file.control(FrailDriver.Code.configure) })
        // Without data: its deadline ends it.
        calls.append(ask("silent read") { _ = try await file.read(upTo: 64) })
        for call in calls { await call.value }
        calls = [ask("read") { _ = try await file.read(upTo: 64) }]
        if let gadget {
            for endpoint in [0x82, 0x83] as [EndpointAddress] {
                _ = clients.task { await gadget.send([1, 2], on: endpoint) }
            }
        }
        for call in calls { await call.value }
        await ask("reset") { _ = try await file.control(FrailDriver.Code.reset) }.value
        for (name, code) in [
            ("timed", FrailDriver.Code.timed), ("worked", FrailDriver.Code.worked),
            ("own", FrailDriver.Code.own), ("part", FrailDriver.Code.part),
        ] { await ask(name) { _ = try await file.control(code) }.value }
        await ask("settings") { _ = try await file.control(FrailDriver.Code.settings) }.value
        await goDownAndUp()
        let waiting = ask("wait") { _ = try await file.control(FrailDriver.Code.wait) }
        await simulation.clock.wait(for: .milliseconds(5))
        if keepsWaiting { return }
        waiting.cancel()
        await waiting.value
        await file.close()
    }

    /// Stops and starts the device, has it sleep and wake, and the system as well.
    private func goDownAndUp() async {
        guard let device = await device() else { return }
        do throws(DeviceError) { try await device.stop() } catch { try? await device.stop() }
        do throws(DeviceError) { try await device.start() } catch { try? await device.start() }
        try? await device.suspendNow()
        do throws(DeviceError) { try await device.wakeNow() } catch { try? await device.wakeNow() }
        await plugAndPlay.system(.falling)
        await plugAndPlay.system(.awake)
        await simulation.clock.wait(for: .milliseconds(50))
    }

    private func openTwice(_ interface: DeviceInterface) async -> DeviceFile? {
        if let file = try? await interface.open() { return file }
        return try? await interface.open()
    }

    private func ask(
        _ name: String, _ body: @escaping @Sendable () async throws -> Void
    ) -> Task<Void, Never> {
        account.begin()
        return clients.task { [account] in
            do {
                try await body()
                account.end("\(name): done")
            } catch {
                let code = (error as? DeviceError)?.code.description
                account.end("\(name): \(code ?? "\(error)")")
            }
        }
    }

    private func remove() async {
        for _ in 0..<2 {
            guard let device = await device() else { return }
            try? await device.remove()
        }
    }

    /// The device, its children apart.
    private func device() async -> Device? {
        await plugAndPlay.devices().first { $0.usb != nil }
    }
}
