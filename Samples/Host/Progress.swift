import DriverFoundation

/// Shows how far something has come: on a terminal a bar that moves, elsewhere a line for each
/// quarter.
package final class Progress: @unchecked Sendable {
    // Sendable because `quarter` is guarded by `lock`.
    private let narrator: Narrator
    private let speaker: Speaker
    private let lock = Lock()
    private var quarter = 0

    package init(_ narrator: Narrator, of speaker: Speaker) {
        self.narrator = narrator
        self.speaker = speaker
    }

    package func show(_ fraction: Double) {
        let bar = ProgressBar.text(fraction)
        if narrator.terminal.isInteractive { return narrator.terminal.setStatus("  " + bar) }
        let reached = Int(min(max(fraction, 0), 1) * 4)
        let isNew = lock.withLock { () -> Bool in
            defer { quarter = reached }
            return reached > quarter && reached < 4
        }
        if isNew { narrator.tell(speaker, "  " + bar) }
    }

    package func end() { narrator.terminal.setStatus(nil) }
}
