import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// What a driver hears of the files that programs open.
@Suite struct FileTests {
    /// What a driver keeps for each file of its device.
    struct Session: Sendable, Equatable { var number = 0 }

    static let manual: ControlCode = 1
    static let own: ControlCode = 2
    static let session: ControlCode = 3

    /// A driver that notes what happens to its files; a path refuses, or holds up, their creation.
    static func script(handlesFiles: Bool = true, exclusive: Bool = false) -> Script {
        Script([
            .deviceAdd: { driver in
                let device = driver.device
                driver.queues = [device.queue(.manual)]
                device.isExclusive = exclusive
                device.queue(
                    .parallel(limit: 8), for: driver,
                    deviceControl: { await $0.controlFile($1) })
                guard handlesFiles else { return }
                device.files(
                    for: driver,
                    create: { driver, file throws(DeviceError) in
                        driver.notes.append("create \(file.path)")
                        if file.path == "refused" {
                            throw DeviceError(.accessDenied, "Not today.")
                        }
                        if file.path == "slow" { await driver.valve.pass() }
                        driver.mostAtOnce += 1
                        file[Session.self] = Session(number: driver.mostAtOnce)
                    },
                    cleanup: { driver, file in
                        let queued = driver.queues[0].count
                        driver.notes.append("cleanup \(file.path), \(queued) queued")
                    },
                    close: { driver, file in
                        let number = file[Session.self]?.number ?? 0
                        driver.notes.append("close \(file.path), session \(number)")
                    })
            }
        ])
    }

