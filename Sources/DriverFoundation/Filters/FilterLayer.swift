/// A filter's part in the calls of its device's function driver (FL-3): a layer, so that the rules
/// of layers are a filter's too (CX-1).
///
/// On the way up a lower filter is called before the function driver and an upper one after it; on
/// the way down, and when asked, the other way round.
final class FilterLayer: DriverLayer {
    private let filter: any FilterDriver
    private let position: DeviceLevel.Position
    // What it has done and nothing has undone yet.
    private let done: LoopConfined<[DriverCall]>

    init(_ filter: any FilterDriver, at position: DeviceLevel.Position) {
        self.filter = filter
        self.position = position
        done = LoopConfined(on: filter.scope.loop, [])
    }

    func before(_ call: DriverCall, on device: Device) async throws(DeviceError) {
        if call.goesUp == (position == .lowerFilter) { try await take(call) }
    }

    func after(_ call: DriverCall, on device: Device) async throws(DeviceError) {
        if call.goesUp != (position == .lowerFilter) { try await take(call) }
    }

    func cleanUp(after call: DriverCall, on device: Device) async {
        // Only a filter that has had its turn has something to undo.
        guard let undo = call.undo, done.value.contains(call) else { return }
        do throws(DeviceError) { try await take(undo) } catch {
            device.report("a filter\u{2019}s \(undo.callback.rawValue): \(error)")
        }
        done.value = []
    }

    private func take(_ call: DriverCall) async throws(DeviceError) {
        try await filter.take(call)
        done.value = call.goesUp ? [call] : []
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
