import DriverSimulation
import VirtualUSB

@testable import DriverFoundation

/// A device whose driver keeps whatever is sent to it in a manual queue, until the test takes it.
enum Below {
    static let script = Script([
        .deviceAdd: { driver in
            driver.queues = [driver.device.queue(.manual)]
            driver.device.queue(
                .parallel(limit: 100), for: driver,
                other: { driver, request in request.forward(to: driver.queues[0]) })
        }
    ])
}

/// The same as `onBench`, with a driver for the device of ``Bench/plugHolder()``.
func onHolderBench(
    seeds: Range<UInt64> = 0..<16, _ script: Script = Script(),
    _ body: @escaping @Sendable (Bench) async throws -> Void
) throws {
    try onBench(seeds: seeds, script, drivers: [ScriptedDriver.self, Holder.self], body)
}

extension Script {
    /// This script with one more step.
    func adding(_ callback: DriverCallback, _ step: @escaping Step) -> Script {
        var script = self
        script.steps[callback] = step
        return script
    }
}

extension Bench {
    /// A target whose requests end up in the queue.
    func below() async throws -> (target: IOTarget, queue: RequestQueue) {
        if journal.device == nil {
            _ = try await plug()
            await journal.wait(for: .started)
        }
        return (try device.selfTarget, try await driver.queues[0])
    }

    /// A target that was stopped with one write below it, and has kept another since.
    func stoppedTarget() async throws -> (
        target: IOTarget, sent: Task<Result<Int, DeviceError>, Never>,
        pended: Task<Result<Int, DeviceError>, Never>
    ) {
        let (target, _) = try await below()
        let sent = write(1, to: target)
        await settle()
        await target.stop(.leaveSentIOPending)
        let pended = write(2, to: target)
        await settle()
        return (target, sent, pended)
    }

    /// Writes one byte.
    func write(
        _ number: UInt8, to target: IOTarget, _ options: SendOptions = SendOptions()
    ) -> Task<Result<Int, DeviceError>, Never> {
        client { try await target.write([number], options) }
    }

    /// Plugs in what a ``Holder`` drives.
    func plugHolder() async throws -> Holder {
        _ = try await bus.plug { HolderGadget(port: $0) }
        let step = LifecycleStep.matched(driver: "\(Holder.self)")
        await journal.wait(for: step)
        await settle()
        guard let holder = try device.state.value.driver as? Holder else {
            throw Surprise("the holder's device has no driver")
        }
        return holder
    }
}

extension RequestQueue {
    /// Takes its oldest request.
    func answerNext(_ answer: (consuming Request) throws -> Void) throws {
        guard let request = next() else { throw Surprise("nothing has arrived") }
        try answer(request)
    }

    /// Completes its oldest request, and returns what was written with it.
    func completeNext() throws -> [UInt8] {
        var written: [UInt8] = []
        try answerNext { request in
            written = bytes(of: request)
            request.complete(written.count)
        }
        return written
    }
}

/// What the request's sender gives along: where a closure could not both look at it and complete
/// it.
func bytes(of request: borrowing Request) -> [UInt8] { request.input.copy() }

/// A driver that has a target on another device.
actor Holder: FunctionDriver {
    static let matches: [DeviceMatch] = [.id(vendor: 0x1209, product: 0x0002)]

    nonisolated let device: Device
    /// Without handlers of its own.
    nonisolated let plain: IOTarget
    private(set) var notes: [String] = []
    private(set) var targets: [IOTarget] = []
    var vetoes = false
    var reopens = true

    init(device: Device) async throws(DeviceError) {
        self.device = device
        plain = device.remoteTarget()
    }

    /// Makes a target with handlers.
    func makeTarget() -> IOTarget {
        let target = device.remoteTarget(
            for: self,
            queryRemove: { holder, target throws(DeviceError) in
                holder.notes.append("query, \(target.state)")
                if holder.vetoes { throw DeviceError(.busy, "The holder needs it.") }
                await target.closeForQueryRemove()
            },
            removeCanceled: { holder, target in
                holder.notes.append("canceled, \(target.state)")
                if holder.reopens { try? await target.reopen() }
            },
            removeComplete: { holder, target in
                holder.notes.append("complete, \(target.state)")
            })
        targets.append(target)
        return target
    }

    func veto(_ vetoes: Bool) { self.vetoes = vetoes }
    func note(_ text: String) { notes.append(text) }

    /// Hears of gadgets.
    func watchGadgets() {
        device.watch(
            .gadget, for: self,
            arrived: { holder, interface in holder.notes.append("arrived \(interface.reference)") },
            removed: { holder, interface in holder.notes.append("removed \(interface.reference)") })
    }
}

/// What a ``Holder`` drives.
actor HolderGadget: VirtualDevice {
    nonisolated let port: DevicePort

    init(port: DevicePort) { self.port = port }

    nonisolated var description: DeviceDescription {
        DeviceDescription(vendor: 0x1209, product: 0x0002, name: "Holder") {
            Interface(.vendorSpecific) { Endpoint.bulkOut(0x01) }
        }
    }
}
