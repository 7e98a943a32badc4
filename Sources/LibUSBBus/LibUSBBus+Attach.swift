internal import DriverRuntime
public import USBBus

/// Devices that are handed in.
extension LibUSBBus {
    /// Takes a device whose node somebody else opened: its arrival is reported before this returns.
    ///
    /// The descriptor stays the caller's, who closes it after the departure or after ``stop()``.
    /// Threading: any, after the start.
    /// Errors: `.busy` for a descriptor that is attached already, `.deviceGone`, `.failed` for one that
    /// is no device's node.
    public func attach(_ descriptor: Int32) async throws(BusError) {
        let key = AttachmentKey.descriptor(descriptor)
        let (context, id) = await onLoop { [self] in
            (state.value.context, state.value.context.flatMap { _ in state.value.table.arrive(key) })
        }
        guard let context else {
            throw BusError(.unavailable, "A bus that does not run cannot take a device.")
        }
        guard let id else {
            throw BusError(.busy, "Descriptor \(descriptor) is attached already.")
        }
        let result = await side.run { [self] in calls.wrap(context, descriptor: descriptor) }
        await Resumption.wait { resumption in
            loop.onLoop { [self] in
                guard case .success(let handle) = result else {
                    _ = state.value.table.depart(key)
                    return resumption.resume()
                }
                state.value.kept[descriptor] = handle
                describeAndReport([(id, key)]) { resumption.resume() }
            }
        }
        guard case .failure(let code) = result else { return }
        throw StatusMap.error(
            code, "attach descriptor \(descriptor)",
            hint: "It must be a device's node under /dev/bus/usb, open for writing.")
    }
}
