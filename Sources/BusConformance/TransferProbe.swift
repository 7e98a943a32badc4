internal import DriverRuntime
internal import USBBus
internal import USBTypes

/// A transfer under observation: keeps what its completions said, and notes what may never happen.
///
/// On the bus's loop.
final class TransferProbe {
    /// What one completion said.
    struct Record {
        let status: TransferStatus
        let length: Int
        let bytes: [UInt8]
        /// When, on the run's count of moments.
        let moment: Int
    }

    let transfer: BusTransfer
    private let run: ConformanceRun
    private(set) var completions: [Record] = []
    private(set) var submits = 0
    private var awaited = 0
    private var isCalling = false
    var onCompletion: ((Record) -> Void)?

    init(_ transfer: BusTransfer, of run: ConformanceRun) {
        self.transfer = transfer
        self.run = run
        transfer.handler = { [unowned self] completion in completed(completion) }
    }

    var isInFlight: Bool { transfer.isInFlight }

    private func completed(_ completion: borrowing TransferCompletion) {
        if isCalling { run.note(violation: "A handler was called inside submit or cancel (L7).") }
        if !run.loop.isOnLoop { run.note(violation: "A handler was called off the loop (L1).") }
        if completions.count >= submits { run.note(violation: "A transfer ended twice (L7).") }
        let record = Record(
            status: completion.status, length: completion.length, bytes: completion.bytes.copy(),
            moment: run.touch())
        completions.append(record)
        onCompletion?(record)
    }

    func fill(_ bytes: [UInt8]) {
        transfer.withMutableBytes { memory in
            for (offset, byte) in bytes.enumerated() {
                memory.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
            }
        }
    }

    func submit(_ length: Int, zeroPacket: Bool = false) throws(BusError) {
        let outer = isCalling
        isCalling = true
        defer { isCalling = outer }
        submits += 1
        do throws(BusError) { try transfer.submit(length: length, zeroPacket: zeroPacket) } catch {
            submits -= 1
            throw error
        }
    }

    func send(_ bytes: [UInt8], zeroPacket: Bool = false) throws(BusError) {
        fill(bytes)
        try submit(bytes.count, zeroPacket: zeroPacket)
    }

    func cancel() {
        isCalling = true
        transfer.cancel()
        isCalling = false
    }

    /// The next completion that was not waited for yet.
    func completion() async throws -> Record {
        try await run.wait(for: "the end of a transfer on \(transfer.endpoint)") {
            completions.count > awaited
        }
        awaited += 1
        return completions[awaited - 1]
    }

    /// The next completion, which must be `completed`.
    func success() async throws -> Record {
        let record = try await completion()
        try run.expect(
            record.status == .completed,
            "A transfer on \(transfer.endpoint) ended as \(record.status), not completed.")
        return record
    }

    /// Keeps the memory for ever, because a bus may still write to it.
    func leak() { unsafe _ = Unmanaged.passRetained(self) }
}

extension ConformanceRun {
    /// One control request from start to end.
    func request(
        _ device: any BusDevice, _ setup: SetupPacket, _ data: [UInt8] = []
    ) async throws -> TransferProbe.Record {
        let probe = try probe(device, .control, capacity: Int(setup.length))
        probe.transfer.setup = setup
        if setup.direction == .out { probe.fill(data) }
        try probe.submit(Int(setup.length))
        return try await probe.completion()
    }

    /// Has the reference device do something.
    func tell(
        _ device: any BusDevice, _ request: ReferenceDevice.Request, _ value: Int = 0,
        on endpoint: EndpointAddress = .control
    ) async throws {
        let record = try await self.request(
            device,
            SetupPacket(
                .out, .vendor, request: request.rawValue, value: UInt16(truncatingIfNeeded: value),
                index: UInt16(endpoint.rawValue)))
        try expect(record.status == .completed, "Request \(request) ended as \(record.status).")
    }

    /// Asks the reference device for counters.
    func ask(
        _ device: any BusDevice, _ request: ReferenceDevice.Request, _ count: Int,
        on endpoint: EndpointAddress = .control
    ) async throws -> [Int] {
        let record = try await self.request(
            device,
            SetupPacket(
                .in, .vendor, request: request.rawValue, index: UInt16(endpoint.rawValue),
                length: UInt16(4 * count)))
        try expect(
            record.status == .completed && record.bytes.count == 4 * count,
            "Request \(request) ended as \(record.status) with \(record.bytes.count) bytes.")
        return (0..<count).map { place in
            (0..<4).reduce(0) { $0 | Int(record.bytes[4 * place + $1]) << (8 * $1) }
        }
    }

    /// The first `count` bytes that the reference device sends.
    func pattern(_ count: Int) -> [UInt8] { (0..<count).map(ReferenceDevice.pattern) }
}
