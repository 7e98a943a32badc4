import DriverFoundation
import DriverRuntime
import DriverSimulation
import ToasterDriver

/// A program that opens devices, asks much of them, changes its mind and goes.
actor StormClient {
    /// What its moves begin with.
    nonisolated let name: String
    private var visits = 0
    private let run: StormRun
    private let scope: Scope
    private let interfaces: DeviceInterfaces
    private var dice: Dice

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe scope.asUnownedSerialExecutor()
    }

    init(_ run: StormRun, _ interfaces: DeviceInterfaces, number: Int) {
        self.run = run
        self.interfaces = interfaces
        name = "client\(number)"
        scope = run.simulation.scope(named: "client \(number)")
        dice = run.split()
    }

    private var clock: LoopClock { run.simulation.clock }

    /// Runs until the storm ends and everything that was asked has been answered.
    nonisolated func start() -> Task<Void, Never> {
        scope.task { [self] in
            while await !self.isOver { await visit() }
        }
    }

    private var isOver: Bool { run.isEnding }

    private func visit() async {
        note("opens")
        visits += 1
        var dice = dice.split()
        let visit = "\(name).\(visits)"
        guard run.makes(visit), let (file, interface) = await open(&dice) else {
            note("found nothing")
            await clock.wait(for: .milliseconds(dice.pick(1...20)))
            return
        }
        var operations: [Task<Void, Never>] = []
        for number in 0..<dice.pick(1...12) {
            var asking = dice.split()
            if run.makes("\(visit).\(number)") {
                operations.append(contentsOf: ask(file, interface, &asking))
            }
            if dice.chance(50) { await clock.wait(for: dice.moment(upTo: 60)) }
        }
        if dice.chance(30) { await clock.wait(for: dice.moment(upTo: 300)) }
        let closes = dice.chance(50)
        note("closes \(closes), then awaits \(operations.count)")
        if closes { await close(file) }
        for operation in operations { await operation.value }
        if !closes || dice.chance(20) { await close(file) }
    }

    private func close(_ file: DeviceFile) async {
        let number = run.requests.begin()
        run.requests.giveUp(number, at: clock.now)
        await file.close()
        run.requests.end(number, "closed")
    }

    private func note(_ text: String) {
        if run.isVerbose { run.log("\(scope.name) \(text)") }
    }

    private func open(_ dice: inout Dice) async -> (DeviceFile, UInt64?)? {
        let wanted: DeviceInterfaceClass =
            run.hasToasters && dice.chance(40) ? .toaster : .storm
        if dice.chance(10) {
            // Waits for one to arrive, not for ever.
            let deadline = dice.moment(upTo: 200)
            let opening = Task(executorPreference: scope) { [interfaces] in
                try? await interfaces.open(wanted)
            }
            await clock.wait(for: deadline)
            opening.cancel()
            note("gave up waiting")
            return await opening.value.map { ($0, nil) }
        }
        let enabled = interfaces.all(of: wanted)
        guard !enabled.isEmpty else { return nil }
        let interface = dice.pick(of: enabled)
        return (try? await interface.open()).map { ($0, interface.id) }
    }

    /// Makes one request, and perhaps a task that cancels it.
    private func ask(
        _ file: DeviceFile, _ interface: UInt64?, _ dice: inout Dice
    ) -> [Task<Void, Never>] {
        let kind = dice.pick(0...2)
        let size = dice.pick(of: [0, 1, 64, 512, 1300])
        let number = run.requests.begin()
        if let interface { run.visit(interface, number) }
        let operation = scope.task { [run] in
            let outcome = await Self.ask(file, kind, size, number, run)
            run.log("request \(number): \(outcome)")
            run.requests.end(number, outcome)
        }
        switch dice.pick(0...3) {
        case 0: return [operation]
        case 1 where dice.chance(30):
            run.requests.giveUp(number, at: clock.now)
            operation.cancel()
            return [operation]
        default:
            let moment = dice.moment(upTo: 150)
            let canceller = scope.task { [clock, run] in
                await clock.wait(for: moment)
                run.requests.giveUp(number, at: clock.now)
                operation.cancel()
            }
            return [operation, canceller]
        }
    }

    private static func ask(
        _ file: DeviceFile, _ kind: Int, _ size: Int, _ number: Int, _ run: StormRun
    ) async -> String {
        do throws(DeviceError) {
            switch kind {
            case 0:
                let bytes = try await file.read(upTo: size)
                if bytes.count > size {
                    run.violate("request \(number): \(bytes.count) of \(size)")
                }
                return "read"
            case 1:
                let count = try await file.write([UInt8](repeating: 5, count: size))
                if count > size { run.violate("request \(number): \(count) of \(size) written") }
                return "written"
            default:
                let tag = (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
                let reply = try await file.control(1, tag)
                // The toaster's own answer is a level of browning.
                if reply.information != number, !run.hasToasters {
                    run.violate("request \(number) got the answer \(reply.information)")
                }
                return "controlled"
            }
        } catch { return error.code.description }
    }
}
