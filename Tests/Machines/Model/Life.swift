/// A device's five machines, and everything around them reduced to what can happen next: one state
/// of the model.
package struct Life: Hashable, Sendable {
    /// A byte for each machine's state.
    private var states: UInt64 = 0
    private var keptByPnP = EventQueue()
    private var keptByPolicy = EventQueue()
    /// Three bytes for power, three for idle, two for self-managed I/O.
    private var keptByOthers: UInt64 = 0
    var facts: Facts = []
    var running: Activities = []
    /// How much more may come from outside, and how much more may fail.
    var outside: UInt8
    var failures: UInt8

    /// A driver sets its idling up before its first start, if it wants any.
    package init(outside: Int, failures: Int, isIdleEnabled: Bool = true) {
        self.outside = UInt8(outside)
        self.failures = UInt8(failures)
        if isIdleEnabled { facts = .isIdleEnabled }
    }

    @inline(__always)
    func state(_ machine: MachineName) -> UInt8 {
        UInt8(truncatingIfNeeded: states >> UInt64(machine.rawValue &* 8))
    }

    @inline(__always)
    mutating func setState(_ machine: MachineName, _ state: UInt8) {
        let shift = UInt64(machine.rawValue &* 8)
        states = states & ~(0xFF << shift) | UInt64(state) << shift
    }

    @inline(__always)
    func kept(_ machine: MachineName) -> EventQueue {
        switch machine {
        case .pnp: keptByPnP
        case .policy: keptByPolicy
        case .power: EventQueue(bits: keptByOthers & 0xFF_FFFF)
        case .idle: EventQueue(bits: keptByOthers >> 24 & 0xFF_FFFF)
        case .selfManagedIO: EventQueue(bits: keptByOthers >> 48)
        }
    }

    @inline(__always)
    mutating func setKept(_ machine: MachineName, _ queue: EventQueue) throws(Rule) {
        switch machine {
        case .pnp: keptByPnP = queue
        case .policy: keptByPolicy = queue
        case .power: try setKept(queue, at: 0, width: 24)
        case .idle: try setKept(queue, at: 24, width: 24)
        case .selfManagedIO: try setKept(queue, at: 48, width: 16)
        }
    }

    private mutating func setKept(_ queue: EventQueue, at shift: UInt64, width: UInt64)
        throws(Rule)
    {
        let mask: UInt64 = (1 << width) - 1
        guard queue.bits <= mask else { throw .tooManyEvents }
        keptByOthers = keptByOthers & ~(mask << shift) | queue.bits << shift
    }

    var keepsNothing: Bool {
        keptByPnP.isEmpty && keptByPolicy.isEmpty && keptByOthers == 0
    }

    /// Well mixed: the table of what was visited takes it as it is.
    var mixed: UInt64 {
        var hash = states &* 0x9E37_79B9_7F4A_7C15
        hash = (hash ^ hash >> 29 ^ keptByPnP.bits) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ hash >> 32 ^ keptByPolicy.bits) &* 0x94D0_49BB_1331_11EB
        hash = (hash ^ hash >> 29 ^ keptByOthers) &* 0x9E37_79B9_7F4A_7C15
        hash = (hash ^ hash >> 32 ^ facts.rawValue) &* 0xBF58_476D_1CE4_E5B9
        let rest = UInt64(running.rawValue) | UInt64(outside) << 32 | UInt64(failures) << 40
        hash = (hash ^ hash >> 29 ^ rest) &* 0x94D0_49BB_1331_11EB
        return hash ^ hash >> 32
    }
}

/// At most eight events, oldest first, each a number that is not zero.
struct EventQueue: Hashable, Sendable {
    private(set) var bits: UInt64 = 0

    var isEmpty: Bool { bits == 0 }
    private var shift: UInt64 { UInt64(64 - bits.leadingZeroBitCount + 7) & ~7 }

    mutating func append(_ event: UInt8) throws(Rule) {
        let shift = shift
        guard shift < 64 else { throw .tooManyEvents }
        bits |= UInt64(event) << shift
    }

    mutating func removeFirst() -> UInt8 {
        let first = UInt8(truncatingIfNeeded: bits)
        bits >>= 8
        return first
    }

    /// Without the events whose bits `mask` has.
    func without(_ mask: UInt64) -> EventQueue {
        var rest = EventQueue()
        var (left, shift) = (bits, UInt64(0))
        while left != 0 {
            if mask & 1 << (left & 0xFF) == 0 {
                rest.bits |= (left & 0xFF) << shift
                shift += 8
            }
            left >>= 8
        }
        return rest
    }

    /// `other` comes after.
    mutating func append(_ other: EventQueue) throws(Rule) {
        guard !other.isEmpty else { return }
        let shift = shift
        guard shift + other.shift <= 64 else { throw .tooManyEvents }
        bits |= other.bits << shift
    }

    var events: [UInt8] {
        var copy = self
        var events: [UInt8] = []
        while !copy.isEmpty { events.append(copy.removeFirst()) }
        return events
    }
}
