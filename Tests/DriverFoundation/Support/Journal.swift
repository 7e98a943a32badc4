import Logging

@testable import DriverFoundation

/// What the observer and the logger were told, and a way to wait for it.
final class Journal: Sendable {
    /// A line of a golden log.
    private enum Line {
        case step(LifecycleStep), told(String)
    }

    private struct State {
        var entries: [(device: String, id: AttachmentID?, step: LifecycleStep)] = []
        var errors: [String] = []
        var warnings: [String] = []
        var told: [String] = []
        /// Steps, and what drivers told between them.
        var chronicle: [Line] = []
        var waiters: [(LifecycleStep, Resumption<Void>)] = []
        var devices: [Device] = []
    }
    private let state: LoopConfined<State>

    init(on loop: EventLoop) { state = LoopConfined(on: loop, State()) }

    func note(_ step: LifecycleStep, of device: Device) {
        state.value.entries.append((device.name, device.usb?.id, step))
        state.value.chronicle.append(.step(step))
        if case .matched = step { state.value.devices.append(device) }
        if step == .disposed { state.value.devices.removeAll { $0 === device } }
        let waiters = state.value.waiters
        state.value.waiters = waiters.filter { $0.0 != step }
        for (wanted, resumption) in waiters where wanted == step { resumption.resume() }
    }

    func note(error: String) { state.value.errors.append(error) }

    /// What drivers have told, in order.
    var told: [String] { state.value.told }

    func note(told text: String) {
        state.value.told.append(text)
        state.value.chronicle.append(.told(text))
    }

    /// What was logged as an error.
    var errors: [String] { state.value.errors }

    /// What was logged as a warning.
    var warnings: [String] { state.value.warnings }

    func note(warning: String) { state.value.warnings.append(warning) }

    /// The devices that are there, oldest first.
    var devices: [Device] { state.value.devices }

    /// The device that arrived last and is still there.
    var device: Device? { state.value.devices.last }

    /// Returns when `step` has happened, or at once when it has happened to any device already.
    func wait(for step: LifecycleStep) async {
        // Looks and waits in one step: a call of an asynchronous function may let others run.
        await Resumption.wait { resumption in
            if has(step) { return resumption.resume() }
            state.value.waiters.append((step, resumption))
        }
    }

    /// Returns when `step` happens again.
    func next(_ step: LifecycleStep) async {
        await Resumption.wait { state.value.waiters.append((step, $0)) }
    }

    func has(_ step: LifecycleStep) -> Bool { state.value.entries.contains { $0.step == step } }

    func steps(of id: AttachmentID? = nil) -> [LifecycleStep] {
        state.value.entries.filter { id == nil || $0.id == id }.map(\.step)
    }

    /// All steps, with the device of each, as `name: step`.
    var story: [String] { state.value.entries.map { "\($0.device): \($0.step)" } }

    /// Returns when `step` has happened to a device of this name.
    func wait(for step: LifecycleStep, of name: String) async {
        var isThere = false
        while !isThere {
            await Resumption.wait { resumption in
                isThere = state.value.entries.contains { $0.device == name && $0.step == step }
                if isThere { return resumption.resume() }
                state.value.waiters.append((step, resumption))
            }
        }
    }

    /// The device of this name that is still there.
    func device(named name: String) -> Device? {
        state.value.devices.last { $0.name == name }
    }

    /// The log as golden texts have it: a callback that returned with nothing in between is one
    /// line.
    func lines(of id: AttachmentID? = nil) -> [String] {
        Self.texts(steps(of: id).map { .step($0) })
    }

    /// The same of the devices of one name.
    func lines(named name: String) -> [String] {
        Self.texts(state.value.entries.filter { $0.device == name }.map { .step($0.step) })
    }

    /// The same of all devices, with what drivers told.
    var chronicle: [String] { Self.texts(state.value.chronicle) }

    private static func texts(_ entries: [Line]) -> [String] {
        var lines: [String] = []
        var last: LifecycleStep?
        for entry in entries {
            switch entry {
            case .told(let text):
                lines.append(text)
                last = nil
            case .step(let step):
                if case .returned(let callback) = step, last == .began(callback) {
                    lines[lines.count - 1] = callback.rawValue
                } else {
                    lines.append(step.description)
                }
                last = step
            }
        }
        return lines
    }

    /// Throws unless the log reads as `golden`, in which lines in parentheses are for readers.
    func expect(_ golden: String, of id: AttachmentID? = nil) throws {
        try Self.compare(lines(of: id), golden)
    }

    /// The same, with what drivers told.
    func expectChronicle(_ golden: String) throws { try Self.compare(chronicle, golden) }

    private static func compare(_ found: [String], _ golden: String) throws {
        let expected = golden.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("(") }
        if found != expected {
            throw Surprise(
                "the log reads\n    " + found.joined(separator: "\n    ") + "\nand not\n    "
                    + expected.joined(separator: "\n    "))
        }
    }
}

/// A logger's way into the journal.
struct JournalLogHandler: LogHandler {
    let journal: Journal
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    init(journal: Journal) { self.journal = journal }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        if event.level >= .error { journal.note(error: "\(event.message)") }
        if event.level == .warning { journal.note(warning: "\(event.message)") }
        if event.level == .info { journal.note(told: "\(event.message)") }
    }
}

extension Device {
    /// Tells the journal, through the logger.
    func tell(_ text: String) { environment.logger.info("\(text)") }
}
