public import USBBus
internal import USBTypes

// What a peer that has a device may send, and how its transfers end.
extension ServerSession {
    enum Step {
        case effect(Effect)
        case handled
    }

    /// Takes one command; `nil` when it is not all there.
    mutating func takeCommand(for deviceID: UInt32) throws(WireError) -> Step? {
        guard
            let command = try TransferCommand.parse(
                input.bytes, maximumLength: limits.transferLength)
        else {
            needed = input.count < 4 ? 4 : TransferHeader.size
            return nil
        }
        switch command {
        case .unlink(let unlink):
            guard unlink.deviceID == deviceID else { return violate(.wrongDevice(unlink.deviceID)) }
            taken = TransferHeader.size
            return take(unlink)
        case .submit(let submit):
            guard submit.deviceID == deviceID else { return violate(.wrongDevice(submit.deviceID)) }
            return try take(submit)
        }
    }

    private mutating func violate(_ violation: SessionViolation) -> Step {
        end(.violated(violation))
        return .handled
    }

    private mutating func take(_ command: SubmitCommand) throws(WireError) -> Step? {
        let endpoint =
            command.endpointNumber == 0
            ? .control : EndpointAddress(number: command.endpointNumber, command.direction)
        let isIsochronous = endpoints.isIsochronous(endpoint)
        let allowed = isIsochronous ? 0...IsochronousPacket.maximumCount : -1...0
        guard allowed.contains(command.packetCount) else {
            throw WireError(.invalidPacketCount(command.packetCount), at: 32)
        }
        if let violation = violation(of: command) { return violate(violation) }
        let packets = isIsochronous ? Int(command.packetCount) : 0
        let packetStart = TransferHeader.size + command.payloadLength
        let size = packetStart + packets * IsochronousPacket.size
        guard input.count >= size else {
            needed = size
            return nil
        }
        taken = size
        payloadStart = size
        if isCancelledAhead(command.sequenceNumber) { return .handled }
        if isIsochronous {
            let descriptors = try IsochronousPacket.parse(
                packets, from: input.bytes, at: packetStart, within: command.length)
            refuse(command, descriptors)
            return .handled
        }
        if endpoint == .control, command.contradictsSetup {
            reply(to: command, .protocolError)
            return .handled
        }
        if endpoint == .control, command.setup.isPortReset {
            endpoints.reset()
            reply(to: command, .success)
            return .effect(.resetBus)
        }
        payloadStart = TransferHeader.size
        return .effect(.submit(begin(command, endpoint)))
    }

    private func violation(of command: SubmitCommand) -> SessionViolation? {
        if transfers.ticket(of: command.sequenceNumber) != nil {
            return .duplicateSequenceNumber(command.sequenceNumber)
        }
        if transfers.count >= limits.transfers { return .tooManyTransfers(limit: limits.transfers) }
        if transfers.bytes + command.length > limits.bytesInTransfers {
            return .tooManyBytes(limit: limits.bytesInTransfers)
        }
        return nil
    }

    private mutating func begin(
        _ command: SubmitCommand, _ endpoint: EndpointAddress
    ) -> Submission {
        let ticket = transfers.insert(
            TransferTable.Entry(
                sequenceNumber: command.sequenceNumber, flags: command.flags,
                length: command.length, direction: command.direction,
                setup: endpoint == .control ? command.setup : nil))
        return Submission(
            ticket: ticket, sequenceNumber: command.sequenceNumber, endpoint: endpoint,
            direction: command.direction, setup: command.setup, length: command.length,
            endsWithZeroPacket: command.direction == .out && command.flags.contains(.zeroPacket))
    }

    private mutating func reply(to command: SubmitCommand, _ status: LinuxStatus) {
        TransferReply.submit(
            SubmitReply(
                sequenceNumber: command.sequenceNumber, status: status, actualLength: 0)
        ).append(to: &unsent)
    }

    /// The packets are sent back as they came, none of them carried out (usbip §1.5).
    private mutating func refuse(_ command: SubmitCommand, _ packets: [IsochronousPacket]) {
        var reply = SubmitReply(
            sequenceNumber: command.sequenceNumber, status: .partlyDone, actualLength: 0)
        reply.packetCount = Int32(packets.count)
        reply.errorCount = reply.packetCount
        TransferReply.submit(reply).append(to: &unsent)
        for packet in packets {
            IsochronousPacket(offset: packet.offset, length: packet.length, status: .partlyDone)
                .append(to: &unsent)
        }
    }

    // MARK: Unlink

    private mutating func take(_ unlink: UnlinkCommand) -> Step {
        guard let ticket = transfers.ticket(of: unlink.target), let entry = transfers[ticket] else {
            if mayFollow(unlink) { return keep(unlink) }
            // Its RET_SUBMIT went out before, or it never was.
            answer(unlink: unlink.sequenceNumber, .success)
            return .handled
        }
        guard entry.isCommitted else {
            withdrawal = (unlink.sequenceNumber, ticket)
            return .effect(.withdraw(ticket: ticket))
        }
        return wait(unlink.sequenceNumber, for: ticket)
    }

