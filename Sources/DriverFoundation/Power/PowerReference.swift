/// A named claim that a device be in D0 (WAKE-2): while any is held, the device does not idle, and
/// a device that idles comes back.
///
/// Threading: the device's scope.
public final class PowerReference: Sendable {
    private struct State {
        var count = 0
        var since = Instant(nanoseconds: 0)

        /// Whether it is the first.
        mutating func take(at now: Instant) -> Bool {
            count += 1
            if count == 1 { since = now }
            return count == 1
        }

        /// Whether it was the last; `nil` when it was not held.
        mutating func drop() -> Bool? {
            if count == 0 { return nil }
            count -= 1
            return count == 0
        }
    }

    /// Who holds it, as ``Device/idleReport`` says.
    public let name: String
    private weak let device: Device?
    private let loop: EventLoop
    private let state: LoopConfined<State>

    init(_ name: String, on device: Device) {
        self.name = name
        self.device = device
        loop = device.loop
        state = LoopConfined(on: device.loop, State())
    }

    /// Since when it is held; `nil` when it is not.
    public var since: Instant? { state.value.count > 0 ? state.value.since : nil }

    /// Holds it, once more when it is held.
    func take() {
        guard let device else { return }
        if state.value.take(at: device.loop.now) { device.referenced(by: self) }
    }

    /// The pair of each ``take()``.
    func drop() {
        guard let device else { return loop.reach(.referenceOutlivesDevice) }
        if device.state.value.parts.isDisposed { device.loop.reach(.referenceOutlivesDevice) }
        switch state.value.drop() {
        case .some(let isLast): if isLast { device.dereferenced(by: self) }
        case .none: contract(false, "WAKE-3: \(name) gives up D0 of \(device.name) twice")
        }
    }

    /// Ends the claim (WDF's ResumeIdle). Once.
    public func end() { drop() }
}

extension Device {
    package func stopIdling(for purpose: String) -> PowerReference {
        let reference = PowerReference(purpose, on: self)
        reference.take()
        return reference
    }

    package func withD0<Value>(
        for purpose: String = "the driver",
        _ body: () async throws(DeviceError) -> Value
    ) async throws(DeviceError) -> Value {
        contract(
            !isInCallback,
            "WAKE-3: a callback of \(name) waits for D0, which waits for the callback: use"
                + " stopIdling(for:), or device.task")
        let reference = PowerReference(purpose, on: self)
        reference.take()
        defer { reference.drop() }
        try await d0()
        return try await body()
    }

    /// Returns when the device is in D0. To be called with a reference held.
    func d0() async throws(DeviceError) {
        let error: DeviceError? = await Resumption.wait { answer in
            whenInD0 { answer.resume(returning: $0) }
        }
        if let error { throw error }
    }

    /// Keeps the device in D0 on behalf of a part of it, until as many ``releasePowerReference()``
    /// have come.
    func takePowerReference() {
        let reference = state.value.lifecycle.power.parts ?? PowerReference("its parts", on: self)
        state.value.lifecycle.power.parts = reference
        reference.take()
    }

    /// The same, and returns when the device is in D0; throws when it cannot be, and then the
    /// reference is not held.
    func acquirePowerReference() async throws(DeviceError) {
        takePowerReference()
        do throws(DeviceError) { try await d0() } catch {
            releasePowerReference()
            throw error
        }
    }

    /// Ends what ``takePowerReference()`` or ``acquirePowerReference()`` began.
    func releasePowerReference() { state.value.lifecycle.power.parts?.drop() }

    // MARK: Counting

    fileprivate func referenced(by reference: PowerReference) {
        if loop.isPlanted(.referenceLost) { return }
        switch state.value.lifecycle.take(reference) {
        case .none: break
        case .some(.idle): post(IdleMachine.Event.referenced)
        case .some(.policy): post(PowerPolicyMachine.Event.ioPresent)
        }
    }

    /// Whoever holds a reference asks for the device once more (WAKE-9).
    func neededAgain() {
        if state.value.lifecycle.isSentDown { post(PowerPolicyMachine.Event.ioPresent) }
    }

    fileprivate func dereferenced(by reference: PowerReference) {
        if loop.isPlanted(.referenceLeaked) { return }
        if loop.isPlanted(.referenceEndsAll) {
            state.value.lifecycle.power.references = [reference]
        }
        if state.value.lifecycle.drop(reference) { post(IdleMachine.Event.released) }
    }

    /// The device's own signal brings it back.
    func connectPower() {
        state.value.parts.wakeSignalled = { [weak self] in
            self?.post(PowerPolicyMachine.Event.wake)
        }
    }

    /// Calls `body` when the device is in D0 and the machines rest, or with the reason why it will
    /// not be. To be called with a reference held.
    func whenInD0(_ body: @escaping @Sendable (DeviceError?) -> Void) {
        whenAtRest { device in
            switch device.state.value.lifecycle.policy.state {
            case .d0:
                body(nil)
                return true
            case .stopping, .stopped, .broken, .removed:
                device.loop.reach(.d0Refused)
                body(
                    DeviceError(
                        .invalidDeviceState, "\(device.name) cannot be brought to D0 (WAKE-3)."))
                return true
            // Its hardware was refused: it works when it is started again, if ever.
            case .created where device.state.value.pnp.state == .initialized:
                body(
                    DeviceError(
                        .invalidDeviceState, "\(device.name) has not started (WAKE-3)."))
                return true
            default:
                guard device.state.value.isGone,
                    device.state.value.lifecycle.policy.state == .created
                        || device.state.value.pnp.state == .final
                else { return false }
                body(.removed)
                return true
            }
        }
    }
}

/// Which machine is told of a reference.
private enum Concern { case idle, policy }

// One access each to the device's state: each request passes here.
extension LifecycleState {
    fileprivate mutating func take(_ reference: PowerReference) -> Concern? {
        power.references.append(reference)
        if power.references.count == 1, isIdleMachineConcerned { return .idle }
        return isSentDown ? .policy : nil
    }

    /// A device that does not idle, or is needed, may have been sent to sleep (WAKE-9), and nobody
    /// has asked for it since.
    fileprivate var isSentDown: Bool {
        switch policy.state {
        case .dx, .asleep, .askingToSuspend, .stoppingIO, .armingWake, .poweringDown:
            idle.state != .poweringUp
        default: false
        }
    }

    /// Whether the idle machine is told.
    fileprivate mutating func drop(_ reference: PowerReference) -> Bool {
        power.references.removeAll { $0 === reference }
        return power.references.isEmpty && isIdleMachineConcerned
    }

    /// Not of a device that does not idle: its requests need not pass the machines.
    private var isIdleMachineConcerned: Bool {
        switch idle.state {
        case .disabled, .stopped: !idle.pending.isEmpty
        default: true
        }
    }
}
