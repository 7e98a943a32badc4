/// Where other parts of a device take part in its life: what a device without them does.
extension Device {
    /// DEV-15, DEV-16: why an orderly stop or removal is refused before the driver is asked.
    var standingVeto: DeviceError? { nil }

    // MARK: Family

    /// Whether there is a parent that must be in D0.
    var isChild: Bool { false }
    /// The devices that hang on this one.
    var offspring: [Device] { [] }
    /// Whether anything is to look for children.
    var scansForChildren: Bool { false }
    /// Whether there are children whose end must be awaited.
    var hasChildren: Bool { false }
    /// Removes all children, and returns when they have come to their end.
    func removeChildren(isSurprise: Bool) async {}
    /// DEV-11: returns when the hardware of a failed device may be released.
    func waitForDescendantsOnFailure() async {}
    /// The start is complete: children may be made.
    func beginEnumerating() {}
    /// B-4: looks for children.
    func scanForChildren() async {}
    /// B-9: returns when the parent is in D0, and keeps it there.
    func acquireParentPower() async throws(DeviceError) {}
    /// The pair of ``acquireParentPower()``, also of a failed one.
    func releaseParentPower() {}
}
