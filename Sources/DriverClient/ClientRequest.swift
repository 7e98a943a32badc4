/// A driver's own operation, by number (WDF's I/O control code).
public struct ControlCode: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
    /// The number.
    public let rawValue: UInt32
    /// The operation of this number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The operation of this number.
    public init(integerLiteral value: UInt32) { rawValue = value }
}

/// What a request asks for.
public enum RequestKind: Hashable, Sendable {
    /// Bytes from the device.
    case read
    /// Bytes to the device.
    case write
    /// An operation that driver and client agreed on.
    case deviceControl(ControlCode)
    /// An operation that drivers agreed on among themselves: no program can ask for it.
    case internalDeviceControl(ControlCode)
}

/// A request as a client makes it.
public struct ClientRequest: Sendable {
    /// What it asks for.
    public let kind: RequestKind
    /// Bytes for the driver.
    public let input: [UInt8]
    /// The most bytes the client takes back.
    public let outputCapacity: Int

    /// What ``outputCapacity`` may be: a device refuses any other with `.invalidRequest`.
    package static let capacities = 0...(1 << 30)

    /// Makes a request.
    public init(_ kind: RequestKind, input: [UInt8] = [], outputCapacity: Int = 0) {
        self.kind = kind
        self.input = input
        self.outputCapacity = outputCapacity
    }
}

/// How a request ended.
public struct ClientReply: Sendable {
    /// `nil` for success.
    public let error: DeviceError?
    /// The number that the driver completed it with: for reads and writes, bytes.
    public let information: Int
    /// What the driver gave back.
    public let output: [UInt8]

    /// Makes a reply.
    public init(error: DeviceError? = nil, information: Int = 0, output: [UInt8] = []) {
        self.error = error
        self.information = information
        self.output = output
    }
}
