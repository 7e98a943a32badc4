internal import CLibUSB
internal import DriverRuntime
internal import Glibc
internal import USBBus
internal import USBTypes

/// Which devices are there.
extension LibUSBBus {
    // MARK: What libusb reports; on the loop

    func noteHotplug(_ device: DevicePointer, _ arrived: Bool) {
        let key = AttachmentKey.device(device)
        if !arrived {
            if let entry = state.value.table.depart(key) { departed(entry) }
        } else if let id = state.value.table.arrive(key) {
            // As long as it is referenced, no other device gets its address (L13).
            calls.reference(device)
            describeAndReport([(id, key)])
        }
    }

    private func departed(_ entry: AttachmentTable<AttachmentKey>.Entry) {
        if let device = entry.key.device { calls.unreference(device) }
        if let handle = state.value.kept.removeValue(forKey: entry.key.descriptor) {
            side.perform { [self] in calls.close(handle) }
        }
        state.value.open[entry.id]?.departed()
        // Unreported so far: then its arrival never is.
        if entry.device != nil { state.value.observer?(.departed(entry.id)) }
    }

    /// Describes on the side thread, because that reads files, and reports on the loop. Calls
    /// `done` when all are reported.
    ///
    /// The kernel announces a device before it has configured it (L14), and who was told too early
    /// would find no interface. So one without a configuration is looked at again for a second.
    func describeAndReport(
        _ arrivals: [(AttachmentID, AttachmentKey)], looks: Int = 50,
        done: @escaping @Sendable () -> Void = {}
    ) {
        guard !arrivals.isEmpty else { return done() }
        let kept = state.value.kept
        for (_, key) in arrivals { key.device.map(calls.reference) }
        side.perform { [self] in
            let devices = arrivals.compactMap { describe($0.1, as: $0.0, kept) }
            for (_, key) in arrivals { key.device.map(calls.unreference) }
            let early = looks == 0 ? [] : devices.filter(\.awaitsConfiguration).map(\.id)
            loop.execute { [self] in
                for device in devices
                where !early.contains(device.id) && state.value.table.report(device.id, device) {
                    state.value.observer?(.arrived(device))
                }
                if early.isEmpty { return done() }
                Deadline(on: loop) { [self] in
                    let left = arrivals.filter {
                        early.contains($0.0) && state.value.table[$0.0] != nil
                    }
                    describeAndReport(left, looks: looks - 1, done: done)
                }.arm(after: .milliseconds(20))
            }
        }
    }

    // MARK: Listing

    /// Lists the devices and reports the difference to what is known, then calls `done`. On the
    /// loop.
    func scan(done: @escaping @Sendable () -> Void) {
        guard let context = state.value.context else { return done() }
        let mark = state.value.table.beginListing()
        side.perform { [self] in
            let keys = list(context)
            loop.execute { [self] in
                guard let keys, state.value.context != nil else {
                    state.value.table.endListing()
                    return done()
                }
                let (arrived, departed) = state.value.table.merge(keys, since: mark)
                let new = Set(arrived.map(\.key))
                for key in keys where !new.contains(key) { key.device.map(calls.unreference) }
                for entry in departed { self.departed(entry) }
                describeAndReport(arrived.map { ($0.id, $0.key) }, done: done)
            }
        }
    }

    /// Side thread. `nil` when it cannot be known now.
    private func list(_ context: ContextPointer) -> [AttachmentKey]? {
        switch deviceSource {
        case .hotplug:
            return calls.devices(context).value?.map(AttachmentKey.device)
        case .sysfs:
            return SysfsDevice.all().compactMap(\.place).map(AttachmentKey.node)
        case .descriptors:
            // Their departures cannot be missed: libusb watches each of them.
            return nil
        }
    }

    // MARK: Describing; side thread

    private func describe(
        _ key: AttachmentKey, as id: AttachmentID, _ kept: [Int32: HandlePointer]
    ) -> AttachedDevice? {
        switch key {
        case .device(let device):
            let place = calls.place(of: device)
            return describe(
                id, place, SysfsDevice(at: place), bytes: nil,
                speed: calls.speed(of: device), configuration: nil)
        case .node(let place):
            return describe(
                id, place, SysfsDevice(at: place), bytes: nil, speed: 0, configuration: nil)
        case .descriptor(let descriptor):
            guard let handle = kept[descriptor] else { return nil }
            let device = calls.device(of: handle)
            // libusb does not know the ports of a device that it did not find.
            let place = DevicePlace(node: descriptor) ?? calls.place(of: device)
            lseek(descriptor, 0, SEEK_SET)
            return describe(
                id, place, SysfsDevice(at: place),
                bytes: SystemFile.bytes(descriptor, limit: 65_536),
                speed: calls.speed(of: device), configuration: calls.configuration(handle).value)
        }
    }

    private func describe(
        _ id: AttachmentID, _ place: DevicePlace, _ folder: SysfsDevice?, bytes: [UInt8]?,
        speed: Int32, configuration: Int32?
    ) -> AttachedDevice? {
        // Without sysfs the node gives the same bytes, to whoever may read it.
        guard let bytes = bytes ?? folder?.descriptors ?? SystemFile.bytes(place.node),
            let blob = DescriptorBlob(bytes)
        else { return nil }
        let active = configuration.flatMap { UInt8(exactly: $0) } ?? folder?.activeConfiguration
        return AttachedDevice(
            id: id, speed: folder?.speed ?? Speed(libusb: speed) ?? .full,
            descriptor: blob.device, configurations: blob.configurations,
            activeConfiguration: active == 0 ? nil : active, location: place.location,
            strings: folder?.strings ?? DeviceStrings())
    }

    // MARK: Suspicions; on the loop

    /// libusb watches this node no more: it was closed, or its device is gone.
    func descriptorEnded(_ descriptor: Int32) {
        let node = state.value.open.values.first { $0.descriptor == descriptor }
        if let node, node.state.value.isClosed { return }
        let key = node.flatMap { state.value.table[$0.id]?.key } ?? .descriptor(descriptor)
        if let entry = state.value.table.depart(key) { departed(entry) }
    }

    /// Transfers of an open device fail as they do at a removal. With hotplug the departure is
    /// announced; without, it has to be looked for.
    func suspectRemoval(of device: LibUSBDevice) {
        guard deviceSource == .sysfs, !state.value.isRescanning else { return }
        state.value.isRescanning = true
        scan { [self] in state.value.isRescanning = false }
    }

    /// After a reset that ended the handle: whether another device stands at the same ports within
    /// a second (L22).
    func isReplaced(_ device: LibUSBDevice) async -> Bool {
        guard deviceSource != .descriptors else { return false }
        let location = device.description.location
        for _ in 0..<20 {
            let isBack = await loop.perform { [self] in
                state.value.table.all.contains { entry in
                    guard entry.id.rawValue > device.id.rawValue, let other = entry.device else {
                        return false
                    }
                    return other.location.bus == location.bus
                        && other.location.ports == location.ports
                }
            }
            guard let isBack else { return false }
            if isBack { return true }
            if deviceSource == .sysfs { await rescan() }
            await pause(.milliseconds(50))
        }
        return false
    }
}

extension AttachedDevice {
    /// Whether the kernel is still to configure it, unless it will not.
    fileprivate var awaitsConfiguration: Bool {
        activeConfiguration == nil && !configurations.isEmpty
            && SysfsDevice(at: DevicePlace(location))?.isAuthorized == true
    }
}
