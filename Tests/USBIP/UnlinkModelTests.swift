import DriverSimulation
import Testing
import USBBus
import USBTypes

@testable import USBIP

/// Random interleavings of a client and a device around one session, checked against the rule of
/// unlink: the oracle reads only what the session sends.
@Suite struct UnlinkModelTests {
    @Test(
        "usbip §1.11: one outcome for each transfer, one answer for each unlink, in order",
        arguments: 0..<8 as Range<UInt64>)
    func interleavings(seed: UInt64) throws {
        var world = try World(seed: seed)
        for _ in 0..<25_000 { try world.step() }
        try world.drain()
        #expect(world.outcomes.granted > 200, "unlinks must win often enough to be judged")
        #expect(world.outcomes.lost > 200, "unlinks must lose to a committed end as well")
        #expect(world.outcomes.late > 200, "and come after the end")
        #expect(world.outcomes.early > 100, "or before the transfer itself")
    }
}

private struct Broken: Error { let rule: String }

/// A client, a device and a network that cuts the bytes anywhere.
private struct World: ~Copyable {
    enum Fate { case pending, answered, unlinked }
    struct Transfer {
        let isIn: Bool
        let length: Int
        var fate = Fate.pending
    }
    struct Outcomes { var granted = 0, lost = 0, late = 0, early = 0 }

