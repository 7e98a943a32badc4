internal import USBBus
public import USBTypes

/// The server's side of one connection, as a pure machine: bytes and the device's completions go
/// in, bytes and effects come out. It reads no clock, opens no socket and knows no device.
///
/// ## Use
/// Give it what arrived with ``receive(_:)``, then take effects with ``next()`` until there are
/// none, answering each as it says; send what ``output`` holds and say so with ``sent(_:)``. Call
/// ``next()`` again after ``sent(_:)``: it holds commands back while much is unsent.
///
/// ## The rule of unlink (usbip §1.11)
/// For each number submitted exactly one of `RET_SUBMIT` and `RET_UNLINK` with `ECONNRESET` is
/// sent, each `CMD_UNLINK` is answered once, and no `RET_SUBMIT` of a transfer follows the
/// `RET_UNLINK` for it. The choice is the device's one answer to ``Effect/withdraw(ticket:)``. A
/// wish that overtakes its transfer is answered when the transfer arrives, which then is not begun.
///
/// ## What it refuses
/// Whatever a peer sends ends at most its own session, with the reason in ``state``. A control
/// transfer that contradicts its setup packet is answered with `EPROTO`. Isochronous transfers are
/// framed and checked, but not carried out: each is answered with `EXDEV` and no data.
///
/// Threading: a value without any of its own. Memory is bounded by its ``SessionLimits``.
public struct ServerSession: ~Copyable, Sendable {
    /// Where the session stands.
    public enum State: Hashable, Sendable {
        /// No complete request has arrived.
        case awaitingRequest
        /// The list was asked for; ``answer(devices:)`` is awaited.
        case listing
        /// A device was asked for; ``grant(_:configurations:)`` or ``refuse(_:)`` is awaited.
        case importing(BusID)
        /// The peer has the device of this id, and the connection carries its transfers.
        case attached(deviceID: UInt32)
        /// The last answer is given: once ``output`` is empty the connection is to be closed.
        case finishing(SessionEnd)
        /// Over.
        case ended(SessionEnd)
    }

    /// What the session asks of its surroundings.
    public enum Effect: Hashable, Sendable {
        /// Answer with ``ServerSession/answer(devices:)``.
        case list
        /// Answer with ``ServerSession/grant(_:configurations:)`` or ``ServerSession/refuse(_:)``.
        case importDevice(BusID)
        /// Start the transfer; ``ServerSession/payload`` has the data of an OUT until the session
        /// is used again. Answer when it ends, with
        /// ``ServerSession/complete(ticket:_:length:data:)``.
        case submit(Submission)
        /// Take the transfer back if its end is not committed, and answer at once with
        /// ``ServerSession/withdrew(ticket:_:)``.
        case withdraw(ticket: Int)
        /// Reset the device's bus; transfers that this ends are completed as usual.
        case resetBus
    }

    /// A transfer that the device is to carry out.
    public struct Submission: Hashable, Sendable {
        /// What names the transfer until it ends: a small number, used again afterwards.
        public let ticket: Int
        /// The client's number for it.
        public let sequenceNumber: UInt32
        /// The endpoint; `.control` for the default control endpoint in either direction.
        public let endpoint: EndpointAddress
        /// Which way the data goes.
        public let direction: Direction
        /// The request of a control transfer.
        public let setup: SetupPacket
        /// Bytes that are sent or asked for.
        public let length: Int
        /// Whether an OUT of whole packets ends with a packet of no bytes.
        public let endsWithZeroPacket: Bool
    }

    /// What it may take.
    public let limits: SessionLimits
    /// Where it stands.
    public private(set) var state = State.awaitingRequest
    var input = ByteQueue()
    var unsent = ByteQueue()
    /// Bytes of `input` that the message taken last has, dropped when the next one is looked at.
    var taken = 0
    var payloadStart = 0
    /// Fewer bytes than this cannot be a message: a header is not parsed twice for its payload.
    var needed = 0
    /// Bytes of the connection before `input`.
    private var position: UInt64 = 0
    var transfers = TransferTable()
    var endpoints = EndpointTable([], active: nil)
    /// Answered after the `RET_SUBMIT` of the transfer of that ticket.
    var waitingUnlinks: [(sequenceNumber: UInt32, ticket: Int)] = []
    /// Wishes to cancel transfers that have not arrived yet.
    var earlyUnlinks: [UnlinkCommand] = []
    var lastSubmitted: UInt32?
    /// The unlink that the device's answer to `withdraw` decides.
    var withdrawal: (sequenceNumber: UInt32, ticket: Int)?
    private var isAwaitingAnswer = false

    /// A session of a new connection.
    public init(limits: SessionLimits = SessionLimits()) { self.limits = limits }

    // MARK: Bytes

    /// Takes bytes that arrived, in pieces of any size; those that come after the end are ignored.
    public mutating func receive(_ bytes: RawSpan) {
        if isOpen { input.append(bytes) }
    }

