import CAllocationCount
import CRawLoop
import CUsbfs
import Dispatch
import DriverRuntime
import Glibc
import LibUSBBus
import USBBus
import USBTypes

/// One run of one loop; prints what the tools do not see.
enum Measurement {
    /// Reads awaited one after the other: counted for what they allocate alone, since the node that
    /// stands in for the kernel's makes each wait dearer than it is.
    static let awaited = "awaited reads"

    /// What is measured; others are compared with the first.
    static let loops = ["libusb in C", "LibUSBBus", "continuous reader"]

    private static let device = DeviceDescriptor(vendorID: 0x1209, productID: 0x7060)
    private static let configuration = ConfigurationDescriptor(items: [
        .interface(
            InterfaceDescriptor(
                number: 0, classCode: .vendorSpecific,
                endpoints: [EndpointDescriptor(0x81, .bulk, maxPacketSize: 512)]))
    ])

    static func run(_ loop: String, depth: Int, count: Int) {
        let bytes = device.bytes + configuration.bytes
        let node = df_node_create_source(bytes, Int32(bytes.count), 3)
        precondition(node >= 0, "no descriptors left")
        let before = df_count()
        let start = Instant.monotonic
        let allocations: UInt64
        if loop == loops[0] {
            let first = allocation_count()
            precondition(df_raw_loop(node, Int32(depth), count) == 0, "the loop in C failed")
            allocations = allocation_count() - first
        } else if let caller = CallbackDriver.Caller(rawValue: loop) {
            allocations = waited { try await CallbackDriver.run(node, caller, count: count) }
        } else if loop == loops[2] || loop == awaited {
            ReadingDriver.isAwaited = loop == awaited
            allocations = waited { try await ReadingDriver.run(node, depth: depth, count: count) }
        } else {
            allocations = waited { try await bus(node, depth: depth, count: count) }
        }
        let after = df_count()
        say("nanoseconds \(start.duration(to: .monotonic).nanoseconds)")
        say("allocations \(allocations)")
        let ioctls =
            after.submits + after.reaps + after.empty_reaps - before.submits - before.reaps
            - before.empty_reaps
        say("ioctls \(ioctls)")
        exit(0)
    }

    private static func waited(_ body: @escaping @Sendable () async throws -> UInt64) -> UInt64 {
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var result: UInt64 = 0
        Task {
            do { result = try await body() } catch { fatalError("\(error)") }
            done.signal()
        }
        done.wait()
        return result
    }

    /// Transfers that their handler submits again: what any reader does at least.
    private static func bus(_ node: Int32, depth: Int, count: Int) async throws -> UInt64 {
        let bus = LibUSBBus(discovery: .none)
        try await bus.attach(node)
        let (arrivals, arrived) = AsyncStream<AttachedDevice>.makeStream()
        try await bus.start { event in
            if case .arrived(let device) = event { arrived.yield(device) }
        }
        var iterator = arrivals.makeAsyncIterator()
        guard let attached = await iterator.next() else { return 0 }
        let device = try await bus.open(attached.id)
        try await device.claim(0, detaching: false)
        let allocations = await Resumption.wait { resumption in
            bus.loop.execute {
                Reader(device, depth: depth, count: count, resumption).start()
            }
        }
        await device.close()
        await bus.stop()
        return allocations
    }
}

/// Reads on the loop until it has had enough.
private final class Reader {
    private var transfers: [BusTransfer] = []
    private var left: Int
    private var inFlight = 0
    private let first = allocation_count()
    private let finished: Resumption<UInt64>

    init(_ device: any BusDevice, depth: Int, count: Int, _ finished: Resumption<UInt64>) {
        left = count
        self.finished = finished
        for _ in 0..<depth {
            guard
                let transfer = try? device.makeTransfer(
                    .bulk, on: 0x81, maxPacketSize: 512, capacity: 512)
            else { fatalError("no transfer") }
            // The transfers keep their reader until the last one ended.
            transfer.handler = { [unowned transfer] completion in
                self.ended(transfer, completion.status)
            }
            transfers.append(transfer)
        }
    }

    func start() {
        for transfer in transfers { submit(transfer) }
    }

    private func submit(_ transfer: BusTransfer) {
        guard left > 0 else { return }
        left -= 1
        do throws(BusError) { try transfer.submit(length: 512) } catch { fatalError("\(error)") }
        inFlight += 1
    }

    private func ended(_ transfer: BusTransfer, _ status: TransferStatus) {
        inFlight -= 1
        guard status == .completed else { fatalError("a transfer was \(status)") }
        submit(transfer)
        guard inFlight == 0 else { return }
        finished.resume(returning: allocation_count() - first)
        for transfer in transfers { transfer.handler = nil }
        transfers = []
    }
}
