internal import DriverRuntime
internal import USBBus
internal import USBTypes

/// One endpoint of a plugged device, on its loop: the host's transfers that wait there.
class EndpointCore {
    let address: EndpointAddress
    unowned let core: PortCore
    private(set) var maxPacketSize = 1
    private(set) var type = TransferType.bulk
    private(set) var interface: UInt8 = 0
    /// Whether the active settings have it.
    private(set) var isActive = false
    private(set) var isHalted = false
    var pending = TransferList()
    private var worker: Resumption<Void>?
    private var isSignalled = false

    init(_ address: EndpointAddress, of core: PortCore) {
        self.address = address
        self.core = core
    }

    /// Serves what waits, as far as it can. Overridden by each kind of endpoint.
    func serve() {}

    /// Makes it part of the active settings, in the state after a reset.
    func activate(_ descriptor: EndpointDescriptor, interface: UInt8) {
        type = descriptor.transferType
        maxPacketSize = max(1, descriptor.maxPacketSize)
        self.interface = interface
        isHalted = false
        isActive = true
    }

    /// Takes it out of the active settings; what waits ends with `status`.
    func deactivate(_ status: TransferStatus) {
        isActive = false
        isHalted = false
        endAll(status)
    }

    final func submit(_ transfer: HostTransfer) {
        pending.append(transfer)
        serve()
    }

    /// Takes a transfer back, if it has not ended yet.
    func withdraw(_ transfer: HostTransfer) -> Bool {
        guard pending.remove(transfer) else { return false }
        transfer.phase = .idle
        serve()
        return true
    }

    func endAll(_ status: TransferStatus) {
        while let transfer = pending.removeFirst() { core.commit(transfer, status, length: 0) }
    }

    final func end(_ transfer: HostTransfer, _ status: TransferStatus, length: Int) {
        guard pending.remove(transfer) else { return }
        core.commit(transfer, status, length: length)
    }

    /// Drops what the device has ready. Overridden by IN endpoints.
    func dropMessages() {}

    final func halt() {
        guard isActive else { return }
        isHalted = true
        serve()
    }

    final func clearHalt() {
        isHalted = false
        serve()
    }

    // MARK: The worker

    /// Lets the worker go on, now or at its next pause.
    final func wake() {
        if let worker = worker.take() { worker.resume() } else { isSignalled = true }
    }

    /// The worker's wait for something to do; it may return for nothing.
    final func pause() async {
        // An await may let others run before the body does: what happened by then is looked at in
        // the body.
        await Resumption.wait { resumption in
            guard !isSignalled, !core.isGone else {
                isSignalled = false
                return resumption.resume()
            }
            worker = resumption
        }
    }
}
