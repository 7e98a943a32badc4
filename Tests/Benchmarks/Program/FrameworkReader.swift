import CAllocationCount
import DriverFoundation
import LibUSBBus

/// The framework's continuous reader: a driver that does nothing but count what it is given.
actor ReadingDriver: FunctionDriver {
    static let matches: [DeviceMatch] = [.id(vendor: 0x1209, product: 0x7060)]

    nonisolated let device: Device
    private var reader: ContinuousReader?
    private var left = 0
    private var first: UInt64 = 0
    private var finished: AsyncStream<UInt64>.Continuation?

    init(device: Device) async throws(DeviceError) { self.device = device }

    func prepareHardware() async throws(DeviceError) {
        let pipe = try await device.pipe(0x81)
        let (depth, count, finished) = Self.order
        self.finished = finished
        left = count
        reader = try pipe.continuousReader(for: self, depth: depth, size: 512) { driver, bytes in
            driver.take(bytes)
        }
    }

    func enterD0(from previous: PowerState) async throws(DeviceError) {
        guard Self.isAwaited else {
            first = allocation_count()
            reader?.start()
            return
        }
        let pipe = try await device.pipe(0x81)
        device.task { [self] in await read(pipe) }
    }

    private func read(_ pipe: USBPipe) async {
        first = allocation_count()
        while left > 0 {
            guard let bytes = try? await pipe.read(upTo: 512) else { fatalError("a read failed") }
            unsafe take(bytes.span.bytes)
        }
    }

    func exitD0(to next: PowerState) async { await reader?.stop() }

    private func take(_ bytes: RawSpan) {
        guard bytes.byteCount == 512 else { fatalError("a delivery of \(bytes.byteCount) bytes") }
        left -= 1
        guard left == 0 else { return }
        let allocations = allocation_count() - first
        // What it reads beyond what was asked for would be counted too.
        device.task { [self] in
            await reader?.stop()
            await finished?.yield(allocations)
        }
    }

    /// Whether it awaits one transfer after the other instead of reading continuously.
    nonisolated(unsafe) static var isAwaited = false

    /// What the one driver of this process is to do; set before it is made.
    nonisolated(unsafe) private static var order: (Int, Int, AsyncStream<UInt64>.Continuation?) =
        (1, 1, nil)

    /// Reads `count` transfers from `node`, and returns how often it allocated meanwhile.
    static func run(_ node: Int32, depth: Int, count: Int) async throws -> UInt64 {
        let bus = LibUSBBus(discovery: .none)
        try await bus.attach(node)
        let plugAndPlay = PlugAndPlay(on: bus, drivers: [ReadingDriver.self])
        let (results, result) = AsyncStream<UInt64>.makeStream()
        order = (depth, count, result)
        try await plugAndPlay.start()
        var iterator = results.makeAsyncIterator()
        let allocations = await iterator.next() ?? 0
        await plugAndPlay.stop()
        return allocations
    }
}
