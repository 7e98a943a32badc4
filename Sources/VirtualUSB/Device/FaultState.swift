internal import DriverRuntime
internal import USBBus
internal import USBTypes

/// A fault plan at work: counts the transfers of each endpoint and gives each its fault.
final class FaultState {
    var plan = FaultPlan()
    /// By endpoint number, OUT first, then IN; endpoint 0 counts as OUT.
    private var counts = [Int](repeating: 0, count: 32)
    private var holds: [Deadline?] = Array(repeating: nil, count: 32)
    private unowned let core: PortCore

    init(_ core: PortCore) { self.core = core }

    private static func slot(_ address: EndpointAddress) -> Int {
        Int(address.number) + (address.number != 0 && address.direction == .in ? 16 : 0)
    }

    /// Counts a transfer that a host submits.
    func mark(_ transfer: HostTransfer) {
        let slot = Self.slot(transfer.endpoint)
        counts[slot] += 1
        transfer.fault =
            plan.rules.isEmpty ? nil : plan.fault(of: transfer, number: counts[slot])
    }

    /// Serves `endpoint` again after `duration`.
    func hold(_ endpoint: EndpointAddress, for duration: Duration) {
        let slot = Self.slot(endpoint)
        let deadline =
            holds[slot]
            ?? Deadline(on: core.loop) { [weak port = core.port] in
                port?.core.value.endpoint(endpoint)?.serve()
            }
        holds[slot] = deadline
        deadline.arm(after: duration)
    }

    func release() {
        for slot in holds.indices { holds[slot].take()?.disarm() }
    }
}

extension PortCore {
    /// Whether the first transfer of an endpoint may be served now. If its fault ended it, what is
    /// behind it has been served.
    func admit(_ transfer: HostTransfer, at endpoint: EndpointCore) -> Bool {
        guard let fault = transfer.fault else { return true }
        switch fault {
        case .planned(.stall) where endpoint.address.number != 0:
            transfer.fault = nil
            endpoint.halt()
        case .planned(.stall):
            endpoint.end(transfer, .stalled, length: 0)
            endpoint.serve()
        case .planned(.fail):
            endpoint.end(transfer, .failed, length: 0)
            endpoint.serve()
        case .planned(.delay(let duration)):
            transfer.fault = .delayed(until: loop.now.advanced(by: duration))
            faults.hold(endpoint.address, for: duration)
        case .delayed(let instant):
            guard loop.now >= instant else { return false }
            transfer.fault = nil
            return true
        case .planned(.silence):
            break
        case .planned(.short), .planned(.corrupt):
            return true
        case .planned(.unplug(let kind)):
            unplug(kind)
        }
        return false
    }

    /// How many of `length` bytes the fault of `transfer` lets through.
    func shortened(_ length: Int, of transfer: HostTransfer) -> Int {
        guard case .planned(.short(let most)) = transfer.fault else { return length }
        return min(length, max(0, most))
    }

    /// Spoils the first byte if that is the fault of `transfer`.
    func corrupt(
        _ memory: UnsafeMutableRawBufferPointer, count: Int, by transfer: HostTransfer
    ) {
        guard case .planned(.corrupt) = transfer.fault, count > 0 else { return }
        unsafe memory[0] = ~memory[0]
    }
}
