/// A filter's part in the calls of its device's function driver (FL-3): a layer, so that the rules
/// of layers are a filter's too (CX-1).
///
/// On the way up a lower filter is called before the function driver and an upper one after it; on
/// the way down, and when asked, the other way round.
final class FilterLayer: DriverLayer {
    private let filter: any FilterDriver
    private let position: DeviceLevel.Position
    private let state: LoopConfined<State>

    private struct State {
        // What it has done and nothing has undone yet.
        var done: DriverCall?
        // It was asked to prepare the hardware, and not yet to release it.
        var isPrepared = false
    }

    init(_ filter: any FilterDriver, at position: DeviceLevel.Position) {
        self.filter = filter
        self.position = position
        state = LoopConfined(on: filter.scope.loop, State())
    }

    func before(_ call: DriverCall, on device: Device) async throws(DeviceError) {
        if call.goesUp == (position == .lowerFilter) { try await take(call) }
    }

    func after(_ call: DriverCall, on device: Device) async throws(DeviceError) {
        if call.goesUp != (position == .lowerFilter) { try await take(call) }
    }

    func cleanUp(after call: DriverCall, on device: Device) async {
        // Only a filter that has had its turn has something to undo.
        guard let undo = call.undo, state.value.done == call else { return }
        do throws(DeviceError) { try await take(undo) } catch {
            device.report("a filter\u{2019}s \(undo.callback.rawValue): \(error)")
        }
        state.value.done = nil
    }

    private func take(_ call: DriverCall) async throws(DeviceError) {
        // What is undone stays undone, whatever its call throws.
        if !call.goesUp { state.value.done = nil }
        // One that another driver's failure kept from preparing has nothing to release (PNP-12).
        if call == .releaseHardware, !state.value.isPrepared { return }
        if call == .prepareHardware || call == .releaseHardware {
            state.value.isPrepared = call == .prepareHardware
        }
        if FailPoint.filterCallbacks.contains(call.callback) {
            let verifier = filter.device.environment.verifier
            try await verifier.pass(around: FailPoint.filter(call.callback)) {
                [filter] () throws(DeviceError) in try await filter.take(call)
            }
        } else {
            try await filter.take(call)
        }
        if call.goesUp { state.value.done = call }
    }
}

extension DriverCall {
    /// Whether lower drivers come first.
    fileprivate var goesUp: Bool {
        switch self {
        case .queryRemove, .queryStop: false
        default: isStateful
        }
    }
}

extension FilterDriver {
    /// Makes the call, if filters have it.
    func take(_ call: DriverCall) async throws(DeviceError) {
        switch call {
        case .prepareHardware: try await prepareHardware()
        case .enterD0(let previous): try await enterD0(from: previous)
        case .exitD0(let next): try await exitD0(to: next)
        case .releaseHardware: try await releaseHardware()
        case .surpriseRemoval: await surpriseRemoval()
        case .queryRemove: try await queryRemove()
        case .queryStop: try await queryStop()
        case .postInterruptsEnabled, .preInterruptsDisabled, .initializeSelfManagedIO,
            .restartSelfManagedIO, .suspendSelfManagedIO, .flushSelfManagedIO,
            .cleanUpSelfManagedIO, .armWake, .wakeTriggered, .disarmWake:
            break
        }
    }
}
