import CLibUSB
import DriverFoundation
import Testing

@testable import LibUSBBus

/// A driver over this bus, with a libusb of the tests' own: what it comes to is what it comes to on
/// any other bus.
@Suite struct DriverTests {
    private static let life = """
        matched to Plain
        deviceAdd
        hardware acquired
        prepareHardware
        enterD0
        postInterruptsEnabled
        power-managed queues started
        initializeSelfManagedIO
        interfaces enabled
        started
        queryRemove
        suspendSelfManagedIO
        power-managed queues held
        preInterruptsDisabled
        exitD0
        releaseHardware
        interfaces disabled
        power-managed queues purged
        flushSelfManagedIO
        hardware closed
        all queues purged
        cleanUpSelfManagedIO
        disposed
        """

    @Test("SEED-9, CX-3: a driver's life over libusb is the same; its way out is the handle")
    func life() async throws {
        let calls = FakeLibUSB()
        let bus = LibUSBBus(
            source: .hotplug, calls: calls,
            journal: KernelDriverJournal(folder: "/nonexistent", process: 1))
        let steps = Steps()
        var options = PlugAndPlay.Options()
        options.observer = { steps.note($1) }
        let plugAndPlay = PlugAndPlay(on: bus, drivers: [Plain.self], options: options)
        try await plugAndPlay.start()
        try await OpenDeviceTests.arrive(on: bus)
        await steps.wait(for: .started)
        let file = try await plugAndPlay.interfaces.open(.plain)
        #expect(try await file.control(1).information == 0x20)
        await file.close()
        let device = try #require(await plugAndPlay.devices().first)
        try await device.remove()
        #expect(steps.lines == Self.life.split(separator: "\n").map(String.init))
        let isRefused = await bus.loop.perform {
            do throws(DeviceError) {
                try device.withBusDevice { _ in }
                return false
            } catch { return error.code == .removed }
        }
        #expect(isRefused == true)
        await plugAndPlay.stop()
        #expect(calls.held == 0)
    }

    @Test("CX-3: a handle is lent while its device is open and there, and only as what it is")
    func lending() async throws {
        let calls = FakeLibUSB()
        let bus = LibUSBBus(
            source: .hotplug, calls: calls,
            journal: KernelDriverJournal(folder: "/nonexistent", process: 1))
        let id: AttachmentID
        (_, id) = try await OpenDeviceTests.start(bus, calls)
        let device = try await bus.open(id)
        #expect(await handle(of: device, on: bus) == 0x20)
        await device.close()
        #expect(await handle(of: device, on: bus) == nil)
        let again = try await bus.open(id)
        await bus.loop.perform { (again as? LibUSBDevice)?.departed() }
        #expect(await handle(of: again, on: bus) == nil)
        await again.close()
        await bus.stop()
        let isOther = Self.isUnknown(of: "another library")
        #expect(isOther)
    }

    /// The handle that is lent, as a number; `nil` when none is.
    private func handle(of device: any BusDevice, on bus: LibUSBBus) async -> UInt? {
        await bus.loop.perform {
            var number: UInt?
            try? device.lend { number = unsafe UInt(bitPattern: $0.libusbHandle) }
            return number
        } ?? nil
    }

    /// Whether what `library` has lent is no handle of libusb's.
    private static func isUnknown(of library: String) -> Bool {
        guard let object = unsafe OpaquePointer(bitPattern: 0x30) else { return false }
        let lent = unsafe LentBusDevice(object, of: library)
        return unsafe lent.libusbHandle == nil
    }
}

extension DeviceInterfaceClass {
    fileprivate static let plain: DeviceInterfaceClass = "org.driver-foundation.test.plain"
}

/// Answers a device control with its handle's address.
private actor Plain: FunctionDriver {
    static let matches: [DeviceMatch] = [.id(vendor: 0x1209, product: 0x7057)]
    nonisolated let device: Device

    init(device: Device) async throws(DeviceError) {
        self.device = device
        device.register(.plain)
        device.queue(.sequential, for: self, deviceControl: { $0.answer($1) })
    }

    private func answer(_ request: consuming Request) {
        do throws(DeviceError) {
            let handle = try device.withBusDevice { unsafe UInt(bitPattern: $0.libusbHandle) }
            request.complete(Int(handle))
        } catch { request.fail(error) }
    }
}

/// The steps of the one device. Sendable because `all` and `waiter` are guarded by `lock`.
private final class Steps: @unchecked Sendable {
    private let lock = Lock()
    private var all: [LifecycleStep] = []
    private var waiter: (step: LifecycleStep, resumption: Resumption<Void>)?

    func note(_ step: LifecycleStep) {
        let waiter = lock.withLock { () -> Resumption<Void>? in
            all.append(step)
            return self.waiter?.step == step ? self.waiter.take()?.resumption : nil
        }
        waiter?.resume()
    }

    func wait(for step: LifecycleStep) async {
        await Resumption.wait { resumption in
            let isThere = lock.withLock {
                if all.contains(step) { return true }
                waiter = (step, resumption)
                return false
            }
            if isThere { resumption.resume() }
        }
    }

    /// A callback that returned at once is one line.
    var lines: [String] {
        lock.withLock {
            all.compactMap { step in
                switch step {
                case .began: nil
                case .returned(let callback): callback.rawValue
                default: step.description
                }
            }
        }
    }
}
