/// Power between parent and child (B-9).
extension Device {
    /// Keeps the device in D0 until the reference is released; throws when it goes.
    func acquirePowerReference() async throws(DeviceError) {
        if state.value.isGone { throw DeviceError.removed }
        state.value.family.powerReferences += 1
    }

    /// Ends what ``acquirePowerReference()`` began.
    func releasePowerReference() {
        contract(state.value.family.powerReferences > 0, "B-9: a power reference released twice")
        state.value.family.powerReferences -= 1
    }

    /// Has the parent in D0 before this device is, unless the bus driver has settled otherwise.
    func acquireParentPower() async throws(DeviceError) {
        guard let parent, state.value.family.terms.needsParentPower,
            !state.value.family.holdsParentPower
        else { return }
        try await parent.acquirePowerReference()
        state.value.family.holdsParentPower = true
    }

    /// The device is not in D0 any more.
    func releaseParentPower() {
        guard let parent, state.value.family.holdsParentPower else { return }
        state.value.family.holdsParentPower = false
        parent.releasePowerReference()
    }
}
