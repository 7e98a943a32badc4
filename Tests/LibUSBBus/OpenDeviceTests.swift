import CLibUSB
import DriverRuntime
import Glibc
import Testing
import USBBus
import USBTypes

@testable import LibUSBBus

/// An open device over a libusb of the tests' own, described by the test.
@Suite struct OpenDeviceTests {
    private let calls = FakeLibUSB()
    private static let key = AttachmentKey.device(FakeLibUSB.device(1))

    /// A bus that has reported one device: interface 0 with bulk endpoints 0x81 and 0x02, interface
    /// 1.
    private func start() async throws -> (LibUSBBus, AttachmentID) {
        let bus = LibUSBBus(
            source: .hotplug, calls: calls,
            journal: KernelDriverJournal(folder: "/nonexistent", process: 1))
        return try await Self.start(bus, calls)
    }

    /// Starts a bus, and has it report the device.
    static func start(
        _ bus: LibUSBBus, _ calls: FakeLibUSB
    ) async throws -> (LibUSBBus, AttachmentID) {
        try await bus.start { _ in }
        let id = await bus.loop.perform {
            guard let id = bus.state.value.table.arrive(Self.key) else {
                return AttachmentID(rawValue: 0)
            }
            bus.calls.reference(FakeLibUSB.device(1))
            _ = bus.state.value.table.report(id, Self.described(as: id))
            return id
        }
        return (bus, try #require(id))
    }

    /// Has `bus`, which has been started, report the device to whoever observes it.
    static func arrive(on bus: LibUSBBus) async throws {
        await bus.loop.perform {
            guard let id = bus.state.value.table.arrive(Self.key) else { return }
            bus.calls.reference(FakeLibUSB.device(1))
            let device = Self.described(as: id)
            _ = bus.state.value.table.report(id, device)
            bus.state.value.observer?(.arrived(device))
        }
    }

    private static func described(as id: AttachmentID) -> AttachedDevice {
        let setting = InterfaceDescriptor(
            number: 0, classCode: .vendorSpecific,
            endpoints: [
                EndpointDescriptor(0x81, .bulk, maxPacketSize: 512),
                EndpointDescriptor(0x02, .bulk, maxPacketSize: 512),
            ])
        let other = InterfaceDescriptor(number: 1, classCode: .vendorSpecific, endpoints: [])
        return AttachedDevice(
            id: id, speed: .high,
            descriptor: DeviceDescriptor(vendorID: 0x1209, productID: 0x7057),
            configurations: [
                ConfigurationDescriptor(items: [.interface(setting), .interface(other)])
            ],
            activeConfiguration: 1,
            location: DeviceLocation(bus: 250, address: 1, ports: [1]), strings: DeviceStrings())
    }

    @Test(
        "L14: an open refused for a moment is tried again",
        arguments: [
            LIBUSB_ERROR_ACCESS, LIBUSB_ERROR_BUSY, LIBUSB_ERROR_NO_DEVICE, LIBUSB_ERROR_IO,
        ])
    func retriesOpen(_ refusal: libusb_error) async throws {
        let (bus, id) = try await start()
        calls.order([refusal.rawValue, refusal.rawValue], for: "open")
        let device = try await bus.open(id)
        #expect(calls.seen("open").count == 3)
        await device.close()
        await bus.stop()
        #expect(calls.held == 0)
    }

    @Test("L14: an open refused for good ends in one error, after a bounded number of tries")
    func givesUpOpening() async throws {
        let (bus, id) = try await start()
        calls.order(Array(repeating: LIBUSB_ERROR_IO.rawValue, count: 20), for: "open")
        await #expect(throws: BusError.self) { _ = try await bus.open(id) }
        #expect(calls.seen("open").count == OpenRetry.attempts)
        await bus.stop()
        #expect(calls.held == 0)
    }

    @Test("an open refused for another reason is not tried again, and a second open is busy")
    func opensOnce() async throws {
        let (bus, id) = try await start()
        calls.order([LIBUSB_ERROR_NO_MEM.rawValue], for: "open")
        await #expect(throws: BusError.self) { _ = try await bus.open(id) }
        #expect(calls.seen("open").count == 1)
        let device = try await bus.open(id)
        do throws(BusError) {
            _ = try await bus.open(id)
            Issue.record("opened twice")
        } catch { #expect(error.code == .busy) }
        await device.close()
        await bus.stop()
    }

    @Test("L21: close releases every claimed interface first, whatever failed before")
    func releasesAtClose() async throws {
        let (bus, id) = try await start()
        let device = try await bus.open(id)
        try await device.claim(0, detaching: false)
        try await device.claim(1, detaching: false)
        calls.order([LIBUSB_ERROR_IO.rawValue], for: "release")
        await device.close()
        await device.close()
        let end = calls.seen("release", "close")
        #expect(end == ["release 0", "release 1", "close"])
        await bus.stop()
    }

    @Test("L3: what may block is never called on the loop, where it would hold up every device")
    func blocksElsewhere() async throws {
        let (bus, id) = try await start()
        let loop = try #require(await bus.loop.perform { UInt(pthread_self()) })
        let device = try await bus.open(id)
        try await device.claim(0, detaching: true)
        try await device.clearHalt(0x81)
        _ = try await device.reset()
        await device.release(0)
        await device.close()
        await bus.stop()
        let threads = calls.threads(of: "open", "claim", "clearHalt", "reset", "release", "close")
        #expect(threads.count >= 6)
        #expect(!threads.contains(loop))
    }

    @Test("L9: a device is not closed under a transfer in flight: that traps")
    func closesDrained() async {
        let end = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            try await OpenDeviceTests.closeUnderTransfer()
        }
        let report = String(decoding: end?.standardErrorContent ?? [], as: UTF8.self)
        #expect(report.contains("L9"), "\(report)")
    }

    private static func closeUnderTransfer() async throws {
        let (bus, id) = try await OpenDeviceTests().start()
        let device = try await bus.open(id)
        try await device.claim(0, detaching: false)
        _ = await bus.loop.perform {
            let transfer = try? device.makeTransfer(
                .bulk, on: 0x81, maxPacketSize: 512, capacity: 512)
            try? transfer?.submit(length: 512)
            // Kept, or its release in flight would trap before the close can.
            _ = unsafe transfer.map { unsafe Unmanaged.passRetained($0) }
        }
        await device.close()
    }

    @Test("L23: a configuration in force is not selected again; a claim makes another busy")
    func selectsConfiguration() async throws {
        let (bus, id) = try await start()
        let device = try await bus.open(id)
        try await device.setConfiguration(1)
        #expect(calls.seen("setConfiguration").isEmpty)
        try await device.claim(0, detaching: false)
        do throws(BusError) {
            try await device.setConfiguration(0)
            Issue.record("selected although interface 0 is claimed")
        } catch {
            #expect(error.code == .busy)
            #expect(error.message.contains("interface 0"))
        }
        await device.close()
        await bus.stop()
    }

    @Test(
        "L22: what a reset's code means",
        arguments: [
            (LIBUSB_SUCCESS, ResetOutcome.kept), (LIBUSB_ERROR_NOT_FOUND, .lost),
            (LIBUSB_ERROR_NO_DEVICE, .lost),
        ])
    func resets(_ code: libusb_error, _ outcome: ResetOutcome) async throws {
        let (bus, id) = try await start()
        let device = try await bus.open(id)
        calls.order([code.rawValue], for: "reset")
        #expect(try await device.reset() == outcome)
        await device.close()
        await bus.stop()
    }

    @Test("L17, L18: libusb gets whole packets for an IN, and no timeout")
    func asksForWholePackets() async throws {
        let (bus, id) = try await start()
        let device = try await bus.open(id)
        try await device.claim(0, detaching: false)
        for (asked, given) in [(0, 512), (1, 512), (512, 512), (513, 1024), (1000, 1024)] {
            let length = try await received(device, on: bus, asked: asked, arriving: Int32(asked)) {
                #expect($0?.length == Int32(given) && $0?.timeout == 0)
            }
            #expect(length == .completion(.completed, asked))
        }
        await device.close()
        await bus.stop()
    }

    @Test("L18: more than was asked for is an overflow, though libusb saw none")
    func reportsExcess() async throws {
        let (bus, id) = try await start()
        let device = try await bus.open(id)
        try await device.claim(0, detaching: false)
        let end = try await received(device, on: bus, asked: 10, arriving: 64) { _ in }
        #expect(end == .completion(.overflow, 10))
        await device.close()
        await bus.stop()
    }

    @Test(
        "a submit that libusb refuses is an error, no completion; the transfer stays usable",
        arguments: [
            (LIBUSB_ERROR_NO_DEVICE, BusError.Code.deviceGone),
            (LIBUSB_ERROR_NO_MEM, .outOfMemory), (LIBUSB_ERROR_IO, .failed),
        ])
    func refusesSubmit(_ code: libusb_error, _ expected: BusError.Code) async throws {
        let (bus, id) = try await start()
        let device = try await bus.open(id)
        try await device.claim(0, detaching: false)
        calls.order([code.rawValue], for: "submit")
        let end = try await received(device, on: bus, asked: 8, arriving: 8) { _ in }
        #expect(end == .refusal(expected))
        let again = try await received(device, on: bus, asked: 8, arriving: 8) { _ in }
        #expect(again == .completion(.completed, 8))
        #expect(await bus.loop.perform { bus.budget.inUse } == 0)
        await device.close()
        await bus.stop()
        #expect(calls.seen("allocateTransfer").count == calls.seen("freeTransfer").count)
    }

    @Test("any one call that fails leaves nothing behind", arguments: 1...12)
    func survivesFailureOfCall(_ number: Int) async throws {
        let (bus, id) = try await start()
        let names = [
            "open", "claim", "setAlternateSetting", "clearHalt", "allocateTransfer", "submit",
            "cancel", "reset", "release", "kernelDriverActive", "attachKernelDriver", "devices",
        ]
        calls.order(
            Array(repeating: LIBUSB_ERROR_OTHER.rawValue, count: number % 3 + 1),
            for: names[number - 1])
        if let device = try? await bus.open(id) {
            try? await device.claim(0, detaching: true)
            try? await device.setAlternateSetting(0, of: 0)
            try? await device.clearHalt(0x81)
            _ = try? await received(device, on: bus, asked: 8, arriving: 8) { _ in }
            _ = try? await device.reset()
            await bus.rescan()
            await device.close()
        }
        await bus.stop()
        #expect(calls.held == 0)
        let made =
            calls.seen("allocateTransfer").count - (names[number - 1] == "allocateTransfer" ? 1 : 0)
        #expect(made == calls.seen("freeTransfer").count)
    }

    private enum End: Equatable, Sendable {
        case completion(TransferStatus, Int)
        case refusal(BusError.Code)
    }

    /// One IN of `asked` bytes, which ends when `arriving` have come; `look` sees what libusb got.
    private func received(
        _ device: any BusDevice, on bus: LibUSBBus, asked: Int, arriving: Int32,
        look: @escaping @Sendable ((length: Int32, timeout: UInt32, flags: UInt8)?) -> Void
    ) async throws -> End {
        let result: Result<End, any Error> = await Resumption.wait { resumption in
            bus.loop.execute { [calls] in
                do {
                    let transfer = try device.makeTransfer(
                        .bulk, on: 0x81, maxPacketSize: 512, capacity: max(asked, 1))
                    transfer.handler = { completion in
                        transfer.handler = nil
                        resumption.resume(
                            returning: .success(.completion(completion.status, completion.length)))
                    }
                    do throws(BusError) { try transfer.submit(length: asked) } catch {
                        transfer.handler = nil
                        return resumption.resume(returning: .success(.refusal(error.code)))
                    }
                    look(calls.oldest)
                    calls.end(LIBUSB_TRANSFER_COMPLETED, length: arriving)
                } catch {
                    resumption.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}
