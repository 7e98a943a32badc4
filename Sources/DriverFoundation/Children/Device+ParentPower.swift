/// Power between parent and child (B-9).
extension Device {
    /// Whether there is a parent that must be in D0 while this device is.
    var isChild: Bool { parent != nil && state.value.family.terms.needsParentPower }

    /// Returns when the parent is in D0, and keeps it there; throws when it cannot be.
    func acquireParentPower() async throws(DeviceError) {
        guard let parent, isChild else { return }
        let reference = PowerReference("\(name), a child in D0", on: parent)
        state.value.family.parentPower = reference
        reference.take()
        let error: DeviceError? = await Resumption.wait { answer in
            parent.whenInD0 { answer.resume(returning: $0) }
        }
        if let error { throw error }
    }

    /// The pair of ``acquireParentPower()``, also of a failed one.
    func releaseParentPower() { state.value.family.parentPower.take()?.drop() }
}
