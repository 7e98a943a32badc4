/// A device that stands for a driver or a program instead of hardware (CD-1): programs open it by
/// its interface's name, and its queues take their requests. It has no Plug and Play and no power,
/// so its queues never wait for any.
///
/// Opens are accepted from ``finishInitializing()`` to ``delete()``; files that are open then keep
/// it until they are closed.
///
/// Threading: its scope, which is its maker's.
public final class ControlDevice: Sendable {
    let device: Device

    /// The loop on which everything of it happens.
    public var loop: EventLoop { device.loop }
    /// The scope of its handlers.
    public var scope: Scope { device.scope }
    /// What reports call it.
    public var name: String { device.name }
    /// The clock to wait on.
    public var clock: LoopClock { device.clock }

    init(named name: String, scope: Scope? = nil, in environment: DeviceEnvironment) {
        let node = DeviceNode(
            DeviceIdentity(name: name, instanceID: name, hardwareIDs: ["control:\(name)"]),
            .software)
        device = Device(node, scope: scope, in: environment)
        device.state.value.stack.control = ControlState(
            forget: { [weak self] in if let self { environment.forgetControl(self) } })
        device.state.value.stack.levels = [DeviceLevel(.function, of: device)]
        environment.keep(self)
    }

    // MARK: For its maker

    /// Makes a manual queue.
    public func queue(_ dispatch: QueueDispatch) -> RequestQueue {
        device.queue(dispatch, isPowerManaged: false)
    }

    /// Makes a queue that hands requests to handlers of `driver`, which runs on this scope.
    @discardableResult
    public func queue<Driver: DriverActor>(
        _ dispatch: QueueDispatch, for driver: isolated Driver,
        read: RequestHandler<Driver>? = nil, write: RequestHandler<Driver>? = nil,
        deviceControl: RequestHandler<Driver>? = nil,
        internalDeviceControl: RequestHandler<Driver>? = nil, other: RequestHandler<Driver>? = nil
    ) -> RequestQueue {
        device.makeQueue(
            RequestQueue(dispatch, isPowerManaged: false, of: device), at: device.functionLevel,
            for: driver,
            RequestHandlers(
                read: read, write: write, deviceControl: deviceControl,
                internalDeviceControl: internalDeviceControl, other: other))
    }

    /// Offers it to programs as `interfaceClass`, from ``finishInitializing()`` on.
    public func register(_ interfaceClass: DeviceInterfaceClass) {
        device.register(interfaceClass)
    }

    /// Calls `handler` when the program ends, before any device is removed (CB-11).
    public func onShutdown(_ handler: @escaping @Sendable () async -> Void) {
        device.state.value.stack.control?.shutdown = handler
    }

    /// Everything is in place: programs can open it.
    public func finishInitializing() {
        guard let control = device.state.value.stack.control, !control.isDeleted,
            !control.isAccepting
        else { return }
        device.state.value.stack.control?.isAccepting = true
        device.enableInterfaces()
    }

    /// Takes it away: opens are refused, what waits in its queues is cancelled, and when the last
    /// open file is closed it is gone. Its maker does so, or the framework when the maker ends.
    /// Calling it again does nothing.
    public func delete() {
        guard device.state.value.stack.control?.isDeleted == false else { return }
        device.state.value.stack.control?.isDeleted = true
        device.state.value.stack.control?.isAccepting = false
        device.disableInterfaces()
        let queues = device.state.value.queues
        scope.task { [self] in
            for queue in queues { queue.shutDown() }
            for queue in queues { await queue.settle() }
            for queue in queues { queue.end() }
            device.endControlIfClosed()
        }
    }

    // MARK: For the framework

    func add(_ type: any ControlDriver.Type) async throws(DeviceError) -> ControlDevice {
        let added = LoopConfined<DeviceError?>(on: loop, nil)
        let adding = scope.task { [self] in
            do throws(DeviceError) {
                let driver = try await type.init(control: self)
                device.state.value.stack.control?.driver = driver
            } catch {
                added.value = error
                delete()
            }
        }
        await adding.value
        let error: DeviceError? = await loop.perform { added.value } ?? nil
        if let error { throw error }
        return self
    }

    func shutDown() async {
        let handler = await loop.perform { [self] in
            device.state.value.stack.control?.shutdown.take()
        }
        await (handler ?? nil)?()
    }

    /// Deletes it, closes its files and returns when it is gone.
    func end() async {
        await loop.wait(ifEnded: ()) { [self] ended in
            delete()
            if device.state.value.parts.isDisposed { return ended.resume() }
            device.state.value.finalWaiters.append(ended)
            for file in device.state.value.files { file.close(nil) }
        }
    }
}

/// What makes a device a control device.
struct ControlState {
    var isAccepting = false
    var isDeleted = false
    var isEnded = false
    var driver: (any ControlDriver)?
    var shutdown: (@Sendable () async -> Void)?
    let forget: @Sendable () -> Void
}

/// The driver of a control device that a program has of its own.
public protocol ControlDriver: DriverActor {
    /// The control device, kept from `init`.
    nonisolated var control: ControlDevice { get }
    /// Makes queues, registers interfaces and calls ``ControlDevice/finishInitializing()``. After a
    /// throw there is no control device.
    init(control: ControlDevice) async throws(DeviceError)
}

extension ControlDriver {
    /// The control device's scope.
    public nonisolated var scope: Scope { control.scope }
}
