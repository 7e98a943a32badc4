internal import USBBus
internal import USBTypes
internal import VirtualUSB

/// A client's transfer on its way through the device: its memory, and whom to tell of its end.
@safe final class SessionTransfer: HostTransfer, @unchecked Sendable {
    // Sendable as every HostTransfer: confined to the device's loop.

    /// While submitted, so that a transfer at rest in a pool keeps nothing alive.
    var session: ServedSession?
    var ticket = 0
    let capacity: Int

    init(endpoint: EndpointAddress, capacity: Int) {
        self.capacity = capacity
        unsafe super.init(
            endpoint: endpoint,
            memory: UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16))
    }

    deinit { unsafe memory.deallocate() }

    /// Makes it carry `submission`; `payload` is the data of an OUT.
    func prepare(_ submission: ServerSession.Submission, _ payload: RawSpan) {
        ticket = submission.ticket
        setup = submission.setup
        length = submission.length
        endsWithZeroPacket = submission.endsWithZeroPacket
        unsafe payload.withUnsafeBytes { unsafe memory.copyMemory(from: $0) }
    }

    /// The bytes that arrived.
    var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let whole = unsafe UnsafeRawBufferPointer(memory)
            return unsafe _overrideLifetime(whole.bytes, borrowing: self)
        }
    }

    override func finish(_ status: TransferStatus, length: Int) {
        session.take()?.finished(self, status, length)
    }
}

/// Transfers at rest, by endpoint: a session that is warm allocates none.
struct TransferPool {
    /// More memory than this is given back.
    static let retainedBytes = 1024 * 1024
    private static let smallest = 512

    private var resting: [[SessionTransfer]] = Array(repeating: [], count: 32)
    private var bytes = 0

    mutating func take(_ endpoint: EndpointAddress, _ length: Int) -> SessionTransfer {
        let place = Self.place(of: endpoint)
        while let transfer = resting[place].popLast() {
            bytes -= transfer.capacity
            // One that is too small is dropped: an endpoint's transfers grow towards their size.
            if transfer.capacity >= length { return transfer }
        }
        return SessionTransfer(endpoint: endpoint, capacity: max(length, Self.smallest))
    }

    mutating func give(_ transfer: SessionTransfer) {
        guard bytes + transfer.capacity <= Self.retainedBytes else { return }
        bytes += transfer.capacity
        resting[Self.place(of: transfer.endpoint)].append(transfer)
    }

    private static func place(of endpoint: EndpointAddress) -> Int {
        Int(endpoint.number) + (endpoint.direction == .in ? 16 : 0)
    }
}
