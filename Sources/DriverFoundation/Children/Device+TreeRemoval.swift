/// Orderly removal of a device and all that hangs on it.
extension Device {
    /// Removes the device in an orderly way (PNP-6): asks its driver, and before it those of its
    /// children and of the devices related to it (DEV-21); each may veto. Then takes them down,
    /// children first, gives the hardware back, and returns when all of it is done. Does nothing
    /// when the device has come to its end.
    ///
    /// Threading: the loop or any task. Cancellation: none.
    /// Errors: what ``FunctionDriver/queryRemove()`` threw; all devices then go on working.
    public func remove() async throws(DeviceError) {
        let tree = await loop.perform { [self] in removalOrder() } ?? []
        var granted: [Device] = []
        for device in tree {
            do throws(DeviceError) { try await device.queryRemoval() } catch {
                for device in granted { await device.cancelRemoval() }
                throw error
            }
            granted.append(device)
        }
        for device in tree { await device.removeWithoutQuery() }
    }

    /// Something else has refused: this device goes on working.
    private func cancelRemoval() async {
        onLoop { [self] in post(PnPMachine.Event.cancelRemove) }
        await scope.task { [self] in await tellRemoveCanceled() }.value
    }

    /// PNP-7: removes the device without asking, its children first, and without waiting for
    /// clients: their files are closed.
    func removeWithoutQuery() async {
        onLoop { [self] in
            if state.value.isRemoving { return }
            state.value.isRemoving = true
            post(PnPMachine.Event.remove)
        }
        await finality()
    }

    /// This device, what is related to it, and all their descendants: each child before its parent.
    private func removalOrder() -> [Device] {
        var order: [Device] = []
        var visited: [Device] = []
        func visit(_ device: Device) {
            if visited.contains(where: { $0 === device }) { return }
            visited.append(device)
            for child in device.state.value.family.children { visit(child) }
            order.append(device)
            for other in device.state.value.family.related { visit(other) }
        }
        if state.value.pnp.state != .final { visit(self) }
        return order
    }

    /// Ties two devices together: an orderly removal of one is one of the other (DEV-21), as for
    /// functions of a composite device that cannot work without each other. For their bus driver.
    public func addRemovalRelation(with other: Device) {
        contract(other !== self, "DEV-21: \(name) was related to itself")
        for (one, another) in [(self, other), (other, self)]
        where !one.state.value.family.related.contains(where: { $0 === another }) {
            one.state.value.family.related.append(another)
        }
    }

    /// Ends the relations, so that nothing keeps what has ended.
    func endRelations() {
        for other in state.value.family.related {
            other.state.value.family.related.removeAll { $0 === self }
        }
        state.value.family.related = []
    }

    // MARK: Vetoes

    /// Refuses orderly stops and removals, before the driver is asked, until as many calls of
    /// ``allowRemoval()`` have come (DEV-16).
    public func preventRemoval() { state.value.family.removalVetoes += 1 }

    /// Takes one ``preventRemoval()`` back.
    public func allowRemoval() {
        contract(
            state.value.family.removalVetoes > 0,
            "DEV-16: \(name) allows its removal more often than it prevented it")
        state.value.family.removalVetoes -= 1
    }

    /// Whether the device can be removed while the system runs (DEV-15): it can unless its driver
    /// says otherwise.
    public var isDisableable: Bool {
        get { !state.value.family.isNotDisableable }
        set { state.value.family.isNotDisableable = !newValue }
    }

    /// Whether a start or a change of power that failed keeps the hardware until all children have
    /// come to their end, instead of releasing it at once (DEV-11).
    public var releasesHardwareAfterDescendants: Bool {
        get { state.value.family.releasesAfterDescendants }
        set { state.value.family.releasesAfterDescendants = newValue }
    }

    /// Called before the hardware is released because something failed (DEV-11): the children of a
    /// failed device are missing (PNP-19), and it waits for their end if its driver has said so.
    func waitForDescendantsOnFailure() async {
        guard releasesHardwareAfterDescendants else { return }
        await removeChildren(isSurprise: true)
    }

    /// Why nobody needs to ask the driver: it has said before that the device stays.
    var standingVeto: DeviceError? {
        let family = state.value.family
        if family.isNotDisableable {
            return DeviceError(.invalidDeviceState, "\(name) cannot be disabled (DEV-15).")
        }
        guard family.removalVetoes > 0 else { return nil }
        return DeviceError(
            .busy,
            "\(name) is in use: its driver prevents its removal \(family.removalVetoes) times"
                + " over (DEV-16).")
    }
}