    /// Takes bytes straight into its memory; `read` returns how many it wrote.
    mutating func receive(upTo space: Int, _ read: (UnsafeMutableRawBufferPointer) -> Int) {
        dropTaken()
        unsafe input.append(upTo: space, read)
    }

    /// Bytes to be sent.
    public var output: RawSpan {
        @_lifetime(borrow self)
        get { unsent.bytes }
    }

    /// How many bytes wait to be sent.
    public var unsentBytes: Int { unsent.count }

    /// The first `count` bytes of the output were sent.
    public mutating func sent(_ count: Int) {
        unsent.removeFirst(count)
        if case .finishing(let reason) = state, unsent.isEmpty { state = .ended(reason) }
    }

    /// Whether bytes should be read: not while the peer leaves much unread itself, nor after the
    /// end.
    public var wantsInput: Bool { isOpen && unsent.count < limits.unsentBytes }

    /// How much room to give the next read: its memory grows only as far as bytes have arrived,
    /// whatever length a peer states.
    var readSize: Int {
        let held = input.count - taken
        return max(Self.usualReadSize, min(needed - held, held))
    }

    private static let usualReadSize = 64 * 1024

    /// How many transfers have not ended.
    public var transfersInFlight: Int { transfers.count }

    private var isOpen: Bool {
        switch state {
        case .awaitingRequest, .listing, .importing, .attached: return true
        case .finishing, .ended: return false
        }
    }

    // MARK: Effects

    /// The data of the OUT transfer that ``next()`` returned last.
    public var payload: RawSpan {
        @_lifetime(borrow self)
        get {
            unsafe _overrideLifetime(
                input.bytes.extracting(payloadStart..<taken), borrowing: self)
        }
    }

    /// What is to be done next; `nil` when more bytes, an answer or room for output is awaited.
    public mutating func next() -> Effect? {
        precondition(withdrawal == nil, "a withdrawal was not answered")
        dropTaken()
        while wantsInput, !isAwaitingAnswer, !input.isEmpty, input.count >= needed {
            do throws(WireError) {
                if case .attached(let deviceID) = state {
                    guard let step = try takeCommand(for: deviceID) else { return nil }
                    if case .effect(let effect) = step { return effect }
                    dropTaken()
                } else {
                    return try takeRequest()
                }
            } catch {
                reject(error)
            }
        }
        return nil
    }

    /// The connection ended, or is to end.
    public mutating func end(_ reason: SessionEnd) {
        switch state {
        case .ended: return
        case .finishing where reason == .peerClosed && !unsent.isEmpty:
            // A peer that has said all it had to say may still read.
            return
        case .attached where reason == .unplugged && !unsent.isEmpty:
            // How the transfers ended is sent before the connection closes.
            state = .finishing(reason)
            return
        default: break
        }
        state = .ended(reason)
        input = ByteQueue()
        unsent = ByteQueue()
        (taken, payloadStart) = (0, 0)
        withdrawal = nil
        waitingUnlinks = []
        earlyUnlinks = []
    }

    private mutating func dropTaken() {
        guard taken > 0 else { return }
        position += UInt64(taken)
        input.removeFirst(taken)
        taken = 0
        payloadStart = 0
        needed = 0
    }

    private mutating func reject(_ error: WireError) {
        // Only an import has a reply that says so (usbip §1.4).
        if case .malformedBusID = error.code {
            OperationReply.importRefused(.noDevice).append(to: &unsent)
            state = .finishing(.refused(.noDevice))
        } else {
            end(.malformed(error, position: position))
        }
    }

    // MARK: Before the import

    private mutating func takeRequest() throws(WireError) -> Effect? {
        guard let (request, size) = try OperationRequest.parse(input.bytes) else { return nil }
        taken = size
        payloadStart = size
        isAwaitingAnswer = true
        switch request {
        case .deviceList:
            state = .listing
            return .list
        case .importDevice(let busID):
            state = .importing(busID)
            return .importDevice(busID)
        }
    }

    /// Answers ``Effect/list``.
    public mutating func answer(devices: [ListedDevice]) {
        guard case .listing = state else { return }
        OperationReply.deviceList(devices).append(to: &unsent)
        state = .finishing(.listed)
    }

    /// Answers ``Effect/importDevice(_:)``: the peer has the device from now on.
    public mutating func grant(
        _ record: DeviceRecord, configurations: [ConfigurationDescriptor]
    ) {
        guard case .importing = state else { return }
        OperationReply.imported(record).append(to: &unsent)
        let active = record.configurationValue
        endpoints = EndpointTable(configurations, active: active == 0 ? nil : active)
        isAwaitingAnswer = false
        state = .attached(deviceID: record.deviceID)
    }

    /// Answers ``Effect/importDevice(_:)``: the peer does not get the device.
    public mutating func refuse(_ status: OperationStatus) {
        guard case .importing = state else { return }
        OperationReply.importRefused(status).append(to: &unsent)
        state = .finishing(.refused(status))
    }
}
