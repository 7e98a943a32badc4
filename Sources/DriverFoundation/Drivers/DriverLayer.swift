/// A piece between the framework and a driver that every callback passes (CX-1): a protocol that
/// several drivers share, a filter, a recorder.
///
/// Layers enclose the driver like shells: the outermost comes first before a call, and last after
/// it. There are two kinds of calls (``DriverCall/isStateful``):
///
/// - *stateful* ones take the device up, or ask: a `before` that throws ends the call before the
///   driver has it, and the layers that came before are told to clean up; a driver that throws is
///   followed by their clean-up too, unless a call of its own undoes what was done, as
///   `releaseHardware` does; `after` is called when the driver has succeeded, and when one throws,
///   the driver's part is undone (`exitD0(to:)` for `enterD0(from:)`).
/// - *stateless* ones take it down, or tell: everything is called, whatever throws, and the first
///   error is what counts.
///
/// Threading: tasks of the device's scope; calls of one device do not overlap, but for those that
/// ``FunctionDriver`` names.
public protocol DriverLayer: AnyObject, Sendable {
    /// The driver is about to get `call`.
    func before(_ call: DriverCall, on device: Device) async throws(DeviceError)
    /// The driver has returned from `call`; after a stateless one it may have thrown.
    func after(_ call: DriverCall, on device: Device) async throws(DeviceError)
    /// A stateful call has failed after this layer's `before`, and nothing else will undo that.
    func cleanUp(after call: DriverCall, on device: Device) async
}

extension DriverLayer {
    /// Does nothing.
    public func before(_ call: DriverCall, on device: Device) async throws(DeviceError) {}
    /// Does nothing.
    public func after(_ call: DriverCall, on device: Device) async throws(DeviceError) {}
    /// Does nothing.
    public func cleanUp(after call: DriverCall, on device: Device) async {}
}

extension DriverCall {
    /// Whether a layer can end the call (CX-1).
    public var isStateful: Bool {
        switch self {
        case .prepareHardware, .enterD0, .postInterruptsEnabled, .initializeSelfManagedIO,
            .restartSelfManagedIO, .armWake, .queryRemove, .queryStop:
            true
        case .suspendSelfManagedIO, .flushSelfManagedIO, .cleanUpSelfManagedIO, .wakeTriggered,
            .disarmWake, .preInterruptsDisabled, .exitD0, .releaseHardware, .surpriseRemoval:
            false
        }
    }

    /// Whether the framework calls what undoes it even when it has failed (PNP-12).
    var isUndoneWhenFailed: Bool { self == .prepareHardware }

    /// What undoes it in a driver that has succeeded, when a layer fails afterwards; `nil` where
    /// nothing need be, or is by the framework.
    var undo: DriverCall? {
        switch self {
        case .enterD0: .exitD0(to: .d3Final)
        case .postInterruptsEnabled: .preInterruptsDisabled(to: .d3Final)
        case .initializeSelfManagedIO, .restartSelfManagedIO: .suspendSelfManagedIO
        case .armWake(let reason): .disarmWake(for: reason)
        default: nil
        }
    }
}

extension Device {
    /// Puts a layer around the driver: outside the others, or next to the driver. In the driver's
    /// `init`, so that it sees every call.
    public func add(_ layer: any DriverLayer, isOutermost: Bool = true) {
        contract(
            state.value.pnp.state == .addingDevice,
            "DEV-1: a layer is put around the driver of \(name) in its init, not later")
        if isOutermost {
            state.value.lifecycle.layers.insert(layer, at: 0)
        } else {
            state.value.lifecycle.layers.append(layer)
        }
    }

    /// Calls the driver through its layers.
    func invoke(_ call: DriverCall, on driver: any FunctionDriver) async throws(DeviceError) {
        let layers = state.value.lifecycle.layers
        if call.isStateful {
            try await invokeStateful(call, on: driver, through: layers)
        } else {
            try await invokeStateless(call, on: driver, through: layers)
        }
    }

    private func invokeStateful(
        _ call: DriverCall, on driver: any FunctionDriver, through layers: [any DriverLayer]
    ) async throws(DeviceError) {
        var begun = 0
        do throws(DeviceError) {
            for layer in layers {
                try await layer.before(call, on: self)
                begun += 1
            }
        } catch {
            await cleanUp(layers.prefix(begun), after: call)
            throw error
        }
        do throws(DeviceError) { try await callDriver(call, driver) } catch {
            if !call.isUndoneWhenFailed { await cleanUp(layers[...], after: call) }
            throw error
        }
        do throws(DeviceError) {
            for layer in layers.reversed() { try await layer.after(call, on: self) }
        } catch {
            if let undo = call.undo { try? await callDriver(undo, driver) }
            if !call.isUndoneWhenFailed { await cleanUp(layers[...], after: call) }
            throw error
        }
    }

    private func cleanUp(_ layers: ArraySlice<any DriverLayer>, after call: DriverCall) async {
        for layer in layers.reversed() { await layer.cleanUp(after: call, on: self) }
    }

    private func invokeStateless(
        _ call: DriverCall, on driver: any FunctionDriver, through layers: [any DriverLayer]
    ) async throws(DeviceError) {
        var first: DeviceError?
        for layer in layers {
            do throws(DeviceError) { try await layer.before(call, on: self) } catch {
                first = first ?? error
            }
        }
        do throws(DeviceError) { try await callDriver(call, driver) } catch {
            first = first ?? error
        }
        for layer in layers.reversed() {
            do throws(DeviceError) { try await layer.after(call, on: self) } catch {
                first = first ?? error
            }
        }
        if let first { throw first }
    }

    /// The driver's own callback, with what observers see of it.
    private func callDriver(
        _ call: DriverCall, _ driver: any FunctionDriver
    ) async throws(DeviceError) {
        if call == .releaseHardware, !state.value.lifecycle.isPrepared {
            // A layer failed before the driver had its turn (PNP-12).
            return
        }
        if call == .prepareHardware || call == .releaseHardware {
            state.value.lifecycle.isPrepared = call == .prepareHardware
        }
        observe(.began(call.callback))
        do throws(DeviceError) {
            try await watched(call.callback) { () throws(DeviceError) in
                try await inCallback { () throws(DeviceError) in try await driver.take(call) }
            }
        } catch {
            observe(.threw(call.callback, error))
            throw error
        }
        observe(.returned(call.callback))
    }
}
