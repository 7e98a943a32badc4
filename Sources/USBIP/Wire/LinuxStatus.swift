public import USBBus

/// How a transfer ended, as Linux numbers it on every platform: 0 or a negative errno
/// (usbip §1.8). Numbers that have no name are kept.
public struct LinuxStatus: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    public let rawValue: Int32
    /// Takes the number on the wire.
    public init(rawValue: Int32) { self.rawValue = rawValue }
    /// As asked, or ended early by a short packet that was allowed.
    public static let success = LinuxStatus(rawValue: 0)
    /// `EXDEV`: an isochronous transfer was carried out in part, or not at all.
    public static let partlyDone = LinuxStatus(rawValue: -18)
    /// `EPIPE`: the endpoint is halted, or the control request was refused.
    public static let stalled = LinuxStatus(rawValue: -32)
    /// `EPROTO`: the bus failed.
    public static let protocolError = LinuxStatus(rawValue: -71)
    /// `EOVERFLOW`: the device sent more than was asked for.
    public static let overflow = LinuxStatus(rawValue: -75)
    /// `ECONNRESET`: cancelled.
    public static let connectionReset = LinuxStatus(rawValue: -104)
    /// `ESHUTDOWN`: the device is gone.
    public static let shutDown = LinuxStatus(rawValue: -108)
    /// `EREMOTEIO`: an IN was short and the client had said that it must not be.
    public static let shortNotOK = LinuxStatus(rawValue: -121)

    /// The number for a transfer's end.
    public init(_ status: TransferStatus) {
        switch status {
        case .completed: self = .success
        case .cancelled: self = .connectionReset
        case .stalled: self = .stalled
        case .overflow: self = .overflow
        case .failed: self = .protocolError
        case .deviceGone: self = .shutDown
        }
    }
}
