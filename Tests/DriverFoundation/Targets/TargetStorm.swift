import DriverSimulation
import VirtualUSB

@testable import DriverFoundation

/// Many sends to one target, whose state changes at random under them.
enum TargetStorm {
    static let script = Below.script.adding(.deviceAdd) { driver throws(DeviceError) in
        driver.queues = [driver.device.queue(.manual)]
        driver.device.queue(
            .parallel(limit: 100), for: driver,
            other: { driver, request in request.forward(to: driver.queues[0]) })
        driver.device.files(
            for: driver,
            create: { driver, _ throws(DeviceError) in
                await driver.device.clock.wait(for: .milliseconds(2))
            })
    }

    /// Runs one storm for each seed; odd ones send to another device, even ones to their own.
    static func run(
        _ seeds: Range<UInt64>, planted: Set<PlantedFault> = []
    ) throws -> Simulation.Survey {
        var options = Simulation.Options()
        options.planted = planted
        return try Simulation.seeds(seeds, options: options) { simulation in
            let bench = try await Bench(
                simulation, script, drivers: [ScriptedDriver.self, Holder.self])
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let queue = try await bench.below().queue
            let target: IOTarget
            if simulation.draw(2) == 0 {
                target = try bench.device.selfTarget
            } else {
                let interface = try bench.interface
                target = try await bench.plugHolder().plain
                try await target.open(interface)
            }
            try await TargetStormRun(bench, target, queue).run()
            await bench.end()
        }
    }
}

extension Simulation {
    /// A number below `limit`, from the seed.
    fileprivate func draw(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }
}

/// One storm: clients that send, a server that takes its time, and a hand that changes the target's
/// state.
private final class TargetStormRun: Sendable {
    /// What became of the requests, each known by its number.
    private struct Ledger {
        var seen: Set<UInt8> = []
        var owned: Set<UInt8> = []
        var completed: Set<UInt8> = []
        var isOver = false
        var problem: String?
    }

    private static let ignoring: Range<UInt8> = 0..<8

    let bench: Bench
    let target: IOTarget
    let queue: RequestQueue
    private let ledger: LoopConfined<Ledger>

    init(_ bench: Bench, _ target: IOTarget, _ queue: RequestQueue) {
        self.bench = bench
        self.target = target
        self.queue = queue
        ledger = LoopConfined(on: bench.simulation.loop, Ledger())
    }

    func run() async throws {
        let servers = (0..<3).map { _ in bench.client { [self] in await serve() } }
        let sends = (0..<32 as Range<UInt8>).map { number in
            bench.client { [self] in await send(number) }
        }
        for _ in 0..<bench.simulation.draw(16) {
            await pause()
            await changeState()
        }
        // Whatever it has come to, nothing waits for ever.
        do { try await target.start() } catch {
            if target.kind == .remote { await target.delete() }
        }
        for send in sends { _ = await send.value }
        try check(target.sentCount + target.pendedCount == 0, "something is left")
        ledger.value.isOver = true
        for server in servers { _ = await server.value }
        if let problem = ledger.value.problem { throw Surprise(problem) }
    }

    private func pause() async {
        await bench.clock.wait(for: .microseconds(bench.simulation.draw(4000)))
    }

    private func violate(_ problem: String) {
        if ledger.value.problem == nil { ledger.value.problem = problem }
    }

    // MARK: Clients

    private func send(_ number: UInt8) async {
        await pause()
        var options = SendOptions(ignoresTargetState: Self.ignoring.contains(number))
        if bench.simulation.draw(3) == 0 {
            options.timeout = .microseconds(bench.simulation.draw(6000))
        }
        let call = bench.client { [target, options] in
            try await target.write([number], options)
        }
        if bench.simulation.draw(4) == 0 {
            if bench.simulation.draw(2) == 0 { await pause() }
            call.cancel()
        }
        judge(number, await call.value)
    }

    private func judge(_ number: UInt8, _ result: Result<Int, DeviceError>) {
        if ledger.value.owned.contains(number) {
            violate("R-11: \(number) is still below, and its sender has its answer")
        }
        switch result {
        case .success:
            if !ledger.value.completed.contains(number) { violate("\(number) was not completed") }
        case .failure(let error):
            let notSent: [DeviceError.Code] = [
                .timedOutNotSent, .removedNotSent, .invalidDeviceState,
            ]
            if notSent.contains(error.code), ledger.value.seen.contains(number) {
                violate("T-9: \(number) was sent: \(error.code)")
            }
        }
    }

    // MARK: Below

    private func serve() async {
        while !ledger.value.isOver {
            guard let request = queue.next() else {
                await bench.clock.wait(for: .milliseconds(1))
                continue
            }
            let number = bytes(of: request).first ?? .max
            ledger.value.seen.insert(number)
            ledger.value.owned.insert(number)
            await pause()
            ledger.value.owned.remove(number)
            if bench.simulation.draw(request.isCancelled ? 4 : 2) > 0 {
                request.fail(.cancelled)
            } else {
                ledger.value.completed.insert(number)
                request.complete(1)
            }
        }
    }

    // MARK: The target

    private func changeState() async {
        switch bench.simulation.draw(target.kind == .remote ? 8 : 6) {
        case 0: await stop(.cancelSentIO)
        case 1: await stop(.waitForSentIO)
        case 2: await target.stop(.leaveSentIOPending)
        case 3:
            let isWaiting = bench.simulation.draw(2) == 0
            await target.purge(waiting: isWaiting)
        case 4:
            // One that comes while another stops.
            let stop = bench.client { [target] in await target.stop(.waitForSentIO) }
            await bench.clock.wait(for: .microseconds(1))
            try? await target.start()
            _ = await stop.value
            try? await target.start()
        case 6: await closeAndReopen()
        case 7: await target.close()
        default: try? await target.start()
        }
    }

    private func stop(_ action: IOTarget.StopAction) async {
        await target.stop(action)
        let ordinary = ledger.value.owned.subtracting(Self.ignoring)
        if target.state == .stopped, !ordinary.isEmpty {
            violate("T-4: \(ordinary.sorted()) are below after a stop")
        }
    }

    private func closeAndReopen() async {
        await target.close()
        let reopened = bench.client { [target] in try await target.reopen() }
        if bench.simulation.draw(3) == 0 {
            await pause()
            await target.close()
        }
        _ = await reopened.value
    }
}
