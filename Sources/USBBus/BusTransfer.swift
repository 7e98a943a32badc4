public import DriverRuntime
public import USBTypes

/// One transfer of an open device: made once, submitted again and again.
///
/// ## Life (libusb §2.6)
/// idle → ``submit(length:zeroPacket:)`` → in flight → the handler is called once → idle.
/// - The handler is called on the loop, in no scope, never from inside `submit` or `cancel`. It may
///   submit the transfer again.
/// - ``cancel()`` is a wish: the handler is called all the same, with whatever status won (L6).
///   Cancel when idle does nothing.
/// - Transfers of one endpoint complete in the order in which they were submitted.
/// - The memory is the transfer's own and stays until the transfer is released, which must not
///   happen in flight (trapped).
/// - An IN without data stays in flight.
///
/// Threading: on the loop only, all of it.
@safe open class BusTransfer: @unchecked Sendable {
    // Sendable because it is confined to its bus's loop; `submit` and `complete` check.

    /// Called with each completion. Bind it once, before the first submit.
    public typealias Handler = (borrowing TransferCompletion) -> Void

    /// The loop on which it lives.
    public final let loop: EventLoop
    /// The kind of endpoint.
    public final let type: TransferType
    /// The endpoint.
    public final let endpoint: EndpointAddress
    /// The most bytes of data it can carry.
    public final let capacity: Int
    /// Whether it was submitted and has not completed.
    public final private(set) var isInFlight = false
    /// The request of a control transfer; set it before each submit that changes it.
    public final var setup = SetupPacket(requestType: 0, request: 0, value: 0, index: 0, length: 0)
    /// Called with each completion.
    public final var handler: Handler?
    /// The memory: at least `capacity` bytes. Its owner is the subclass.
    public final let memory: UnsafeMutableRawBufferPointer

    /// For buses: `memory` must stay valid for the life of the object.
    public init(
        on loop: EventLoop, _ type: TransferType, endpoint: EndpointAddress, capacity: Int,
        memory: UnsafeMutableRawBufferPointer
    ) {
        self.loop = loop
        self.type = type
        self.endpoint = endpoint
        self.capacity = capacity
        unsafe self.memory = memory
    }

    deinit { contract(!isInFlight, "a transfer was released in flight (L8)") }

    /// Which way the data goes: the endpoint's direction, or the setup packet's for control.
    public final var direction: Direction {
        type == .control ? setup.direction : endpoint.direction
    }

    /// Lends the data memory (`capacity` bytes) to be filled before an OUT is submitted. Not in
    /// flight.
    public final func withMutableBytes<Result>(
        _ body: (inout MutableRawSpan) -> Result
    ) -> Result {
        contract(!isInFlight, "the memory of a transfer in flight is the bus's")
        var span = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[..<capacity]).mutableBytes
        return body(&span)
    }

    /// Sends or asks for `length` bytes (at most `capacity`).
    ///
    /// `zeroPacket` ends an OUT whose length is a positive multiple of the packet size with a
    /// zero-length packet. For control, `length` is the setup packet's.
    /// Errors: `.deviceGone`, `.outOfMemory` (L26: names the limit), `.notFound` when the setting
    /// in force has not got the endpoint any more, `.invalidRequest`; after a throw the handler is
    /// not called.
    public final func submit(length: Int, zeroPacket: Bool = false) throws(BusError) {
        loop.preconditionOnLoop()
        contract(!isInFlight, "a transfer was submitted twice (L5)")
        contract(length >= 0 && length <= capacity, "length \(length) exceeds \(capacity)")
        isInFlight = true
        do { try begin(length: length, zeroPacket: zeroPacket) } catch {
            isInFlight = false
            throw error
        }
    }

    /// Asks for the transfer to end early.
    public final func cancel() {
        loop.preconditionOnLoop()
        if isInFlight { requestCancel() }
    }

    // MARK: For buses

    /// Starts the transfer. Overridden by each bus.
    open func begin(length: Int, zeroPacket: Bool) throws(BusError) {
        fatalError("a bus must override begin")
    }

    /// Asks for an early end. Overridden by each bus; failures are of no interest.
    open func requestCancel() { fatalError("a bus must override requestCancel") }

    /// Called by the bus, on the loop, exactly once for each `begin` that did not throw.
    public final func complete(_ status: TransferStatus, length: Int) {
        loop.preconditionOnLoop()
        contract(isInFlight, "a transfer completed twice (L7)")
        isInFlight = false
        let count = min(max(length, 0), capacity)
        let received = direction == .in ? count : 0
        let bytes = unsafe UnsafeRawBufferPointer(
            rebasing: UnsafeRawBufferPointer(memory)[..<received])
        handler?(unsafe TransferCompletion(status: status, length: count, bytes: bytes.bytes))
    }
}

/// How a transfer ended: a value with the bytes that arrived, whatever the status.
public struct TransferCompletion: ~Escapable {
    /// How it ended.
    public let status: TransferStatus
    /// Bytes moved, in either direction.
    public let length: Int
    /// What arrived (empty for OUT); lent until the handler returns.
    public let bytes: RawSpan

    @_lifetime(copy bytes)
    init(status: TransferStatus, length: Int, bytes: RawSpan) {
        self.status = status
        self.length = length
        self.bytes = bytes
    }
}

/// How a transfer ended.
///
/// `deviceGone` and `failed` are suspicions of a removal, not the proof: a departure is (L11).
public enum TransferStatus: UInt8, Sendable, Hashable, CaseIterable {
    /// As asked, or ended early by a short packet.
    case completed
    /// Ended by `cancel`; what had arrived is there.
    case cancelled
    /// The endpoint is halted, or a control request was refused (USB 2.0 §8.5.3.4).
    case stalled
    /// The device sent more than was asked for. The content is undefined, and so is whether what
    /// did not fit is lost.
    case overflow
    /// The bus failed: no answer, a bad checksum, a broken transaction.
    case failed
    /// The device does not answer because it is gone, or its endpoint was shut.
    case deviceGone
}
