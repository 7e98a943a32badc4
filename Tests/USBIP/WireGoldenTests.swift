import Testing
import USBTypes

@testable import USBIP

/// Bytes put together by hand from the protocol's tables: what the properties cannot show is that
/// the fields stand where peers expect them.
@Suite struct WireGoldenTests {
    private static let busIDField: [UInt8] =
        [0x31, 0x2D, 0x31] + Array(repeating: 0, count: 29)

    @Test("usbip §1.4: OP_REQ_DEVLIST and OP_REQ_IMPORT")
    func requests() throws {
        #expect(
            OperationRequest.deviceList.bytes == [0x01, 0x11, 0x80, 0x05, 0, 0, 0, 0])
        let busID = try #require(BusID("1-1"))
        #expect(
            OperationRequest.importDevice(busID).bytes
                == [0x01, 0x11, 0x80, 0x03, 0, 0, 0, 0] + Self.busIDField)
    }

    @Test("usbip §1.3, §1.4: OP_REP_DEVLIST and OP_REP_IMPORT, 12 + 312 + 4 and 8 + 312 bytes")
    func replies() throws {
        let busID = try #require(BusID("1-1"))
        let record = DeviceRecord(
            path: "/virtual/1-1", busID: busID, busNumber: 1, deviceNumber: 15, speed: .high,
            vendorID: 0x1209, productID: 0x7057, release: 0x0102,
            classCode: ClassCode(0xEF, subclass: 0x02, protocol: 0x01), configurationValue: 1,
            configurationCount: 2, interfaceCount: 1)
        var recordBytes: [UInt8] = Array("/virtual/1-1".utf8)
        recordBytes += Array(repeating: 0, count: 256 - recordBytes.count)
        recordBytes += Self.busIDField
        recordBytes += [0, 0, 0, 1, 0, 0, 0, 15, 0, 0, 0, 3]
        recordBytes += [0x12, 0x09, 0x70, 0x57, 0x01, 0x02, 0xEF, 0x02, 0x01, 1, 2, 1]
        #expect(recordBytes.count == 312)

        #expect(
            OperationReply.imported(record).bytes
                == [0x01, 0x11, 0x00, 0x03, 0, 0, 0, 0] + recordBytes)
        let listed = ListedDevice(
            record: record, interfaces: [ClassCode(0xFF, subclass: 3, protocol: 4)])
        #expect(
            OperationReply.deviceList([listed]).bytes
                == [0x01, 0x11, 0x00, 0x05, 0, 0, 0, 0, 0, 0, 0, 1] + recordBytes
                + [0xFF, 3, 4, 0])
        #expect(
            OperationReply.importRefused(.deviceBusy).bytes
                == [0x01, 0x11, 0x00, 0x03, 0, 0, 0, 2])
        #expect(record.deviceID == 0x0001_000F)
    }

    @Test("usbip §1.5: an interrupt IN of 64 bytes from device 1-15 and its reply")
    func interruptIn() throws {
        var submit = SubmitCommand(
            sequenceNumber: 0x0D05, deviceID: 0x0001_000F, direction: .in, endpointNumber: 1,
            flags: TransferFlags(rawValue: 0x200), length: 64)
        submit.interval = 4
        submit.packetCount = -1
        let command: [UInt8] = [
            0, 0, 0, 1, 0, 0, 0x0D, 0x05, 0, 1, 0, 0x0F, 0, 0, 0, 1, 0, 0, 0, 1,
            0, 0, 2, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 4,
            0, 0, 0, 0, 0, 0, 0, 0,
        ]
        #expect(TransferCommand.submit(submit).bytes == command)
        let parsed = try TransferCommand.parse(command.raw, maximumLength: 64)
        #expect(parsed == .submit(submit))

        let reply = SubmitReply(sequenceNumber: 0x0D05, status: .success, actualLength: 64)
        #expect(
            TransferReply.submit(reply).bytes == [
                0, 0, 0, 3, 0, 0, 0x0D, 0x05, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                0, 0, 0, 0, 0, 0, 0, 0,
            ])
    }

    @Test("usbip §1.1: setup bytes are copied unchanged, little endian as on the bus")
    func setup() {
        let submit = SubmitCommand(
            sequenceNumber: 1, deviceID: 0x0001_0002, direction: .in, endpointNumber: 0, length: 18,
            setup: SetupPacket(requestType: 0x80, request: 6, value: 0x0100, index: 0, length: 18))
        #expect(
            TransferCommand.submit(submit).bytes == [
                0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0,
                0, 0, 0, 0, 0, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                0x80, 6, 0, 1, 0, 0, 18, 0,
            ])
    }

    @Test("usbip §1.5: CMD_UNLINK and RET_UNLINK with ECONNRESET")
    func unlink() {
        let command = UnlinkCommand(sequenceNumber: 0x102, deviceID: 0x0001_0002, target: 0x101)
        #expect(
            TransferCommand.unlink(command).bytes
                == [0, 0, 0, 2, 0, 0, 1, 2, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]
                + Array(repeating: 0, count: 24))
        let reply = UnlinkReply(sequenceNumber: 0x102, status: .connectionReset)
        #expect(
            TransferReply.unlink(reply).bytes
                == [0, 0, 0, 4, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
                + [0xFF, 0xFF, 0xFF, 0x98] + Array(repeating: 0, count: 24))
    }

    @Test("usbip §1.5: an isochronous packet's descriptor")
    func isochronousPacket() throws {
        let packet = IsochronousPacket(
            offset: 192, length: 96, actualLength: 90, status: .partlyDone)
        var queue = ByteQueue()
        packet.append(to: &queue)
        let bytes = queue.bytes.copy()
        #expect(bytes == [0, 0, 0, 192, 0, 0, 0, 96, 0, 0, 0, 90, 255, 255, 255, 0xEE])
        let read = try IsochronousPacket.parse(1, from: bytes.raw, at: 0, within: 288)
        #expect(read == [packet])
        #expect(throws: WireError(.packetOutsideBuffer(offset: 192, length: 96), at: 0)) {
            try IsochronousPacket.parse(1, from: bytes.raw, at: 0, within: 287)
        }
    }
}
