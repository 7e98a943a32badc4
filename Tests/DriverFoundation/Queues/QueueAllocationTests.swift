import CAllocationCount
import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// What a request allocates on its way through the framework once everything is warm, counted on a
/// loop of its own: from its submission to its client's going on.
@Suite("What a request allocates when warm", .enabled(if: allocation_count_works()))
struct QueueAllocationTests {
    /// A driver with a queue of each kind: writes at once, reads by hand, controls in a group.
    private static let script = Script([
        .deviceAdd: { driver in
            let group = driver.device.queueGroup(limit: 2)
            driver.device.queue(
                .sequential, for: driver,
                write: { $1.complete(1) })
            driver.device.queue(
                .parallel(limit: 2), share: group.share(.high), for: driver,
                deviceControl: { $1.complete(1) })
            driver.queues = [driver.device.queue(.manual, taking: [.read])]
            driver.queues[0].whenReady(for: driver) { _, queue in
                while let request = queue.next() { request.complete() }
            }
        }
    ])

    @Test(
        "Q-1, Q-13, Q-21: a request's way through a queue allocates nothing",
        arguments: [RequestKind.write, .read, .deviceControl(1)])
    func requests(kind: RequestKind) async throws {
        let bus = VirtualBus()
        Script.register(Self.script, Valve(on: bus.loop), for: bus.loop)
        let found = LoopConfined<Device?>(on: bus.loop, nil)
        var options = PlugAndPlay.Options()
        options.observer = { device, step in if step == .started { found.value = device } }
        let plugAndPlay = PlugAndPlay(on: bus, drivers: [ScriptedDriver.self], options: options)
        try await plugAndPlay.start()
        _ = try await bus.plug { Gadget(port: $0) }
        let file = try await plugAndPlay.interfaces.open(.gadget)
        let device = try #require(await bus.loop.perform { found.value } ?? nil)
        let driver = try #require(
            await bus.loop.perform { device.state.value.driver as? ScriptedDriver } ?? nil)
        // A task that prefers the scope, as the framework's do: any other is resumed by way of the
        // global pool, which allocates.
        let count = try await Task(executorPreference: device.scope) {
            try await driver.countRequests(2000, kind)
        }.value
        print("2000 requests (\(kind)) allocated \(count)")
        #if DEBUG
        // A debug build allocates frames and boxes, which only bound it there.
        #expect(count <= 30 * 2000)
        #else
        #expect(count == 0)
        #endif
        await file.close()
        await plugAndPlay.stop()
        Script.forget(bus.loop)
    }
}

extension ScriptedDriver {
    /// The allocations of the loop's thread for so many requests, one after the other.
    fileprivate func countRequests(_ count: Int, _ kind: RequestKind) async throws -> UInt64 {
        guard let file = device.state.value.files.first else { throw Surprise("no file") }
        let request = ClientRequest(kind, input: kind == .write ? [1] : [], outputCapacity: 8)
        let ticket = RequestTicket(on: device.loop)
        for _ in 0..<200 { await perform(request, file, ticket) }
        let before = allocation_count()
        for _ in 0..<count { await perform(request, file, ticket) }
        return allocation_count() - before
    }

    private func perform(
        _ request: ClientRequest, _ file: FileObject, _ ticket: RequestTicket
    ) async {
        let reply = await Resumption<ClientReply>.wait { reply in
            device.submit(request, from: file, reply, ticket: ticket)
        }
        if reply.error != nil { failures.append(.failed) }
    }
}
