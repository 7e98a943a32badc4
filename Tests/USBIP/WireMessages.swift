import DriverSimulation
import USBTypes

@testable import USBIP

/// Any message, drawn from its whole space: for the properties of the codec.
extension SeededGenerator {
    private mutating func text(_ characters: String, _ count: ClosedRange<Int>) -> String {
        let all = Array(characters)
        let length = Int.random(in: count, using: &self)
        return String((0..<length).map { _ in all[Int.random(in: 0..<all.count, using: &self)] })
    }

    private mutating func any<Value: FixedWidthInteger & UnsignedInteger>(
        _: Value.Type = Value.self
    ) -> Value {
        chance(20) ? .max : Value(truncatingIfNeeded: next())
    }

    private mutating func anySigned() -> Int32 { Int32(bitPattern: any()) }

    mutating func busID() throws -> BusID {
        let name = text("0123456789-.:_azAZ", 1...31)
        guard let busID = BusID(name) else { throw UnexpectedBusID(name: name) }
        return busID
    }

    private mutating func classCode() -> ClassCode {
        ClassCode(any(), subclass: any(), protocol: any())
    }

    mutating func record() throws -> DeviceRecord {
        DeviceRecord(
            path: text("/abcäöü-.", 0...120), busID: try busID(), busNumber: any(),
            deviceNumber: any(),
            speed: [nil, .low, .full, .high, .super, .superPlus].randomElement(using: &self) ?? nil,
            vendorID: any(), productID: any(), release: BCDVersion(rawValue: any()),
            classCode: classCode(), configurationValue: any(), configurationCount: any(),
            interfaceCount: any())
    }

    mutating func operationRequest() throws -> OperationRequest {
        chance(30) ? .deviceList : .importDevice(try busID())
    }

    mutating func operationReply() throws -> OperationReply {
        switch Int.random(in: 0..<4, using: &self) {
        case 0:
            var devices: [ListedDevice] = []
            for _ in 0..<Int.random(in: 0...4, using: &self) {
                let record = try record()
                let interfaces = (0..<Int.random(in: 0...9, using: &self)).map { _ in classCode() }
                devices.append(ListedDevice(record: record, interfaces: interfaces))
            }
            return .deviceList(devices)
        case 1: return .imported(try record())
        case 2: return .listRefused(OperationStatus(rawValue: max(1, any())))
        default: return .importRefused(OperationStatus(rawValue: max(1, any())))
        }
    }

    mutating func setup() -> SetupPacket {
        SetupPacket(requestType: any(), request: any(), value: any(), index: any(), length: any())
    }

    mutating func command() -> TransferCommand {
        if chance(30) {
            return .unlink(UnlinkCommand(sequenceNumber: any(), deviceID: any(), target: any()))
        }
        var submit = SubmitCommand(
            sequenceNumber: any(), deviceID: any(), direction: chance(50) ? .in : .out,
            endpointNumber: UInt8.random(in: 0...15, using: &self),
            flags: TransferFlags(rawValue: any()),
            length: Int.random(in: 0...(1 << 24), using: &self),
            setup: setup())
        submit.startFrame = anySigned()
        submit.packetCount = anySigned()
        submit.interval = anySigned()
        return .submit(submit)
    }

    mutating func reply() -> TransferReply {
        let status = LinuxStatus(rawValue: anySigned())
        if chance(30) { return .unlink(UnlinkReply(sequenceNumber: any(), status: status)) }
        var reply = SubmitReply(sequenceNumber: any(), status: status, actualLength: anySigned())
        reply.startFrame = anySigned()
        reply.packetCount = anySigned()
        reply.errorCount = anySigned()
        return .submit(reply)
    }
}

struct UnexpectedBusID: Error { let name: String }
