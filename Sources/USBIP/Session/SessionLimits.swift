/// What one connection may take of a server. Each bound is checked before memory is taken.
public struct SessionLimits: Hashable, Sendable {
    /// The largest `transfer_buffer_length`. Clients send whatever their kernel lets one transfer
    /// be, at least 1 MiB (usbip §1.9).
    public var transferLength = 16 * 1024 * 1024
    /// The most transfers that wait for their end.
    public var transfers = 4096
    /// The most bytes that those transfers may carry together.
    public var bytesInTransfers = 64 * 1024 * 1024
    /// The most wishes to cancel that wait for a transfer whose end is committed.
    public var waitingUnlinks = 4096
    /// As many unsent bytes stop the reading of further commands until the peer has taken some.
    public var unsentBytes = 256 * 1024

    /// The standard limits.
    public init() {}
}
