import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// Targets on other devices, and what they have to do with those devices' removal.
@Suite struct RemoteTargetTests {
    @Test("T-2, T-10: a remote target opens another device's interface, and is started by that")
    func open() throws {
        try onHolderBench(Below.script) { bench in
            let (target, queue) = try await bench.remote()
            try same(target.state, .started, "state")
            // T-10: what a target can be asked.
            try same(target.interface?.interfaceClass, .gadget, "class")
            try same(target.interface?.id, try bench.interface.id, "interface")
            let write = bench.write(7, to: target)
            await bench.settle()
            try queue.answerNext { request in
                try same(bytes(of: request), [7], "bytes")
                try same(request.file?.path, "shelf", "path")
                try same(request.file?.client, .thisProcess, "client")
                request.complete(1)
            }
            try same(try await write.value.get(), 1, "written")
            let control = bench.client { try await target.deviceControl(5, [1], upTo: 2) }
            await bench.settle()
            try queue.answerNext { $0.complete(with: [3, 4]) }
            try same(try await control.value.get().output, [3, 4], "output")
        }
    }

    @Test("T-2: it is opened only when it is closed, and reopened as it was opened")
    func reopen() throws {
        try onHolderBench(Below.script) { bench in
            let (target, _) = try await bench.remote()
            let interface = try bench.interface
            try same(
                await code { try await target.open(interface) }, .invalidDeviceState, "twice")
            await target.close()
            await target.close()
            try same(bench.openFiles, 0, "files")
            try await target.reopen()
            try same(target.state, .started, "state")
            try same(try bench.gadgetDevice.state.value.files.first?.path, "shelf", "path")
            await target.close()
        }
    }

    @Test("T-2: anything that answers like a file can be a target, but not be reopened")
    func foreignFile() throws {
        try onHolderBench(seeds: 0..<4, Below.script) { bench in
            let target = try await bench.plugHolder().plain
            let file = ForeignFile()
            try await target.open(file)
            try same(try await target.read(upTo: 4), [1, 2], "read")
            // What comes from elsewhere is not believed.
            try same(await code { try await target.read(upTo: 1) }, .deviceData, "too much")
            try same(await code { try await target.write([]) }, .deviceData, "too many")
            await target.close()
            try same(file.closes, 1, "closes")
            try same(await code { try await target.reopen() }, .invalidRequest, "reopened")
        }
    }

