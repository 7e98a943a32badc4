/// Where a server listens and what it lets its clients take.
///
/// USB/IP has no authentication and no encryption (usbip §1.14): whoever reaches the port can take
/// any device, and a client trusts the device it attaches. Hence the loopback address; carry the
/// connection through ssh or a VPN to reach other machines.
public struct ServerOptions: Sendable {
    /// The port that the protocol's clients try by themselves.
    public static let standardPort: UInt16 = 3240

    /// An IPv4 or IPv6 address of this machine.
    public var address = "127.0.0.1"
    /// The TCP port; 0 for any that is free.
    public var port: UInt16
    /// What one connection may take.
    public var limits = SessionLimits()
    /// More clients than this at once are turned away.
    public var maximumConnections = 64
    /// How long a client may take to state its wish, and to take the last answer.
    public var handshakeTimeout: Duration = .seconds(10)
    /// How long a client that vanished without a word may keep its device.
    public var silenceTimeout: Duration = .seconds(30)
    /// Called with each event, on the server's loop; it must not block.
    public var onEvent: @Sendable (ServerEvent) -> Void = { _ in }

    /// The standard options.
    public init(port: UInt16 = Self.standardPort) { self.port = port }
}
