internal import CLibUSB
internal import DriverRuntime
internal import Glibc
internal import USBBus
internal import USBTypes

/// What an open device's sleep takes: what was changed for it, and who waits for its end (U-17).
///
/// Used on the bus's side thread alone, one call after the other.
final class Suspension: @unchecked Sendable {
    private let bus: LibUSBBus
    private let description: AttachedDevice
    private let handle: HandlePointer
    private var found: RuntimePower.Settings?
    private var isArmed = false
    private var watch: ResumeWatch?

    init(_ bus: LibUSBBus, _ description: AttachedDevice, _ handle: HandlePointer) {
        self.bus = bus
        self.description = description
        self.handle = handle
    }

    private var name: String { "device \(description.location)" }

    // MARK: Steps

    func prepare(wakes: Bool) -> Result<Void, BusError> {
        guard let node, df_usbfs_can_suspend(node) == 1 else {
            return unsupported(
                "this kernel keeps a device awake as long as its node is open; Linux 5.4 is the"
                    + " first that does not have to")
        }
        guard let power, let settings = power.settings else {
            return unsupported(
                "its power folder in \(bus.sysfs) cannot be read, or this kernel has no power"
                    + " management")
        }
        do throws(BusError) { try permit(power, settings) } catch { return .failure(error) }
        guard wakes, !isArmed else { return .success(()) }
        let code = request(node, .setFeature(.deviceRemoteWakeup))
        guard code == 0 else { return failed("enable the remote wake-up", code) }
        isArmed = true
        return .success(())
    }

    func allow(_ resumed: @escaping @Sendable () -> Void) -> Result<Void, BusError> {
        guard let node, let power else { return failed("suspend", ENODEV) }
        endWatch()
        let sleepTime = power.sleepTime
        let code = df_usbfs_allow_suspend(node)
        guard code == 0 else { return failed("suspend", code) }
        if isArmed {
            watch = ResumeWatch(node: node, power, sleepTime: sleepTime, resumed: resumed)
        }
        return .success(())
    }

    /// Gives the watch, whose thread ends now.
    func forbid() -> Result<ResumeWatch?, BusError> {
        guard found != nil, let node else { return .success(endWatch()) }
        watch?.cancel()
        let code = df_usbfs_forbid_suspend(node)
        let watch = endWatch()
        guard code == 0 else { return failed("resume", code).map { nil } }
        if isArmed {
            // The kernel may have done it already, and a device that refuses it stays armed.
            _ = request(node, .clearFeature(.deviceRemoteWakeup))
            isArmed = false
        }
        return .success(watch)
    }

    /// The device is closed, or its program ends: all as it was found.
    func end() -> ResumeWatch? {
        let watch = (try? forbid().get()) ?? endWatch()
        if let found {
            power?.restore(found)
            bus.journal.remove(note(found))
        }
        found = nil
        return watch
    }

    // MARK: Parts

    private var node: Int32? { bus.calls.descriptor(of: handle) }

    /// Looked up each time: another device may stand there by now.
    private var folder: SysfsDevice? {
        SysfsDevice(at: DevicePlace(description.location), root: bus.sysfs)
    }

    private var power: RuntimePower? { folder.map { RuntimePower(of: $0) } }

    @discardableResult
    private func endWatch() -> ResumeWatch? {
        let watch = watch.take()
        watch?.cancel()
        watch?.end()
        return watch
    }

    private func permit(
        _ power: RuntimePower, _ settings: RuntimePower.Settings
    ) throws(BusError) {
        guard found == nil else { return }
        guard settings.delay >= 0 else { throw power.forbiddenError }
        // Noted before it is done: a program killed in between leaves a note too many, not too few.
        bus.journal.add(note(settings))
        let code = power.allow(settings)
        guard code == 0 else {
            bus.journal.remove(note(settings))
            let descriptor = description.descriptor
            throw power.accessError(
                vendor: descriptor.vendorID, product: descriptor.productID, native: code)
        }
        found = settings
    }

    private func note(_ found: RuntimePower.Settings) -> KernelDriverJournal.PowerNote {
        KernelDriverJournal.PowerNote(
            device: folder?.name ?? description.location.description,
            vendor: description.descriptor.vendorID,
            product: description.descriptor.productID, settings: found)
    }

    private func request(_ node: Int32, _ setup: SetupPacket) -> Int32 {
        df_usbfs_request(node, setup.requestType, setup.request, setup.value, setup.index, 1_000)
    }

    private func unsupported(_ reason: String) -> Result<Void, BusError> {
        .failure(BusError(.unsupported, "\(name) cannot be suspended: \(reason)."))
    }

    private func failed(_ action: String, _ code: Int32) -> Result<Void, BusError> {
        let error: BusError =
            switch code {
            case ENODEV:
                BusError(
                    .deviceGone, "Cannot \(action) on \(name): it is not there any more.",
                    native: code)
            case EPIPE:
                BusError(
                    .unsupported, "Cannot \(action) on \(name): the device refuses it.",
                    native: code)
            default:
                BusError(
                    .failed, "Cannot \(action) on \(name): error \(code).", native: code)
            }
        return .failure(error)
    }
}
