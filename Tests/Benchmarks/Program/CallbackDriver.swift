import CAllocationCount
import DriverFoundation
import LibUSBBus

/// A driver whose timer, work item or deferred call is called again and again, and only counts.
actor CallbackDriver: FunctionDriver {
    static let matches: [DeviceMatch] = [.id(vendor: 0x1209, product: 0x7060)]

    /// What calls it.
    enum Caller: String, CaseIterable {
        case timer = "timer calls"
        case workItem = "work item calls"
        case deferredCall = "deferred calls"
    }

    nonisolated let device: Device
    private var timer: DeviceTimer?
    private var workItem: WorkItem?
    private var deferredCall: DeferredCall?
    private var left = 0
    private var first: UInt64 = 0
    private var finished: AsyncStream<UInt64>.Continuation?

    init(device: Device) async throws(DeviceError) {
        self.device = device
        timer = try device.timer(every: .microseconds(10), for: self) { $0.count() }
        workItem = try device.workItem(for: self) {
            if $0.count() { $0.workItem?.enqueue() }
        }
        deferredCall = try device.deferredCall(for: self) {
            if $0.count() { $0.deferredCall?.enqueue() }
        }
    }

    func enterD0(from previous: PowerState) async throws(DeviceError) {
        let (caller, count, finished) = Self.order
        left = count
        self.finished = finished
        first = allocation_count()
        switch caller {
        case .timer: timer?.start()
        case .workItem: workItem?.enqueue()
        case .deferredCall: deferredCall?.enqueue()
        }
    }

    /// Whether more calls are wanted.
    @discardableResult
    private func count() -> Bool {
        left -= 1
        if left > 0 { return true }
        let allocations = allocation_count() - first
        timer?.cancel()
        finished?.yield(allocations)
        return false
    }

    /// What the one driver of this process is to do; set before it is made.
    nonisolated(unsafe) private static var order: (Caller, Int, AsyncStream<UInt64>.Continuation?) =
        (.timer, 1, nil)

    /// Has it called `count` times, and returns how often it allocated meanwhile.
    static func run(_ node: Int32, _ caller: Caller, count: Int) async throws -> UInt64 {
        let bus = LibUSBBus(discovery: .none)
        try await bus.attach(node)
        let plugAndPlay = PlugAndPlay(on: bus, drivers: [CallbackDriver.self])
        let (results, result) = AsyncStream<UInt64>.makeStream()
        order = (caller, count, result)
        try await plugAndPlay.start()
        var iterator = results.makeAsyncIterator()
        let allocations = await iterator.next() ?? 0
        await plugAndPlay.stop()
        return allocations
    }
}
