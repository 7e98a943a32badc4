internal import DriverRuntime
internal import USBBus
internal import USBTypes

/// An IN endpoint: messages of the device on one side, transfers of the host on the other.
@safe final class InEndpoint: EndpointCore {
    private var messages = MessageList()
    private var spare = MessageList()
    private var isAsking = false
    private var isAsked = false
    private var isSilent = false
    private var isStarted = false

    override func activate(_ descriptor: EndpointDescriptor, interface: UInt8) {
        super.activate(descriptor, interface: interface)
        isSilent = false
    }

    override func deactivate(_ status: TransferStatus) {
        super.deactivate(status)
        dropMessages()
    }

    override func dropMessages() {
        while let message = messages.removeFirst() { recycle(message, false) }
    }

    override func serve() {
        while let transfer = pending.first {
            if isHalted {
                end(transfer, .stalled, length: 0)
                continue
            }
            guard core.admit(transfer, at: self) else { return }
            guard advance(transfer) else { break }
        }
        askIfSilent()
    }

    /// Moves what is ready into `transfer`; tells whether that ended it.
    private func advance(_ transfer: HostTransfer) -> Bool {
        let asked = transfer.usableLength
        while let message = messages.first {
            let space = asked - transfer.filled
            let left = message.remaining
            let moved = min(space, left)
            unsafe message.move(moved, to: transfer.memory, at: transfer.filled)
            transfer.filled += moved
            if left > space {
                guard asked == 0 || asked % maxPacketSize != 0 else {
                    return complete(transfer)
                }
                takeFirst()
                end(transfer, .overflow, length: transfer.filled)
                return true
            }
            let isEnd = message.endsTransfer
            takeFirst()
            if isEnd || transfer.filled == asked { return complete(transfer) }
        }
        return false
    }

    private func complete(_ transfer: HostTransfer) -> Bool {
        let count = core.shortened(transfer.filled, of: transfer)
        unsafe core.corrupt(transfer.memory, count: count, by: transfer)
        end(transfer, .completed, length: count)
        return true
    }

    private func takeFirst() {
        if let message = messages.removeFirst() { recycle(message, true) }
    }

    private func recycle(_ message: InMessage, _ isSent: Bool) {
        message.finish(isSent)
        spare.append(message)
    }

    /// What a withdrawn transfer had been given goes to the next one: bytes leave the device with a
    /// completion or not at all.
    override func withdraw(_ transfer: HostTransfer) -> Bool {
        guard pending.remove(transfer) else { return false }
        transfer.phase = .idle
        if transfer.filled > 0 {
            let message = spare.removeFirst() ?? InMessage()
            unsafe message.keep(transfer.memory, count: transfer.filled)
            messages.prepend(message)
        }
        serve()
        return true
    }

    // MARK: For the device

    func send(
        _ bytes: UnsafeRawBufferPointer, endsTransfer: Bool, _ resumption: Resumption<Bool>
    ) {
        guard isActive, !core.isGone, messages.count < DevicePort.messageLimit else {
            return resumption.resume(returning: false)
        }
        let message = spare.removeFirst() ?? InMessage()
        unsafe message.lend(bytes, endsTransfer: endsTransfer, resumption)
        messages.append(message)
        serve()
    }

    func stopAsking() { isSilent = true }

    // MARK: For the worker

    private func askIfSilent() {
        guard let transfer = pending.first, !transfer.wasAsked, messages.isEmpty else { return }
        guard !isSilent, !isHalted, !isAsking else { return }
        transfer.wasAsked = true
        isAsking = true
        isAsked = true
        if !isStarted {
            isStarted = true
            core.startWorker(of: self)
        }
        wake()
    }

    /// Waits until the host asks for something that is not there; `nil` when the device is gone.
    func next() async -> Int? {
        isAsking = isAsked
        while true {
            askIfSilent()
            if isAsked {
                isAsked = false
                // What was asked for may have been withdrawn meanwhile: then nobody asks.
                if let length = pending.first?.usableLength { return length }
                isAsking = false
                continue
            }
            if core.isGone { return nil }
            await pause()
        }
    }
}

extension VirtualDevice {
    /// Asks the device for what the host asks for on one endpoint.
    func serveIn(_ address: EndpointAddress) async {
        guard let endpoint = port.core.value.input(address) else { return }
        while let length = await endpoint.next() { await transmit(upTo: length, on: address) }
    }
}
