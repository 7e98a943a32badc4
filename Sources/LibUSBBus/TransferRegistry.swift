internal import DriverRuntime
internal import USBBus

/// The transfers of one device, so that its close and its departure reach them.
///
/// It holds them unowned: a transfer leaves it in its deinitialiser, which may run on any thread,
/// hence the lock. Neither is on the path of a byte.
@safe final class TransferRegistry: @unchecked Sendable {
    private let lock = Lock()
    // Guarded by `lock`, as is each transfer's `slot`.
    private var transfers: [Unmanaged<LibUSBTransfer>] = unsafe []

    func insert(_ transfer: LibUSBTransfer) {
        lock.withLock {
            transfer.slot = unsafe transfers.count
            unsafe transfers.append(Unmanaged.passUnretained(transfer))
        }
    }

    func remove(_ transfer: LibUSBTransfer) {
        lock.withLock {
            let slot = transfer.slot
            let last = unsafe transfers.removeLast()
            let count = unsafe transfers.count
            guard slot < count else { return }
            unsafe transfers[slot] = unsafe last
            unsafe last._withUnsafeGuaranteedRef { $0.slot = slot }
        }
    }

    /// Asks every transfer in flight to end. On the loop.
    func cancelAll() { forEach { $0.cancel() } }

    /// Takes libusb's half from every transfer. On the loop, none in flight.
    func retireAll() { forEach { $0.retire() } }

    /// Without a retain: one whose deinitialiser has begun waits for the lock, and must not be
    /// revived.
    private func forEach(_ body: (LibUSBTransfer) -> Void) {
        lock.withLock {
            for index in unsafe transfers.indices {
                unsafe transfers[index]._withUnsafeGuaranteedRef { body($0) }
            }
        }
    }
}
