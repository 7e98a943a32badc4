import DriverFoundation
import KeyboardClient
import KeyboardDevice
import KeyboardDriver
import SampleHost
import VirtualUSB

/// What is typed on the keyboard, whichever it is, whether it is what was expected, and its lights.
final class Typing: @unchecked Sendable {
    // Sendable because what varies is guarded by `lock`.

    /// What the virtual keyboard types; ⇪ is its Caps Lock key.
    private static let strokes = "Hello, Toaster! ⇪brown⇪ toast at 200 \"degrees\" (well, 0xC8).\n"
    /// What that makes.
    static let sentence = "Hello, Toaster! BROWN toast at 200 \"degrees\" (well, 0xC8).\n"

    private let narrator: Narrator
    private let expected: [Character]?
    private let lock = Lock()
    private var typed: [Character] = []
    private var keys = 0
    private var lightChanges = 0

    init(_ narrator: Narrator, expected: String?) {
        self.narrator = narrator
        self.expected = expected.map(Array.init)
    }

    /// Plugs a virtual keyboard in, and reads what it types.
    func runEmbedded(timeout: Duration?, on bus: VirtualBus = VirtualBus()) async throws -> Bool {
        try await run(on: bus, PlugAndPlay.Options(), timeout: timeout) { [self] in
            narrator.tell(.hand, "plugs in a keyboard that types by itself", .bold)
            _ = try await bus.plug { [self] port in
                KeyboardDevice(port: port, typing: Self.strokes, pace: .milliseconds(25)) {
                    lights in
                    let isOn = lights & 2 != 0
                    self.lock.withLock { self.lightChanges += 1 }
                    self.narrator.tell(.device, "Caps Lock light \(isOn ? "on" : "off")", .yellow)
                }
            }
        }
    }

    /// Reads what is typed on the keyboards of `bus`.
    ///
    /// - Returns: Whether the expected text was typed, without any other character.
    func run(
        on bus: any USBBus, _ options: PlugAndPlay.Options, timeout: Duration?,
        _ plug: @escaping @Sendable () async throws -> Void = {}
    ) async throws -> Bool {
        let host = Host(on: bus, drivers: [Keyboard.self], narrator: narrator, options: options)
        return try await host.run { [self] host in
            narrator.tell(.client, "waits for a keyboard; Ctrl-C ends")
            try await plug()
            if let isTyped = try await host.within(timeout, { [self] in try await read(host) }) {
                return isTyped
            }
            let reason = narrator.startError.map { "the keyboard did not start: \($0)" }
            narrator.tell(.client, "time is up: " + (reason ?? "not all was typed"), .red)
            return false
        }
    }

    private func read(_ host: Host) async throws(DeviceError) -> Bool {
        while true {
            let client = try await KeyboardClient(host.plugAndPlay.interfaces)
            do throws(DeviceError) {
                return try await read(client)
            } catch {
                await client.close()
                guard error.code == .removed else { throw error }
                // Whoever pulls a keyboard may plug it in again, and go on.
                narrator.tell(.client, "waited for a key, and is told: \(error)", .yellow)
            }
        }
    }

    private func read(_ client: KeyboardClient) async throws(DeviceError) -> Bool {
        while true {
            for key in try await client.next() {
                guard let isDone = note(key) else { continue }
                await client.close()
                return isDone
            }
        }
    }

    /// - Returns: How it ends, if it ends with this key.
    private func note(_ key: Key) -> Bool? {
        if key.isDown { lock.withLock { keys += 1 } }
        guard let character = key.character else { return nil }
        let typed = lock.withLock { () -> [Character] in
            self.typed.append(character)
            return self.typed
        }
        let line = String(typed.split(separator: "\n", omittingEmptySubsequences: false).last ?? [])
        narrator.tell(.client, "typed \(Self.name(of: character))  \(line)", .green)
        guard let expected else { return nil }
        guard expected.starts(with: typed) else {
            let wanted = Self.name(of: expected[typed.count - 1])
            narrator.tell(.client, "but “\(wanted)” was expected", .red)
            return false
        }
        return typed.count == expected.count ? true : nil
    }

    private static func name(of character: Character) -> String {
        switch character {
        case "\n": "⏎"
        case "\t": "⇥"
        case " ": "␣"
        default: String(character)
        }
    }

    /// Prints what there was.
    func summarise() {
        lock.withLock {
            narrator.terminal.line("")
            narrator.terminal.line("typed: \(String(typed.map { $0 == "\n" ? "⏎" : $0 }))")
            narrator.terminal.line("keys: \(keys) pressed, \(typed.count) characters")
            if lightChanges > 0 { narrator.terminal.line("lights: changed \(lightChanges) times") }
            narrator.terminal.line(narrator.counts.summary)
        }
    }
}
