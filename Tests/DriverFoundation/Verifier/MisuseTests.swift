import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// Each misuse traps at once, and the report says which rule, of which object, and what to do.
@Suite struct MisuseTests {
    @Test("VF-3, VF-6, VF-21, R-2: more information than was asked for traps")
    func tooMuchInformation() async { await Misuse.tooMuchInformation.expectTrap() }

    @Test("VF-6, VF-21, R-2: more output than the client takes traps")
    func tooMuchOutput() async { await Misuse.tooMuchOutput.expectTrap() }

    @Test("VF-5, Q-11: a request forwarded to another device's queue traps")
    func forwardToAnotherDevice() async { await Misuse.forwardToAnotherDevice.expectTrap() }

    @Test("VF-24, Q-11: a request forwarded to the queue it came from traps")
    func forwardToOwnQueue() async { await Misuse.forwardToOwnQueue.expectTrap() }

    @Test("VF-25, Q-12: a request put back into a queue that hands out by itself traps")
    func requeue() async { await Misuse.requeue.expectTrap() }

    @Test("VF-10, VF-33, Q-10: a queue that hands out by itself is not drawn from")
    func drawFromHandledQueue() async { await Misuse.drawFromHandledQueue.expectTrap() }

    @Test("VF-37, Q-3: a second queue for one kind of request traps")
    func twoQueuesForOneKind() async { await Misuse.twoQueuesForOneKind.expectTrap() }

    @Test("VF-10, Q-1: a queue with nobody to hand out to traps")
    func noHandler() async { await Misuse.noHandler.expectTrap() }

    @Test("VF-12: an event that a machine cannot take traps, and names machine, event and state")
    func impossibleEvent() async { await Misuse.impossibleEvent.expectTrap() }

    @Test("VF-2: a lock taken twice by its owner traps instead of waiting for ever")
    func lockTwice() async { await Misuse.lockTwice.expectTrap() }

    @Test("VF-39, Q-19: a queue that sets requests aside a second time traps")
    func reserveTwice() async { await Misuse.reserveTwice.expectTrap() }

    @Test("VF-61, L-3: a timer whose period is nothing traps")
    func periodOfNothing() async { await Misuse.periodOfNothing.expectTrap() }

    @Test("VF-52, VF-55: what a reader cannot be is refused where it is made")
    func readers() throws {
        let script = Script([
            .prepareHardware: { driver throws(DeviceError) in
                driver.failures = [
                    await driver.codeOfReader(on: 0x01, size: 512),
                    await driver.codeOfReader(on: 0x82, size: 513),
                    await driver.codeOfReader(on: 0x82, size: 512),
                    await driver.codeOfReader(on: 0x82, size: 512),
                ].map { $0 ?? .busy }
            }
        ])
        try onBench(seeds: 0..<1, script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            // The third is made: no failure, written as `.busy`.
            try same(
                await bench.driver.failures,
                [.invalidRequest, .invalidRequest, .busy, .invalidDeviceState], "answers")
        }
    }

    @Test("VF-51, VF-53: a reader that still runs after exitD0 is reported, and stopped")
    func runningReader() throws {
        let script = Script([
            .prepareHardware: { driver throws(DeviceError) in
                driver.reader = try await driver.device.pipe(0x83).continuousReader(
                    for: driver, { _, _ in })
            },
            .enterD0: { $0.reader?.start() },
        ])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let driver = try bench.driver
            try await bench.device.remove()
            try same(bench.journal.errors.count { $0.contains("not stopped in exitD0") }, 1, "told")
            try check(await driver.reader?.isRunning == false, "it runs")
        }
    }

    @Test("VF-19, R-7: a cancel after the completion calls no handler")
    func lateCancel() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(
                    .sequential, for: driver, write: { $0.note("handler", of: $1) })
            }
        ])
        try onBench(seeds: 0..<32, script) { bench in
            let (_, _, file) = try await bench.open()
            for _ in 0..<20 {
                let write = bench.client { try await file.write([1]) }
                await bench.settle()
                write.cancel()
                try same(await write.value.code, nil, "the request")
            }
            try same(await bench.driver.notes.count { $0 == "handler" }, 0, "handlers")
        }
    }

    @Test("VF-23, R-7: of two cancel handlers the later one is called, once")
    func twoHandlers() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(.sequential, for: driver, write: { $0.hold($1) })
            }
        ])
        try onBench(seeds: 0..<8, script) { bench in
            let (_, _, file) = try await bench.open()
            let write = bench.client { try await file.write([1]) }
            await bench.settle()
            write.cancel()
            try same(await write.value.code, .cancelled, "the request")
            try same(
                await bench.driver.notes.filter { !$0.contains("D0") }, ["second"], "handlers")
        }
    }

    @Test("VF-5, U-16: a pipe of hardware that was given back throws, it does not trap")
    func deadPipe() throws {
        let script = Script([
            .prepareHardware: { driver throws(DeviceError) in
                driver.output = try await driver.device.pipe(0x01)
            }
        ])
        try onBench(script) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started)
            let driver = try bench.driver
            await plug.unplug()
            await bench.journal.wait(for: .disposed)
            try same(await driver.codeOfWrite(), .removed, "a write")
            try same(await driver.codeOfPipe(), .removed, "a pipe")
        }
    }
}

extension ScriptedDriver {
    fileprivate func codeOfReader(on address: EndpointAddress, size: Int) async -> DeviceError.Code?
    {
        do throws(DeviceError) {
            _ = try await device.pipe(address).continuousReader(for: self, size: size) { _, _ in }
            return nil
        } catch { return error.code }
    }

    fileprivate func codeOfWrite() async -> DeviceError.Code? {
        do throws(DeviceError) {
            _ = try await output?.write([1])
            return nil
        } catch { return error.code }
    }

    fileprivate func codeOfPipe() async -> DeviceError.Code? {
        do throws(DeviceError) {
            _ = try await device.pipe(0x01)
            return nil
        } catch { return error.code }
    }

    fileprivate func note(_ text: String, of request: consuming Request) {
        request.onCancel { [self] in assumeIsolated { $0.notes.append(text) } }
        request.complete(1)
    }

    fileprivate func hold(_ request: consuming Request) {
        request.onCancel { [self] in assumeIsolated { $0.giveUp("first") } }
        request.onCancel { [self] in assumeIsolated { $0.giveUp("second") } }
        held = consume request
    }

    private func giveUp(_ note: String) {
        notes.append(note)
        held.take()?.fail(.cancelled)
    }
}
