internal import USBTypes

/// The version that both sides must state: 1.1.1.
let wireVersion: UInt16 = 0x0111

/// What a client asks before it has a device (usbip §1.4).
public enum OperationRequest: Hashable, Sendable {
    /// `OP_REQ_DEVLIST`.
    case deviceList
    /// `OP_REQ_IMPORT`.
    case importDevice(BusID)
}

/// How a server answers (usbip §1.4).
public enum OperationReply: Hashable, Sendable {
    /// `OP_REP_DEVLIST`.
    case deviceList([ListedDevice])
    /// `OP_REP_IMPORT` with status 0.
    case imported(DeviceRecord)
    /// `OP_REP_DEVLIST` with another status.
    case listRefused(OperationStatus)
    /// `OP_REP_IMPORT` with another status.
    case importRefused(OperationStatus)
}

/// Why a server refuses, `ST_…` (usbip §1.2). Numbers that have no name are kept.
public struct OperationStatus: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    public let rawValue: UInt32
    /// Takes the number on the wire.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The request succeeded.
    public static let success = OperationStatus(rawValue: 0)
    /// It failed for a reason that has no number, or by policy.
    public static let failed = OperationStatus(rawValue: 1)
    /// Another client has the device.
    public static let deviceBusy = OperationStatus(rawValue: 2)
    /// The device is in an error state.
    public static let deviceError = OperationStatus(rawValue: 3)
    /// There is no device of this bus id.
    public static let noDevice = OperationStatus(rawValue: 4)
    /// Any other error.
    public static let error = OperationStatus(rawValue: 5)
}

/// Operation codes; a request has the uppermost bit set.
private enum OperationCode {
    static let importDevice: UInt16 = 0x0003
    static let deviceList: UInt16 = 0x0005
    static let request: UInt16 = 0x8000
    static let headerSize = 8
}

extension OperationRequest {
    /// Bytes of the longest request.
    static let maximumSize = OperationCode.headerSize + BusID.fieldSize

    /// Reads the request at the beginning of `bytes`.
    ///
    /// - Returns: The request and its size; `nil` when more bytes are needed to tell.
    /// - Throws: `WireError`, as soon as the bytes that are there cannot begin a request.
    public static func parse(
        _ bytes: RawSpan
    ) throws(WireError) -> (request: OperationRequest, size: Int)? {
        guard let (code, status) = try operationHeader(bytes) else { return nil }
        guard status == .success else {
            throw WireError(.unexpectedStatus(status.rawValue), at: 4)
        }
        switch code {
        case OperationCode.request | OperationCode.deviceList:
            return (.deviceList, OperationCode.headerSize)
        case OperationCode.request | OperationCode.importDevice:
            guard bytes.byteCount >= maximumSize else { return nil }
            let busID = try BusID(from: bytes, at: OperationCode.headerSize)
            return (.importDevice(busID), maximumSize)
        default:
            throw WireError(.unknownOperation(code), at: 2)
        }
    }

    func append(to queue: inout ByteQueue) {
        switch self {
        case .deviceList:
            queue.appendOperation(OperationCode.request | OperationCode.deviceList)
        case .importDevice(let busID):
            queue.appendOperation(OperationCode.request | OperationCode.importDevice)
            busID.append(to: &queue)
        }
    }

    /// The request as it stands on the wire.
    public var bytes: [UInt8] {
        var queue = ByteQueue()
        append(to: &queue)
        return queue.bytes.copy()
    }
}

extension OperationReply {
    /// The most devices a list is read with: what a server states is not believed beyond it.
    public static let maximumDevices = 4096

    /// Reads the reply at the beginning of `bytes`.
    ///
    /// - Returns: The reply and its size; `nil` when more bytes are needed to tell.
    /// - Throws: `WireError`, as soon as the bytes that are there cannot begin a reply.
    public static func parse(
        _ bytes: RawSpan
    ) throws(WireError) -> (reply: OperationReply, size: Int)? {
        guard let (code, status) = try operationHeader(bytes) else { return nil }
        let start = OperationCode.headerSize
        switch (code, status) {
        case (OperationCode.deviceList, .success):
            return try parseDeviceList(bytes)
        case (OperationCode.importDevice, .success):
            guard bytes.byteCount >= start + DeviceRecord.size else { return nil }
            let record = try DeviceRecord(from: bytes, at: start)
            return (.imported(record), start + DeviceRecord.size)
        case (OperationCode.deviceList, _): return (.listRefused(status), start)
        case (OperationCode.importDevice, _): return (.importRefused(status), start)
        default: throw WireError(.unknownOperation(code), at: 2)
        }
    }

    private static func parseDeviceList(
        _ bytes: RawSpan
    ) throws(WireError) -> (reply: OperationReply, size: Int)? {
        let start = OperationCode.headerSize
        guard bytes.byteCount >= start + 4 else { return nil }
        let count: UInt32 = bytes.big(start)
        guard count <= maximumDevices else {
            throw WireError(.tooManyDevices(count, limit: maximumDevices), at: start)
        }
        var offset = start + 4
        var devices: [ListedDevice] = []
        for _ in 0..<count {
            guard bytes.byteCount - offset >= DeviceRecord.size else { return nil }
            let record = try DeviceRecord(from: bytes, at: offset)
            offset += DeviceRecord.size
            guard bytes.byteCount - offset >= 4 * Int(record.interfaceCount) else { return nil }
            var interfaces: [ClassCode] = []
            for _ in 0..<record.interfaceCount {
                interfaces.append(
                    ClassCode(
                        bytes.big(offset), subclass: bytes.big(offset + 1),
                        protocol: bytes.big(offset + 2)))
                offset += 4
            }
            devices.append(ListedDevice(record: record, interfaces: interfaces))
        }
        return (.deviceList(devices), offset)
    }

    func append(to queue: inout ByteQueue) {
        switch self {
        case .deviceList(let devices):
            queue.appendOperation(OperationCode.deviceList)
            queue.append(UInt32(devices.count))
            for device in devices {
                device.record.append(to: &queue)
                for code in device.interfaces.prefix(255) {
                    queue.append([code.base, code.subclass, code.protocol, 0])
                }
            }
        case .imported(let record):
            queue.appendOperation(OperationCode.importDevice)
            record.append(to: &queue)
        case .listRefused(let status):
            queue.appendOperation(OperationCode.deviceList, status)
        case .importRefused(let status):
            queue.appendOperation(OperationCode.importDevice, status)
        }
    }

    /// The reply as it stands on the wire.
    public var bytes: [UInt8] {
        var queue = ByteQueue()
        append(to: &queue)
        return queue.bytes.copy()
    }
}

/// Reads code and status of the header at the beginning of `bytes`, `nil` if it is not all there.
private func operationHeader(
    _ bytes: RawSpan
) throws(WireError) -> (code: UInt16, status: OperationStatus)? {
    guard bytes.byteCount >= 2 else { return nil }
    let version: UInt16 = bytes.big(0)
    guard version == wireVersion else {
        throw WireError(.unsupportedVersion(version), at: 0)
    }
    guard bytes.byteCount >= OperationCode.headerSize else { return nil }
    return (bytes.big(2), OperationStatus(rawValue: bytes.big(4)))
}

extension ByteQueue {
    fileprivate mutating func appendOperation(_ code: UInt16, _ status: OperationStatus = .success)
    {
        append(wireVersion)
        append(code)
        append(status.rawValue)
    }
}
