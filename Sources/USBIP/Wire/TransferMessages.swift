public import USBTypes

/// The header that every message of the transfer phase begins with, 48 bytes (usbip §1.5).
enum TransferHeader {
    static let size = 48
    static let submitCommand: UInt32 = 1
    static let unlinkCommand: UInt32 = 2
    static let submitReply: UInt32 = 3
    static let unlinkReply: UInt32 = 4
}

/// The bits of `transfer_flags` that mean something to a device (usbip §1.7); others are ignored.
public struct TransferFlags: OptionSet, Hashable, Sendable {
    /// The bits as they stand on the wire.
    public let rawValue: UInt32
    /// Takes the bits as they stand on the wire.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// A short IN is an error.
    public static let shortNotOK = TransferFlags(rawValue: 0x0001)
    /// The isochronous transfer starts as soon as it can.
    public static let isochronousAsSoonAsPossible = TransferFlags(rawValue: 0x0002)
    /// An OUT of whole packets ends with a packet of no bytes.
    public static let zeroPacket = TransferFlags(rawValue: 0x0040)
}

/// `CMD_SUBMIT` without its payload: a client's transfer.
public struct SubmitCommand: Hashable, Sendable {
    /// The client's number for this request, which the reply repeats.
    public var sequenceNumber: UInt32
    /// The device's number, from its record.
    public var deviceID: UInt32
    /// Which way the data goes; for control as the setup packet says.
    public var direction: Direction
    /// The endpoint's number, 0…15.
    public var endpointNumber: UInt8
    /// How to carry it out.
    public var flags: TransferFlags
    /// `transfer_buffer_length`, not negative.
    public var length: Int
    /// Of an isochronous transfer; 0 otherwise.
    public var startFrame: Int32 = 0
    /// Of an isochronous transfer; otherwise 0 or -1 (usbip §1.6).
    public var packetCount: Int32 = 0
    /// As the client's driver asks; devices poll by their descriptors.
    public var interval: Int32 = 0
    /// The request of a control transfer; zeros otherwise.
    public var setup: SetupPacket

    /// A transfer that is not isochronous.
    public init(
        sequenceNumber: UInt32, deviceID: UInt32, direction: Direction, endpointNumber: UInt8,
        flags: TransferFlags = [], length: Int,
        setup: SetupPacket = SetupPacket(requestType: 0, request: 0, value: 0, index: 0, length: 0)
    ) {
        self.sequenceNumber = sequenceNumber
        self.deviceID = deviceID
        self.direction = direction
        self.endpointNumber = endpointNumber
        self.flags = flags
        self.length = length
        self.setup = setup
    }
}

/// `CMD_UNLINK`: a client's wish to cancel.
public struct UnlinkCommand: Hashable, Sendable {
    /// The number of this request itself.
    public var sequenceNumber: UInt32
    /// The device's number, from its record.
    public var deviceID: UInt32
    /// The number of the transfer to cancel.
    public var target: UInt32

    /// A wish to cancel the transfer `target`.
    public init(sequenceNumber: UInt32, deviceID: UInt32, target: UInt32) {
        self.sequenceNumber = sequenceNumber
        self.deviceID = deviceID
        self.target = target
    }
}

/// `RET_SUBMIT` without its payload: how a transfer ended.
public struct SubmitReply: Hashable, Sendable {
    /// The number of the transfer.
    public var sequenceNumber: UInt32
    /// How it ended.
    public var status: LinuxStatus
    /// Bytes that moved; an IN is followed by as many.
    public var actualLength: Int32
    /// Of an isochronous transfer; 0 otherwise.
    public var startFrame: Int32 = 0
    /// Of an isochronous transfer; 0 otherwise.
    public var packetCount: Int32 = 0
    /// Isochronous packets in error.
    public var errorCount: Int32 = 0

    /// The end of a transfer that is not isochronous.
    public init(sequenceNumber: UInt32, status: LinuxStatus, actualLength: Int32) {
        self.sequenceNumber = sequenceNumber
        self.status = status
        self.actualLength = actualLength
    }
}

/// `RET_UNLINK`: what became of a wish to cancel.
public struct UnlinkReply: Hashable, Sendable {
    /// The number of the wish.
    public var sequenceNumber: UInt32
    /// `connectionReset` when it was granted, `success` when the transfer had ended before.
    public var status: LinuxStatus

    /// The answer to a wish.
    public init(sequenceNumber: UInt32, status: LinuxStatus) {
        self.sequenceNumber = sequenceNumber
        self.status = status
    }
}

/// What a client sends in the transfer phase.
public enum TransferCommand: Hashable, Sendable {
    /// `CMD_SUBMIT`; an OUT's data, then isochronous packets, follow.
    case submit(SubmitCommand)
    /// `CMD_UNLINK`.
    case unlink(UnlinkCommand)
}

/// What a server sends in the transfer phase.
public enum TransferReply: Hashable, Sendable {
    /// `RET_SUBMIT`; an IN's data, then isochronous packets, follow.
    case submit(SubmitReply)
    /// `RET_UNLINK`.
    case unlink(UnlinkReply)
}

/// One packet of an isochronous transfer, 16 bytes on the wire (usbip §1.5).
public struct IsochronousPacket: Hashable, Sendable {
    static let size = 16
    /// The most packets in one transfer (usbip §1.9).
    static let maximumCount: Int32 = 1024

    /// Where its data stands in the buffer.
    public var offset: UInt32
    /// Bytes of the buffer that are its own.
    public var length: UInt32
    /// Bytes that moved.
    public var actualLength: UInt32
    /// How it ended.
    public var status: LinuxStatus

    /// A packet of these fields.
    public init(
        offset: UInt32, length: UInt32, actualLength: UInt32 = 0, status: LinuxStatus = .success
    ) {
        self.offset = offset
        self.length = length
        self.actualLength = actualLength
        self.status = status
    }
}
