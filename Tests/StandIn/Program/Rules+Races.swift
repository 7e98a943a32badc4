import BusConformance
import DriverRuntime
import LibUSBBus
import USBBus
import USBTypes

extension Rule {
    /// Cancels and unplugs at every moment.
    static let races = [
        Rule("L6-cancel-races-completion") { run in
            try await run.start()
            let (_, device) = try await run.device()
            var random = Sequence(seed: 1)
            for _ in 0..<400 {
                let count = Int(random.next() % 16) + 1
                let delay = Int(random.next() % 16)
                let swarm = try await run.onLoop { [bus = run.bus] in
                    let swarm = try Swarm(
                        device, ReferenceDevice.source, count: count, on: bus.loop)
                    try swarm.submit()
                    return swarm
                }
                await run.moment(delay)
                try await run.onLoop { swarm.cancel() }
                await swarm.drained(on: run.bus.loop)
                let (submitted, ended) = try await run.onLoop {
                    swarm.release()
                    return (swarm.state.value.submitted, swarm.state.value.ended)
                }
                try run.expect(submitted == ended, "\(ended) of \(submitted) ended")
            }
            await device.close()
        },
        Rule("L5-cancel-races-resubmit") { run in
            try await run.start()
            let (_, device) = try await run.device()
            var random = Sequence(seed: 2)
            for _ in 0..<100 {
                let delay = Int(random.next() % 100)
                let swarm = try await run.onLoop { [bus = run.bus] in
                    let swarm = try Swarm(device, ReferenceDevice.source, count: 8, on: bus.loop)
                    try swarm.submit(resubmits: .max)
                    return swarm
                }
                await run.moment(delay)
                try await run.onLoop {
                    swarm.state.value.resubmits = 0
                    swarm.cancel()
                }
                await swarm.drained(on: run.bus.loop)
                try await run.onLoop { swarm.release() }
            }
            await device.close()
        },
        Rule("L12-unplug-in-flight") { run in
            try await run.start()
            for round in 0..<40 {
                let (node, device) = try await run.device()
                let swarm = try await run.onLoop { [bus = run.bus] in
                    let endpoint =
                        round % 2 == 0 ? ReferenceDevice.silentIn : ReferenceDevice.source
                    let swarm = try Swarm(device, endpoint, count: 16, on: bus.loop)
                    try swarm.submit(resubmits: .max)
                    return swarm
                }
                await node.unplug(round % 4 < 2 ? .endWithError : .vanish)
                let left = try await run.nextDeparture()
                try run.expect(left == device.id, "\(left) left instead of \(device.id)")
                await swarm.drained(on: run.bus.loop)
                let (submitted, ended) = try await run.onLoop {
                    swarm.release()
                    return (swarm.state.value.submitted, swarm.state.value.ended)
                }
                try run.expect(submitted == ended, "\(ended) of \(submitted) ended")
                await device.close()
            }
        },
        Rule("L18-every-length-can-be-asked-for") { run in
            try await run.start()
            let (_, device) = try await run.device()
            for length in [1, 2, 511, 512, 513, 1_000, 1_024, 4_097] {
                let swarm = try await run.onLoop { [bus = run.bus] in
                    let swarm = try Swarm(
                        device, ReferenceDevice.silentIn, count: 1, length: length, on: bus.loop)
                    try swarm.submit()
                    return swarm
                }
                try await run.ask(device, .send, value: UInt16(length), index: 0x82)
                await swarm.drained(on: run.bus.loop)
                let lengths = try await run.onLoop {
                    swarm.release()
                    return swarm.state.value.lengths
                }
                try run.expect(lengths == [length], "asked for \(length), got \(lengths)")
            }
            await device.close()
        },
    ]

    /// A repeatable sequence of numbers.
    private struct Sequence {
        private var state: UInt64
        init(seed: UInt64) { state = seed }
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
    }
}

extension RuleRun {
    /// A vendor request without data.
    func ask(
        _ device: any BusDevice, _ request: ReferenceDevice.Request, value: UInt16, index: UInt16
    ) async throws {
        let status: TransferStatus = await Resumption.wait { resumption in
            bus.loop.execute {
                do {
                    let transfer = try device.makeTransfer(
                        .control, on: .control, maxPacketSize: 64, capacity: 0)
                    transfer.setup = SetupPacket(
                        .out, .vendor, request: request.rawValue, value: value, index: index)
                    transfer.handler = { completion in
                        // The reference keeps the transfer until here.
                        transfer.handler = nil
                        resumption.resume(returning: completion.status)
                    }
                    try transfer.submit(length: 0)
                } catch {
                    resumption.resume(returning: .failed)
                }
            }
        }
        try expect(status == .completed, "request \(request) was \(status)")
    }
}
