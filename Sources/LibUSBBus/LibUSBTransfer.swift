internal import CLibUSB
internal import DriverRuntime
internal import USBBus
internal import USBTypes

/// A transfer of an open device: one `libusb_transfer` and one piece of memory, made once.
///
/// Between `begin` and the handler there is libusb and nothing else: no allocation, no lock of
/// ours, no line of a log.
@safe final class LibUSBTransfer: BusTransfer, @unchecked Sendable {
    // Sendable as its superclass is: confined to the loop. `slot` is the registry's, under its
    // lock.

    let device: LibUSBDevice
    private let calls: any LibUSBCalls
    private let storage: TransferMemory
    private let wholePackets: Int
    private let maxPacketSize: Int
    private let place: Int
    private let flight: LoopCell<Flight>
    private let budget: MemoryBudget
    private let path: LoopCell<Path>
    var slot = -1

    @safe private struct Path {
        /// `nil` once the device was closed.
        var native: UnsafeMutablePointer<libusb_transfer>?
        var asked = 0
        var reserved = 0
        var isCancelled = false
        var epoch: UInt32
    }

    init(
        of device: LibUSBDevice, _ type: TransferType, endpoint: EndpointAddress,
        maxPacketSize: Int, capacity: Int, storage: TransferMemory,
        native: UnsafeMutablePointer<libusb_transfer>
    ) {
        self.device = device
        calls = device.calls
        self.storage = storage
        self.maxPacketSize = maxPacketSize
        flight = device.flight
        budget = device.bus.budget
        path = unsafe LoopCell(Path(native: native, epoch: device.flight.value.epoch))
        place = Flight.place(of: endpoint, type)
        let header = type == .control ? LibUSBDevice.setupSize : 0
        wholePackets = storage.byteCount - header
        let memory = unsafe UnsafeMutableRawBufferPointer(rebasing: storage.bytes[header...])
        unsafe super.init(
            on: device.loop, type, endpoint: endpoint, capacity: capacity, memory: memory)
        unsafe native.pointee.dev_handle = device.handle.raw
        unsafe native.pointee.endpoint = type == .control ? 0 : endpoint.rawValue
        unsafe native.pointee.type = type.rawValue
        unsafe native.pointee.timeout = 0  // Deadlines are ours (L17).
        unsafe native.pointee.buffer = storage.bytes.baseAddress?.assumingMemoryBound(
            to: UInt8.self)
        unsafe native.pointee.user_data = Unmanaged.passUnretained(self).toOpaque()
        unsafe native.pointee.callback = { native in
            guard let native = unsafe native, let data = unsafe native.pointee.user_data else {
                return
            }
            // Retained for the call: its handler may drop the last reference.
            unsafe Unmanaged<LibUSBTransfer>.fromOpaque(data).takeUnretainedValue().ended(native)
        }
        device.transfers.insert(self)
    }

    deinit {
        contract(!isInFlight, "a transfer was released in flight (L8)")
        device.transfers.remove(self)
        if let native = unsafe path.value.native {
            unsafe calls.freeTransfer(native)
            if storage.isMapped { device.unmapped(storage.byteCount) }
        }
        storage.free()
        path.free()
    }

    override func begin(length: Int, zeroPacket: Bool) throws(BusError) {
        guard let native = unsafe path.value.native, flight.value.isUsable else {
            throw device.gone("submit a transfer of endpoint \(endpoint)")
        }
        if path.value.epoch != flight.value.epoch { try revalidate() }
        let size = try unsafe prepare(native, length: length, zeroPacket: zeroPacket)
        let bytes = MemoryBudget.overhead + (storage.isMapped ? 0 : size)
        try budget.reserve(bytes, for: endpoint)
        path.value.reserved = bytes
        path.value.asked = length
        path.value.isCancelled = false
        unsafe native.pointee.length = Int32(truncatingIfNeeded: size)
        flight.value.began(at: place)
        let code = unsafe calls.submit(native)
        if code != 0 {
            flight.value.ended(at: place)
            budget.free(bytes)
            throw refused(code, size)
        }
    }

    override func requestCancel() {
        path.value.isCancelled = true
        // Whatever it says, the callback tells how the transfer ended (L6).
        if let native = unsafe path.value.native { _ = unsafe calls.cancel(native) }
    }

    /// Called by the device when it is closed, under the registry's lock: from here on nothing of
    /// it is libusb's (L24).
    func retire() {
        contract(!isInFlight, "a device was closed while a transfer was in flight (L9)")
        if let native = unsafe path.value.native { unsafe calls.freeTransfer(native) }
        unsafe path.value.native = nil
        guard storage.isMapped else { return }
        storage.detach()
        device.bus.budget.free(storage.byteCount)
    }

    /// How many bytes libusb is given, which for an IN are whole packets (L18).
    @inline(__always)
    private func prepare(
        _ native: UnsafeMutablePointer<libusb_transfer>, length: Int, zeroPacket: Bool
    ) throws(BusError) -> Int {
        if type == .control {
            try writeSetup(length)
            return LibUSBDevice.setupSize + length
        }
        if endpoint.direction == .in {
            if length == capacity { return wholePackets }
            return max(length + maxPacketSize - 1, maxPacketSize) / maxPacketSize * maxPacketSize
        }
        let flags = zeroPacket ? LIBUSB_TRANSFER_ADD_ZERO_PACKET.rawValue : 0
        unsafe native.pointee.flags = UInt8(truncatingIfNeeded: flags)
        return length
    }

    private func writeSetup(_ length: Int) throws(BusError) {
        guard length == Int(setup.length) else {
            throw BusError(
                .invalidRequest,
                "The setup packet announces \(setup.length) bytes and the submit \(length).")
        }
        let bytes = setup.bytes
        for index in bytes.indices { unsafe storage.bytes[index] = bytes[index] }
    }

    /// The interface's setting changed since the endpoint was last looked up.
    private func revalidate() throws(BusError) {
        if type != .control { _ = try device.checkedEndpoint(endpoint, type) }
        path.value.epoch = flight.value.epoch
    }

    private func refused(_ code: Int32, _ size: Int) -> BusError {
        switch libusb_error(code) {
        case LIBUSB_ERROR_NO_DEVICE:
            device.suspectRemoval()
            return device.gone("submit a transfer of endpoint \(endpoint)")
        case LIBUSB_ERROR_NO_MEM:
            return device.bus.budget.exhausted(size, endpoint)
        default:
            return StatusMap.error(code, "submit \(size) bytes on endpoint \(endpoint)")
        }
    }

    /// libusb's callback, on the loop, inside the waiter's wait.
    private func ended(_ native: UnsafeMutablePointer<libusb_transfer>) {
        let length = Int(unsafe native.pointee.actual_length)
        let asked = path.value.asked
        let status = StatusMap.status(
            unsafe native.pointee.status, cancelled: path.value.isCancelled,
            isEmpty: length == 0 && asked > 0,
            excess: length > asked)
        flight.value.ended(at: place)
        budget.free(path.value.reserved)
        if status == .deviceGone || status == .failed { device.suspectRemoval() }
        complete(status, length: min(length, asked))
    }
}
