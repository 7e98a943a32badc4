/// One thing that happened: 32 bytes.
public struct FlightRecord: BitwiseCopyable, Hashable, Sendable {
    /// When, on the loop's clock.
    public let instant: Instant
    private let rawKind: UInt16
    /// To which object, by the number that the framework gave it.
    public let object: UInt32
    /// What else; each kind says what it means.
    public let details: (UInt64, UInt64)

    /// What happened.
    public var kind: RecordKind { RecordKind(recorded: rawKind) }

    init(_ kind: RecordKind, object: UInt32, _ first: UInt64, _ second: UInt64, at instant: Instant)
    {
        self.instant = instant
        rawKind = kind.rawValue
        self.object = object
        details = (first, second)
    }

    /// Whether both tell the same.
    public static func == (left: FlightRecord, right: FlightRecord) -> Bool {
        left.instant == right.instant && left.rawKind == right.rawKind
            && left.object == right.object && left.details == right.details
    }

    /// Hashes everything it tells.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(instant)
        hasher.combine(rawKind)
        hasher.combine(object)
        hasher.combine(details.0)
        hasher.combine(details.1)
    }
}

/// The last things that happened on a loop, in a ring of fixed size: always on, read when something
/// went wrong (WDF's in-flight recorder).
///
/// Recording costs a look at the clock and a store; nothing is allocated.
///
/// Threading: on the loop only.
public final class FlightRecorder: Sendable {
    /// The loop whose work it records.
    public let loop: EventLoop
    private let state: LoopConfined<State>

    private struct State {
        var records: [FlightRecord]
        var written: UInt64 = 0
        var observer: (@Sendable (FlightRecord) -> Void)?

        func slot(of number: UInt64) -> Int {
            Int(truncatingIfNeeded: number) & (records.count - 1)
        }

        /// The number of the oldest record that is left; so many were overwritten.
        var first: UInt64 { written - min(written, UInt64(records.count)) }

        /// Returns the observer, to be called when the state may be touched again.
        mutating func add(_ record: FlightRecord) -> (@Sendable (FlightRecord) -> Void)? {
            records[slot(of: written)] = record
            written += 1
            return observer
        }
    }

    /// Makes an empty recorder that keeps the last `capacity` records, a power of two. Any thread.
    public init(on loop: EventLoop, capacity: Int = 4096) {
        precondition(
            capacity > 0 && capacity & (capacity - 1) == 0, "\(capacity) is no power of two")
        self.loop = loop
        let empty = FlightRecord(
            RecordKind(recorded: 0), object: 0, 0, 0, at: Instant(nanoseconds: 0))
        state = LoopConfined(
            on: loop, State(records: Array(repeating: empty, count: capacity)))
    }

    /// Records that `kind` happened to `object`, now.
    @inline(__always)
    public func record(
        _ kind: RecordKind, object: UInt32 = 0, _ first: UInt64 = 0, _ second: UInt64 = 0
    ) {
        record(kind, object: object, first, second, at: loop.now)
    }

    /// Records that `kind` happened to `object` at `instant`, for callers that know the time.
    public func record(
        _ kind: RecordKind, object: UInt32 = 0, _ first: UInt64 = 0, _ second: UInt64 = 0,
        at instant: Instant
    ) {
        let record = FlightRecord(kind, object: object, first, second, at: instant)
        let observer = state.value.add(record)
        observer?(record)
    }

    /// What is told each record as it is written, such as a narration; `nil` for nobody. It runs on
    /// the loop, inside the recording: it must be quick, and it may record.
    public var observer: (@Sendable (FlightRecord) -> Void)? {
        get { state.value.observer }
        set { state.value.observer = newValue }
    }

    /// How many records the ring keeps.
    public var capacity: Int { state.value.records.count }

    /// How many records were lost because newer ones took their places.
    public var overwritten: UInt64 { state.value.first }

    /// The records that the ring still holds, oldest first.
    public var records: [FlightRecord] {
        let state = state.value
        return (state.first..<state.written).map { state.records[state.slot(of: $0)] }
    }
}
