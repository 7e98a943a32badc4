import Testing
import VirtualUSB

@testable import DriverFoundation

/// The kinds of requests beside read, write and device control.
@Suite struct RequestKindTests {
    /// A driver with a queue for each kind, and one for one code.
    private static let script = Script([
        .deviceAdd: { driver in
            let device = driver.device
            driver.queues = [device.queue(.manual, taking: [.internalDeviceControl(9)])]
            device.queue(.sequential, for: driver, deviceControl: { $0.answer($1, as: "control") })
            device.queue(
                .sequential, for: driver, internalDeviceControl: { $0.answer($1, as: "internal") })
        }
    ])

    @Test("R-1, Q-3: an internal device control has queues of its own, by its kind and by its code")
    func routes() throws {
        try onBench(Self.script) { bench in
            let (_, _, file) = try await bench.open()
            let target = try bench.device.selfTarget
            try same(try await file.control(5, [1], upTo: 2).output, [1, 0], "a control")
            let reply = try await target.internalDeviceControl(5, [1], upTo: 2)
            try same(reply.output, [1, 1], "an internal one of the same code")
            try same(await bench.driver.notes.dropFirst(), ["control 5", "internal 5"], "handlers")
            let ninth = bench.client { try await target.internalDeviceControl(9).information }
            try same(try await target.deviceControl(9).information, 0, "another's code")
            await bench.settle()
            try await bench.queues[0].answerNext { request in
                try same(request.kind, .internalDeviceControl(9), "its kind")
                try same(request.code, 9, "its code")
                request.complete(99)
            }
            try same(try await ninth.value.get(), 99, "its end")
            await file.close()
        }
    }

    @Test("R-1, Q-4: without a handler of its own it comes to `other`, and else it is refused")
    func other() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(
                    .sequential, for: driver, read: { $1.complete(with: []) },
                    other: { $0.answer($1, as: "other") })
            }
        ])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            try await bench.device.selfTarget.internalDeviceControl(3)
            try same(await bench.driver.notes.last, "other 3", "handler")
        }
        try onBench { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let target = try bench.device.selfTarget
            try same(
                await code { try await target.internalDeviceControl(3) }, .invalidRequest, "none")
        }
    }

    @Test("R-1, T-8: another device's driver sends one; a program's file does not carry it")
    func amongDrivers() throws {
        try onHolderBench(Self.script) { bench in
            let (_, _, file) = try await bench.open()
            let interface = try bench.interface
            let target = try await bench.plugHolder().plain
            try await target.open(interface)
            let reply = try await target.internalDeviceControl(4, [7], upTo: 2)
            try same(reply.output, [7, 1], "a driver's")
            // A program has no such call; what its end carries is refused all the same.
            let program = try await interface.openPort(FileOpening())
            let refused = await program.perform(ClientRequest(.internalDeviceControl(4)))
            try same(refused.error?.code, .invalidRequest, "a program's")
            let other = try await bench.plugHolder().plain
            try await other.open(program)
            try same(
                await code { try await other.internalDeviceControl(4) }, .invalidRequest,
                "a program's file in a driver's hand")
            try same(
                try await bench.gadgetNotes.filter { $0.hasPrefix("internal") }, ["internal 4"],
                "handled")
            await other.close()
            await target.close()
            await file.close()
        }
    }

    @Test(
        "R-1, FL-1, T-12: one passes a filter that has no handler for it, and stops at one that has"
    )
    func filtered() throws {
        let filters: [FilterPlacement] = [.upper(Blind.self), .lower(Seeing.self)]
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(
                    .sequential, for: driver,
                    internalDeviceControl: { driver, request in
                        driver.notes.append("internal")
                        request.sendAndForget(to: driver.device.lowerTarget)
                    })
            }
        ])
        try onBench(script, filters: filters) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let target = try bench.device.selfTarget
            try same(try await target.internalDeviceControl(1).information, 41, "the lowest's")
            try same(await bench.driver.notes.last, "internal", "the function driver's turn")
        }
    }

    @Test("R-1, F-1: an open is a request too: asked once, awaited, ended by a return or a throw")
    func create() throws {
        try onBench(FileTests.script()) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let interface = try bench.interface
            let slow = bench.client { try await interface.open(path: "slow") }
            await bench.settle()
            // While one waits, others are asked and end: create requests are not sequential.
            let refused = await code { try await interface.open(path: "refused") }
            try same(refused, .accessDenied, "ended by a throw")
            let quick = try await interface.open(path: "quick")
            let file = try bench.device.state.value.files.first
            try check(file?.state.value.phase == .creating, "the slow one is not open yet")
            bench.valve.open()
            let opened = try await slow.value.get()
            try check(file?.state.value.phase == .open, "ended by a return")
            let creates = try await bench.driver.notes.filter { $0.hasPrefix("create") }
            try same(creates, ["create slow", "create refused", "create quick"], "each once")
            await opened.close()
            await quick.close()
        }
    }
}

extension Bench {
    /// What the gadget's driver has noted, whichever device came last.
    fileprivate var gadgetNotes: [String] {
        get async throws {
            let drivers = journal.devices.compactMap { $0.state.value.driver as? ScriptedDriver }
            guard let driver = drivers.first else { throw Surprise("no gadget is there") }
            return await driver.notes
        }
    }
}

extension ScriptedDriver {
    /// Notes the code, and gives back the input's first byte and whether the request is internal.
    fileprivate func answer(_ request: consuming Request, as name: String) {
        notes.append("\(name) \(request.code?.rawValue ?? 0)")
        let isInternal = if case .internalDeviceControl = request.kind { true } else { false }
        guard request.outputCapacity >= 2 else { return request.complete() }
        request.complete(with: [request.input.byte(at: 0) ?? 0, isInternal ? 1 : 0])
    }
}

/// Has no handler for device controls of either kind.
private actor Blind: FilterDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let level: DeviceLevel
    init(level: DeviceLevel) async throws(DeviceError) {
        self.level = level
        level.queue(.sequential, for: self, write: { $1.complete() })
    }
}

/// Answers internal device controls.
private actor Seeing: FilterDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let level: DeviceLevel
    init(level: DeviceLevel) async throws(DeviceError) {
        self.level = level
        level.queue(.sequential, for: self, internalDeviceControl: { $1.complete(41) })
    }
}
