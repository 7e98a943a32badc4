/// Which of a device's power-managed queues keep it in D0: those that have a request, be it
/// waiting or the driver's.
///
/// What decides about idling connects ``changed``, and reads ``isHeld`` when it does.
struct PowerReferences {
    private(set) var count = 0
    private var brackets = 0
    private(set) var isHeld = false
    /// Told of each change of ``isHeld``, on the loop.
    var changed: (@Sendable (_ isHeld: Bool) -> Void)?

    fileprivate mutating func add(_ change: Int) { count += change }
    fileprivate mutating func bracket(_ change: Int) { brackets += change }

    /// Notes whether it is held now; says whether that has changed.
    fileprivate mutating func update() -> Bool {
        let isNow = count + brackets > 0
        defer { isHeld = isNow }
        return isNow != isHeld
    }
}

extension Device {
    /// A power-managed queue went from having no request to having one, or back.
    func powerReferencesChange(by change: Int) {
        state.value.powerReferences.add(change)
        updatePowerReferences()
    }

    /// Keeps the device from looking idle while `body` moves a request from one queue to another.
    func holdingPowerReference(_ body: () -> Void) {
        // From a queue that counts alone: a request of another kind holds nothing as it moves.
        let isHeld = state.value.powerReferences.isHeld
        if isHeld { state.value.powerReferences.bracket(1) }
        body()
        if isHeld {
            state.value.powerReferences.bracket(-1)
            updatePowerReferences()
        }
    }

    private func updatePowerReferences() {
        guard state.value.powerReferences.update() else { return }
        let references = state.value.powerReferences
        references.changed?(references.isHeld)
    }
}

extension RequestQueue {
    /// Tells the device whether this queue has any request, when that has changed.
    func updatePowerReference() {
        guard isPowerManaged else { return }
        let isBusy = !(state.value.waiting.isEmpty && state.value.owned.isEmpty)
        guard isBusy != state.value.isBusy else { return }
        state.value.isBusy = isBusy
        device.powerReferencesChange(by: isBusy ? 1 : -1)
    }
}
