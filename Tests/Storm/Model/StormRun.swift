import DriverFoundation
import DriverRuntime
import DriverSimulation

/// Random choices of one part of a storm: its own stream, so that what one part draws does not
/// change what another does.
struct Dice: Sendable {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func chance(_ percent: Int) -> Bool { generator.next(below: 100) < percent }

    mutating func pick(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + generator.next(below: range.count)
    }

    mutating func pick<Element>(of elements: [Element]) -> Element {
        elements[generator.next(below: elements.count)]
    }

    mutating func split() -> Dice { Dice(seed: generator.next()) }

    /// From nothing to `milliseconds`, short times as likely as long ones.
    mutating func moment(upTo milliseconds: Int) -> Duration {
        switch pick(0...3) {
        case 0: .zero
        case 1: .microseconds(pick(1...1000))
        case 2: .milliseconds(pick(1...max(milliseconds / 10, 1)))
        default: .milliseconds(pick(0...milliseconds))
        }
    }
}

/// What one run of the storm keeps account of.
///
/// Sendable because the simulation runs everything on one thread; it is read after the run has
/// ended.
final class StormRun: @unchecked Sendable {
    let simulation: Simulation
    /// Which moves are made.
    let storm: StormCase
    /// Those made so far, in order.
    private(set) var moves: [String] = []
    /// Told each move before it is made.
    private let began: (String) -> Void
    var isEnding = false
    /// Whether nothing is asked any more: what was given up must end by itself.
    var isCalm = false
    /// Whether some devices are toasters, whose driver answers as it likes.
    var hasToasters = false
    /// Whether devices sleep: then drivers make nobody wait for ever.
    var hasPower = false
    /// Waits for D0, and commands to enter or leave it, that have not ended.
    var waitsForD0 = 0
    /// What hands have asked for and not waited for.
    var commands: [Task<Void, Never>] = []
    /// When devices were made anew, by their places (PNP-18).
    private var restarts: [[UInt8]: [Instant]] = [:]
    /// Whether reports come unspoilt.
    var isOrderChecked = false
    /// Where drivers find each other.
    var interfaces: DeviceInterfaces?
    /// Files whose drivers were told of their opening and not of their closing.
    var openFiles = 0
    /// Whether to log what drivers do.
    let isVerbose: Bool
    var requests = Requests()
    /// The requests made through each interface.
    private var visits: [UInt64: [Int]] = [:]
    private(set) var violations: [String] = []
    /// Every device's, in the order of arrival.
    private(set) var lives: [Life] = []
    private var places: [ObjectIdentifier: Int] = [:]
    private var dice: Dice
    private var drivers = 0
    private var traces: [(name: String, isAlive: () -> Bool)] = []

    /// Every request a client made, and how often it ended.
    struct Requests {
        private var endings: [Int] = []
        private var givenUp: [Int: Instant] = [:]
        private(set) var outcomes: [String: Int] = [:]

        var count: Int { endings.count }

        mutating func begin() -> Int {
            endings.append(0)
            return endings.count - 1
        }

        mutating func end(_ number: Int, _ outcome: String) {
            endings[number] += 1
            outcomes[outcome, default: 0] += 1
        }

        /// Its client has cancelled it.
        mutating func giveUp(_ number: Int, at instant: Instant) {
            if givenUp[number] == nil { givenUp[number] = instant }
        }

        /// What was given up before `instant` and has not ended yet.
        func overdue(since instant: Instant) -> [Int] {
            givenUp.filter { endings[$0.key] == 0 && $0.value < instant }.keys.sorted()
        }

        var unequalToOne: [Int] { endings.indices.filter { endings[$0] != 1 } }
    }

    init(
        _ simulation: Simulation, _ storm: StormCase, _ dice: Dice, isVerbose: Bool,
        began: @escaping (String) -> Void
    ) {
        self.storm = storm
        self.began = began
        self.isVerbose = isVerbose
        self.simulation = simulation
        self.dice = dice
    }

    func split() -> Dice { dice.split() }

    /// The number of the driver that is being made.
    func nextDriver() -> Int {
        drivers += 1
        return drivers
    }

    /// Whether a move is made; one that is not leaves all others as they are, since each draws from
    /// dice of its own.
    func makes(_ move: String) -> Bool {
        guard storm.makes(move) else { return false }
        moves.append(move)
        began(move)
        return true
    }

