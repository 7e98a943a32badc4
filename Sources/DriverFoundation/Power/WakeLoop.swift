/// Notices a device that is woken again and again for nothing (a client that posts a request anew
/// each time the device goes down, say).
struct WakeLoop {
    /// So many in so long are a loop.
    static let limit = 5
    static let period = Duration.seconds(60)

    /// Bytes that have moved in the device's life.
    private var moved: UInt64 = 0
    private var movedBefore: UInt64 = 0
    private var vain: [Instant] = []
    /// Who brought the device back last.
    private(set) var waker = "the device's own signal"
    private var wasWoken = false
    private var isDownWithSystem = false

    mutating func moved(_ bytes: Int) { moved &+= UInt64(truncatingIfNeeded: bytes) }

    /// The device is brought back from idling by `name`.
    mutating func wakes(_ name: String?) { waker = name ?? "the device's own signal" }

    /// It is in D0 again.
    mutating func up() {
        // The system's waking is nobody's wish for this device.
        wasWoken = !isDownWithSystem
        isDownWithSystem = false
        movedBefore = moved
    }

    /// It goes down because the system sleeps: neither this nor its return is about it.
    mutating func downWithSystem() {
        wasWoken = false
        isDownWithSystem = true
    }

    /// It goes down once more; whether it has been woken for nothing too often.
    mutating func down(at now: Instant) -> Bool {
        guard wasWoken else { return false }
        wasWoken = false
        guard moved == movedBefore else {
            vain = []
            return false
        }
        vain = vain.filter { $0.duration(to: now) < Self.period } + [now]
        guard vain.count >= Self.limit else { return false }
        vain = []
        return true
    }
}

extension Device {
    /// The idle machine has asked for the device back.
    func noteWake() {
        state.value.lifecycle.power.loop.wakes(state.value.lifecycle.power.references.last?.name)
    }

    func noteIdleDown() {
        guard state.value.lifecycle.power.sleepers.isEmpty else {
            return state.value.lifecycle.power.loop.downWithSystem()
        }
        guard state.value.lifecycle.power.loop.down(at: loop.now) else { return }
        let waker = state.value.lifecycle.power.loop.waker
        observe(.wakeLoop(waker))
        report(
            "it was woken \(WakeLoop.limit) times within \(WakeLoop.period) without moving a"
                + " byte, last by \(waker): let that wait until there is something to do")
    }
}
