internal import CLibUSB
internal import DriverRuntime
internal import Glibc
public import USBBus
internal import USBTypes

/// Opening a device.
extension LibUSBBus {
    private struct Opened: Sendable {
        let handle: HandlePointer
        let descriptor: Int32?
    }

    private struct Request: Sendable {
        let key: AttachmentKey
        let device: AttachedDevice
        let context: ContextPointer
        let kept: HandlePointer?
    }

    /// Opens an attached device; see ``USBBus/USBBus/open(_:)``.
    ///
    /// A refusal that may pass, because the permissions of the node are still being set, is tried
    /// again a few times (L14): at most ten tries, whose pauses make one second.
    public func open(_ id: AttachmentID) async throws(BusError) -> any BusDevice {
        let request = try await begin(id).get()
        if let handle = request.kept {
            return try await finish(request, Opened(handle: handle, descriptor: nil)).get()
        }
        var retry = OpenRetry()
        while true {
            let result = await side.run { [self] in attempt(request) }
            switch result {
            case .success(let opened):
                return try await finish(request, opened).get()
            case .failure(let code):
                if retry.shouldRetry(after: code), await isPresent(id) {
                    await pause(OpenRetry.pause)
                    continue
                }
                throw await failed(request, code)
            }
        }
    }

    private func begin(_ id: AttachmentID) async -> Result<Request, BusError> {
        let result = await loop.perform { [self] () -> Result<Request, BusError> in
            guard let context = state.value.context, let entry = state.value.table[id],
                let device = entry.device
            else {
                return .failure(
                    BusError(.deviceGone, "Cannot open attachment \(id): it is not there any more.")
                )
            }
            guard state.value.open[id] == nil, !state.value.opening.contains(id) else {
                return .failure(
                    BusError(.busy, "Cannot open device \(device.location): it is open already."))
            }
            state.value.opening.insert(id)
            entry.key.device.map(calls.reference)
            let kept = state.value.kept.removeValue(forKey: entry.key.descriptor)
            return .success(
                Request(key: entry.key, device: device, context: context, kept: kept))
        }
        return result
            ?? .failure(
                BusError(.deviceGone, "Cannot open attachment \(id): the bus was stopped."))
    }

    /// Side thread.
    private func attempt(_ request: Request) -> LibUSBResult<Opened> {
        switch request.key {
        case .device(let device):
            switch calls.open(device) {
            case .success(let handle): return .success(Opened(handle: handle, descriptor: nil))
            case .failure(let code): return .failure(code)
            }
        case .node(let place):
            return openNode(place, request.context)
        case .descriptor:
            return .failure(LIBUSB_ERROR_NO_DEVICE.rawValue)
        }
    }

    private func openNode(
        _ place: DevicePlace, _ context: ContextPointer
    ) -> LibUSBResult<Opened> {
        let descriptor = unsafe Glibc.open(place.node, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            switch errno {
            case EACCES, EPERM: return .failure(LIBUSB_ERROR_ACCESS.rawValue)
            case ENOENT, ENODEV: return .failure(LIBUSB_ERROR_NO_DEVICE.rawValue)
            default: return .failure(LIBUSB_ERROR_IO.rawValue)
            }
        }
        switch calls.wrap(context, descriptor: descriptor) {
        case .success(let handle):
            return .success(Opened(handle: handle, descriptor: descriptor))
        case .failure(let code):
            Glibc.close(descriptor)
            return .failure(code)
        }
    }

    private func finish(
        _ request: Request, _ opened: Opened
    ) async -> Result<any BusDevice, BusError> {
        let id = request.device.id
        let gone: Result<any BusDevice, BusError> = .failure(
            BusError(
                .deviceGone, "Device \(request.device.location) left while it was opened."))
        return await loop.wait(ifEnded: gone) { [self] resumption in
            state.value.opening.remove(id)
            request.key.device.map(calls.unreference)
            if state.value.table[id] != nil {
                let handed = request.kept == nil ? nil : request.key.descriptor
                let device = LibUSBDevice(
                    request.device, of: self, opened.handle, descriptor: opened.descriptor,
                    handed: handed)
                state.value.open[id] = device
                OpenDevices.add(device)
                return resumption.resume(returning: .success(device))
            }
            side.perform { [self] in
                calls.close(opened.handle)
                opened.descriptor.map { _ = Glibc.close($0) }
                resumption.resume(returning: gone)
            }
        }
    }

    private func failed(_ request: Request, _ code: Int32) async -> BusError {
        let isPresent = await isPresent(request.device.id)
        await loop.perform { [self] in
            state.value.opening.remove(request.device.id)
            request.key.device.map(calls.unreference)
        }
        let name = "device \(request.device.location)"
        guard isPresent else {
            return BusError(
                .deviceGone, "Cannot open \(name): it is not there any more.", native: code)
        }
        let descriptor = request.device.descriptor
        let place = DevicePlace(request.device.location)
        if code == LIBUSB_ERROR_ACCESS.rawValue, let diagnosis = AccessDiagnosis(node: place.node) {
            return diagnosis.error(
                vendor: descriptor.vendorID, product: descriptor.productID, native: code)
        }
        return StatusMap.error(code, "open \(name)")
    }

    private func isPresent(_ id: AttachmentID) async -> Bool {
        await loop.perform { [self] in state.value.table[id] != nil } ?? false
    }

    /// A device was closed, and with it its handle unless it was handed in: that one goes on
    /// noticing the departure. On the loop.
    func closed(_ device: LibUSBDevice) {
        state.value.open[device.id] = nil
        guard let handed = device.handed else { return }
        if state.value.table[device.id] != nil {
            state.value.kept[handed] = device.handle
        } else {
            side.perform { [self] in calls.close(device.handle) }
        }
    }

    /// Waits on the loop's clock; not ended by a cancellation, since what it paces is bounded.
    func pause(_ duration: Duration) async {
        await loop.wait(ifEnded: ()) { [self] resumption in
            Deadline(on: loop) { resumption.resume() }.arm(after: duration)
        }
    }
}
