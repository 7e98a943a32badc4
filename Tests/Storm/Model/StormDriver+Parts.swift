import DriverFoundation

/// What a storm's driver has beside queues, pipes and its reader, and what it remembers of them.
struct StormParts {
    var dice: Dice
    let hasTimer: Bool
    let hasInterrupts: Bool
    let isTolerant: Bool

    var timer: DeviceTimer?
    var item: WorkItem?
    var deferred: DeferredCall?
    var lock: WaitLock?

    var mayBeat = false
    var isBeating = false
    var isWorking = false
    var worked = 0
    var isAskingForCall = false
    var isInLock = false
    var isRinging = false
    var rounds = 0

    init(_ dice: inout Dice) {
        self.dice = dice.split()
        hasTimer = dice.chance(60)
        hasInterrupts = dice.chance(50)
        isTolerant = dice.chance(30)
    }
}

/// Timers, work items, deferred calls, locks and interrupts: each calls the driver one call at a
/// time, and not when it must not.
extension StormDriver {
    func makeParts() throws(DeviceError) {
        let period: Duration? = parts.dice.chance(60) ? .milliseconds(parts.dice.pick(1...20)) : nil
        parts.timer = try device.timer(
            "beat", every: period, tolerance: parts.isTolerant ? .milliseconds(5) : .zero, for: self
        ) { await $0.beat() }
        parts.item = try device.workItem("item", for: self) { await $0.workOff() }
        parts.deferred = try device.deferredCall("later", for: self) { $0.called() }
        parts.lock = device.waitLock("sequence")
        guard parts.hasInterrupts else { return }
        try device.interruptSource(
            "bell", on: [0x85], for: self,
            isr: { _, bytes in bytes.byte(at: 0).map { .queueDPC($0) } ?? .notOwn },
            dpc: { await $0.rang($1) })
    }

    private func wrong(_ text: String) { run.violate("\(device.attached.id): \(text)") }

    private func beat() async {
        if !parts.mayBeat { wrong("a timer's handler after its stop (L-3)") }
        if parts.isBeating { wrong("a timer's handler beside itself (L-3)") }
        parts.isBeating = true
        if parts.dice.chance(20) { await device.clock.wait(for: parts.dice.moment(upTo: 30)) }
        if parts.dice.chance(30) { parts.item?.enqueue() }
        parts.isBeating = false
    }

    private func workOff() async {
        if parts.isWorking { wrong("a work item's callback beside itself (L-4)") }
        parts.isWorking = true
        if parts.dice.chance(50) { await device.clock.wait(for: parts.dice.moment(upTo: 20)) }
        parts.isWorking = false
        parts.worked += 1
    }

    private func called() {
        if parts.isAskingForCall { wrong("a deferred call inside the code that asked (L-5)") }
    }

    private func rang(_ values: [UInt8]) async {
        if parts.isRinging { wrong("a DPC beside itself (I-1)") }
        if !isInD0 { wrong("a DPC outside of D0 (I-1)") }
        if values.isEmpty { wrong("a DPC for nothing (I-1)") }
        parts.isRinging = true
        if parts.dice.chance(30) { await device.clock.wait(for: parts.dice.moment(upTo: 10)) }
        parts.isRinging = false
    }

    /// Does something to one of them, now and then.
    func tinker() async {
        while isInD0, await device.clock.wait(for: parts.dice.moment(upTo: 60)), !run.isCalm {
            parts.rounds += 1
            guard isInD0, run.makes("\(name).parts.\(parts.rounds)") else { continue }
            switch parts.dice.pick(0...4) {
            case 0: startTimer()
            case 1: await stopTimer()
            case 2: await flushItem()
            case 3: callLater()
            default: await takeLock()
            }
        }
        await stopTimer()
    }

    private func startTimer() {
        guard parts.hasTimer, let timer = parts.timer else { return }
        parts.mayBeat = true
        timer.start(after: parts.dice.moment(upTo: 20))
    }

    private func stopTimer() async {
        await parts.timer?.stop()
        // Whatever started it meanwhile is this same task.
        parts.mayBeat = false
        if parts.isBeating { wrong("a timer's handler outlives its stop (L-3)") }
    }

    private func flushItem() async {
        let before = parts.worked
        guard parts.item?.enqueue() == true else { return }
        await parts.item?.flush()
        if parts.worked == before, !device.isGone { wrong("a flush before the call (L-4)") }
    }

    private func callLater() {
        parts.isAskingForCall = true
        parts.deferred?.enqueue()
        if parts.dice.chance(50) { parts.deferred?.enqueue() }
        parts.isAskingForCall = false
        if parts.dice.chance(20) { parts.deferred?.cancel() }
    }

    private func takeLock() async {
        let others = (0..<parts.dice.pick(0...2)).map { _ in
            device.task { [self] in await holdLock() }
        }
        await holdLock()
        for other in others { await other.value }
    }

    private func holdLock() async {
        let limit: Duration? = parts.dice.chance(50) ? parts.dice.moment(upTo: 20) : nil
        try? await parts.lock?.withLock(within: limit) { () throws(DeviceError) in
            await holdAlone()
        }
    }

    private func holdAlone() async {
        if parts.isInLock { wrong("two inside one lock (L-1)") }
        parts.isInLock = true
        await device.clock.wait(for: parts.dice.moment(upTo: 10))
        parts.isInLock = false
    }
}
