import CAllocationCount
import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// What timers, work items and interrupts allocate once they are warm, on a loop of their own.
@Suite("What callbacks allocate when warm", .enabled(if: allocation_count_works()))
struct CallbackAllocationTests {
    private func onLoop(
        _ body: @escaping @Sendable (Device, isolated Counting) async throws -> Void
    ) async throws {
        let bus = VirtualBus()
        var options = PlugAndPlay.Options()
        let found = LoopConfined<Counting?>(on: bus.loop, nil)
        options.observer = { device, step in
            if step == .started { found.value = device.state.value.driver as? Counting }
        }
        let plugAndPlay = PlugAndPlay(on: bus, drivers: [Counting.self], options: options)
        try await plugAndPlay.start()
        _ = try await bus.plug { Gadget(port: $0) }
        _ = try await plugAndPlay.interfaces.open(.gadget)
        let driver = await Resumption<Counting?>.wait { answer in
            bus.loop.execute { answer.resume(returning: found.value) }
        }
        let counting = try #require(driver)
        try await body(counting.device, counting)
        await plugAndPlay.stop()
    }

    @Test("L-3: a call of a timer allocates a bounded number of times")
    func timer() async throws {
        try await onLoop { device, driver in
            let timer = try device.timer(every: .microseconds(20), for: driver) { $0.count() }
            timer.start()
            await driver.finished()
            await timer.stop()
            print("1000 calls of a timer allocated \(driver.allocated)")
            #expect(driver.allocated <= 5 * 1000)
        }
    }

    @Test("L-4: a call of a work item allocates a bounded number of times")
    func workItem() async throws {
        try await onLoop { device, driver in
            let item = try device.workItem(for: driver) {
                if $0.count() { device.object.context(of: WorkItem.self)?.enqueue() }
            }
            device.object.addContext { _ in item }
            item.enqueue()
            await driver.finished()
            print("1000 calls of a work item allocated \(driver.allocated)")
            #expect(driver.allocated <= 5 * 1000)
        }
    }
}

/// Counts its calls, and what was allocated between two of them.
private actor Counting: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    private let done: Valve
    private var calls = 0
    private var before: UInt64 = 0
    private(set) var allocated: UInt64 = 0

    init(device: Device) async throws(DeviceError) {
        self.device = device
        done = Valve(on: device.loop)
        device.register(.gadget)
    }

    @discardableResult
    func count() -> Bool {
        calls += 1
        if calls == 200 { before = allocation_count() }
        guard calls == 1200 else { return calls < 1200 }
        allocated = allocation_count() - before
        done.open()
        return false
    }

    func finished() async { await done.pass() }
}
