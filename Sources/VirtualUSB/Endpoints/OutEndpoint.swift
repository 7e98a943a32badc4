internal import DriverRuntime
internal import USBBus
internal import USBTypes

/// An OUT endpoint with the memory for one transfer: the next is taken when the device has dealt
/// with the one before.
@safe final class OutEndpoint: EndpointCore {
    private var memory = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var count = 0
    private var owesZeroPacket = false
    private var isFull = false
    private var isStarted = false

    deinit { unsafe memory.deallocate() }

    override func serve() {
        while let transfer = pending.first {
            if isHalted {
                end(transfer, .stalled, length: 0)
                continue
            }
            guard core.admit(transfer, at: self), !isFull else { return }
            take(transfer)
        }
    }

    private func take(_ transfer: HostTransfer) {
        let length = transfer.usableLength
        count = core.shortened(length, of: transfer)
        if unsafe memory.count < count {
            unsafe memory.deallocate()
            unsafe memory = .allocate(byteCount: count, alignment: 16)
        }
        unsafe memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: transfer.memory[..<count]))
        unsafe core.corrupt(memory, count: count, by: transfer)
        owesZeroPacket =
            transfer.endsWithZeroPacket && count == length && count > 0
            && count % maxPacketSize == 0
        isFull = true
        end(transfer, .completed, length: count)
        if !isStarted {
            isStarted = true
            core.startWorker(of: self)
        }
        wake()
    }

    // MARK: For the worker

    /// Waits for bytes; `false` when the device is gone.
    func next() async -> Bool {
        while !isFull {
            if core.isGone { return false }
            await pause()
        }
        return true
    }

    /// The bytes that were taken, lent until ``finish()``.
    var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let taken = unsafe UnsafeRawBufferPointer(
                rebasing: UnsafeRawBufferPointer(memory)[..<count])
            return unsafe _overrideLifetime(taken.bytes, borrowing: self)
        }
    }

    /// Whether a zero-length packet followed the bytes; then the bytes are now none.
    func takeZeroPacket() -> Bool {
        guard owesZeroPacket else { return false }
        owesZeroPacket = false
        count = 0
        return true
    }

    /// The device has dealt with the bytes.
    func finish() {
        isFull = false
        serve()
    }
}

extension VirtualDevice {
    /// Hands each OUT transfer of one endpoint to the device.
    func serveOut(_ address: EndpointAddress) async {
        guard let endpoint = port.core.value.output(address) else { return }
        while await endpoint.next() {
            await received(endpoint.bytes, on: address)
            if endpoint.takeZeroPacket() { await received(endpoint.bytes, on: address) }
            endpoint.finish()
        }
    }
}
