/// What becomes of the transfers in flight when a device leaves: what kernels really do, which
/// depends on timing and host controller, not on the device.
public enum UnplugKind: Sendable, Hashable, CaseIterable {
    /// They end as `failed` before the departure is reported: the bus noticed first.
    case endWithError
    /// They end as `deviceGone` after the departure was reported.
    case endAfterDeparture
    /// They do not end until they are cancelled; new ones are refused as `deviceGone`.
    case vanish
}
