/// What a device holds between its start and its release: the open handle, the claimed interfaces
/// and the pipes made of them (CB-1's resources).
final class Hardware: Sendable {
    private struct State {
        var pipes: [USBPipe] = []
        // No setting while it is not known which is in force.
        var settings: [(interface: UInt8, setting: UInt8?)] = []
        var isSelecting = false
        var isClosed = false
        var selected: [Resumption<Void>] = []
    }

    let bus: any BusDevice
    let control: PipeCore
    private let handle: OpenDevice
    let configuration: ConfigurationDescriptor
    private let interfaces: [UInt8]
    private let device: Device
    private let state: LoopConfined<State>

    private init(
        _ device: Device, _ usb: AttachedDevice, _ handle: OpenDevice,
        _ configuration: ConfigurationDescriptor, claimed: [UInt8]
    ) {
        self.device = device
        self.handle = handle
        bus = handle.bus
        self.configuration = configuration
        interfaces = claimed
        let packet = usb.descriptor.controlPacketSize(at: usb.speed)
        control = PipeCore(of: device, over: bus, .control, .control, maxPacketSize: packet ?? 64)
        state = LoopConfined(
            on: device.loop, State(settings: claimed.map { (interface: $0, setting: 0) }))
    }

    /// What `device` has to hold: nothing for a device of software alone. What was taken is given
    /// back when a later step fails.
    static func acquire(for device: Device) async throws(DeviceError) -> Hardware? {
        guard let usb = device.usb else { return nil }
        guard let configuration = usb.configuration ?? usb.configurations.first else {
            throw DeviceError(.deviceData, "\(device.name) has no configuration.")
        }
        let handle = try await open(usb, configuration, for: device)
        var claimed: [UInt8] = []
        do throws(BusError) {
            for interface in device.interfaceNumbers {
                try device.environment.verifier.passBus(.busClaim)
                try await handle.bus.claim(
                    interface, detaching: device.environment.detachesKernelDrivers)
                claimed.append(interface)
            }
        } catch {
            for interface in claimed.reversed() { await handle.bus.release(interface) }
            await handle.giveBack()
            throw DeviceError(error)
        }
        return Hardware(device, usb, handle, configuration, claimed: claimed)
    }

    /// Opens a USB device and selects its first configuration if none is (U-4); a function shares
    /// what its parent has opened.
    private static func open(
        _ usb: AttachedDevice, _ configuration: ConfigurationDescriptor, for device: Device
    ) async throws(DeviceError) -> OpenDevice {
        if case .function = device.source {
            guard let handle = device.parent?.state.value.hardware?.handle.shared() else {
                throw DeviceError.removed
            }
            return handle
        }
        do throws(BusError) {
            let verifier = device.environment.verifier
            try verifier.passBus(.busOpen)
            let bus = try await device.environment.bus.open(usb.id)
            do throws(BusError) {
                try verifier.passBus(.busConfiguration)
                try await bus.setConfiguration(configuration.value)
            } catch {
                await bus.close()
                throw error
            }
            return OpenDevice(bus, on: device.loop)
        } catch { throw DeviceError(error) }
    }

    /// The pipe to `address` in the alternate settings in force; the same object each time. Waits
    /// while a setting is being selected, which must not meet a transfer in flight (L9).
    func pipe(_ address: EndpointAddress) async throws(DeviceError) -> USBPipe {
        await waitForSetting()
        if state.value.isClosed { throw DeviceError.removed }
        if let pipe = state.value.pipes.first(where: { $0.endpoint.address == address }) {
            return pipe
        }
        for (interface, setting) in state.value.settings {
            let alternate = configuration.interface(interface)?.alternateSettings
                .first { $0.alternateSetting == setting }
            guard let endpoint = alternate?.endpoint(address) else { continue }
            guard endpoint.transferType == .bulk || endpoint.transferType == .interrupt else {
                throw DeviceError(
                    .invalidRequest, "Endpoint \(address) is \(endpoint.transferType) (U-8).")
            }
            let core = PipeCore(
                of: device, over: bus, endpoint.transferType, address,
                maxPacketSize: endpoint.maxPacketSize)
            let pipe = USBPipe(endpoint, core)
            state.value.pipes.append(pipe)
            return pipe
        }
        throw DeviceError(
            .notFound,
            "\(device.name) has no endpoint \(address) in the interfaces of this driver.")
    }

    /// The alternate setting in force; `nil` when it is not known, or not this driver's.
    func setting(of interface: UInt8) async -> UInt8? {
        await waitForSetting()
        return state.value.settings.first { $0.interface == interface }?.setting
    }

