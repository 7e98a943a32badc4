package import CLibUSB
internal import DriverRuntime
internal import Glibc

/// libusb itself: every call of it that this package makes is in this file.
package final class SystemLibUSB: LibUSBCalls {
    package static let shared = SystemLibUSB()

    private let observers = Observers()

    /// What libusb's callbacks need to find. Never shrinks while a context lives, because a
    /// callback may be running while it is deregistered (libusb §2.7): the bus drops all with its
    /// context.
    private final class Observers: @unchecked Sendable {
        let lock = Lock()
        // Guarded by `lock`.
        var byContext: [ContextPointer: [Observer]] = [:]
        var nodes: [HandlePointer: Int32] = [:]
        /// What libusb began to watch last, by thread: inside its open, the node that it opened.
        var lastWatched: [pthread_t: Int32] = [:]

        /// libusb's own word for a node, which it has no call for: it tells whoever polls for it.
        func watches(_ descriptor: Int32) {
            lock.withLock { lastWatched[pthread_self()] = descriptor }
        }

        func takeWatched() -> Int32? {
            lock.withLock { lastWatched.removeValue(forKey: pthread_self()) }
        }
    }

    private final class Observer: Sendable {
        let hotplug: HotplugObserver?
        let ended: (@Sendable (Int32) -> Void)?
        init(hotplug: HotplugObserver?, ended: (@Sendable (Int32) -> Void)?) {
            self.hotplug = hotplug
            self.ended = ended
        }
    }

    private func retain(_ observer: Observer, for context: ContextPointer)
        -> UnsafeMutableRawPointer
    {
        observers.lock.withLock { observers.byContext[context, default: []].append(observer) }
        return unsafe Unmanaged.passUnretained(observer).toOpaque()
    }

    // MARK: The context, and its events

    package func initialise(watchingDevices: Bool) -> LibUSBResult<ContextPointer> {
        // Sticky for the whole process in 1.0.26 (L30): a process that wraps cannot watch later.
        if !watchingDevices {
            _ = df_set_option(nil, LIBUSB_OPTION_NO_DEVICE_DISCOVERY)
        }
        var context: OpaquePointer?
        let code = unsafe libusb_init(&context)
        guard code == 0, let context = unsafe context else { return .failure(code) }
        return .success(unsafe ContextPointer(context))
    }

    package func exit(_ context: ContextPointer) {
        // Taken out first: the next context may get this one's address. Kept until then: the end
        // calls back.
        let observers = observers.lock.withLock {
            self.observers.byContext.removeValue(forKey: context)
        }
        withExtendedLifetime(observers) { unsafe libusb_exit(context.raw) }
    }

    package func handleEvents(_ context: ContextPointer, microseconds: Int) -> Int32 {
        var timeout = timeval(tv_sec: microseconds / 1_000_000, tv_usec: microseconds % 1_000_000)
        return unsafe libusb_handle_events_timeout_completed(context.raw, &timeout, nil)
    }

    package func interrupt(_ context: ContextPointer) {
        unsafe libusb_interrupt_event_handler(context.raw)
    }

    package func registerHotplug(
        _ context: ContextPointer, _ observe: @escaping HotplugObserver
    ) -> LibUSBResult<Int32> {
        guard libusb_has_capability(LIBUSB_CAP_HAS_HOTPLUG.rawValue) != 0 else {
            return .failure(LIBUSB_ERROR_NOT_SUPPORTED.rawValue)
        }
        let data = unsafe retain(Observer(hotplug: observe, ended: nil), for: context)
        let events =
            LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED.rawValue | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT.rawValue
        var registration: libusb_hotplug_callback_handle = 0
        // Without the flag that reports the devices present: that would call back on this thread
        // (L16).
        let code = unsafe libusb_hotplug_register_callback(
            context.raw, Int32(events), 0, LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY,
            LIBUSB_HOTPLUG_MATCH_ANY,
            { _, device, event, data in
                guard let device = unsafe device, let data = unsafe data else { return 0 }
                let observer = unsafe Unmanaged<Observer>.fromOpaque(data).takeUnretainedValue()
                observer.hotplug?(
                    unsafe DevicePointer(device), event == LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED)
                return 0
            }, data, &registration)
        return code == 0 ? .success(registration) : .failure(code)
    }

    package func deregisterHotplug(_ context: ContextPointer, _ registration: Int32) {
        unsafe libusb_hotplug_deregister_callback(context.raw, registration)
    }

    package func observeEndedDescriptors(
        _ context: ContextPointer, _ observe: @escaping @Sendable (Int32) -> Void
    ) {
        let data = unsafe retain(Observer(hotplug: nil, ended: observe), for: context)
        unsafe libusb_set_pollfd_notifiers(
            context.raw,
            { descriptor, _, _ in SystemLibUSB.shared.observers.watches(descriptor) },
            { descriptor, data in
                guard let data = unsafe data else { return }
                unsafe Unmanaged<Observer>.fromOpaque(data).takeUnretainedValue().ended?(descriptor)
            }, data)
    }

    // MARK: Devices

    package func devices(_ context: ContextPointer) -> LibUSBResult<[DevicePointer]> {
        var list: UnsafeMutablePointer<OpaquePointer?>?
        let count = unsafe libusb_get_device_list(context.raw, &list)
        guard count >= 0, let list = unsafe list else { return .failure(Int32(count)) }
        var devices: [DevicePointer] = []
        for index in 0..<count {
            if let device = unsafe list[index] { devices.append(unsafe DevicePointer(device)) }
        }
        // The list goes, its references stay.
        unsafe libusb_free_device_list(list, 0)
        return .success(devices)
    }

    package func reference(_ device: DevicePointer) {
        _ = unsafe libusb_ref_device(device.raw)
    }

    package func unreference(_ device: DevicePointer) {
        unsafe libusb_unref_device(device.raw)
    }

    package func place(of device: DevicePointer) -> DevicePlace {
        // Seven tiers is what USB allows (USB 2.0 §4.1.1).
        var ports = [UInt8](repeating: 0, count: 7)
        let count = unsafe libusb_get_port_numbers(device.raw, &ports, Int32(ports.count))
        return DevicePlace(
            bus: unsafe libusb_get_bus_number(device.raw),
            address: unsafe libusb_get_device_address(device.raw),
            ports: Array(ports.prefix(Int(max(count, 0)))))
    }

    package func speed(of device: DevicePointer) -> Int32 {
        unsafe libusb_get_device_speed(device.raw)
    }

    // MARK: Open devices

    package func open(_ device: DevicePointer) -> LibUSBResult<HandlePointer> {
        var raw: OpaquePointer?
        _ = observers.takeWatched()
        let code = unsafe libusb_open(device.raw, &raw)
        let node = observers.takeWatched()
        guard code == 0, let raw = unsafe raw else { return .failure(code) }
        let handle = unsafe HandlePointer(raw)
        observers.lock.withLock { observers.nodes[handle] = node }
        return .success(handle)
    }

    package func wrap(
        _ context: ContextPointer, descriptor: Int32
    ) -> LibUSBResult<HandlePointer> {
        var raw: OpaquePointer?
        let code = unsafe libusb_wrap_sys_device(context.raw, Int(descriptor), &raw)
        _ = observers.takeWatched()
        guard code == 0, let raw = unsafe raw else { return .failure(code) }
        let handle = unsafe HandlePointer(raw)
        observers.lock.withLock { observers.nodes[handle] = descriptor }
        return .success(handle)
    }

    package func close(_ handle: HandlePointer) {
        observers.lock.withLock { _ = observers.nodes.removeValue(forKey: handle) }
        unsafe libusb_close(handle.raw)
    }

    package func descriptor(of handle: HandlePointer) -> Int32? {
        observers.lock.withLock { observers.nodes[handle] }
    }

    package func device(of handle: HandlePointer) -> DevicePointer {
        unsafe DevicePointer(libusb_get_device(handle.raw))
    }

    package func configuration(_ handle: HandlePointer) -> LibUSBResult<Int32> {
        var value: Int32 = 0
        let code = unsafe libusb_get_configuration(handle.raw, &value)
        return code == 0 ? .success(value) : .failure(code)
    }

    package func setConfiguration(_ handle: HandlePointer, _ value: Int32) -> Int32 {
        unsafe libusb_set_configuration(handle.raw, value)
    }

    package func setAutomaticDetach(_ handle: HandlePointer, _ isOn: Bool) {
        _ = unsafe libusb_set_auto_detach_kernel_driver(handle.raw, isOn ? 1 : 0)
    }

    package func kernelDriverActive(_ handle: HandlePointer, _ interface: Int32) -> Int32 {
        unsafe libusb_kernel_driver_active(handle.raw, interface)
    }

    package func attachKernelDriver(_ handle: HandlePointer, _ interface: Int32) -> Int32 {
        unsafe libusb_attach_kernel_driver(handle.raw, interface)
    }

    package func claim(_ handle: HandlePointer, _ interface: Int32) -> Int32 {
        unsafe libusb_claim_interface(handle.raw, interface)
    }

    package func release(_ handle: HandlePointer, _ interface: Int32) -> Int32 {
        unsafe libusb_release_interface(handle.raw, interface)
    }

    package func setAlternateSetting(
        _ handle: HandlePointer, _ interface: Int32, _ setting: Int32
    ) -> Int32 {
        unsafe libusb_set_interface_alt_setting(handle.raw, interface, setting)
    }

    package func clearHalt(_ handle: HandlePointer, _ endpoint: UInt8) -> Int32 {
        unsafe libusb_clear_halt(handle.raw, endpoint)
    }

    package func reset(_ handle: HandlePointer) -> Int32 { unsafe libusb_reset_device(handle.raw) }

    package func mapMemory(
        _ handle: HandlePointer, byteCount: Int
    ) -> UnsafeMutableRawPointer? {
        unsafe UnsafeMutableRawPointer(libusb_dev_mem_alloc(handle.raw, byteCount))
    }

    // MARK: Transfers

    package func allocateTransfer() -> UnsafeMutablePointer<libusb_transfer>? {
        unsafe libusb_alloc_transfer(0)
    }

    package func freeTransfer(_ transfer: UnsafeMutablePointer<libusb_transfer>) {
        unsafe libusb_free_transfer(transfer)
    }

    package func submit(_ transfer: UnsafeMutablePointer<libusb_transfer>) -> Int32 {
        unsafe libusb_submit_transfer(transfer)
    }

    package func cancel(_ transfer: UnsafeMutablePointer<libusb_transfer>) -> Int32 {
        unsafe libusb_cancel_transfer(transfer)
    }
}
