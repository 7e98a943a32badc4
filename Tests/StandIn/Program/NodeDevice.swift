import CUsbfs
import ConformanceDevice
import Dispatch
import DriverRuntime
import Glibc
import USBBus
import USBTypes
import VirtualUSB

/// A virtual device behind a node of our own: what the kernel does between a node and a device.
final class NodeDevice: Sendable {
    let port: UpstreamPort
    let node: LoopConfined<Int32>
    /// The node's descriptor; any thread.
    nonisolated(unsafe) private(set) var descriptor: Int32 = -1
    private let power: PowerFolder
    private let transfers: LoopConfined<[UInt64: NodeTransfer]>
    private var loop: EventLoop { port.loop }

    /// A device that the kernel has enumerated: it has an address and its first configuration.
    static func plug(
        on loop: EventLoop, _ power: PowerFolder,
        _ make: @escaping @Sendable (DevicePort) -> ConformanceDevice
    ) async throws -> NodeDevice {
        let port = try await UpstreamPort.connect(on: loop, name: "stand-in") { make($0) }
        let device = NodeDevice(port, power)
        let value = port.description.configurations[0].value
        _ = await port.control(.setConfiguration(value))
        return device
    }

    private init(_ port: UpstreamPort, _ power: PowerFolder) {
        self.port = port
        self.power = power
        node = LoopConfined(on: port.loop, -1)
        transfers = LoopConfined(on: port.loop, [:])
        var bytes = port.description.device.bytes
        for configuration in port.description.configurations { bytes += configuration.bytes }
        // Released in `destroy`.
        let context = Unmanaged.passRetained(self).toOpaque()
        let speed: Int32 = port.description.speed == .super ? 5 : 3
        descriptor = df_node_create(
            bytes, Int32(bytes.count), speed,
            df_device(
                context: context,
                submit: { NodeDevice.at($0)?.submit($1) },
                discard: { NodeDevice.at($0)?.discard($1) },
                control: { NodeDevice.at($0)?.control($1, $2, $3) ?? -ENODEV },
                reset: { NodeDevice.at($0)?.reset() ?? -ENODEV },
                suspend: { NodeDevice.at($0)?.suspend() ?? false },
                resume: { NodeDevice.at($0)?.resume() }))
        precondition(descriptor >= 0, "no descriptor for a node")
        loop.execute { [self] in
            node.value = descriptor
            port.onUnplug { [self] kind in
                df_node_disconnect(descriptor, kind != .vanish)
            }
        }
    }

    private static func at(_ context: UnsafeMutableRawPointer?) -> NodeDevice? {
        context.map { Unmanaged<NodeDevice>.fromOpaque($0).takeUnretainedValue() }
    }

    /// The serial number of the transfer that was submitted last.
    var lastSerial: UInt64 { df_node_last_serial(descriptor) }

    /// Closes the node. The bus that had it must have stopped.
    func destroy() {
        df_node_destroy(descriptor)
        Unmanaged.passUnretained(self).release()
    }

    // MARK: What libusb asks; any thread

    private func submit(_ transfer: df_transfer) {
        let box = Submission(transfer)
        loop.execute { [self] in
            let host = NodeTransfer(box.transfer, of: self)
            transfers.value[host.serial] = host
            port.submit(host)
        }
    }

    private struct Submission: @unchecked Sendable {
        let transfer: df_transfer
        init(_ transfer: df_transfer) { self.transfer = transfer }
    }

    private func discard(_ serial: UInt64) {
        loop.execute { [self] in
            guard let transfer = transfers.value[serial] else { return }
            port.cancel(transfer)
        }
    }

    fileprivate func finish(_ transfer: NodeTransfer, _ status: TransferStatus, _ length: Int) {
        transfers.value[transfer.serial] = nil
        df_node_complete(
            descriptor, transfer.serial, Self.errno(of: status), Int32(truncatingIfNeeded: length))
    }

