import DriverRuntime
import LibUSBBus
import USBBus
import USBTypes

/// Rounds of plug, traffic and unplug.
func loopback(_ bus: LibUSBBus, _ watch: Watch, rounds: Int, named name: String)
    async throws(BusError)
{
    var total = Tally()
    for round in 1...rounds {
        if round > 1 { say("LAB-ROUND plug\(name)") }
        let attached = await watch.arrival()
        let device = try await bus.open(attached.id)
        let pipes = try Pipes(attached)
        try await device.claim(pipes.interface, detaching: false)
        let echo = try await bus.onTheLoop { () throws(BusError) in
            try Echo(device, pipes, on: bus.loop, isBusy: round % 2 == 0)
        }
        let verified = await echo.verify(blocks: 64)
        guard verified == 64 else { throw BusError(.failed, "\(verified) of 64 blocks came back") }
        await bus.onTheLoop { echo.arm() }
        say("LAB-ROUND unplug\(name)")
        await watch.departure(of: attached.id)
        let tally = await echo.drained()
        await device.close()
        say("round \(round): \(tally)")
        total.add(tally)
    }
    say("LAB-ROUND plug\(name)")
    say("rounds \(rounds), lost \(total.submitted - total.completed), doubled \(total.doubled)")
    if total.submitted != total.completed || total.doubled > 0 {
        throw BusError(.failed, "completions do not match submissions")
    }
}

/// The loopback function's endpoints.
struct Pipes {
    let interface: UInt8
    let input: EndpointDescriptor
    let output: EndpointDescriptor

    init(_ device: AttachedDevice) throws(BusError) {
        for interface in device.configuration?.interfaces ?? [] {
            let endpoints = interface.alternateSetting(0)?.endpoints ?? []
            let input = endpoints.first { $0.transferType == .bulk && $0.address.direction == .in }
            let output = endpoints.first {
                $0.transferType == .bulk && $0.address.direction == .out
            }
            if let input, let output {
                (self.interface, self.input, self.output) = (interface.number, input, output)
                return
            }
        }
        throw BusError(.notFound, "the gadget has no pair of bulk endpoints")
    }
}

struct Tally: Sendable, CustomStringConvertible {
    var submitted = 0
    var completed = 0
    var doubled = 0
    var endings: [TransferStatus: Int] = [:]

    mutating func add(_ other: Tally) {
        submitted += other.submitted
        completed += other.completed
        doubled += other.doubled
    }

    var description: String {
        let ends = TransferStatus.allCases.compactMap { status in
            endings[status].map { "\(status) \($0)" }
        }
        return "submitted \(submitted), completed \(completed): " + ends.joined(separator: ", ")
    }
}

extension LibUSBBus {
    /// Runs `body` on the loop.
    func onTheLoop<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result: Result<Value, Failure> = await Resumption.wait { resumption in
            loop.execute { resumption.resume(returning: Result(catching: body)) }
        }
        return try result.get()
    }
}
