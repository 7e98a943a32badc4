/// A device's I/O targets.
extension Device {
    /// The device itself: what is sent to it comes in at the top of its stack, as if a program had
    /// sent it (DEV-24, T-11).
    ///
    /// A sequential queue's handler that awaits what its own queue is to answer waits for ever.
    public var selfTarget: IOTarget {
        if let target = state.value.targets.first(where: { $0.kind == .ownDevice }) {
            return target
        }
        return addTarget(.ownDevice, RoutingPort(of: self) { [unowned self] in route($0) })
    }

    /// A target on another device, still closed (T-2).
    ///
    /// When that device is to be removed the target is closed for the query, reopened when the
    /// removal does not take place, and closed for good when it does (T-6).
    public func remoteTarget() -> IOTarget { addTarget(.remote, nil) }

    /// A target on another device, with handlers for that device's removal (T-6); one that is not
    /// given does what it does without a driver.
    ///
    /// `queryRemove`: agrees by ``IOTarget/closeForQueryRemove()`` or ``IOTarget/close()``, or
    /// throws to veto. `removeCanceled`: the removal does not take place; the driver may
    /// ``IOTarget/reopen()``. `removeComplete`: the device goes, asked for or not.
    public func remoteTarget<Driver: Actor>(
        for driver: isolated Driver,
        queryRemove: (
            @Sendable (isolated Driver, IOTarget) async throws(DeviceError) -> Void
        )? = nil,
        removeCanceled: (@Sendable (isolated Driver, IOTarget) async -> Void)? = nil,
        removeComplete: (@Sendable (isolated Driver, IOTarget) async -> Void)? = nil
    ) -> IOTarget {
        let target = remoteTarget()
        var remote = RemoteOpening()
        if let queryRemove {
            remote.queryRemove = { [unowned driver] target throws(DeviceError) in
                try await queryRemove(driver, target)
            }
        }
        if let removeCanceled {
            remote.removeCanceled = { [unowned driver] in await removeCanceled(driver, $0) }
        }
        if let removeComplete {
            remote.removeComplete = { [unowned driver] in await removeComplete(driver, $0) }
        }
        target.storage.value.remote = remote
        return target
    }

    /// The next lower level of the stack, to whose routing `route` leads (T-1).
    func localTarget(_ route: @escaping @Sendable (RequestCore) -> Void) -> IOTarget {
        addTarget(.local, RoutingPort(of: self, route))
    }

    private func addTarget(_ kind: IOTarget.Kind, _ port: (any TargetPort)?) -> IOTarget {
        let target = IOTarget(kind, of: self, port)
        // One that is made by a device on its way out is as good as deleted.
        if isGone { target.beginDeleting() } else { state.value.targets.append(target) }
        return target
    }

    /// T-7: nothing is sent any more, and what was ends.
    func beginDeletingTargets() {
        for target in state.value.targets { target.beginDeleting() }
    }

    /// Returns when nothing that was sent is below any more.
    func targetsDeleted() async {
        let targets = state.value.targets
        state.value.targets = []
        for target in targets { await target.deleted() }
    }
}
