import DriverRuntime
import Foundation
import Testing
import USBBus
import USBTypes

@testable import LibUSBBus

/// Rules of libusb's use that are kept by what the bus does not do.
@Suite struct LibUSBQuirkTests {
    private let calls = FakeLibUSB()

    private func start() async throws -> (LibUSBBus, any BusDevice) {
        let bus = LibUSBBus(
            source: .hotplug, calls: calls,
            journal: KernelDriverJournal(folder: "/nonexistent", process: 1))
        let (_, id) = try await OpenDeviceTests.start(bus, calls)
        return (bus, try await bus.open(id))
    }

    @Test("L4: no lock that the loop wants is held while libusb closes a device")
    func closesWithoutLocks() async throws {
        let (bus, device) = try await start()
        try await device.claim(0, detaching: false)
        let went = LoopConfined(on: bus.loop, false)
        calls.whileClosing = {
            let done = DispatchSemaphore(value: 0)
            bus.loop.execute {
                // Takes what the loop takes: the registry, the claims, the budget.
                _ = try? device.makeTransfer(
                    .bulk, on: 0x81, maxPacketSize: 512, capacity: 512)
                went.value = true
                done.signal()
            }
            _ = done.wait(timeout: .now() + 10)
        }
        await device.close()
        #expect(await bus.loop.perform { went.value } == true)
        await bus.stop()
    }

    @Test("L20: isochronous transfers are refused, not half done")
    func refusesIsochronous() async throws {
        let (bus, device) = try await start()
        try await device.claim(0, detaching: false)
        let code = await bus.loop.perform { () -> BusError.Code? in
            do throws(BusError) {
                _ = try device.makeTransfer(
                    .isochronous, on: 0x81, maxPacketSize: 512, capacity: 512)
                return nil
            } catch { return error.code }
        }
        #expect(code == .some(.unsupported))
        await device.close()
        await bus.stop()
    }

    @Test("L25: no log callback is set, so none can re-enter libusb")
    func setsNoLogCallback() throws {
        let root = URL(filePath: #filePath).appending(path: "../../../Sources").standardized
        for folder in ["LibUSBBus", "CLibUSB"] {
            let files = try FileManager.default.contentsOfDirectory(
                at: root.appending(path: folder), includingPropertiesForKeys: nil)
            #expect(!files.isEmpty)
            for file in files where !file.hasDirectoryPath {
                let text = try String(contentsOf: file, encoding: .utf8)
                #expect(!text.contains("set_log_cb"), "\(file.lastPathComponent)")
            }
        }
    }

    @Test("L30: libusb is not asked for an alternate setting of a device that has left")
    func asksNothingOfTheDeparted() async throws {
        let (bus, device) = try await start()
        try await device.claim(0, detaching: false)
        _ = await bus.loop.perform {
            bus.noteHotplug(FakeLibUSB.device(1), false)
        }
        do throws(BusError) {
            try await device.setAlternateSetting(0, of: 0)
            Issue.record("a setting of a device that has left")
        } catch { #expect(error.code == .deviceGone) }
        #expect(calls.seen("setAlternate").isEmpty)
        await device.close()
        await bus.stop()
    }
}
