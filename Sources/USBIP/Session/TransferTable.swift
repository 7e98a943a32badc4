internal import USBTypes

/// The transfers of a session that have not ended, by ticket and by the client's number.
struct TransferTable: Sendable {
    struct Entry: Sendable {
        var sequenceNumber: UInt32
        var flags: TransferFlags
        var length: Int
        var direction: Direction
        /// Of a control transfer.
        var setup: SetupPacket?
        /// Whether the device has committed its end, so that no wish to cancel can be granted.
        var isCommitted = false
    }

    private var entries: [Entry?] = []
    private var free: [Int] = []
    // Looked up only, never iterated: its order is not deterministic.
    private var tickets: [UInt32: Int] = [:]
    private(set) var bytes = 0

    var count: Int { tickets.count }

    subscript(ticket: Int) -> Entry? {
        entries.indices.contains(ticket) ? entries[ticket] : nil
    }

    func ticket(of sequenceNumber: UInt32) -> Int? { tickets[sequenceNumber] }

    /// Adds a transfer whose number is not in the table. Tickets are small and used again.
    mutating func insert(_ entry: Entry) -> Int {
        let ticket = free.popLast() ?? entries.count
        if ticket == entries.count { entries.append(entry) } else { entries[ticket] = entry }
        tickets[entry.sequenceNumber] = ticket
        bytes += entry.length
        return ticket
    }

    mutating func remove(_ ticket: Int) -> Entry? {
        guard let entry = self[ticket] else { return nil }
        entries[ticket] = nil
        free.append(ticket)
        tickets[entry.sequenceNumber] = nil
        bytes -= entry.length
        return entry
    }

    mutating func commit(_ ticket: Int) { entries[ticket]?.isCommitted = true }
}
