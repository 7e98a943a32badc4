internal import DriverRuntime
public import USBBus

/// Devices that are handed in.
extension LibUSBBus {
    /// Takes a device whose node somebody else opened: its arrival is reported before this returns.
    ///
    /// The descriptor stays the caller's, who closes it after the departure or after ``stop()``.
    /// Before the start the device is kept for it, and an error of it is the start's.
    /// Threading: any.
    /// Errors: `.busy` for a descriptor that is attached already, `.deviceGone`, also after
    /// ``stop()``; `.failed` for one
    /// that is no device's node.
    public func attach(_ descriptor: Int32) async throws(BusError) {
        let key = AttachmentKey.descriptor(descriptor)
        let place = await loop.perform { [self] () -> (ContextPointer?, AttachmentID?)? in
            if state.value.isStopping { return nil }
            guard let context = state.value.context else {
                state.value.handedEarly.append(descriptor)
                return (nil, nil)
            }
            return (context, state.value.table.arrive(key))
        }
        guard let (context, id) = place ?? nil else {
            throw BusError(
                .deviceGone, "Descriptor \(descriptor) cannot be attached: the bus was stopped.")
        }
        guard let context else { return }
        guard let id else {
            throw BusError(.busy, "Descriptor \(descriptor) is attached already.")
        }
        let result = await side.run { [self] in calls.wrap(context, descriptor: descriptor) }
        await loop.wait(ifEnded: ()) { [self] resumption in
            guard case .success(let handle) = result else {
                _ = state.value.table.depart(key)
                return resumption.resume()
            }
            state.value.kept[descriptor] = handle
            describeAndReport([(id, key)]) { resumption.resume() }
        }
        guard case .failure(let code) = result else { return }
        throw StatusMap.error(
            code, "attach descriptor \(descriptor)",
            hint: "It must be a device's node under /dev/bus/usb, open for writing.")
    }
}
