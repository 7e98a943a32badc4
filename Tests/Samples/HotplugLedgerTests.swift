import DriverFoundation
import Testing

@testable import hotplug

@Suite struct HotplugLedgerTests {
    private func device(_ id: UInt64, product: UInt16 = 1, port: UInt8 = 1) -> AttachedDevice {
        AttachedDevice(
            id: AttachmentID(rawValue: id), speed: .high,
            descriptor: DeviceDescriptor(
                usbVersion: 0x0200, classCode: .perInterface, maxPacketSize0: 64, vendorID: 0x1209,
                productID: product, release: 0x0100, configurationCount: 1),
            configurations: [], activeConfiguration: nil,
            location: DeviceLocation(bus: 1, address: UInt8(id), ports: [port]),
            strings: DeviceStrings())
    }

    private func at(_ milliseconds: UInt64) -> Instant {
        Instant(nanoseconds: milliseconds * 1_000_000)
    }

    @Test("a replug is timed from departure to arrival, and from arrival to open")
    func replug() {
        var ledger = HotplugLedger()
        #expect(ledger.arrived(device(1), at: at(0)) == nil)
        #expect(ledger.opened(AttachmentID(rawValue: 1), at: at(3)) == .milliseconds(3))
        ledger.left(AttachmentID(rawValue: 1), at: at(10))
        #expect(ledger.arrived(device(2), at: at(25)) == .milliseconds(15))
        #expect(ledger.isSound)
        #expect(ledger.summary(rounds: 1).last == "rounds 1, lost 0, doubled 0")
    }

    @Test("another device, or another place, is no replug")
    func others() {
        var ledger = HotplugLedger()
        _ = ledger.arrived(device(1), at: at(0))
        ledger.left(AttachmentID(rawValue: 1), at: at(1))
        #expect(ledger.arrived(device(2, port: 2), at: at(2)) == nil)
        #expect(ledger.arrived(device(3, product: 9), at: at(2)) == nil)
        #expect(ledger.isSound)
    }

    @Test("L13: an arrival where a device is shows that a departure was lost")
    func lostDeparture() {
        var ledger = HotplugLedger()
        _ = ledger.arrived(device(1), at: at(0))
        _ = ledger.arrived(device(2), at: at(1))
        #expect(ledger.lost.count == 1 && ledger.doubled.isEmpty)
    }

    @Test("L13: a departure of what never arrived shows that an arrival was lost")
    func lostArrival() {
        var ledger = HotplugLedger()
        ledger.left(AttachmentID(rawValue: 5), at: at(0))
        #expect(ledger.lost.count == 1 && ledger.doubled.isEmpty)
    }

    @Test("L13: the same arrival or departure twice is noticed")
    func doubled() {
        var ledger = HotplugLedger()
        _ = ledger.arrived(device(1), at: at(0))
        _ = ledger.arrived(device(1), at: at(0))
        ledger.left(AttachmentID(rawValue: 1), at: at(1))
        ledger.left(AttachmentID(rawValue: 1), at: at(1))
        _ = ledger.arrived(device(1), at: at(2))
        #expect(ledger.doubled.count == 3 && ledger.lost.isEmpty)
        #expect(ledger.summary(rounds: 0).last == "rounds 0, lost 0, doubled 3")
    }
}
