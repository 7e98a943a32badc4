internal import Glibc

/// Events kept in a file, numbered in the order in which they were added, and found again after a
/// crash (SEED-23; what is left of a common log file system).
///
/// Each record carries its number and a checksum. Opening a log takes what is whole: from the first
/// record that is not, the file is cut off, since a crash leaves the last write unfinished.
///
/// Threading: any. Adding is one write to the kernel's cache; ``flush()`` and opening wait for the
/// disk: not on a loop. Sendable because a lock guards it.
public final class EventLog: @unchecked Sendable {
    // Sendable because what it writes, and its variables, are guarded by `lock`.
    private let lock = Lock()
    /// An event.
    public struct Record: Hashable, Sendable {
        /// Its number: each one more than the last, for as long as the log exists.
        public let sequence: UInt64
        /// What was added.
        public let payload: [UInt8]
    }

    /// The most bytes that one event has.
    public static let payloadLimit = 65_536

    /// The file.
    public let path: String
    /// How many bytes opening it has cut off.
    public private(set) var truncated = 0
    private let descriptor: Int32
    private var next: UInt64 = 1
    private var isBroken = false

    /// Opens a log, or makes it, with what is whole of it.
    ///
    /// Errors: `.accessDenied`, `.busy` when somebody else has it open, `.failed`.
    public init(at path: String) throws(DeviceError) {
        self.path = path
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        if descriptor < 0 { throw StoredFile.error("open", path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw DeviceError(.busy, "Event log \(path) is open already: close it there first.")
        }
        let bytes = try StoredFile.bytes(path, limit: .max) ?? []
        let (records, end) = EventLogFormat.decode(bytes)
        truncated = bytes.count - end
        next = (records.last?.sequence ?? 0) + 1
        if truncated > 0, ftruncate(descriptor, end) != 0 {
            throw StoredFile.error("cut off", path)
        }
    }

    deinit { close(descriptor) }

    /// Adds an event, and returns its number. It survives the process from here on, the machine
    /// from the next ``flush()`` on.
    ///
    /// Errors: `.invalidRequest` beyond ``payloadLimit``; `.failed` when it could not be written:
    /// from then on nothing can.
    @discardableResult
    public func append(_ payload: [UInt8]) throws(DeviceError) -> UInt64 {
        guard payload.count <= Self.payloadLimit else {
            throw DeviceError(
                .invalidRequest, "An event has at most \(Self.payloadLimit) bytes: split it.")
        }
        return try lock.withLock { () throws(DeviceError) in
            guard !isBroken else {
                throw DeviceError(.failed, "Event log \(path) broke: open it anew.")
            }
            let record = Record(sequence: next, payload: payload)
            // Behind half a record nothing would be found.
            isBroken = true
            try StoredFile.write(EventLogFormat.encode(record), to: descriptor, path)
            isBroken = false
            next += 1
            return record.sequence
        }
    }

    /// Brings what was added to the disk.
    ///
    /// Errors: `.failed`.
    public func flush() throws(DeviceError) {
        if fsync(descriptor) != 0 { throw StoredFile.error("write", path) }
    }

    /// The events from `sequence` on, oldest first.
    ///
    /// Errors: `.failed`.
    public func records(from sequence: UInt64 = 0) throws(DeviceError) -> [Record] {
        let bytes = try StoredFile.bytes(path, limit: .max) ?? []
        return EventLogFormat.decode(bytes).records.filter { $0.sequence >= sequence }
    }
}

extension EventLog {
    /// Adds what a flight recorder noted: kind, object, instant and details, in 30 bytes.
    ///
    /// Errors: as of ``append(_:)``.
    @discardableResult
    public func append(_ record: FlightRecord) throws(DeviceError) -> UInt64 {
        try append(
            EventLogFormat.bytes(record.kind.rawValue) + EventLogFormat.bytes(record.object)
                + EventLogFormat.bytes(record.instant.nanoseconds)
                + EventLogFormat.bytes(record.details.0) + EventLogFormat.bytes(record.details.1))
    }
}
