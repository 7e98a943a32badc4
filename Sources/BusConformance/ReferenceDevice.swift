public import USBTypes

/// What the conformance cases know of the device that they talk to: its numbers and requests.
///
/// A tier brings a device that keeps to this; the cases know nothing else of it.
public enum ReferenceDevice {
    /// `idVendor`.
    public static let vendorID: UInt16 = 0x1209
    /// `idProduct`.
    public static let productID: UInt16 = 0x7059
    /// `iSerialNumber`.
    public static let serialNumber = "conformance"

    /// The interface with endpoints in its only setting.
    public static let mainInterface: UInt8 = 0
    /// The interface with nothing in setting 0 and ``sink`` and ``source`` in setting 1.
    public static let settingsInterface: UInt8 = 1
    /// Bytes of one bulk packet (the device runs at high speed).
    public static let bulkPacket = 512
    /// Bytes of one interrupt packet.
    public static let interruptPacket = 64

    /// Bulk OUT: what arrives goes out on ``loopIn``, message by message.
    public static let loopOut: EndpointAddress = 0x01
    /// Bulk IN: the other end of ``loopOut``.
    public static let loopIn: EndpointAddress = 0x81
    /// Bulk IN that has nothing to say until it is told to.
    public static let silentIn: EndpointAddress = 0x82
    /// Interrupt OUT, whose messages are counted.
    public static let interruptOut: EndpointAddress = 0x03
    /// Interrupt IN that speaks when it is told to.
    public static let interruptIn: EndpointAddress = 0x83
    /// Bulk OUT of setting 1: messages are counted and forgotten.
    public static let sink: EndpointAddress = 0x04
    /// Bulk IN of setting 1: an endless ``pattern(_:)``, in messages of what is asked for.
    public static let source: EndpointAddress = 0x84

    /// The device's vendor requests, to the device as recipient.
    public enum Request: UInt8, Sendable {
        /// OUT: keeps the data; IN: gives it back.
        case echo = 1
        /// OUT: sends a message of `wValue` bytes of the pattern on endpoint `wIndex`.
        case send = 2
        /// OUT: the same, but the message is not ended.
        case sendPart = 3
        /// OUT: halts endpoint `wIndex`.
        case halt = 4
        /// Either direction: refused.
        case refuse = 5
        /// IN: how many messages and bytes arrived on endpoint `wIndex`, 4 bytes each, little
        /// endian.
        case received = 6
        /// IN: how often a configuration and an alternate setting was selected, and how often the
        /// bus was reset, 4 bytes each, little endian.
        case selections = 7
        /// OUT: `wValue` 1: messages that arrive on endpoint `wIndex` are not dealt with, so that
        /// the endpoint takes one and then no more; 0: they are again.
        case hold = 8
        /// IN: `wValue` bytes of the pattern, whatever was asked for.
        case answer = 9
        /// OUT: wakes the host (USB 2.0 §7.1.7.7), once, as soon as that lets the device sleep.
        case wake = 10
    }

    /// The byte at `position` of every pattern that the device sends.
    public static func pattern(_ position: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: position % 251)
    }
}