    /// Answers ``Effect/withdraw(ticket:)``: whether the transfer was taken back, so that it will
    /// not complete.
    public mutating func withdrew(ticket: Int, _ wasTakenBack: Bool) {
        guard let (number, awaited) = withdrawal.take() else { return }
        precondition(awaited == ticket, "ticket \(awaited) was to be withdrawn, not \(ticket)")
        guard wasTakenBack else {
            transfers.commit(ticket)
            _ = wait(number, for: ticket)
            return
        }
        _ = transfers.remove(ticket)
        answer(unlink: number, .connectionReset)
    }

    /// Whether the transfer may arrive behind the wish to cancel it: Linux's vhci sends the two
    /// from separate queues, and on several processors the wish can come first. Numbers rise, so
    /// such a transfer's is above all that were submitted and below the wish's own.
    private func mayFollow(_ unlink: UnlinkCommand) -> Bool {
        guard unlink.target.precedes(unlink.sequenceNumber) else { return false }
        return lastSubmitted?.precedes(unlink.target) ?? true
    }

    /// An answer now would be one too early: vhci would take it for the end of a transfer that it
    /// then sends all the same, and would tear the device down at that one's reply.
    private mutating func keep(_ unlink: UnlinkCommand) -> Step {
        guard earlyUnlinks.count < limits.waitingUnlinks else {
            return violate(.tooManyUnlinks(limit: limits.waitingUnlinks))
        }
        earlyUnlinks.append(unlink)
        return .handled
    }

    /// Answers the wishes that came before the transfer of this number, and those for numbers that
    /// it shows will not come. Tells whether the transfer is cancelled.
    private mutating func isCancelledAhead(_ number: UInt32) -> Bool {
        if lastSubmitted?.precedes(number) ?? true { lastSubmitted = number }
        guard !earlyUnlinks.isEmpty else { return false }
        var isCancelled = false
        for unlink in earlyUnlinks where !number.precedes(unlink.target) {
            let isFirst = unlink.target == number && !isCancelled
            answer(unlink: unlink.sequenceNumber, isFirst ? .connectionReset : .success)
            if isFirst { isCancelled = true }
        }
        earlyUnlinks.removeAll { !number.precedes($0.target) }
        return isCancelled
    }

    private mutating func wait(_ number: UInt32, for ticket: Int) -> Step {
        guard waitingUnlinks.count < limits.waitingUnlinks else {
            return violate(.tooManyUnlinks(limit: limits.waitingUnlinks))
        }
        waitingUnlinks.append((number, ticket))
        return .handled
    }

    private mutating func answer(unlink number: UInt32, _ status: LinuxStatus) {
        TransferReply.unlink(UnlinkReply(sequenceNumber: number, status: status))
            .append(to: &unsent)
    }

    // MARK: Completions

    /// A transfer ended: `length` bytes moved, and those of an IN are in `data`. Ignored after the
    /// session's end.
    ///
    /// Never more bytes are sent than were asked for or than `data` has.
    public mutating func complete(
        ticket: Int, _ status: TransferStatus, length: Int, data: RawSpan
    ) {
        guard case .attached = state else { return }
        precondition(withdrawal == nil, "a withdrawal was not answered")
        guard let entry = transfers.remove(ticket) else {
            preconditionFailure("no transfer has ticket \(ticket): it completed twice")
        }
        let isIn = entry.direction == .in
        let moved = min(max(length, 0), entry.length, isIn ? data.byteCount : .max)
        var linux = LinuxStatus(status)
        if linux == .success, isIn, moved < entry.length, entry.flags.contains(.shortNotOK) {
            linux = .shortNotOK
        }
        if status == .completed, let setup = entry.setup { endpoints.apply(setup) }
        TransferReply.submit(
            SubmitReply(
                sequenceNumber: entry.sequenceNumber, status: linux, actualLength: Int32(moved))
        ).append(to: &unsent)
        if isIn { unsent.append(data.extracting(first: moved)) }
        if entry.isCommitted { answerUnlinks(of: ticket) }
    }

    private mutating func answerUnlinks(of ticket: Int) {
        for unlink in waitingUnlinks where unlink.ticket == ticket {
            answer(unlink: unlink.sequenceNumber, .success)
        }
        waitingUnlinks.removeAll { $0.ticket == ticket }
    }
}

extension SubmitCommand {
    /// Whether setup packet and header disagree; where no data moves the direction does not count.
    fileprivate var contradictsSetup: Bool {
        Int(setup.length) != length || length > 0 && setup.direction != direction
    }
}

extension SetupPacket {
    /// Whether it is the hub request by which a client asks for a reset of the device (usbip
    /// §1.12), whatever port it names: SET_FEATURE(PORT_RESET), USB 2.0 §11.24.2.
    fileprivate var isPortReset: Bool { requestType == 0x23 && request == 3 && value == 4 }
}

extension UInt32 {
    /// Whether it comes before `other` among numbers that rise and wrap.
    fileprivate func precedes(_ other: UInt32) -> Bool { Int32(bitPattern: other &- self) > 0 }
}
