public import USBBus
public import USBTypes

/// A transfer as a virtual device's side sees it: what some host — the in-process bus, a USB/IP
/// session — asks of one endpoint.
///
/// A host subclasses it, fills it in, and hands it to ``UpstreamPort/submit(_:)``; the port calls
/// ``finish(_:length:)`` exactly once for each submit that was not withdrawn, on the loop, never
/// from inside `submit`. It may be submitted again after that, also from inside `finish`.
///
/// Threading: on the device's loop only.
@safe open class HostTransfer: @unchecked Sendable {
    // Sendable because it is confined to the device's loop, on which both its ends live.

    /// The endpoint; `.control` for the default control endpoint.
    public final let endpoint: EndpointAddress
    /// The request of a control transfer.
    public final var setup = SetupPacket(requestType: 0, request: 0, value: 0, index: 0, length: 0)
    /// Bytes of data that are sent (OUT) or asked for (IN). For a control transfer at most
    /// `setup.length`; more is ignored.
    public final var length = 0
    /// Whether an OUT of whole packets ends with a zero-length packet.
    public final var endsWithZeroPacket = false
    /// The data: at least `length` bytes, the host's own, valid until `finish`.
    public final var memory: UnsafeMutableRawBufferPointer

    /// Where a submitted transfer stands (one atomic step: pending transfers can
    /// be withdrawn, committed ones cannot).
    enum Phase { case idle, pending, committed }

    final var phase = Phase.idle
    final var next: HostTransfer?
    /// Bytes of an IN that the device has handed over, while it is pending.
    final var filled = 0
    /// Whether the device was asked for this IN's bytes.
    final var wasAsked = false
    /// What `finish` will be called with, once committed.
    final var result = (status: TransferStatus.completed, length: 0)
    /// What a fault plan does to it.
    final var fault: PendingFault?

    /// A transfer of `endpoint` over the host's memory.
    public init(endpoint: EndpointAddress, memory: UnsafeMutableRawBufferPointer) {
        self.endpoint = endpoint
        unsafe self.memory = memory
    }

    /// The end of the transfer: how, and how many bytes moved. Overridden by each host.
    open func finish(_ status: TransferStatus, length: Int) {
        fatalError("a host must override finish")
    }

    /// What may be moved: never more than the memory holds, whatever a host says.
    final var usableLength: Int {
        let asked = min(max(length, 0), unsafe memory.count)
        return endpoint.number == 0 ? min(asked, Int(setup.length)) : asked
    }
}

/// Transfers in the order in which they were submitted, linked through themselves.
struct TransferList {
    private(set) var first: HostTransfer?
    private var last: HostTransfer?
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ transfer: HostTransfer) {
        if let last { last.next = transfer } else { first = transfer }
        last = transfer
        count += 1
    }

    mutating func removeFirst() -> HostTransfer? {
        guard let taken = first else { return nil }
        first = taken.next
        if first == nil { last = nil }
        taken.next = nil
        count -= 1
        return taken
    }

    /// Takes `transfer` out wherever it stands.
    mutating func remove(_ transfer: HostTransfer) -> Bool {
        if first === transfer { return removeFirst() != nil }
        var previous = first
        while let current = previous, current.next !== transfer { previous = current.next }
        guard let previous else { return false }
        previous.next = transfer.next
        if last === transfer { last = previous }
        transfer.next = nil
        count -= 1
        return true
    }
}
