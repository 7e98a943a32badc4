internal import USBTypes

extension TransferCommand {
    /// Reads the header at the beginning of `bytes`; what follows it is told by ``payloadLength``
    /// and, for isochronous endpoints, by the number of packets.
    ///
    /// - Parameter maximumLength: The largest `transfer_buffer_length` that is accepted.
    /// - Returns: The command, 48 bytes; `nil` when fewer are there.
    /// - Throws: `WireError`, as soon as the bytes are known to be no command, or one that no
    ///   client may send.
    public static func parse(
        _ bytes: RawSpan, maximumLength: Int
    ) throws(WireError) -> TransferCommand? {
        guard bytes.byteCount >= 4 else { return nil }
        let command: UInt32 = bytes.big(0)
        guard command == TransferHeader.submitCommand || command == TransferHeader.unlinkCommand
        else {
            throw WireError(.unknownCommand(command), at: 0)
        }
        guard bytes.byteCount >= TransferHeader.size else { return nil }
        if command == TransferHeader.submitCommand {
            return .submit(try SubmitCommand(from: bytes, maximumLength: maximumLength))
        }
        return .unlink(
            UnlinkCommand(
                sequenceNumber: bytes.big(4), deviceID: bytes.big(8), target: bytes.big(20)))
    }

    func append(to queue: inout ByteQueue) {
        switch self {
        case .submit(let command):
            queue.append(TransferHeader.submitCommand)
            queue.append(command.sequenceNumber)
            queue.append(command.deviceID)
            queue.append(UInt32(command.direction.rawValue))
            queue.append(UInt32(command.endpointNumber))
            queue.append(command.flags.rawValue)
            queue.append(Int32(clamping: command.length))
            queue.append(command.startFrame)
            queue.append(command.packetCount)
            queue.append(command.interval)
            for index in 0..<8 { queue.append(command.setup.bytes[index]) }
        case .unlink(let command):
            queue.append(TransferHeader.unlinkCommand)
            queue.append(command.sequenceNumber)
            queue.append(command.deviceID)
            queue.append(UInt64(0))
            queue.append(command.target)
            queue.appendZeros(24)
        }
    }

    /// The header as it stands on the wire.
    public var bytes: [UInt8] {
        var queue = ByteQueue()
        append(to: &queue)
        return queue.bytes.copy()
    }
}

extension SubmitCommand {
    /// Reads 48 bytes, whose command is known.
    fileprivate init(from bytes: RawSpan, maximumLength: Int) throws(WireError) {
        let direction: UInt32 = bytes.big(12)
        guard let known = Direction(rawValue: UInt8(clamping: direction)) else {
            throw WireError(.invalidDirection(direction), at: 12)
        }
        let endpoint: UInt32 = bytes.big(16)
        guard endpoint <= 15 else { throw WireError(.invalidEndpoint(endpoint), at: 16) }
        let length: Int32 = bytes.big(24)
        guard length >= 0, length <= maximumLength else {
            throw WireError(.invalidLength(length, limit: maximumLength), at: 24)
        }
        var setup = InlineArray<8, UInt8>(repeating: 0)
        for index in 0..<8 { setup[index] = bytes.big(40 + index) }
        self.init(
            sequenceNumber: bytes.big(4), deviceID: bytes.big(8), direction: known,
            endpointNumber: UInt8(endpoint), flags: TransferFlags(rawValue: bytes.big(20)),
            length: Int(length), setup: SetupPacket(bytes: setup))
        startFrame = bytes.big(28)
        packetCount = bytes.big(32)
        interval = bytes.big(36)
    }

    /// Bytes of data behind the header.
    public var payloadLength: Int { direction == .out ? length : 0 }
}

extension TransferReply {
    /// Reads the header at the beginning of `bytes`. Whether data follows only the request tells:
    /// the reply to an IN has `actualLength` bytes behind it, which the client must check against
    /// what it asked for.
    ///
    /// - Returns: The reply, 48 bytes; `nil` when fewer are there.
    /// - Throws: `WireError`, as soon as the bytes are known to be no reply.
    public static func parse(_ bytes: RawSpan) throws(WireError) -> TransferReply? {
        guard bytes.byteCount >= 4 else { return nil }
        let command: UInt32 = bytes.big(0)
        guard command == TransferHeader.submitReply || command == TransferHeader.unlinkReply else {
            throw WireError(.unknownCommand(command), at: 0)
        }
        guard bytes.byteCount >= TransferHeader.size else { return nil }
        let status = LinuxStatus(rawValue: bytes.big(20))
        guard command == TransferHeader.submitReply else {
            return .unlink(UnlinkReply(sequenceNumber: bytes.big(4), status: status))
        }
        var reply = SubmitReply(
            sequenceNumber: bytes.big(4), status: status, actualLength: bytes.big(24))
        reply.startFrame = bytes.big(28)
        reply.packetCount = bytes.big(32)
        reply.errorCount = bytes.big(36)
        return .submit(reply)
    }

    func append(to queue: inout ByteQueue) {
        switch self {
        case .submit(let reply):
            queue.append(TransferHeader.submitReply)
            queue.append(reply.sequenceNumber)
            queue.appendZeros(12)
            queue.append(reply.status.rawValue)
            queue.append(reply.actualLength)
            queue.append(reply.startFrame)
            queue.append(reply.packetCount)
            queue.append(reply.errorCount)
            queue.append(UInt64(0))
        case .unlink(let reply):
            queue.append(TransferHeader.unlinkReply)
            queue.append(reply.sequenceNumber)
            queue.appendZeros(12)
            queue.append(reply.status.rawValue)
            queue.appendZeros(24)
        }
    }

    /// The header as it stands on the wire.
    public var bytes: [UInt8] {
        var queue = ByteQueue()
        append(to: &queue)
        return queue.bytes.copy()
    }
}

extension IsochronousPacket {
    /// Reads `count` packets at `offset`, whose bytes are there; each must lie within a buffer of
    /// `length` bytes.
    static func parse(
        _ count: Int, from bytes: RawSpan, at offset: Int, within length: Int
    ) throws(WireError) -> [IsochronousPacket] {
        var packets: [IsochronousPacket] = []
        packets.reserveCapacity(count)
        for index in 0..<count {
            let start = offset + index * size
            let packet = IsochronousPacket(
                offset: bytes.big(start), length: bytes.big(start + 4),
                actualLength: bytes.big(start + 8),
                status: LinuxStatus(rawValue: bytes.big(start + 12)))
            guard Int(packet.offset) + Int(packet.length) <= length else {
                throw WireError(
                    .packetOutsideBuffer(offset: packet.offset, length: packet.length), at: start)
            }
            packets.append(packet)
        }
        return packets
    }

    func append(to queue: inout ByteQueue) {
        queue.append(offset)
        queue.append(length)
        queue.append(actualLength)
        queue.append(status.rawValue)
    }
}

extension ByteQueue {
    fileprivate mutating func appendZeros(_ count: Int) {
        for _ in 0..<count / 4 { append(UInt32(0)) }
    }
}
