import DriverFoundation
import HotplugDriver
import SampleHost

/// Whoever plugs and pulls on request: a person, or a program with virtual devices.
struct Hand: Sendable {
    enum Deed: String, Sendable { case plug, pull }

    /// Asks for `deed`; nobody waits for it to be done.
    let ask: @Sendable (Deed) -> Void
}

/// Rounds of pulling a device and plugging it in again, while the bus's reports are checked.
actor HotplugTest {
    enum Event: Sendable {
        case arrived(AttachedDevice, Instant)
        case left(AttachmentID, Instant)
        case opened(AttachmentID, Instant)
        case settled(AttachmentID)
    }

    private let narrator: Narrator
    private let device: DeviceID?
    private let rounds: Int
    private let patience: Duration
    private let hand: Hand
    private let events: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation
    private var accepts: @Sendable (AttachedDevice) -> Bool = { _ in true }
    private var ignored: Set<AttachmentID> = []
    private var ledger = HotplugLedger()
    private var roundsDone = 0

    init(
        _ narrator: Narrator, device: DeviceID?, rounds: Int, patience: Duration, hand: Hand
    ) {
        self.narrator = narrator
        self.device = device
        self.rounds = rounds
        self.patience = patience
        self.hand = hand
        (events, continuation) = AsyncStream.makeStream()
    }

    /// Runs all rounds on `bus`.
    func run(
        on bus: any USBBus, _ options: PlugAndPlay.Options
    ) async throws {
        let watched = WatchedBus(bus) {
            [continuation, narrator, accepts = options.accepts] event, now in
            switch event {
            case .arrived(let device):
                continuation.yield(.arrived(device, now))
                guard accepts(device) else { return }
                for line in DescriptorTree.lines(of: device) { narrator.tell(.device, line) }
            case .departed(let id): continuation.yield(.left(id, now))
            case .discoveryUnavailable: break
            }
        }
        accepts = options.accepts
        var options = options
        options.observer = { [continuation] device, step in
            switch step {
            case .hardwareAcquired:
                continuation.yield(.opened(device.attached.id, device.loop.now))
            case .started, .startFailed: continuation.yield(.settled(device.attached.id))
            default: break
            }
        }
        let host = Host(
            on: watched, drivers: [HotplugProbe.self], narrator: narrator, options: options)
        try await host.run { host in
            try await self.allRounds(host)
        }
    }

    private func allRounds(_ host: Host) async throws {
        if try await !isThere(host) { hand.ask(.plug) }
        guard try await hears(host, of: .plug) else {
            let what = device.map { "Device \($0) was not" } ?? "No device but hubs was"
            throw ProgramError(
                "\(what) seen within \(patience.components.seconds) s: plug one in, and see with "
                    + "lsusb whether the system notices it.")
        }
        for round in 1...rounds {
            for deed in [Hand.Deed.pull, .plug] {
                narrator.tell(.hand, "round \(round) of \(rounds): \(deed)", .bold)
                hand.ask(deed)
                guard try await hears(host, of: deed) else {
                    let event = deed == .pull ? "departure" : "arrival"
                    return ledger.missed("the \(event) in round \(round), if there was one")
                }
            }
            roundsDone = round
        }
    }

    /// Whether one is there from the beginning; such a device is reported without being waited for.
    private func isThere(_ host: Host) async throws -> Bool {
        try await host.wait(for: .milliseconds(500))
        return await !host.plugAndPlay.devices().isEmpty
    }

    /// Waits until `deed` is heard of: for a plug, until the device is open or was refused.
    private func hears(_ host: Host, of deed: Hand.Deed) async throws -> Bool {
        try await host.within(patience) { try await self.listen(for: deed) } != nil
    }

    private func listen(for deed: Hand.Deed) async throws {
        for await event in events {
            switch (event, deed) {
            case (.arrived(let attached, let now), _): arrived(attached, now)
            case (.opened(let id, let now), _):
                guard let time = ledger.opened(id, at: now) else { continue }
                narrator.tell(.client, "open \(Narrator.milliseconds(time)) after its arrival")
            case (.left(let id, _), _) where ignored.remove(id) != nil: break
            case (.left(let id, let now), _):
                ledger.left(id, at: now)
                narrator.tell(.client, "departure of device \(id)")
                if deed == .pull { return }
            case (.settled, .plug): return
            case (.settled, .pull): break
            }
        }
        throw CancellationError()
    }

    private func arrived(_ attached: AttachedDevice, _ now: Instant) {
        guard accepts(attached) else {
            ignored.insert(attached.id)
            return
        }
        guard let gap = ledger.arrived(attached, at: now) else { return }
        narrator.tell(.client, "arrival \(Narrator.milliseconds(gap)) after its departure")
    }

    /// Prints what there was; `true` if every round was run and nothing was lost or doubled.
    func summarise() -> Bool {
        narrator.terminal.line("")
        narrator.terminal.line(narrator.counts.summary)
        for line in ledger.summary(rounds: roundsDone) { narrator.terminal.line(line) }
        return ledger.isSound && roundsDone == rounds && narrator.counts.imbalances.isEmpty
    }
}