    func visit(_ interface: UInt64, _ request: Int) {
        visits[interface, default: []].append(request)
    }

    /// What was asked of devices that have gone must end without its clients' help.
    func giveUpRequests(except present: Set<UInt64>) {
        for (interface, numbers) in visits where !present.contains(interface) {
            for number in numbers { requests.giveUp(number, at: simulation.clock.now) }
        }
    }

    func log(_ text: String) { simulation.log(text) }

    func violate(_ text: String) {
        simulation.log("VIOLATION: \(text)")
        violations.append(text)
    }

    /// Checks at the end that `object` is gone.
    func watch(_ object: any AnyObject & Sendable, _ name: String) {
        traces.append((name, { [weak object] in object != nil }))
    }

    /// What was watched and lives on.
    var survivors: [String] { traces.filter { $0.isAlive() }.map(\.name) }

    /// The life of a device that was made last.
    func life(of device: Device) -> Life? { places[ObjectIdentifier(device)].map { lives[$0] } }

    func update(_ device: Device, _ body: (inout Life) -> Void) {
        if let place = places[ObjectIdentifier(device)] { body(&lives[place]) }
    }

    /// The bus gave the device that it calls `name` leave to suspend, or has taken it back.
    func noteLeave(_ name: String, isGiven: Bool) {
        if let place = lives.lastIndex(where: { $0.name == name }) {
            lives[place].mayBeSuspended = isGiven
        }
    }

    /// The bus could not suspend the device that it calls `name`.
    func noteNotSuspended(_ name: String) {
        if let place = lives.lastIndex(where: { $0.name == name }) {
            lives[place].noteNotSuspended()
        }
    }

    /// Gives up D0 later, perhaps after the device's end.
    func drop(_ reference: PowerReference, of device: Device, after moment: Duration) {
        guard let place = places[ObjectIdentifier(device)] else { return }
        // Nothing here keeps the device.
        simulation.scope(named: "late").task { [self] in
            await simulation.clock.wait(for: moment)
            lives[place].references -= 1
            reference.end()
        }
    }

    /// PNP-18: five times a minute at most.
    private func noteRestart(of device: Device) {
        guard device.parent == nil, let ports = device.usb?.location.ports else { return }
        let now = simulation.clock.now
        let recent = restarts[ports, default: []].filter { $0.duration(to: now) < .seconds(60) }
        restarts[ports] = recent + [now]
        if recent.count >= 5 { violate("\(device.stormName): made anew too often (PNP-18)") }
    }

    func note(_ step: LifecycleStep, of device: Device) {
        let name = device.stormName
        if case .matched = step {
            watch(device, "device \(name)")
            // A device that failed may be made anew: another life at the same place (PNP-18).
            if device.parent == nil, lives.contains(where: { $0.name == name && !$0.isDisposed }) {
                violate("\(name): made anew too early")
            }
            var life = Life()
            life.name = name
            places[ObjectIdentifier(device)] = lives.count
            lives.append(life)
        }
        if case .restartGranted = step { noteRestart(of: device) }
        simulation.log("\(name): \(step)")
        guard let place = places[ObjectIdentifier(device)] else {
            return violate("\(name): \(step): before its beginning")
        }
        if let problem = lives[place].note(step) { violate("\(name): \(step): \(problem)") }
    }
}

extension Device {
    /// What storms call it.
    fileprivate var stormName: String {
        guard let parent else { return usb.map { "\($0.id)" } ?? name }
        return "\(parent.stormName)/\(identity.instanceID)"
    }
}

extension StormRun {
    /// The run that happens on a loop: how a driver, which the framework makes, finds its own.
    static func on(_ loop: EventLoop) -> StormRun {
        guard let run = registry.withLock({ table.runs[ObjectIdentifier(loop)] }) else {
            fatalError("no storm runs on loop \(loop.name)")
        }
        return run
    }

    func register() {
        registry.withLock { table.runs[ObjectIdentifier(simulation.loop)] = self }
    }

    func unregister() {
        registry.withLock { _ = table.runs.removeValue(forKey: ObjectIdentifier(simulation.loop)) }
    }
}

/// Storms run on several threads, one each.
private let registry = Lock()
private let table = Table()
private final class Table: @unchecked Sendable {
    // Guarded by `registry`.
    var runs: [ObjectIdentifier: StormRun] = [:]
}
