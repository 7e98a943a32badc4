internal import DriverRuntime
public import USBTypes

/// What goes wrong with a device, as data: rules that are looked at for each transfer a host
/// submits, the first that matches applies.
public struct FaultPlan: Sendable, Hashable {
    /// The rules, in the order in which they are tried.
    public var rules: [FaultRule]

    /// A plan of these rules; none for a device that works.
    public init(_ rules: [FaultRule] = []) { self.rules = rules }

    func fault(of transfer: HostTransfer, number: Int) -> PendingFault? {
        rules.first { $0.matches(transfer, number: number) }.map { .planned($0.fault) }
    }
}

/// One rule of a fault plan: which transfers, and what happens to them.
public struct FaultRule: Sendable, Hashable {
    /// The endpoint, number and direction; `.control` for the default control endpoint.
    public var endpoint: EndpointAddress
    /// Which of the endpoint's transfers, counted from 1 since the device was plugged in.
    public var transfers: ClosedRange<Int>
    /// Of control transfers, those alone with this request.
    public var request: UInt8?
    /// What happens.
    public var fault: Fault

    /// Applies `fault` to these transfers of `endpoint`; to all of them unless told which.
    public init(
        _ endpoint: EndpointAddress, transfers: ClosedRange<Int> = 1...Int.max,
        request: UInt8? = nil, _ fault: Fault
    ) {
        self.endpoint = endpoint
        self.transfers = transfers
        self.request = request
        self.fault = fault
    }

    /// Applies `fault` to the `number`-th transfer of `endpoint`.
    public init(_ endpoint: EndpointAddress, transfer number: Int, _ fault: Fault) {
        self.init(endpoint, transfers: number...number, fault)
    }

    func matches(_ transfer: HostTransfer, number: Int) -> Bool {
        guard transfers.contains(number) else { return false }
        if endpoint.number == 0 {
            return transfer.endpoint.number == 0
                && (request.map { $0 == transfer.setup.request } ?? true)
        }
        return endpoint.number == transfer.endpoint.number
            && endpoint.direction == transfer.endpoint.direction
    }
}

/// One thing that can go wrong with a transfer, when its turn comes.
public enum Fault: Sendable, Hashable {
    /// The endpoint halts, so this transfer and those behind it end as stalled; a control request
    /// is refused.
    case stall
    /// The device answers NAK for a time, then as usual.
    case delay(Duration)
    /// The device answers NAK for ever: the transfer ends when it is cancelled.
    case silence
    /// The bus fails: the transfer ends as failed with no bytes moved.
    case fail
    /// No more than so many bytes are moved; what an IN had beyond them is lost.
    case short(Int)
    /// The first byte arrives inverted.
    case corrupt
    /// The device leaves.
    case unplug(UnplugKind)
}

/// The fault of one transfer while it waits.
enum PendingFault {
    case planned(Fault)
    /// A delay that has begun.
    case delayed(until: Instant)
}
