internal import CLibUSB
internal import DriverRuntime
internal import USBBus
internal import USBTypes

/// Transfers and their memory. On the loop.
extension LibUSBDevice {
    func makeTransfer(
        _ type: TransferType, on endpoint: EndpointAddress, maxPacketSize: Int, capacity: Int
    ) throws(BusError) -> BusTransfer {
        guard flight.value.isUsable else { throw gone("make a transfer") }
        try check(type, endpoint, maxPacketSize, capacity)
        let packets = max((capacity + maxPacketSize - 1) / maxPacketSize, 1)
        let size =
            switch (type, endpoint.direction) {
            case (.control, _): Self.setupSize + capacity
            case (_, .in): packets * maxPacketSize
            case (_, .out): capacity
            }
        let storage = try memory(size, for: endpoint, type)
        guard let native = unsafe calls.allocateTransfer() else {
            storage.free()
            if storage.isMapped { unmapped(size) }
            throw BusError(.outOfMemory, "No memory for another transfer of \(name).")
        }
        return unsafe LibUSBTransfer(
            of: self, type, endpoint: endpoint, maxPacketSize: maxPacketSize, capacity: capacity,
            storage: storage, native: native)
    }

    private func check(
        _ type: TransferType, _ endpoint: EndpointAddress, _ maxPacketSize: Int, _ capacity: Int
    ) throws(BusError) {
        guard capacity >= 0, maxPacketSize > 0, maxPacketSize <= 65_535 else {
            throw BusError(
                .invalidRequest,
                "A transfer cannot have \(capacity) bytes in packets of \(maxPacketSize).")
        }
        switch type {
        case .control:
            guard capacity <= Self.controlLimit else {
                throw BusError(
                    .invalidRequest,
                    "A control transfer carries \(Self.controlLimit) bytes at most on Linux, not"
                        + " \(capacity).")
            }
            guard endpoint.number == 0 else {
                throw BusError(
                    .invalidRequest, "Control transfers use endpoint 0, not \(endpoint).")
            }
        case .bulk, .interrupt:
            _ = try checkedEndpoint(endpoint, type)
            // libusb counts bytes in an Int32; a limit of the kernel's is met long before.
            guard capacity <= 1 << 30, capacity <= bus.budget.limit ?? .max else {
                throw BusError(
                    .outOfMemory,
                    "A transfer of \(capacity) bytes exceeds what the kernel allows"
                        + " (usbfs_memory_mb).")
            }
        case .isochronous:
            throw BusError(.unsupported, "This bus has no isochronous transfers yet.")
        }
    }

    /// Mapped where it is large and pays; a mapping that the kernel refuses is no error.
    private func memory(
        _ size: Int, for endpoint: EndpointAddress, _ type: TransferType
    ) throws(BusError) -> TransferMemory {
        guard type != .control, size >= MappingProbe.threshold, mappingPays() else {
            return .heap(size)
        }
        guard (try? bus.budget.reserve(size, for: endpoint)) != nil else { return .heap(size) }
        guard let base = unsafe calls.mapMemory(handle, byteCount: size) else {
            bus.budget.free(size)
            return .heap(size)
        }
        return unsafe .mapped(base, size)
    }

    private func mappingPays() -> Bool {
        if state.value.mapping == .unknown {
            state.value.mapping = .doesNotPay
            if let base = unsafe calls.mapMemory(handle, byteCount: MappingProbe.byteCount) {
                let probe = unsafe TransferMemory.mapped(base, MappingProbe.byteCount)
                if MappingProbe.pays(probe) { state.value.mapping = .pays }
                probe.free()
            }
        }
        return state.value.mapping == .pays
    }

    /// A mapping of `size` bytes is gone. Any thread.
    func unmapped(_ size: Int) {
        loop.onLoop { [bus] in bus.budget.free(size) }
    }
}