    @Test("T-2, T-7: a target that is closed or deleted while it opens gives the file back")
    func closedWhileOpening() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.files(
                    for: driver,
                    create: { driver, _ throws(DeviceError) in await driver.valve.pass() })
            }
        ])
        for deletes in [false, true] {
            try onHolderBench(script) { bench in
                _ = try await bench.plug()
                await bench.journal.wait(for: .started)
                let target = try await bench.plugHolder().plain
                let interface = try bench.interface
                let open = bench.client { try await target.open(interface) }
                await bench.settle()
                try same(
                    await code { try await target.open(interface) }, .invalidDeviceState, "twice")
                if deletes { await target.delete() } else { await target.close() }
                bench.valve.open()
                try same(await open.value.code, .invalidDeviceState, "open")
                try same(bench.openFiles, 0, "files")
                try same(target.state, deletes ? .deleted : .closed, "state")
                try check(bench.counted(.closedWhileOpening) == 1, "mark")
            }
        }
    }

    @Test("T-6: without handlers a target closes for the query, and the device is removed")
    func removed() throws {
        try onHolderBench(Below.script) { bench in
            let (target, _) = try await bench.remote()
            let write = bench.write(1, to: target)
            await bench.settle()
            try await bench.gadgetDevice.remove()
            try same(target.state, .closed, "state")
            let code = await write.value.code
            try check(code == .cancelled || code == .removed, "write: \(code as Any)")
            try same(bench.journal.errors, [], "errors")
        }
    }

    @Test("T-6: without handlers a target is reopened when the removal does not take place")
    func canceled() throws {
        let script = Below.script.adding(.queryRemove) { driver throws(DeviceError) in
            let count = driver.device.state.value.files.count
            driver.notes.append("asked, \(count) files")
            throw DeviceError(.busy, "Toast is inside.")
        }
        try onHolderBench(script) { bench in
            let (target, queue) = try await bench.remote()
            let device = try bench.gadgetDevice
            try same(await code { try await device.remove() }, .busy, "the removal")
            // The holders are asked first.
            try same(await bench.gadgetNotes, ["asked, 0 files"], "notes")
            try same(target.state, .started, "state")
            let write = bench.write(2, to: target)
            await bench.settle()
            try same(try queue.completeNext(), [2], "bytes")
            try same(try await write.value.get(), 1, "written")
        }
    }

    @Test("T-6: a holder's handler may veto: the device stays, and who had agreed is told")
    func veto() throws {
        try onHolderBench(Below.script) { bench in
            _ = try await bench.below()
            let device = try bench.device
            let holder = try await bench.plugHolder()
            let (first, second) = (await holder.makeTarget(), await holder.makeTarget())
            let interface = try bench.interface
            try await first.open(interface)
            try await second.open(interface)
            await holder.veto(true)
            do throws(DeviceError) {
                try await device.remove()
                throw DeviceError(.failed)
            } catch { try same(error.message, "The holder needs it.", "why") }
            try same(await holder.notes, ["query, started"], "notes")
            try same([first.state, second.state], [.started, .started], "states")
            await holder.veto(false)
            try await device.remove()
            try same(
                await holder.notes,
                [
                    "query, started", "query, started", "query, started",
                    "complete, closedForQueryRemove", "complete, closedForQueryRemove",
                ], "notes")
            try same([first.state, second.state], [.closed, .closed], "states")
        }
    }

    @Test("T-6: handlers are told of a removal that does not take place, and may reopen")
    func canceledWithHandlers() throws {
        let script = Below.script.adding(.queryRemove) { _ throws(DeviceError) in
            throw DeviceError(.busy)
        }
        try onHolderBench(script) { bench in
            _ = try await bench.below()
            let device = try bench.device
            let holder = try await bench.plugHolder()
            let target = await holder.makeTarget()
            try await target.open(bench.interface)
            try same(await code { try await device.remove() }, .busy, "the removal")
            try same(
                await holder.notes, ["query, started", "canceled, closedForQueryRemove"], "notes")
            try same(target.state, .started, "state")
        }
    }

    @Test("T-6: a handler that neither closes nor throws is the driver's mistake")
    func undecided() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            try onHolderBench(seeds: 0..<1, Below.script) { bench in
                _ = try await bench.below()
                let device = try bench.device
                let holder = try await bench.plugHolder()
                let target = await holder.makeUndecidedTarget()
                try await target.open(bench.interface)
                try await device.remove()
            }
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("T-6:"))
    }

    @Test("T-6: an unplug is told without a query, and the device goes although it was open")
    func surprise() throws {
        try onHolderBench(Below.script) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started)
            let holder = try await bench.plugHolder()
            let target = await holder.makeTarget()
            try await target.open(bench.interface)
            let write = bench.write(1, to: target)
            await bench.settle()
            await plug.unplug()
            await bench.journal.wait(for: .disposed)
            try same(await holder.notes, ["complete, started"], "notes")
            try same(target.state, .closed, "state")
            let code = await write.value.code
            try check(code == .cancelled || code == .removed, "write: \(code as Any)")
        }
    }

    @Test("T-6: a program may hold a device as well, and veto its removal or close its file")
    func program() throws {
        try onHolderBench(seeds: 0..<8, Below.script) { bench in
            _ = try await bench.below()
            let device = try bench.device
            let program = ProgramHolder(on: bench.simulation.loop)
            program.file = try await bench.interface.open(holder: program)
            program.vetoes = true
            try same(await code { try await device.remove() }, .busy, "first")
            program.vetoes = false
            try await device.remove()
            try same(program.notes, ["query", "query", "complete"], "notes")
        }
    }

    @Test("T-7: a remote target's device goes first: its file is closed, what it sent is cancelled")
    func holderGoes() throws {
        try onHolderBench(Below.script) { bench in
            let (target, queue) = try await bench.remote()
            let write = bench.write(1, to: target)
            await bench.settle()
            try await target.device.remove()
            try same(target.state, .deleted, "state")
            try same(await write.value.code, .cancelled, "write")
            try same([bench.openFiles, queue.count], [0, 0], "left")
        }
    }

    @Test("T-2, T-6: both devices going at once ends clean, whichever is first")
    func bothGo() throws {
        try onHolderBench(seeds: 0..<96, Below.script) { bench in
            let (target, _) = try await bench.remote()
            let writes = (0..<4 as Range<UInt8>).map { bench.write($0, to: target) }
            let draw: UInt64 = bench.simulation.random.next()
            if draw.isMultiple(of: 2) { await bench.settle() }
            let devices = [try bench.gadgetDevice, target.device]
            let removals = (draw.isMultiple(of: 3) ? devices : devices.reversed()).map { device in
                bench.client { try await device.remove() }
            }
            for removal in removals { _ = try await removal.value.get() }
            for write in writes { try check(await write.value.code != nil, "a write succeeded") }
        }
    }
}

