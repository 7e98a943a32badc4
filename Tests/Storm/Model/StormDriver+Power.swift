import DriverFoundation

/// How a storm's driver lets its device sleep, and who it says needs the device.
struct PowerHabits {
    var dice: Dice
    let isUsed: Bool
    /// Claims of its own that have not ended.
    var held: [PowerReference] = []
    /// The wake that is armed.
    var armed: WakeReason?
    /// From the first callback on the way down to the end of the way up.
    var isLeaving = false
    var hasHardware = false
    var rounds = 0
    var use: Task<Void, Never>?

    init(_ dice: inout Dice, _ run: StormRun) {
        self.dice = dice.split()
        isUsed = self.dice.chance(70) && run.hasPower
    }
}

/// Idling, wake and power references: taken and dropped at random, also after the device's end.
extension StormDriver {
    func makePower() {
        guard power.isUsed, run.makes("\(name).idles") else { return }
        setIdle(by: .driver)
    }

    private func wrong(_ text: String) { run.violate("\(device.attached.id): \(text)") }

    /// Begins with the hardware, and goes on out of D0.
    func beginPower() {
        power.hasHardware = true
        guard power.isUsed else { return }
        // One at a time, also over a stop and a start.
        let last = power.use
        power.use = device.task { [self] in
            await last?.value
            await usePower()
        }
    }

    private func setIdle(by voice: IdleSettings.Voice) {
        var settings = IdleSettings()
        settings.isEnabled = voice == .driver || power.dice.chance(70)
        // Not so short that a bus which refuses is asked for ever.
        settings.timeout = .microseconds(200) + power.dice.moment(upTo: 60)
        settings.wakes = power.dice.chance(50)
        settings.wakesSystem = power.dice.chance(30)
        settings.powersUpWithSystem = power.dice.chance(30)
        settings.suspends = power.dice.chance(70)
        let states: [PowerState?] = [nil, nil, .d1, .d2, .d3]
        settings.state = power.dice.pick(of: states)
        do throws(DeviceError) { try device.setIdle(settings, by: voice) } catch {
            if error.code != .invalidRequest { wrong("idle settings: \(error.code)") }
        }
    }

    private func usePower() async {
        while power.hasHardware, await device.clock.wait(for: power.dice.moment(upTo: 80)),
            !run.isCalm
        {
            power.rounds += 1
            guard power.hasHardware, run.makes("\(name).power.\(power.rounds)") else { continue }
            switch power.dice.pick(0...11) {
            case 0: setIdle(by: .driver)
            case 1: setIdle(by: power.dice.pick(of: [.administrator, .user]))
            case 2, 3: hold()
            case 4, 5: letGo()
            case 6, 7, 8: device.task { [self] in await workInD0() }
            case 9: device.task { [self] in await suspend() }
            case 10: device.task { [self] in await wake() }
            default: checkHolders()
            }
        }
        calmPower()
    }

    /// Lets go of all, of some only when the device may be gone, and idles with patience.
    private func calmPower() {
        if run.isCalm, power.isUsed {
            for voice in IdleSettings.Voice.allCases {
                var settings = IdleSettings()
                if voice == .driver { settings = device.idleSettingsOfStorm }
                try? device.setIdle(settings, by: voice)
            }
        }
        while let reference = power.held.popLast() {
            let device = device
            let isLate = power.dice.chance(50)
            run.drop(reference, of: device, after: isLate ? power.dice.moment(upTo: 900) : .zero)
        }
    }

    private func hold() {
        let reference = device.stopIdling(for: "storm")
        run.update(device) { $0.references += 1 }
        power.held.append(reference)
    }

    private func letGo() {
        guard let reference = power.held.popLast() else { return }
        run.update(device) { $0.references -= 1 }
        reference.end()
    }

    /// WAKE-3: in D0 when it begins, and no idling takes it away.
    private func workInD0() async {
        run.waitsForD0 += 1
        defer { run.waitsForD0 -= 1 }
        do throws(DeviceError) {
            let moment = power.dice.moment(upTo: 60)
            let isThrowing = power.dice.chance(10)
            try await device.withD0(for: "storm") { () throws(DeviceError) in
                run.update(device) { $0.references += 1 }
                defer { run.update(device) { $0.references -= 1 } }
                if !isInD0, !power.isLeaving { wrong("withD0 out of D0 (WAKE-3)") }
                await device.clock.wait(for: moment)
                if isThrowing { throw DeviceError(.failed, "The work in D0 had to fail.") }
            }
        } catch {
            let expected: [DeviceError.Code] = [.invalidDeviceState, .removed, .failed]
            if !expected.contains(error.code) { wrong("withD0: \(error.code)") }
        }
    }

    private func suspend() async {
        run.waitsForD0 += 1
        try? await device.suspendNow()
        run.waitsForD0 -= 1
    }

    private func wake() async {
        run.waitsForD0 += 1
        try? await device.wakeNow()
        run.waitsForD0 -= 1
    }

    /// WAKE-2: the framework's account of this driver's claims is the driver's.
    private func checkHolders() {
        guard !device.isGone else { return }
        let mine = device.idleReport.holders.filter { $0.name == "storm" }.count
        if mine < power.held.count {
            wrong("\(mine) claims on D0 known, \(power.held.count) held (WAKE-2)")
        }
    }

    // MARK: Callbacks

    func initializeSelfManagedIO() async throws(DeviceError) {
        try await pass(.initializeSelfManagedIO)
    }

    func restartSelfManagedIO() async throws(DeviceError) {
        try await pass(.restartSelfManagedIO)
    }

    func suspendSelfManagedIO() async throws(DeviceError) {
        power.isLeaving = true
        if run.hasPower { releaseHeld() }
        try await pass(.suspendSelfManagedIO)
    }

    func postInterruptsEnabled(from previous: PowerState) async throws(DeviceError) {
        try await pass(.postInterruptsEnabled)
    }

    func preInterruptsDisabled(to next: PowerState) async throws(DeviceError) {
        if power.armed != nil, next == .d3 { wrong("armed to wake from D3 (WAKE-1)") }
        try await pass(.preInterruptsDisabled)
    }

    func armWake(for reason: WakeReason) async throws(DeviceError) {
        if !isInD0 || power.armed != nil { wrong("armed out of D0 or twice (WAKE-6)") }
        try await pass(.armWake)
        power.armed = reason
    }

    func wakeTriggered(for reason: WakeReason) async {
        if power.armed != reason { wrong("woken without being armed (WAKE-6)") }
        try? await pass(.wakeTriggered)
    }

    func disarmWake(for reason: WakeReason) async {
        if power.armed != reason { wrong("disarmed without being armed (CB-8)") }
        power.armed = nil
        try? await pass(.disarmWake)
    }

    func queryStop() async throws(DeviceError) {
        if waits { await device.clock.wait(for: dice.moment(upTo: 40)) }
        if dice.chance(20) { throw DeviceError(.busy, "Not now.") }
    }
}

extension Device {
    /// How a storm's device idles when all is calm.
    fileprivate var idleSettingsOfStorm: IdleSettings {
        var settings = IdleSettings()
        settings.isEnabled = idleReport.settings.isEnabled
        settings.timeout = .seconds(3)
        settings.wakes = idleReport.settings.wakes
        return settings
    }
}
