/// A log's bytes: records one after the other, each with its length, its number, its payload and a
/// checksum of these, little endian.
enum EventLogFormat {
    static func encode(_ record: EventLog.Record) -> [UInt8] {
        let body = bytes(UInt32(record.payload.count)) + bytes(record.sequence) + record.payload
        return body + bytes(checksum(body[...]))
    }

    /// The records that are whole, up to the first that is not, and where they end.
    ///
    /// Numbers must follow one another: what stands behind a gap is of another life of the file.
    static func decode(_ bytes: [UInt8]) -> (records: [EventLog.Record], end: Int) {
        var records: [EventLog.Record] = []
        var end = 0
        while let record = record(bytes[end...]) {
            if let last = records.last, record.sequence != last.sequence &+ 1 { break }
            records.append(record)
            end += record.payload.count + 16
        }
        return (records, end)
    }

    private static func record(_ bytes: ArraySlice<UInt8>) -> EventLog.Record? {
        guard bytes.count >= 16 else { return nil }
        let start = bytes.startIndex
        let count = Int(number(bytes[start..<start + 4]))
        guard count <= EventLog.payloadLimit, bytes.count >= count + 16 else { return nil }
        let body = bytes[start..<start + 12 + count]
        let stored = bytes[body.endIndex..<body.endIndex + 4]
        guard UInt64(checksum(body)) == number(stored) else { return nil }
        let sequence = number(bytes[start + 4..<start + 12])
        guard sequence > 0 else { return nil }
        return EventLog.Record(sequence: sequence, payload: Array(body.dropFirst(12)))
    }

    static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
        (0..<number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// CRC-32 as of IEEE 802.3, complemented as usual.
    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        ~bytes.reduce(~0 as UInt32) { sum, byte in
            sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)]
        }
    }

    private static let table: [UInt32] = (0..<256 as Range<UInt32>).map { number in
        (0..<8).reduce(number) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
}
