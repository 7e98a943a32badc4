/// How a child becomes a device, and ends as one.
extension Device {
    /// Finds drivers for a child and starts it; `nil` when no driver matches it.
    func attachChild(
        _ child: ChildDevice, ended: @escaping @Sendable (_ isMadeAnew: Bool) -> Void
    ) throws(DeviceError) -> Device? {
        try environment.verifier.pass(.childAttach)
        guard !child.identity.instanceID.isEmpty,
            child.identity.hardwareIDs.first?.isEmpty == false
        else {
            throw DeviceError(
                .invalidRequest, "B-7: \(child.identity.name) has no instance id or hardware id.")
        }
        let siblings = state.value.family.children
        guard !siblings.contains(where: { $0.isTwin(of: child.identity) }) else {
            throw DeviceError(
                .invalidRequest,
                "B-7: another child of \(name) has the instance id \(child.identity.instanceID).")
        }
        var node = DeviceNode(child.identity, .software, parent: self)
        if let function = child.function, let usb {
            node.source = .function(usb, interfaces: function.interfaces)
        }
        node.child = child.terms
        node.driver = child.driver
        guard let device = environment.attach(node) else { return nil }
        device.state.value.family.ended = ended
        state.value.family.children.append(device)
        device.begin()
        return device
    }

    private func isTwin(of identity: DeviceIdentity) -> Bool {
        !isGone && self.identity.instanceID == identity.instanceID
            && self.identity.hardwareIDs.first == identity.hardwareIDs.first
    }

    /// A child has come to its end.
    func childEnded(_ child: Device) {
        state.value.family.children.removeAll { $0 === child }
        child.state.value.family.ended.take()?(child.isToBeMadeAnew)
        childrenChanged()
    }

    func childrenChanged() {
        guard isChildless else { return }
        let waiters = state.value.family.childlessWaiters
        state.value.family.childlessWaiters = []
        for waiter in waiters { waiter.resume() }
    }

    /// Whether there may be children whose end must be awaited.
    var hasChildren: Bool { !state.value.family.lists.isEmpty }

    var isChildless: Bool {
        state.value.family.children.isEmpty && state.value.family.lists.allSatisfy { $0.isEmpty }
    }
}
