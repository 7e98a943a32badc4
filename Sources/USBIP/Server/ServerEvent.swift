/// What a server reports while it runs, on its loop.
public enum ServerEvent: Sendable, Hashable {
    /// A client connected. `client` is unique within the server; `address` is for people.
    case connected(client: UInt64, address: String)
    /// A client got a device.
    case imported(client: UInt64, BusID)
    /// A client's session ended, and a device it had is free again.
    case ended(client: UInt64, SessionEnd)
    /// A client was turned away because `ServerOptions.maximumConnections` are there.
    case turnedAway(address: String)
}

extension ServerEvent: CustomStringConvertible {
    /// One line for a log.
    public var description: String {
        switch self {
        case .connected(let client, let address): return "client \(client) is \(address)"
        case .imported(let client, let busID): return "client \(client) has \(busID)"
        case .ended(let client, let reason): return "client \(client) ended: \(reason)"
        case .turnedAway(let address): return "\(address) was turned away: too many connections"
        }
    }
}
