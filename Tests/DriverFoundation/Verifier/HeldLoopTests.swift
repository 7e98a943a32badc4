import Logging
import Testing
import VirtualUSB

@testable import DriverFoundation

@Suite struct HeldLoopTests {
    @Test("VF-14, S-4: a handler that holds the loop for more than 10 ms is named, others are not")
    func handler() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(
                    .sequential, for: driver,
                    read: { $0.hold(for: .milliseconds(9), $1) },
                    write: { $0.hold(for: .milliseconds(11), $1) })
            }
        ])
        try onManualLoop(script) { bench, _ in
            let file = try await bench.interfaces.open(.gadget)
            _ = try await file.read(upTo: 1)
            #expect(bench.verifier.findings == [])
            try await file.write([1])
            let finding = try #require(bench.verifier.findings.first)
            #expect(finding.row == "VF-14")
            #expect(finding.object.contains("Gadget"))
            #expect(finding.problem.contains("the handler of a write"))
            #expect(finding.problem.contains("0.011"))
            #expect(finding.remedy.contains("concurrently"))
            #expect(bench.verifier.findings.count == 1)
            await file.close()
        }
    }

    @Test("VF-14: a callback that holds the loop is named as what is under way")
    func callback() throws {
        let script = Script([.enterD0: { $0.hold(for: .milliseconds(50)) }])
        try onManualLoop(script) { bench, _ in
            let file = try await bench.interfaces.open(.gadget)
            let finding = try #require(bench.verifier.findings.first)
            #expect(finding.problem.contains("enterD0"))
            await file.close()
        }
    }

    @Test("VF-14: a reader's handler that holds the loop is named")
    func reader() throws {
        let script = Script([
            .prepareHardware: { driver throws(DeviceError) in
                driver.reader = try await driver.device.pipe(0x83).continuousReader(
                    for: driver
                ) { driver, bytes in
                    driver.received.append(bytes.copy())
                    driver.hold(for: .milliseconds(20))
                }
            },
            .enterD0: { $0.reader?.start() },
            .exitD0: { await $0.reader?.stop() },
        ])
        try onManualLoop(script) { bench, gadget in
            let file = try await bench.interfaces.open(.gadget)
            await gadget.send([1], on: 0x83)
            let finding = try #require(bench.verifier.findings.first)
            #expect(finding.problem.contains("a reader's handler"))
            await file.close()
        }
    }

    @Test("VF-14, VF-63: without a limit nobody looks")
    func off() throws {
        var options = PlugAndPlay.Options()
        options.verifier.heldLoopLimit = nil
        let script = Script([.enterD0: { $0.hold(for: .seconds(5)) }])
        try onManualLoop(script, options) { bench, _ in
            let file = try await bench.interfaces.open(.gadget)
            #expect(bench.verifier.findings == [])
            await file.close()
        }
    }
}

/// A machine whose time stands still unless code takes it.
private final class ManualWaiter: Waiter {
    private let time = LockedTime()

    /// Lock and value, since any thread may ask for the time.
    private final class LockedTime: @unchecked Sendable {
        let lock = Lock()
        // Guarded by `lock`.
        var now = Instant(nanoseconds: 0)
    }

    var now: Instant { time.lock.withLock { time.now } }

    func wait(until deadline: Instant?) {
        guard let deadline, deadline > now, deadline != .distantFuture else { return }
        time.lock.withLock { time.now = deadline }
    }

    func wake() {}

    func pass(_ duration: Duration) {
        time.lock.withLock { time.now = time.now.advanced(by: duration) }
    }
}

extension ScriptedDriver {
    /// Takes time as long code does, which lets nobody else run.
    fileprivate func hold(for duration: Duration) {
        (device.loop.waiter as? ManualWaiter)?.pass(duration)
    }

    fileprivate func hold(for duration: Duration, _ request: consuming Request) {
        hold(for: duration)
        request.complete(request.kind == .write ? 1 : 0)
    }
}

/// Runs `body` on a loop whose time code takes itself.
private func onManualLoop(
    _ script: Script, _ options: PlugAndPlay.Options = PlugAndPlay.Options(),
    _ body: @escaping @Sendable (PlugAndPlay, Gadget) async throws -> Void
) throws {
    let loop = EventLoop(name: "manual", waiter: ManualWaiter())
    Script.register(script, Valve(on: loop), for: loop)
    defer { Script.forget(loop) }
    var options = options
    options.logger = Logger(label: "manual") { _ in SwiftLogNoOpLogHandler() }
    let bus = VirtualBus(on: loop)
    let plugAndPlay = PlugAndPlay(on: bus, drivers: [ScriptedDriver.self], options: options)
    let result = LoopConfined<Result<Void, any Error>?>(on: loop, nil)
    loop.execute {
        Scope(on: loop, name: "body").task {
            do {
                try await plugAndPlay.start()
                let made = LoopConfined<Gadget?>(on: loop, nil)
                _ = try await bus.plug { port in
                    let gadget = Gadget(port: port)
                    made.value = gadget
                    return gadget
                }
                guard let gadget = made.value else { throw Surprise("no gadget was made") }
                try await body(plugAndPlay, gadget)
                await plugAndPlay.stop()
                result.value = .success(())
            } catch { result.value = .failure(error) }
        }
    }
    var outcome: Result<Void, any Error>?
    loop.run {
        outcome = result.value
        return outcome != nil
    }
    try outcome?.get()
}
