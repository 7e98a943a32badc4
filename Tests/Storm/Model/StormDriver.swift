import DriverFoundation
import DriverRuntime

extension DeviceInterfaceClass {
    static let storm: DeviceInterfaceClass = "org.driver-foundation.storm"
}

/// A driver that does everything a driver may do, whenever its dice say so, and checks what the
/// framework owes it.
actor StormDriver: FunctionDriver {
    static let matches: [DeviceMatch] = [.id(vendor: 0x1209, product: 0x5701)]

    /// Where a request came from.
    enum Origin: Int, CaseIterable { case read, write, control, powered, unpowered }

    nonisolated let device: Device
    let run: StormRun
    var dice: Dice
    /// Manual queues.
    private var manual: [RequestQueue] = []
    var powered: RequestQueue { manual[0] }
    var unpowered: RequestQueue { manual[1] }
    /// Those with handlers, by origin.
    var handled: [RequestQueue] = []
    /// How those are set up.
    let habits: QueueHabits
    /// Those of them that it has stopped.
    var stopped: Set<Origin> = []
    /// Requests that this driver has, by origin.
    var owned = [Int](repeating: 0, count: Origin.allCases.count)
    /// One request that waits for whatever comes, the next one or its cancellation.
    var held: Request?
    var heldOrigin = Origin.control
    var isInD0 = false
    /// What else it has.
    var parts: StormParts
    var files: FileHabits
    var targets: TargetHabits
    var power: PowerHabits

    let name: String
    private var rounds = 0
    private let throwing: DriverCallback?
    let waits: Bool
    private let forgetsReader: Bool
    private let isRestless: Bool
    private var reader: ContinuousReader?
    private var isReading = false
    private var starts = 0
    private var lastReport: UInt32 = 0
    private var pump: Task<Void, Never>?
    private var others: [Int: Task<Void, Never>] = [:]

    init(device: Device) async throws(DeviceError) {
        self.device = device
        run = StormRun.on(device.loop)
        var dice = run.split()
        let number = run.nextDriver()
        name = "driver\(number)"
        waits = dice.chance(50) && run.makes("\(name).waits")
        forgetsReader = dice.chance(10)
        isRestless = dice.chance(30) && run.makes("\(name).restless")
        let failing = dice.pick(of: DriverCallback.allCases)
        throwing = dice.chance(20) && run.makes("\(name).throws") ? failing : nil
        habits = QueueHabits(&dice, of: device)
        parts = StormParts(&dice)
        files = FileHabits(&dice)
        targets = TargetHabits(&dice)
        power = PowerHabits(&dice, run)
        self.dice = dice
        device.register(.storm)
        (handled, manual) = makeQueues()
        run.watch(self, "driver of \(device.attached.id)")
        for queue in handled + manual {
            run.watch(queue, "queue of \(device.attached.id)")
        }
        try makeParts()
        makeFiles()
        makeTargets()
        makePower()
        try await pass(.deviceAdd)
    }

    // MARK: Callbacks

    func prepareHardware() async throws(DeviceError) {
        let pipe = try await device.pipe(0x83)
        let restarts = dice.pick(of: [0, 50, 100, 100])
        let reader = try pipe.continuousReader(
            for: self, depth: dice.pick(1...4),
            failed: { driver, error in driver.readerFailed(error, restarts) },
            { driver, bytes in driver.reported(bytes) })
        run.watch(reader, "reader of \(device.attached.id)")
        run.watch(pipe, "pipe of \(device.attached.id)")
        self.reader = reader
        if dice.chance(20) {
            _ = try? await device.controlRead(.vendorRead, deadline: .milliseconds(50))
        }
        beginPower()
        try await pass(.prepareHardware)
    }

    func enterD0(from previous: PowerState) async throws(DeviceError) {
        try await pass(.enterD0)
        startReader()
        isInD0 = true
        power.isLeaving = false
        pump = device.task { [self] in await work() }
        // Not awaited: what it waits for may end with the device alone. One of each kind at a
        // time: the device may be back before the last has noticed that it left.
        follow(0) { await $0.tinker() }
        if targets.isUsed { follow(1) { await $0.useTargets() } }
        if habits.controls { follow(2) { await $0.controlQueues() } }
    }

    private func follow(_ kind: Int, _ body: @escaping @Sendable (StormDriver) async -> Void) {
        let last = others[kind]
        others[kind] = device.task { [self] in
            await last?.value
            await body(self)
        }
    }

    func exitD0(to next: PowerState) async throws(DeviceError) {
        if parts.isRinging { run.violate("\(device.attached.id): left D0 in a DPC (I-1)") }
        isInD0 = false
        for origin in Origin.allCases
        where isPowered(origin) && owned[origin.rawValue] != 0 && !habits.answersStops {
            run.violate("\(device.attached.id): left D0 with \(origin) requests owned")
        }
        // There is nothing to draw out of D0.
        if let request = powered.next() {
            deliver(.powered)
            complete(request, .powered)
        }
        pump?.cancel()
        await pump?.value
        pump = nil
        if !forgetsReader { await stopReader() }
        try await pass(.exitD0)
    }

    func releaseHardware() async throws(DeviceError) {
        isInD0 = false
        power.hasHardware = false
        pump?.cancel()
        await pump?.value
        reader = nil
        try await pass(.releaseHardware)
    }

    func surpriseRemoval() async {
        try? await pass(.surpriseRemoval)
    }

    func queryRemove() async throws(DeviceError) {
        if waits { await device.clock.wait(for: dice.moment(upTo: 80)) }
        if dice.chance(20) { throw DeviceError(.busy, "Not now.") }
    }

    func pass(_ callback: DriverCallback) async throws(DeviceError) {
        if waits, dice.chance(60) { await device.clock.wait(for: dice.moment(upTo: 50)) }
        if throwing == callback { throw DeviceError(.failed, "\(callback.rawValue) had to fail.") }
    }

    func isPowered(_ origin: Origin) -> Bool {
        switch origin {
        case .powered: true
        case .unpowered: false
        default: handled[origin.rawValue].isPowerManaged
        }
    }

    // MARK: Reader

    private func startReader() {
        isReading = true
        starts += 1
        reader?.start()
    }

    private func stopReader() async {
        let starts = starts
        await reader?.stop()
        guard starts == self.starts else { return }
        isReading = false
        if reader?.isRunning == true {
            run.violate("\(device.attached.id): a reader runs after its stop")
        }
    }

    private func reported(_ bytes: RawSpan) {
        if !isReading { run.violate("\(device.attached.id): a report while the reader is stopped") }
        guard bytes.byteCount == 4, run.isOrderChecked else { return }
        let report = (0..<4).reduce(UInt32(0)) { value, place in
            value | UInt32(bytes.byte(at: place) ?? 0) << (8 * UInt32(place))
        }
        if report <= lastReport {
            run.violate("\(device.attached.id): report \(report) after \(lastReport)")
        }
        lastReport = report
        if dice.chance(30), !run.isCalm, let request = powered.next() {
            deliver(.powered)
            complete(request, .powered)
        }
    }

    private func readerFailed(_ error: DeviceError, _ restarts: Int) -> ReaderRecovery {
        run.log("\(device.attached.id): reader failed: \(error.code)")
        return dice.chance(restarts) ? .restart : .stop
    }

    // MARK: Work of its own

    /// Draws from the manual queues, and does what a busy driver does beside its requests.
    private func work() async {
        while !Task.isCancelled, await device.clock.wait(for: dice.moment(upTo: 80)) {
            if run.isCalm {
                await device.clock.wait(for: .seconds(1))
                continue
            }
            rounds += 1
            guard run.makes("\(name).\(rounds)") else { continue }
            if dice.chance(40), let request = powered.next() {
                deliver(.powered)
                await treat(request, .powered)
            }
            if dice.chance(40), let request = unpowered.next() {
                deliver(.unpowered)
                await treat(request, .unpowered)
            }
            if isRestless, dice.chance(40) {
                if dice.chance(50) { await stopReader() } else { startReader() }
            }
            switch dice.pick(0...24) {
            case 0: await stopReader()
            case 1: startReader()
            case 2: try? await device.pipe(dice.chance(50) ? 0x82 : 0x02).reset()
            case 3: try? await device.selectAlternateSetting(UInt8(dice.pick(0...1)), of: 1)
            case 4, 5:
                _ = try? await device.controlRead(
                    .vendorRead, deadline: .milliseconds(dice.pick(0...30)))
            case 6, 7:
                _ = try? await device.pipe(0x82).read(
                    upTo: dice.pick(0...600), deadline: .milliseconds(dice.pick(0...30)))
            case 8, 9: makeRequest()
            default: break
            }
        }
    }
}

extension SetupPacket {
    static let vendorRead = SetupPacket(
        requestType: 0xC0, request: 1, value: 0, index: 0, length: 8)
    static let vendorWrite = SetupPacket(
        requestType: 0x40, request: 2, value: 0, index: 0, length: 0)
}