    @Test("F-1, DEV-8: an open is the driver's to grant, and without handlers it succeeds")
    func create() throws {
        try onBench(Self.script()) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let interface = try bench.interface
            let file = try await interface.open(path: "kitchen")
            try same(await bench.fileNotes, ["create kitchen"], "notes")
            await file.close()
        }
        try onBench(seeds: 0..<4, Self.script(handlesFiles: false)) { bench in
            let (_, _, file) = try await bench.open()
            try same(try await file.control(Self.session).information, 0, "no session")
            await file.close()
        }
    }

    @Test(
        "F-1, F-7: a request waits for its file's creation, and finds what the driver keeps there")
    func slowCreation() throws {
        try onBench(Self.script()) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let interface = try bench.interface
            let call = bench.client {
                try await interface.open(path: "slow").control(Self.session).information
            }
            let other = try await interface.open(path: "quick")
            try same(try await other.control(Self.session).information, 1, "the quick one")
            await bench.settle()
            try same(await bench.fileNotes.sorted(), ["create quick", "create slow"], "waiting")
            bench.valve.open()
            try same(try await call.value.get(), 2, "the slow one's session")
        }
    }

    @Test("F-6: a refused open fails with the driver's error, and no cleanup or close follows")
    func refused() throws {
        try onBench(Self.script()) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let interface = try bench.interface
            do throws(DeviceError) {
                _ = try await interface.open(path: "refused")
                throw DeviceError(.failed)
            } catch { try same(error, DeviceError(.accessDenied, "Not today."), "error") }
            await bench.settle()
            try same(await bench.fileNotes, ["create refused"], "notes")
            try same(try bench.device.state.value.files.count, 0, "files")
            try same(bench.counted(.openRefusedByDriver), 1, "mark")
        }
    }

    @Test("F-2, F-3: cleanup first, then queued requests are cancelled; close when all I/O is done")
    func order() throws {
        try onBench(Self.script()) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let file = try await bench.interface.open(path: "a")
            let queued = bench.client { try await file.control(Self.manual).information }
            let owned = bench.client { try await file.control(Self.own).information }
            await bench.settle()
            let closed = bench.client { await file.close() }
            try same(await queued.value.code, .cancelled, "queued")
            await bench.settle()
            // F-2: what the driver owns is its duty, and goes on.
            try same(await bench.fileNotes, ["create a", "cleanup a, 1 queued"], "before")
            bench.valve.open()
            try same(try await owned.value.get(), 7, "owned")
            _ = await closed.value
            try same(
                await bench.fileNotes,
                ["create a", "cleanup a, 1 queued", "close a, session 1"], "after")
        }
    }

    @Test("F-2: a request that its driver forwards after its file's cleanup is cancelled")
    func forwardedAfterCleanup() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.queues = [driver.device.queue(.manual)]
                driver.device.files(for: driver, cleanup: { _, _ in })
                driver.device.queue(
                    .sequential, for: driver,
                    deviceControl: { driver, request in
                        await driver.valve.pass()
                        request.forward(to: driver.queues[0])
                    })
            }
        ])
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            let call = bench.client { try await file.control(Self.manual).information }
            await bench.settle()
            let closed = bench.client { await file.close() }
            await bench.settle()
            bench.valve.open()
            try same(await call.value.code, .cancelled, "call")
            _ = await closed.value
        }
    }

    @Test("F-2: a cleanup handler ends what its driver owns with cancelRequests")
    func cancelRequests() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.files(
                    for: driver,
                    cleanup: { driver, file in
                        driver.notes.append("cleanup")
                        file.cancelRequests()
                    })
                driver.device.queue(
                    .sequential, for: driver,
                    deviceControl: { driver, request in
                        await driver.device.wait(for: .seconds(900), request: request)
                        request.fail(.cancelled)
                    })
            }
        ])
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            let call = bench.client { try await file.control(Self.own).information }
            await bench.settle()
            await file.close()
            try same(await call.value.code, .cancelled, "call")
            try same(await bench.fileNotes, ["cleanup"], "notes")
        }
    }

    @Test("F-4: a file knows its path, its interface's reference and who opened it")
    func information() throws {
        let seen = Seen()
        let script = Script([
            .deviceAdd: { driver in
                driver.device.files(
                    for: driver,
                    create: { _, file throws(DeviceError) in
                        seen.add(file.path, file.client)
                    })
            }
        ])
        try onBench(seeds: 0..<2, script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let interface = try bench.interface
            let guest = ClientIdentity(processID: 7, userID: 1001, groupID: 100)
            let first = try await interface.open()
            let second = try await interface.open(path: "drawer/2", as: guest)
            try same(seen.paths, ["", "drawer/2"], "paths")
            try same(seen.clients, [.thisProcess, guest], "clients")
            await first.close()
            await second.close()
            seen.clear()
        }
    }

    @Test("DEV-6: an exclusive device refuses a second open until the first is closed")
    func exclusive() throws {
        try onBench(Self.script(exclusive: true)) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let interface = try bench.interface
            let file = try await interface.open(path: "a")
            try same(
                await code { try await interface.open(path: "b") }, .accessDenied, "the second")
            let owned = bench.client { try await file.control(Self.own).information }
            await bench.settle()
            let closed = bench.client { await file.close() }
            await bench.settle()
            // F-3: it is open for as long as its I/O is not done.
            try same(
                await code { try await interface.open(path: "c") }, .accessDenied, "too early")
            bench.valve.open()
            _ = await owned.value
            _ = await closed.value
            await (try await interface.open(path: "d")).close()
            try same(
                await bench.fileNotes.filter { $0.hasPrefix("create") }, ["create a", "create d"],
                "asked")
        }
    }

    @Test("F-5: before the start and after the departure an open is refused")
    func notStarted() throws {
        var script = Self.script()
        script.steps[.prepareHardware] = { await $0.valve.pass() }
        try onBench(script) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .began(.prepareHardware))
            let device = try bench.device
            try same(await code { try await device.open(FileOpening()) }, .removed, "early")
            bench.valve.open()
            await bench.journal.wait(for: .started)
            let interface = try bench.interface
            await plug.unplug()
            try same(await code { try await interface.open() }, .removed, "late")
            await bench.journal.wait(for: .disposed)
        }
    }

    @Test("F-5: a device that is gone stays for its open files, whose closing the driver hears of")
    func staysForFiles() throws {
        try onBench(Self.script()) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started)
            let file = try await bench.interface.open(path: "a")
            let driver = try bench.driver
            await plug.unplug()
            await bench.journal.wait(for: .queuesPurged)
            try same(await code { try await file.control(Self.own) }, .removed, "a request")
            await bench.settle()
            try check(!bench.journal.has(.disposed), "it was disposed of")
            await file.close()
            await bench.journal.wait(for: .disposed)
            try same(
                await driver.notes.filter { $0.hasPrefix("c") },
                ["create a", "cleanup a, 0 queued", "close a, session 1"], "notes")
        }
    }

    @Test("F-3, F-6: a device removed during a create waits for the driver, then closes the file")
    func removedWhileCreating() throws {
        try onBench(seeds: 0..<48, Self.script()) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let interface = try bench.interface
            let driver = try bench.driver
            let open = bench.client { try await interface.open(path: "slow") }
            await bench.settle()
            let removed = bench.client { try await driver.device.remove() }
            await bench.settle()
            try check(!bench.journal.has(.disposed), "it has not waited")
            bench.valve.open()
            try same(await open.value.code, .removed, "the open")
            _ = try await removed.value.get()
            try same(
                await driver.notes.filter { $0.hasPrefix("c") },
                ["create slow", "cleanup slow, 0 queued", "close slow, session 1"], "notes")
            try same(bench.counted(.closedWhileCreating), 1, "mark")
        }
    }
}

extension Bench {
    /// The one interface that is enabled.
    var interface: DeviceInterface {
        get throws {
            guard let interface = interfaces.all(of: .gadget).first else {
                throw Surprise("no interface is enabled")
            }
            return interface
        }
    }

    /// What the driver noted of files.
    fileprivate var fileNotes: [String] {
        get async throws { try await driver.notes.filter { $0.hasPrefix("c") } }
    }

    /// How often `mark` was reached.
    func counted(_ mark: Mark) -> Int { simulation.loop.probes?.counts[mark] ?? 0 }
}

extension ScriptedDriver {
    fileprivate func controlFile(_ request: consuming Request) async {
        switch request.code {
        case FileTests.manual: request.forward(to: queues[0])
        case FileTests.own:
            await valve.pass()
            request.complete(7)
        default:
            let session = request.file?[FileTests.Session.self]
            request.complete(session?.number ?? 0)
        }
    }
}

/// What handlers of several scopes saw.
private final class Seen: @unchecked Sendable {
    // Sendable because everything is guarded by `lock`.
    private let lock = Lock()
    private var seen: [(String, ClientIdentity)] = []

    var paths: [String] { lock.withLock { seen.map(\.0) } }
    var clients: [ClientIdentity] { lock.withLock { seen.map(\.1) } }
    func add(_ path: String, _ client: ClientIdentity) {
        lock.withLock { seen.append((path, client)) }
    }
    func clear() { lock.withLock { seen = [] } }
}
