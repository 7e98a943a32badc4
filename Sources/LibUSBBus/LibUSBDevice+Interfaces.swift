internal import CLibUSB
internal import DriverRuntime
internal import USBBus
internal import USBTypes

/// Interfaces, configurations and the reset.
extension LibUSBDevice {
    func kernelDriver(of interface: UInt8) async -> String? {
        let driver = try? await blocking(
            "look for a kernel driver", check: { _ in },
            { device in .success(device.boundDriver(of: interface)) })
        return driver.flatMap { $0 }
    }

    /// The driver that the kernel bound: its name from sysfs, or that there is one. Side thread.
    private func boundDriver(of interface: UInt8) -> String? {
        let place = DevicePlace(description.location)
        if let folder = SysfsDevice(at: place), let configuration = folder.activeConfiguration {
            return folder.kernelDriver(configuration: configuration, interface: interface)
        }
        let isActive = calls.kernelDriverActive(handle, Int32(interface)) == 1
        return isActive ? "a kernel driver" : nil
    }

    func claim(_ interface: UInt8, detaching: Bool) async throws(BusError) {
        let action = "claim interface \(interface)"
        try await blocking(action) { (device) throws(BusError) in
            guard device.configuration?.interface(interface) != nil else {
                throw BusError(
                    .notFound,
                    "\(device.name) has no interface \(interface) in its present configuration.")
            }
            guard device.claims[interface] == nil else {
                throw BusError(
                    .busy, "Interface \(interface) of \(device.name) is claimed already.")
            }
        } _: { device in
            device.claimNow(interface, detaching: detaching, action)
        } after: { device, _ in
            device.flight.value.epoch &+= 1
        }
    }

    /// Side thread.
    private func claimNow(
        _ interface: UInt8, detaching: Bool, _ action: String
    ) -> Result<Void, BusError> {
        let driver = boundDriver(of: interface).flatMap { $0 == "usbfs" ? nil : $0 }
        let taken = detaching ? driver : nil
        if let taken {
            // Noted before it is done: a program killed in between leaves a note too many, not too
            // few.
            bus.journal.add(note(interface, taken))
            calls.setAutomaticDetach(handle, true)
        }
        let code = calls.claim(handle, Int32(interface))
        if taken != nil { calls.setAutomaticDetach(handle, false) }
        guard code == 0 else {
            if let taken {
                _ = calls.attachKernelDriver(handle, Int32(interface))
                bus.journal.remove(note(interface, taken))
            }
            return outcome(code, action, hint: holder(driver, interface, code))
        }
        claims.add(ClaimLedger.Claim(interface: interface, detachedDriver: taken))
        return .success(())
    }

    private func holder(_ driver: String?, _ interface: UInt8, _ code: Int32) -> String? {
        guard code == LIBUSB_ERROR_BUSY.rawValue else { return nil }
        guard let driver else {
            return "Another program has it: `lsof \(DevicePlace(description.location).node)`."
        }
        return "The kernel's driver \(driver) has it: claim it detaching, or unbind the driver."
    }

    private func note(_ interface: UInt8, _ driver: String) -> KernelDriverJournal.Note {
        KernelDriverJournal.Note(
            device: SysfsDevice(at: DevicePlace(description.location))?.name
                ?? description.location.description,
            vendor: description.descriptor.vendorID, product: description.descriptor.productID,
            interface: interface, driver: driver)
    }

    func release(_ interface: UInt8) async {
        _ = try? await blocking(
            "release interface \(interface)",
            check: { $0.requireDrained(interface) },
            { device in
                device.releaseNow(interface, isGone: false)
                return .success(())
            }, after: { device, _ in device.flight.value.epoch &+= 1 })
    }

    /// Gives every claimed interface back. Side thread.
    func releaseAll(isGone: Bool) {
        for claim in claims.all { releaseNow(claim.interface, isGone: isGone) }
    }

    /// Side thread. The kernel's driver comes back only if the claim was given back before the
    /// close (L21).
    private func releaseNow(_ interface: UInt8, isGone: Bool) {
        guard let claim = claims.remove(interface) else { return }
        if !isGone {
            calls.setAutomaticDetach(handle, claim.detachedDriver != nil)
            _ = calls.release(handle, Int32(interface))
            calls.setAutomaticDetach(handle, false)
        }
        if let driver = claim.detachedDriver { bus.journal.remove(note(interface, driver)) }
    }