    /// Ends the pipes of an interface, then selects its alternate setting (U-6).
    func select(_ setting: UInt8, of interface: UInt8) async throws(DeviceError) {
        await waitForSetting()
        if state.value.isClosed { throw DeviceError.removed }
        guard let index = state.value.settings.firstIndex(where: { $0.interface == interface })
        else { throw DeviceError(.notFound, "Interface \(interface) is not this driver's.") }
        if state.value.settings[index].setting == setting { return }
        let old = configuration.interface(interface)?.alternateSettings ?? []
        guard old.contains(where: { $0.alternateSetting == setting }) else {
            throw DeviceError(
                .notFound, "Interface \(interface) has no alternate setting \(setting).")
        }
        let gone = state.value.pipes.filter { pipe in
            old.contains { $0.endpoint(pipe.endpoint.address) != nil }
        }
        state.value.pipes.removeAll { pipe in gone.contains { $0 === pipe } }
        state.value.isSelecting = true
        defer { endSelecting() }
        // Should it fail, nobody knows which setting is in force: the interface has no pipes (U-6).
        state.value.settings[index].setting = nil
        for pipe in gone { await pipe.core.close(endsReader: true) }
        do throws(BusError) {
            try device.environment.verifier.passBus(.busSetting)
            try await bus.setAlternateSetting(setting, of: interface)
        } catch { throw DeviceError(error) }
        state.value.settings[index].setting = setting
    }

    private func waitForSetting() async {
        while state.value.isSelecting {
            device.loop.reach(.waitedForSetting)
            await Resumption.wait { selected in
                if !state.value.isSelecting { return selected.resume() }
                state.value.selected.append(selected)
            }
        }
    }

    private func endSelecting() {
        state.value.isSelecting = false
        let waiters = state.value.selected
        state.value.selected = []
        for waiter in waiters { waiter.resume() }
    }

    /// Whether it is being given back.
    var isClosed: Bool { state.value.isClosed }

    /// Whether transfers are in flight.
    var isBusy: Bool { control.isBusy || state.value.pipes.contains { $0.core.isBusy } }

    /// The device is gone: whatever waits for a transfer is to end.
    func interrupt() {
        control.interrupt(.removed)
        for pipe in state.value.pipes { pipe.core.interrupt(.removed) }
    }

    /// Gives everything back, in the order of libusb §2.9.
    func close() async {
        state.value.isClosed = true
        await waitForSetting()
        let pipes = state.value.pipes
        for pipe in pipes { await pipe.core.close() }
        await control.close()
        state.value.pipes = []
        for interface in interfaces.reversed() { await bus.release(interface) }
        await handle.giveBack()
    }
}

extension Device {
    /// The interfaces that the driver was given, as the first of their alternate settings describes
    /// them: where a driver for a class finds its endpoints (U-4, U-5). Any thread.
    public var interfaces: [InterfaceDescriptor] {
        let configuration = configuration
        return interfaceNumbers.compactMap { configuration?.interface($0)?.alternateSetting(0) }
    }

    /// The USB device's configuration: the one in force, or the first, which is selected then.
    var configuration: ConfigurationDescriptor? {
        usb?.configuration ?? usb?.configurations.first
    }

    /// The pipe to a bulk or interrupt endpoint of the driver's interfaces (U-5, U-7).
    ///
    /// From `prepareHardware()` to `releaseHardware()`; a pipe is gone after its interface's
    /// alternate setting was changed (U-16).
    /// Errors: `.notFound`, `.invalidRequest` for another kind of endpoint, `.removed`.
    public func pipe(_ address: EndpointAddress) async throws(DeviceError) -> USBPipe {
        guard let hardware = state.value.hardware else { throw DeviceError.removed }
        try environment.verifier.pass(.pipe)
        return try await hardware.pipe(address)
    }

    /// Selects an alternate setting; pipes of the interface end before, and are made anew after
    /// (U-6). The setting in force is selected by doing nothing.
    public func selectAlternateSetting(
        _ setting: UInt8, of interface: UInt8
    ) async throws(DeviceError) {
        guard let hardware = state.value.hardware else { throw DeviceError.removed }
        try environment.verifier.pass(.alternateSetting)
        try await hardware.select(setting, of: interface)
    }

    /// The alternate setting of an interface that is in force; `nil` when nobody knows it, because
    /// a selection has failed, or when the interface is not the driver's.
    public func alternateSetting(of interface: UInt8) async -> UInt8? {
        await state.value.hardware?.setting(of: interface)
    }

    var controlPipe: PipeCore {
        get throws(DeviceError) {
            guard let hardware = state.value.hardware else { throw DeviceError.removed }
            return hardware.control
        }
    }
}
