internal import DriverRuntime
internal import USBBus
internal import USBTypes

/// A transfer of a ``VirtualBus``'s device: a host's transfer with memory of its own.
@safe final class VirtualBusTransfer: BusTransfer, @unchecked Sendable {
    // Sendable as every bus transfer is: confined to the loop.
    private let device: VirtualBusDevice
    private let host: Twin

    private let packetSize: Int
    private var asked = 0

    init(
        _ device: VirtualBusDevice, _ type: TransferType, endpoint: EndpointAddress,
        maxPacketSize: Int, capacity: Int
    ) {
        self.device = device
        let isInput = type != .control && endpoint.direction == .in
        packetSize = isInput ? maxPacketSize : 0
        let byteCount = max(Self.wholePackets(capacity, of: packetSize), 1)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 16)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
        host = unsafe Twin(endpoint: type == .control ? .control : endpoint, memory: memory)
        unsafe super.init(
            on: device.loop, type, endpoint: endpoint, capacity: capacity, memory: memory)
        unsafe host.owner = self
    }

    /// The bytes that the host controller is asked for: whole packets for an IN (L18).
    private static func wholePackets(_ length: Int, of packetSize: Int) -> Int {
        guard packetSize > 0 else { return length }
        return max((length + packetSize - 1) / packetSize, 1) * packetSize
    }

    deinit { unsafe memory.deallocate() }

    override func begin(length: Int, zeroPacket: Bool) throws(BusError) {
        let upstream = try device.admit(self)
        guard type != .control || length == Int(setup.length) else {
            throw BusError(
                .invalidRequest,
                "The setup packet announces \(setup.length) bytes and the submit \(length).")
        }
        asked = length
        host.setup = setup
        host.length = Self.wholePackets(length, of: packetSize)
        host.endsWithZeroPacket = zeroPacket
        device.began(endpoint)
        upstream.submit(host)
    }

    override func requestCancel() { device.upstream.cancel(host) }

    fileprivate func ended(_ status: TransferStatus, length: Int) {
        device.ended(endpoint)
        // More may fit the packets than was asked for.
        let isExcess = length > asked && status == .completed
        complete(isExcess ? .overflow : status, length: min(length, asked))
    }

    /// What the device's side sees of it; Sendable as every host's transfer is.
    private final class Twin: HostTransfer, @unchecked Sendable {
        // Sendable as its superclass is: confined to the loop.
        //
        // A transfer in flight must not be released (trapped), so its twin never calls a dead
        // owner.
        unowned(unsafe) var owner: VirtualBusTransfer?

        override func finish(_ status: TransferStatus, length: Int) {
            unsafe owner?.ended(status, length: length)
        }
    }
}
