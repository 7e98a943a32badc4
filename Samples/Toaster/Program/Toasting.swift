import DriverFoundation
import SampleHost
import ToasterClient

/// Slices, one after the other, with a bar that shows how brown the present one is; and the count of
/// what became of them.
final class Toasting: @unchecked Sendable {
    // Sendable because the counts are guarded by `lock`.
    private let narrator: Narrator
    private let lock = Lock()
    private var toasted = 0
    private var failed = 0

    init(_ narrator: Narrator) { self.narrator = narrator }

    /// Toasts one slice in the first toaster there is.
    func toast(one host: Host, heat: UInt8) async throws {
        let client = try await ToasterClient(host.plugAndPlay.interfaces)
        narrator.tell(.client, "has opened the toaster, and toasts a slice at heat \(heat)")
        do {
            let level = try await client.toast(heat: heat) { [narrator] level in
                narrator.terminal.setStatus(ProgressBar.text(Double(level) / 200))
            }
            lock.withLock { toasted += 1 }
            narrator.terminal.setStatus(nil)
            narrator.tell(.client, "has brown toast: level \(level)", .green)
            await client.close()
        } catch {
            lock.withLock { failed += 1 }
            narrator.terminal.setStatus(nil)
            await client.close()
            throw error
        }
    }

    /// Prints what there was; throws when something does not add up.
    func summarise() throws {
        let account = narrator.counts
        narrator.terminal.line("")
        narrator.terminal.line("rounds: \(account.arrivals)")
        narrator.terminal.line("slices: \(toasted) toasted, \(failed) failed")
        narrator.terminal.line(account.summary)
        guard account.imbalances.isEmpty else {
            throw ProgramError("the driver's callbacks do not balance")
        }
    }
}
