internal import DriverRuntime
internal import USBBus
internal import USBTypes
internal import VirtualUSB

/// One client's session carried out on exported devices, without a transport: bytes go in and come
/// out in memory. The server puts a socket around it; under a simulation a client in the same
/// process does.
///
/// Threading: on the devices' loop only.
public final class ServedSession {
    /// Called once, later, from the loop, whenever there are bytes to send or the session ended by
    /// itself: never from inside a call.
    public var onChange: () -> Void {
        get { change.body }
        set { change.body = newValue }
    }

    private let devices: ExportTable
    private var session: ServerSession
    private var device: ExportSlot?
    /// By ticket.
    private var transfers: [SessionTransfer?] = []
    private var pool = TransferPool()
    private let change = Change()

    init(_ devices: ExportTable, limits: SessionLimits) {
        self.devices = devices
        session = ServerSession(limits: limits)
    }

    // MARK: The transport's side

    /// Where the session stands.
    public var state: ServerSession.State { session.state }

    /// The device it has.
    var busID: BusID? { device?.busID }

    /// Takes bytes that arrived, and does what they ask.
    public func receive(_ bytes: RawSpan) {
        session.receive(bytes)
        carryOut()
    }

    /// Takes bytes straight into its memory; `read` returns how many it wrote.
    func receive(_ read: (UnsafeMutableRawBufferPointer) -> Int) {
        unsafe session.receive(upTo: session.readSize, read)
        carryOut()
    }

    /// Bytes to be sent.
    public var output: RawSpan {
        @_lifetime(borrow self)
        get { unsafe _overrideLifetime(session.output, borrowing: self) }
    }

    /// The first `count` bytes of the output were sent.
    public func sent(_ count: Int) {
        session.sent(count)
        // Commands may have waited for room.
        carryOut()
    }

    /// Takes all bytes to be sent, for a transport that never has to wait.
    public func takeOutput() -> [UInt8] {
        let bytes = session.output.copy()
        sent(bytes.count)
        return bytes
    }

    /// How many bytes wait to be sent.
    public var unsentBytes: Int { session.unsentBytes }

    /// Whether there is nothing to send.
    public var isOutputEmpty: Bool { session.unsentBytes == 0 }

    /// Whether bytes should be read from the peer.
    public var wantsInput: Bool { session.wantsInput }

    /// The transport ended, or the session is to end: the device is free afterwards.
    public func end(_ reason: SessionEnd) {
        session.end(reason)
        releaseIfOver()
    }

    // MARK: Effects

    private func carryOut() {
        while let effect = session.next() {
            switch effect {
            case .list:
                session.answer(devices: devices.listed)
            case .importDevice(let busID):
                importDevice(busID)
            case .submit(let submission):
                submit(submission)
            case .withdraw(let ticket):
                withdraw(ticket)
            case .resetBus:
                device?.upstream?.busReset()
            }
        }
        releaseIfOver()
        if session.unsentBytes > 0 { change.post(on: devices.loop) }
    }

    private func importDevice(_ busID: BusID) {
        switch devices.take(busID, for: self) {
        case .failure(let refusal):
            session.refuse(refusal.status)
        case .success(let slot):
            device = slot
            session.grant(slot.record, configurations: slot.configurations)
        }
    }

    private func submit(_ submission: ServerSession.Submission) {
        guard let upstream = device?.upstream else { return }
        let transfer = pool.take(submission.endpoint, submission.length)
        transfer.prepare(submission, session.payload)
        transfer.session = self
        while transfers.count <= submission.ticket { transfers.append(nil) }
        transfers[submission.ticket] = transfer
        upstream.submit(transfer)
    }

    private func withdraw(_ ticket: Int) {
        guard let upstream = device?.upstream, let transfer = transfers[ticket] else {
            return session.withdrew(ticket: ticket, false)
        }
        let isTakenBack = upstream.withdraw(transfer)
        if isTakenBack { rest(transfer) }
        session.withdrew(ticket: ticket, isTakenBack)
    }

    func finished(_ transfer: SessionTransfer, _ status: TransferStatus, _ length: Int) {
        session.complete(ticket: transfer.ticket, status, length: length, data: transfer.bytes)
        rest(transfer)
        if session.unsentBytes > 0 { change.post(on: devices.loop) }
    }

    private func rest(_ transfer: SessionTransfer) {
        transfer.session = nil
        transfers[transfer.ticket] = nil
        pool.give(transfer)
    }

    // MARK: The end

    func unplugged() {
        // The device is off its bus already; what its transfers ended with is still sent.
        device = nil
        end(.unplugged)
        change.post(on: devices.loop)
    }

    private func releaseIfOver() {
        switch session.state {
        case .finishing, .ended: break
        default: return
        }
        change.post(on: devices.loop)
        guard let slot = device.take() else { return }
        for transfer in transfers {
            guard let transfer else { continue }
            // One whose end is committed keeps its memory until it is told of it.
            if slot.upstream?.withdraw(transfer) == true { rest(transfer) }
        }
        devices.free(slot)
    }
}

/// Tells the transport of a change once, after what the loop has ready: replies of one turn leave
/// in one write.
private final class Change: Work {
    var body: () -> Void = {}
    private var isPosted = false

    func post(on loop: EventLoop) {
        guard !isPosted else { return }
        isPosted = true
        loop.post(self)
    }

    override func run() {
        isPosted = false
        body()
    }
}