    private static func errno(of status: TransferStatus) -> Int32 {
        switch status {
        case .completed: 0
        case .cancelled: -ENOENT
        case .stalled: -EPIPE
        case .overflow: -EOVERFLOW
        case .failed: -EPROTO
        case .deviceGone: -ESHUTDOWN
        }
    }

    /// Waits, as the kernel does: never on the device's loop.
    private func control(
        _ setup: UnsafePointer<UInt8>?, _ data: UnsafeMutableRawPointer?, _ length: Int32
    ) -> Int32 {
        guard let setup else { return -EINVAL }
        var bytes = InlineArray<8, UInt8>(repeating: 0)
        for index in bytes.indices { bytes[index] = setup[index] }
        let packet = SetupPacket(bytes: bytes)
        let out =
            packet.direction == .out && length > 0
            ? Array(UnsafeRawBufferPointer(start: data, count: Int(length))) : []
        let answer = wait { [port] in await port.control(packet, out) }
        guard answer.status == .completed else { return Self.errno(of: answer.status) }
        let count = min(answer.bytes.count, Int(length))
        if packet.direction == .in, let data {
            answer.bytes.withUnsafeBytes {
                data.copyMemory(from: $0.baseAddress!, byteCount: count)
            }
            return Int32(count)
        }
        return length
    }

    /// The port's reset, and the configuration that was in force.
    private func reset() -> Int32 {
        wait { [self] in
            let configuration: UInt8? = await onLoop { [self] in
                let configuration = port.configuration
                port.busReset()
                return configuration
            }
            guard let configuration else { return 0 }
            let answer = await port.control(.setConfiguration(configuration))
            return Self.errno(of: answer.status)
        }
    }

    /// The kernel suspends what may sleep, at once: nothing else of this device is in use.
    private func suspend() -> Bool {
        guard power["control"] == "auto" else { return false }
        return wait { [self] in
            await onLoop { [self] in
                guard !port.isGone else { return false }
                port.suspend { [self] in
                    power["runtime_status"] = "active"
                    df_node_resumed(descriptor)
                }
                power.fallAsleep()
                return true
            }
        }
    }

    private func resume() {
        wait { [self] in
            await onLoop { [self] in
                port.resume()
                power["runtime_status"] = "active"
            }
        }
    }

    func onLoop<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await Resumption.wait { resumption in
            loop.execute { resumption.resume(returning: body()) }
        }
    }

    private func wait<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value {
        let done = DispatchSemaphore(value: 0)
        let box = LockedBox<Value>()
        Task.detached {
            box.value = await body()
            done.signal()
        }
        done.wait()
        return box.value!
    }
}

/// A value handed from one thread to another by a semaphore.
private final class LockedBox<Value: Sendable>: @unchecked Sendable {
    private let lock = Lock()
    private var stored: Value?
    var value: Value? {
        get { lock.withLock { stored } }
        set { lock.withLock { stored = newValue } }
    }
}

/// A transfer of libusb's as the device sees it.
final class NodeTransfer: HostTransfer, @unchecked Sendable {
    let serial: UInt64
    private let device: NodeDevice

    init(_ transfer: df_transfer, of device: NodeDevice) {
        serial = transfer.serial
        self.device = device
        let isControl = transfer.type == 2
        let memory = UnsafeMutableRawBufferPointer(
            start: transfer.data, count: Int(transfer.length))
        super.init(
            endpoint: isControl ? .control : EndpointAddress(rawValue: transfer.endpoint),
            memory: memory)
        length = Int(transfer.length)
        endsWithZeroPacket = transfer.zero_packet
        if isControl {
            let (a, b, c, d, e, f, g, h) = transfer.setup
            setup = SetupPacket(bytes: [a, b, c, d, e, f, g, h])
        }
    }

    override func finish(_ status: TransferStatus, length: Int) {
        device.finish(self, status, length)
    }
}
