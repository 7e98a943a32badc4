/// How far something has come, in a line.
package enum ProgressBar {
    /// Such as `████████░░░░░░░░  50 %`; `fraction` outside 0…1 counts as the nearer end.
    package static func text(_ fraction: Double, width: Int = 32) -> String {
        let share = fraction.isNaN ? 0 : min(max(fraction, 0), 1)
        let full = Int((share * Double(width)).rounded())
        let percent = String(Int((share * 100).rounded()))
        return String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
            + String(repeating: " ", count: max(0, 4 - percent.count)) + percent + " %"
    }
}