extension Bench {
    /// The gadget's device, and not the holder's.
    var gadgetDevice: Device {
        get throws {
            let devices = journal.devices.filter { $0.name.contains("Gadget") }
            guard let device = devices.last else { throw Surprise("no gadget is there") }
            return device
        }
    }

    fileprivate var gadgetNotes: [String] {
        get async throws {
            let driver = try gadgetDevice.state.value.driver as? ScriptedDriver
            return await driver?.notes.filter { $0.hasPrefix("asked") } ?? []
        }
    }

    /// The gadget's files.
    fileprivate var openFiles: Int {
        get throws { try gadgetDevice.state.value.files.count }
    }

    /// A holder's target, open on the gadget, and the queue in which what it sends ends up.
    fileprivate func remote() async throws -> (target: IOTarget, queue: RequestQueue) {
        let (_, queue) = try await below()
        let interface = try interface
        let target = try await plugHolder().plain
        try await target.open(interface, path: "shelf")
        return (target, queue)
    }
}

extension Holder {
    fileprivate func makeUndecidedTarget() -> IOTarget {
        device.remoteTarget(
            for: self, queryRemove: { holder, _ throws(DeviceError) in holder.note("undecided") })
    }
}

/// Something that is no device: it answers reads with two bytes, and writes with nonsense.
private final class ForeignFile: FilePort, @unchecked Sendable {
    // Sendable because it is touched on one loop.
    var closes = 0

    func perform(_ request: ClientRequest) async -> ClientReply {
        request.kind == .read
            ? ClientReply(information: 2, output: [1, 2]) : ClientReply(information: 9)
    }
    func beginClose() { closes += 1 }
    func close() async { closes += 1 }
}

/// A program that has opened a device and takes part in its removal.
private final class ProgramHolder: FileHolder {
    private struct State {
        var file: DeviceFile?
        var vetoes = false
        var notes: [String] = []
    }
    private let state: LoopConfined<State>

    init(on loop: EventLoop) { state = LoopConfined(on: loop, State()) }

    var file: DeviceFile? {
        get { state.value.file }
        set { state.value.file = newValue }
    }
    var vetoes: Bool {
        get { state.value.vetoes }
        set { state.value.vetoes = newValue }
    }
    var notes: [String] { state.value.notes }

    func queryRemove() async throws(DeviceError) {
        state.value.notes.append("query")
        if vetoes { throw DeviceError(.busy) }
        await file?.close()
    }
    func removeCanceled() async { state.value.notes.append("canceled") }
    func removeComplete() async { state.value.notes.append("complete") }
}
