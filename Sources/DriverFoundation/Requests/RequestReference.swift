/// A request as it stands somewhere in its device, without the right to complete it: what
/// ``RequestQueue/find(where:)`` finds, and what a stop or resume handler is told of.
///
/// It names its request for ever, and the request may end at any time: what asks something of the
/// request says so. Compare ``number`` with that of a ``Request`` to find the one meant.
///
/// Threading: the device's scope; what is constant, anywhere.
public struct RequestReference: Sendable {
    let core: RequestCore
    /// Counts the requests of the device.
    public let number: UInt64
    /// What it asks for.
    public let kind: RequestKind
    /// The client's bytes.
    public let input: [UInt8]
    /// The most bytes that the client takes back.
    public let outputCapacity: Int
    /// When it reached the device.
    public let arrival: Instant

    init(_ core: RequestCore) {
        self.core = core
        number = core.state.value.number
        kind = core.state.value.kind
        input = core.state.value.input
        outputCapacity = core.state.value.outputCapacity
        arrival = core.state.value.arrival
    }

    /// The control code of a device control, internal or not; `nil` for a read or write.
    public var code: ControlCode? { kind.code }

    /// Whether the request has ended.
    public var hasEnded: Bool { live == nil }

    /// Whether its client has given it up; `true` as well when it has ended.
    public var isCancelled: Bool { live?.state.value.isCancelled ?? true }

    /// The core while it still serves this request.
    var live: RequestCore? {
        guard core.state.value.number == number, core.state.value.phase != .free else { return nil }
        return core
    }
}

extension RequestReference: Hashable {
    /// Whether both name one request.
    public static func == (left: RequestReference, right: RequestReference) -> Bool {
        left.number == right.number && left.core === right.core
    }
    /// Hashes what names the request.
    public func hash(into hasher: inout Hasher) { hasher.combine(number) }
}

extension RequestKind {
    /// The control code of a device control, internal or not; `nil` for a read or write.
    public var code: ControlCode? {
        switch self {
        case .read, .write: nil
        case .deviceControl(let code), .internalDeviceControl(let code): code
        }
    }
}
