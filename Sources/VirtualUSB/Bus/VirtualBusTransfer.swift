internal import DriverRuntime
internal import USBBus
internal import USBTypes

/// A transfer of a ``VirtualBus``'s device: a host's transfer with memory of its own.
@safe final class VirtualBusTransfer: BusTransfer, @unchecked Sendable {
    // Sendable as every bus transfer is: confined to the loop.
    private let device: VirtualBusDevice
    private let host: Twin

    init(
        _ device: VirtualBusDevice, _ type: TransferType, endpoint: EndpointAddress, capacity: Int,
        rounded: Int
    ) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: rounded, alignment: 16)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
        self.device = device
        host = unsafe Twin(endpoint: type == .control ? .control : endpoint, memory: memory)
        unsafe super.init(
            on: device.loop, type, endpoint: endpoint, capacity: capacity, memory: memory)
        unsafe host.owner = self
    }

    deinit { unsafe memory.deallocate() }

    override func begin(length: Int, zeroPacket: Bool) throws(BusError) {
        let upstream = try device.admit(self)
        host.setup = setup
        host.length = length
        host.endsWithZeroPacket = zeroPacket
        device.began(endpoint)
        upstream.submit(host)
    }

    override func requestCancel() { device.upstream.cancel(host) }

    fileprivate func ended(_ status: TransferStatus, length: Int) {
        device.ended(endpoint)
        complete(status, length: length)
    }

    /// What the device's side sees of it.
    private final class Twin: HostTransfer, @unchecked Sendable {
        // A transfer in flight must not be released (trapped), so its twin never calls a dead owner.
        unowned(unsafe) var owner: VirtualBusTransfer?

        override func finish(_ status: TransferStatus, length: Int) {
            unsafe owner?.ended(status, length: length)
        }
    }
}