    func setConfiguration(_ value: UInt8) async throws(BusError) {
        let action = "select configuration \(value)"
        // In force already: sending it would reset every endpoint (L23).
        if await loop.perform({ [self] in state.value.configuration == value }) == true { return }
        try await blocking(action) { (device) throws(BusError) in
            if let claim = device.claims.all.first {
                throw BusError(
                    .busy,
                    "Cannot \(action) on \(device.name): interface \(claim.interface) is claimed.")
            }
            guard
                value == 0
                    || device.description.configurations.contains(where: { $0.value == value })
            else {
                throw BusError(.notFound, "\(device.name) has no configuration \(value).")
            }
        } _: { device in
            // 0 is libusb's number for a configuration too; -1 is its word for "none".
            let code = device.calls.setConfiguration(device.handle, value == 0 ? -1 : Int32(value))
            return device.outcome(code, action, hint: device.holders(code))
        } after: { device, _ in
            device.state.value.configuration = value == 0 ? nil : value
            device.flight.value.epoch &+= 1
        }
    }

    /// The kernel drivers that keep a configuration from being changed. Side thread.
    private func holders(_ code: Int32) -> String? {
        guard code == LIBUSB_ERROR_BUSY.rawValue,
            let folder = SysfsDevice(at: DevicePlace(description.location)),
            let active = folder.activeConfiguration,
            let configuration = description.configurations.first(where: { $0.value == active })
        else { return nil }
        let names = configuration.interfaces.compactMap { interface in
            folder.kernelDriver(configuration: active, interface: interface.number)
                .map { "interface \(interface.number) (\($0))" }
        }
        return names.isEmpty ? nil : "In use: \(names.joined(separator: ", "))."
    }

    func setAlternateSetting(_ setting: UInt8, of interface: UInt8) async throws(BusError) {
        let action = "select setting \(setting) of interface \(interface)"
        try await blocking(action) { (device) throws(BusError) in
            guard device.claims[interface] != nil else {
                throw BusError(
                    .notFound,
                    "Cannot \(action) on \(device.name): the interface is not claimed.")
            }
            let known = device.configuration?.interface(interface)?.alternateSetting(setting)
            guard known != nil else {
                throw BusError(
                    .notFound, "Interface \(interface) of \(device.name) has no setting \(setting)."
                )
            }
            device.requireDrained(interface)
        } _: { device in
            device.outcome(
                device.calls.setAlternateSetting(device.handle, Int32(interface), Int32(setting)),
                action)
        } after: { device, _ in
            device.claims.setSetting(setting, of: interface)
            device.flight.value.epoch &+= 1
        }
    }

    func reset() async throws(BusError) -> ResetOutcome {
        let outcome = try await blocking(
            "reset",
            check: { device in
                contract(
                    device.flight.value.total == 0,
                    "\(device.name) was reset with transfers in flight (L9)")
            }, { $0.resetNow() }, after: { $0.afterReset($1) })
        guard outcome != .kept else { return .kept }
        return await bus.isReplaced(self) ? .reenumerated : .lost
    }

    /// `lost` stands for "the handle is dead": libusb cannot tell more. Side thread.
    private func resetNow() -> Result<ResetOutcome, BusError> {
        let held = claims.all
        let detaches = held.contains { $0.detachedDriver != nil }
        if detaches { calls.setAutomaticDetach(handle, true) }
        let code = calls.reset(handle)
        if detaches { calls.setAutomaticDetach(handle, false) }
        switch libusb_error(code) {
        case LIBUSB_SUCCESS: break
        case LIBUSB_ERROR_NOT_FOUND, LIBUSB_ERROR_NO_DEVICE: return .success(.lost)
        default: return .failure(StatusMap.error(code, "reset \(name)"))
        }
        // libusb claimed the interfaces again, which puts them into setting 0.
        for claim in held where claim.setting != 0 {
            let code = calls.setAlternateSetting(
                handle, Int32(claim.interface), Int32(claim.setting))
            if code != 0 {
                return .failure(
                    StatusMap.error(code, "restore interface \(claim.interface) of \(name)"))
            }
        }
        return .success(.kept)
    }

    private func afterReset(_ outcome: ResetOutcome) {
        if outcome != .kept { flight.value.isUsable = false }
    }
}

extension DevicePlace {
    init(_ location: DeviceLocation) {
        self.init(bus: location.bus, address: location.address, ports: location.ports)
    }
}
