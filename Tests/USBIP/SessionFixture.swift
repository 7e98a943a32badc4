import Testing
import USBBus
import USBTypes

@testable import USBIP

/// A record of a device that sessions of tests import.
enum SessionFixture {
    static let deviceID: UInt32 = 0x0001_0002

    static func record(_ name: String = "1-1") throws -> DeviceRecord {
        DeviceRecord(
            path: "/virtual/" + name, busID: try #require(BusID(name)), busNumber: 1,
            deviceNumber: 2, speed: .high, vendorID: 0x1209, productID: 0x7057, release: 0x0100,
            classCode: .perInterface, configurationValue: 0, configurationCount: 1,
            interfaceCount: 1)
    }

    /// Interface 0: bulk 0x81 and 0x01; its setting 1 has isochronous 0x82 and 0x02 besides.
    static let configuration = ConfigurationDescriptor(items: [
        .interface(
            InterfaceDescriptor(
                number: 0, classCode: .vendorSpecific,
                endpoints: [
                    EndpointDescriptor(0x81, .bulk, maxPacketSize: 512),
                    EndpointDescriptor(0x01, .bulk, maxPacketSize: 512),
                ])),
        .interface(
            InterfaceDescriptor(
                number: 0, alternateSetting: 1, classCode: .vendorSpecific,
                endpoints: [
                    EndpointDescriptor(0x82, .isochronous, maxPacketSize: 192, interval: 4),
                    EndpointDescriptor(0x02, .isochronous, maxPacketSize: 192, interval: 4),
                ])),
    ])

    /// A session whose peer has the device; the reply to the import was taken out.
    static func attached(limits: SessionLimits = SessionLimits()) throws -> ServerSession {
        var session = ServerSession(limits: limits)
        let record = try record()
        session.receive(OperationRequest.importDevice(record.busID).bytes.raw)
        #expect(session.next() == .importDevice(record.busID))
        session.grant(record, configurations: [configuration])
        let reply = session.take()
        #expect(reply == OperationReply.imported(record).bytes)
        return session
    }
}

extension ServerSession {
    /// All that is to be sent, sent.
    mutating func take() -> [UInt8] {
        let bytes = output.copy()
        sent(bytes.count)
        return bytes
    }

    mutating func receive(_ bytes: [UInt8]) { receive(bytes.raw) }

    mutating func complete(
        ticket: Int, _ status: TransferStatus, length: Int, bytes: [UInt8] = []
    ) {
        complete(ticket: ticket, status, length: length, data: bytes.raw)
    }

    /// The next effect, which must be a submission.
    mutating func nextSubmission() throws -> Submission {
        let effect = next()
        guard case .submit(let submission) = effect else {
            throw UnexpectedEffect(effect: effect)
        }
        return submission
    }

    var endReason: SessionEnd? {
        if case .ended(let reason) = state { return reason }
        return nil
    }
}

struct UnexpectedEffect: Error { let effect: ServerSession.Effect? }

/// Commands as a client sends them.
enum Command {
    static func submitIn(_ number: UInt32, _ endpoint: UInt8 = 1, length: Int = 8) -> [UInt8] {
        TransferCommand.submit(
            SubmitCommand(
                sequenceNumber: number, deviceID: SessionFixture.deviceID, direction: .in,
                endpointNumber: endpoint, length: length)
        ).bytes
    }

    static func submitOut(_ number: UInt32, _ data: [UInt8], on endpoint: UInt8 = 1) -> [UInt8] {
        TransferCommand.submit(
            SubmitCommand(
                sequenceNumber: number, deviceID: SessionFixture.deviceID, direction: .out,
                endpointNumber: endpoint, length: data.count)
        ).bytes + data
    }

    static func control(
        _ number: UInt32, _ setup: SetupPacket, _ data: [UInt8] = [], direction: Direction? = nil,
        length: Int? = nil
    ) -> [UInt8] {
        TransferCommand.submit(
            SubmitCommand(
                sequenceNumber: number, deviceID: SessionFixture.deviceID,
                direction: direction ?? setup.direction, endpointNumber: 0,
                length: length ?? Int(setup.length), setup: setup)
        ).bytes + data
    }

    static func unlink(_ number: UInt32, _ target: UInt32) -> [UInt8] {
        TransferCommand.unlink(
            UnlinkCommand(
                sequenceNumber: number, deviceID: SessionFixture.deviceID, target: target)
        ).bytes
    }
}

/// Replies as a server sends them.
enum Reply {
    static func submit(
        _ number: UInt32, _ status: LinuxStatus, _ length: Int, _ data: [UInt8] = []
    ) -> [UInt8] {
        TransferReply.submit(
            SubmitReply(sequenceNumber: number, status: status, actualLength: Int32(length))
        ).bytes + data
    }

    static func unlink(_ number: UInt32, _ status: LinuxStatus) -> [UInt8] {
        TransferReply.unlink(UnlinkReply(sequenceNumber: number, status: status)).bytes
    }
}
