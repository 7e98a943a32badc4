import DriverFoundation
import SampleHost
import ToasterClient

/// Slices, one after the other, with a bar that shows how brown the present one is; and the count
/// of what became of them.
final class Toasting: @unchecked Sendable {
    // Sendable because what varies is guarded by `lock`.
    private typealias Slices = (toasted: Int, lost: Int)
    private typealias Requests = (completed: Int, cancelled: Int, failed: Int)

    private let narrator: Narrator
    private let lock = Lock()
    private var slices: Slices = (0, 0)
    private var requests: Requests = (0, 0, 0)

    init(_ narrator: Narrator) { self.narrator = narrator }

    /// Toasts one slice in the first toaster there is.
    func toast(in host: Host, heat: UInt8) async throws(DeviceError) {
        let client = try await ToasterClient(host.plugAndPlay.interfaces) { [self] in note($0) }
        narrator.tell(.client, "has opened the toaster, and toasts a slice at heat \(heat)")
        let progress = Progress(narrator, of: .client)
        defer { progress.end() }
        do throws(DeviceError) {
            let level = try await client.toast(heat: heat) { level in
                progress.show(Double(level) / Double(ToasterClient.brown))
            }
            lock.withLock { slices.toasted += 1 }
            progress.end()
            narrator.tell(.client, "has brown toast: level \(level)", .green)
            await client.close()
        } catch {
            lock.withLock { slices.lost += 1 }
            await client.close()
            throw error
        }
    }

    private var counts: (slices: Slices, requests: Requests) {
        lock.withLock { () -> (Slices, Requests) in (slices, requests) }
    }

    private func note(_ error: DeviceError?) {
        lock.withLock {
            switch error?.code {
            case nil: requests.completed += 1
            case .cancelled: requests.cancelled += 1
            default: requests.failed += 1
            }
        }
    }

    /// Prints what there was; throws when something does not add up.
    func summarise() throws {
        let account = narrator.counts
        let (slices, requests) = counts
        narrator.terminal.line("")
        narrator.terminal.line("rounds: \(account.arrivals) from plug to removal")
        narrator.terminal.line("slices: \(slices.toasted) toasted, \(slices.lost) lost")
        narrator.terminal.line(
            "requests: \(requests.completed) completed, \(requests.cancelled) cancelled, "
                + "\(requests.failed) failed")
        narrator.terminal.line(account.summary)
        guard account.imbalances.isEmpty else {
            throw ProgramError("The driver's callbacks do not balance: see the summary.")
        }
    }
}