    private var random: SeededGenerator
    private var session: ServerSession
    private var toServer: [UInt8] = []
    private var toClient: [UInt8] = []
    private var nextNumber: UInt32
    /// What the client knows: by number, and the numbers in the order of submission.
    private var transfers: [UInt32: Transfer] = [:]
    private var submitted: [UInt32] = []
    private var unlinks: [UInt32: UInt32] = [:]
    /// What the device has: tickets not ended, and whether the end is committed.
    private var atDevice: [(transfer: ServerSession.Submission, isCommitted: Bool)] = []
    private(set) var outcomes = Outcomes()

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        session = try SessionFixture.attached()
        // Numbers wrap: they are 32 bits and compared as such.
        nextNumber = UInt32.max - 1000
    }

    mutating func step() throws {
        switch Int.random(in: 0..<15, using: &random) {
        case 0...2: submit()
        case 3, 4: unlink()
        case 5...7: try deliver()
        case 8...10: commit()
        case 11, 12: try finish()
        default: try readReplies(everything: false)
        }
    }

    /// Lets everything end, and demands that nothing is left.
    mutating func drain() throws {
        while !toServer.isEmpty { try deliver() }
        while !atDevice.isEmpty { try finish() }
        try readReplies(everything: true)
        guard session.transfersInFlight == 0, unlinks.isEmpty, session.endReason == nil else {
            throw Broken(rule: "all is answered in the end")
        }
        guard transfers.values.allSatisfy({ $0.fate != .pending }) else {
            throw Broken(rule: "each transfer has an outcome")
        }
    }

    private mutating func number() -> UInt32 {
        nextNumber &+= UInt32.random(in: 1...3, using: &random)
        return nextNumber
    }

    private mutating func submit() {
        guard submitted.count < 40 else { return }
        let number = number()
        let isIn = random.chance(60)
        let length = Int.random(in: 0...70, using: &random)
        transfers[number] = Transfer(isIn: isIn, length: length)
        submitted.append(number)
        let data = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: length)
        let command =
            isIn
            ? Command.submitIn(number, 1, length: length) : Command.submitOut(number, data)
        if random.chance(10) {
            let unlink = self.number()
            unlinks[unlink] = number
            toServer += Command.unlink(unlink, number)
            outcomes.early += 1
        }
        toServer += command
    }

    private mutating func unlink() {
        let number = number()
        let target: UInt32
        if random.chance(5) {
            target = number
        } else if let known = submitted.randomElement(using: &random) {
            target = known
        } else {
            return
        }
        unlinks[number] = target
        toServer += Command.unlink(number, target)
    }

    private mutating func deliver() throws {
        let count = min(toServer.count, Int.random(in: 1...300, using: &random))
        session.receive(Array(toServer.prefix(count)))
        toServer.removeFirst(count)
        while let effect = session.next() {
            switch effect {
            case .submit(let transfer):
                let tag = UInt8(truncatingIfNeeded: transfer.sequenceNumber)
                let data = [UInt8](
                    repeating: tag, count: transfer.direction == .out ? transfer.length : 0)
                guard session.payload.copy() == data else {
                    throw Broken(rule: "the device gets the data that was sent")
                }
                atDevice.append((transfer, false))
            case .withdraw(let ticket):
                guard let index = atDevice.firstIndex(where: { $0.transfer.ticket == ticket })
                else { throw Broken(rule: "only what the device has is withdrawn") }
                let isTaken = !atDevice[index].isCommitted
                if isTaken { atDevice.remove(at: index) } else { outcomes.lost += 1 }
                session.withdrew(ticket: ticket, isTaken)
            default: throw Broken(rule: "no other effect is expected, \(effect)")
            }
        }
    }

    private mutating func commit() {
        guard !atDevice.isEmpty else { return }
        atDevice[Int.random(in: 0..<atDevice.count, using: &random)].isCommitted = true
    }

    private mutating func finish() throws {
        guard !atDevice.isEmpty else { return }
        let index =
            atDevice.firstIndex { $0.isCommitted }
            ?? Int.random(in: 0..<atDevice.count, using: &random)
        let transfer = atDevice.remove(at: index).transfer
        let tag = UInt8(truncatingIfNeeded: transfer.sequenceNumber)
        let data = [UInt8](repeating: tag, count: transfer.length)
        session.complete(
            ticket: transfer.ticket, .completed, length: transfer.length, bytes: data)
    }

    /// Reads replies as vhci does: one that it cannot place is the end of the device (usbip §1.10).
    private mutating func readReplies(everything: Bool) throws {
        let available = session.output.copy()
        let count =
            everything ? available.count : Int.random(in: 0...available.count, using: &random)
        toClient += available.prefix(count)
        session.sent(count)
        while let reply = try TransferReply.parse(toClient.raw) {
            switch reply {
            case .submit(let reply):
                guard let transfer = transfers[reply.sequenceNumber], transfer.fate == .pending
                else { throw Broken(rule: "RET_SUBMIT once, for what was submitted, not unlinked") }
                let size = transfer.isIn ? Int(reply.actualLength) : 0
                guard toClient.count >= 48 + size else { return }
                let tag = UInt8(truncatingIfNeeded: reply.sequenceNumber)
                guard toClient[48..<48 + size].allSatisfy({ $0 == tag }),
                    reply.actualLength == transfer.length, reply.status == .success
                else { throw Broken(rule: "a reply carries its own transfer's data") }
                end(reply.sequenceNumber, .answered)
                toClient.removeFirst(48 + size)
            case .unlink(let reply):
                try judge(reply)
                toClient.removeFirst(48)
            }
        }
    }

    private mutating func judge(_ reply: UnlinkReply) throws {
        guard let target = unlinks.removeValue(forKey: reply.sequenceNumber) else {
            throw Broken(rule: "RET_UNLINK once, for what was asked")
        }
        let fate = transfers[target]?.fate
        switch (reply.status, fate) {
        case (.connectionReset, .pending):
            end(target, .unlinked)
            outcomes.granted += 1
        case (.success, .answered), (.success, .unlinked), (.success, nil):
            outcomes.late += 1
        default: throw Broken(rule: "RET_UNLINK \(reply.status) does not fit \(fate as Any)")
        }
    }

    private mutating func end(_ number: UInt32, _ fate: Fate) {
        transfers[number]?.fate = fate
        // Known for a while, so that late unlinks occur.
        while submitted.count > 30, let oldest = submitted.first,
            transfers[oldest]?.fate != .pending
        {
            submitted.removeFirst()
        }
    }
}
