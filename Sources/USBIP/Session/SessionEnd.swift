/// Why a session ended.
public enum SessionEnd: Hashable, Sendable {
    /// The peer closed the connection.
    case peerClosed
    /// The peer had its list of devices.
    case listed
    /// The peer asked for a device that it did not get.
    case refused(OperationStatus)
    /// The device was unplugged.
    case unplugged
    /// The server stopped.
    case stopped
    /// The peer did not state its wish, or did not take the answer, in time.
    case timedOut
    /// The connection failed, with this `errno`.
    case connectionFailed(Int32)
    /// The peer sent what is no message, or what no client may send. `position` counts the bytes
    /// of the connection before that message.
    case malformed(WireError, position: UInt64)
    /// The peer did what the protocol forbids.
    case violated(SessionViolation)
}

/// What a peer did against the rules with messages that are well formed.
public enum SessionViolation: Hashable, Sendable {
    /// A command for another device than the one it has.
    case wrongDevice(UInt32)
    /// A transfer under the number of one that has not ended.
    case duplicateSequenceNumber(UInt32)
    /// More transfers than `SessionLimits.transfers` that have not ended.
    case tooManyTransfers(limit: Int)
    /// Transfers with more bytes together than `SessionLimits.bytesInTransfers`.
    case tooManyBytes(limit: Int)
    /// More wishes to cancel than `SessionLimits.waitingUnlinks` that cannot be answered yet.
    case tooManyUnlinks(limit: Int)
}

extension SessionEnd: CustomStringConvertible {
    /// One sentence for people.
    public var description: String {
        switch self {
        case .peerClosed: return "The peer closed the connection."
        case .listed: return "The peer was given the list of devices."
        case .refused(let status):
            return "The peer was refused a device with status \(status.rawValue)."
        case .unplugged: return "The device was unplugged."
        case .stopped: return "The server stopped."
        case .timedOut: return "The peer was silent for too long."
        case .connectionFailed(let code): return "The connection failed with errno \(code)."
        case .malformed(let error, let position):
            return "The peer's message at byte \(position) is malformed. \(error)"
        case .violated(let violation): return "The peer broke the protocol: \(violation.text)."
        }
    }
}

extension SessionViolation {
    fileprivate var text: String {
        switch self {
        case .wrongDevice(let id):
            return "a command for device 0x\(String(id, radix: 16)), which it does not have"
        case .duplicateSequenceNumber(let number):
            return "transfer \(number) while another one of that number has not ended"
        case .tooManyTransfers(let limit): return "more than \(limit) transfers at once"
        case .tooManyBytes(let limit): return "more than \(limit) bytes in transfers at once"
        case .tooManyUnlinks(let limit): return "more than \(limit) waiting unlinks"
        }
    }
}
