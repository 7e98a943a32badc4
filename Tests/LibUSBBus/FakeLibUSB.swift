import CLibUSB
import DriverRuntime
import Glibc
import Synchronization

@testable import LibUSBBus

/// A libusb of the tests' own: devices that exist by name alone, and codes that were ordered.
///
/// Its events wait on a pipe, as libusb's do, so that the bus's loop runs as it does on the real
/// one.
@safe final class FakeLibUSB: LibUSBCalls, @unchecked Sendable {
    private let lock = Lock()
    // Guarded by `lock`.
    private var ordered: [String: [Int32]] = [:]
    private var calls: [String] = []
    private var callers: [UInt] = []
    private var closing: (@Sendable () -> Void)?
    private var present: [DevicePointer] = []
    private var pending: [(DevicePointer, Bool)] = []
    private var observe: HotplugObserver?
    private var references: [DevicePointer: Int] = [:]
    private var submitted: [UnsafeMutablePointer<libusb_transfer>] = unsafe []
    private var ended: [(UnsafeMutablePointer<libusb_transfer>, libusb_transfer_status, Int32)] =
        unsafe []
    private let reader: Int32
    private let writer: Int32

    init() {
        var ends: [Int32] = [0, 0]
        unsafe precondition(pipe(&ends) == 0)
        (reader, writer) = (ends[0], ends[1])
        _ = fcntl(reader, F_SETFL, O_NONBLOCK)
    }

    deinit {
        Glibc.close(reader)
        Glibc.close(writer)
    }

    // MARK: What tests order and see

    /// The next calls of `name` fail with these codes, 0 for none.
    func order(_ codes: [Int32], for name: String) {
        lock.withLock { ordered[name] = codes }
    }

    /// The names of the calls so far that begin with one of `names`.
    func seen(_ names: String...) -> [String] {
        lock.withLock { calls.filter { call in names.contains { call.hasPrefix($0) } } }
    }

    /// The threads of the calls whose names begin with one of `names`.
    func threads(of names: String...) -> [UInt] {
        lock.withLock {
            zip(calls, callers).filter { call in names.contains { call.0.hasPrefix($0) } }
                .map(\.1)
        }
    }

    /// Called in the midst of each close.
    var whileClosing: (@Sendable () -> Void)? {
        get { lock.withLock { closing } }
        set { lock.withLock { closing = newValue } }
    }

    /// References that the bus holds.
    var held: Int { lock.withLock { references.values.reduce(0, +) } }

    static func device(_ number: Int) -> DevicePointer {
        unsafe DevicePointer(OpaquePointer(bitPattern: 0x1000 * number)!)
    }

    /// A device comes: it is in the list, and reported.
    func plug(_ device: DevicePointer, reported: Bool = true) {
        lock.withLock {
            present.append(device)
            if reported { pending.append((device, true)) }
        }
        wake()
    }

    func unplug(_ device: DevicePointer) {
        lock.withLock {
            present.removeAll { $0 == device }
            pending.append((device, false))
        }
        wake()
    }

    /// Reports `device` again, as libusb may.
    func repeatArrival(_ device: DevicePointer) {
        lock.withLock { pending.append((device, true)) }
        wake()
    }

    private func wake() {
        var byte: UInt8 = 0
        _ = unsafe write(writer, &byte, 1)
    }

    private func call(_ name: String) -> Int32 {
        lock.withLock {
            calls.append(name)
            callers.append(UInt(pthread_self()))
            let key = String(name.prefix { $0 != " " })
            guard var codes = ordered[key], !codes.isEmpty else { return 0 }
            let code = codes.removeFirst()
            ordered[key] = codes
            return code
        }
    }

    private func result<Value>(_ name: String, _ value: Value) -> LibUSBResult<Value> {
        let code = call(name)
        return code == 0 ? .success(value) : .failure(code)
    }

    // MARK: LibUSBCalls

    func initialise(watchingDevices: Bool) -> LibUSBResult<ContextPointer> {
        result("initialise", unsafe ContextPointer(OpaquePointer(bitPattern: 0x10)!))
    }

    func exit(_ context: ContextPointer) { _ = call("exit") }

    func handleEvents(_ context: ContextPointer, microseconds: Int) -> Int32 {
        var entry = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&entry, 1, Int32(min(microseconds / 1_000, 60_000)))
        var bytes = [UInt8](repeating: 0, count: 64)
        _ = unsafe read(reader, &bytes, bytes.count)
        let (events, observe) = lock.withLock {
            defer { pending = [] }
            return (pending, self.observe)
        }
        let transfers = unsafe lock.withLock {
            defer { unsafe ended = [] }
            return unsafe ended
        }
        for (device, isThere) in events { observe?(device, isThere) }
        for index in unsafe transfers.indices {
            let (transfer, status, length) = unsafe transfers[index]
            unsafe transfer.pointee.status = status
            unsafe transfer.pointee.actual_length = length
            unsafe transfer.pointee.callback(transfer)
        }
        return call("handleEvents")
    }

    func interrupt(_ context: ContextPointer) { wake() }

    func registerHotplug(
        _ context: ContextPointer, _ observe: @escaping HotplugObserver
    ) -> LibUSBResult<Int32> {
        lock.withLock { self.observe = observe }
        return result("registerHotplug", 1)
    }

    func deregisterHotplug(_ context: ContextPointer, _ registration: Int32) {
        lock.withLock { observe = nil }
        _ = call("deregisterHotplug")
    }

    func observeEndedDescriptors(
        _ context: ContextPointer, _ observe: @escaping @Sendable (Int32) -> Void
    ) {}

    func devices(_ context: ContextPointer) -> LibUSBResult<[DevicePointer]> {
        let list = lock.withLock { present }
        list.forEach(reference)
        return result("devices", list)
    }

    func reference(_ device: DevicePointer) {
        lock.withLock { references[device, default: 0] += 1 }
    }

    func unreference(_ device: DevicePointer) {
        lock.withLock { references[device, default: 0] -= 1 }
    }

    func place(of device: DevicePointer) -> DevicePlace {
        DevicePlace(bus: 250, address: 1, ports: [1])
    }

    func speed(of device: DevicePointer) -> Int32 { 3 }

    func open(_ device: DevicePointer) -> LibUSBResult<HandlePointer> {
        result("open", unsafe HandlePointer(OpaquePointer(bitPattern: 0x20)!))
    }

    func wrap(_ context: ContextPointer, descriptor: Int32) -> LibUSBResult<HandlePointer> {
        result("wrap", unsafe HandlePointer(OpaquePointer(bitPattern: 0x20)!))
    }

    func close(_ handle: HandlePointer) {
        _ = call("close")
        lock.withLock { closing }?()
    }
    func descriptor(of handle: HandlePointer) -> Int32? { nil }

    func device(of handle: HandlePointer) -> DevicePointer { Self.device(9) }
    func configuration(_ handle: HandlePointer) -> LibUSBResult<Int32> {
        result("configuration", 1)
    }
    func setConfiguration(_ handle: HandlePointer, _ value: Int32) -> Int32 {
        call("setConfiguration \(value)")
    }
    func setAutomaticDetach(_ handle: HandlePointer, _ isOn: Bool) { _ = call("detach \(isOn)") }
    func kernelDriverActive(_ handle: HandlePointer, _ interface: Int32) -> Int32 {
        call("kernelDriverActive")
    }
    func attachKernelDriver(_ handle: HandlePointer, _ interface: Int32) -> Int32 {
        call("attachKernelDriver \(interface)")
    }
    func claim(_ handle: HandlePointer, _ interface: Int32) -> Int32 { call("claim \(interface)") }
    func release(_ handle: HandlePointer, _ interface: Int32) -> Int32 {
        call("release \(interface)")
    }
    func setAlternateSetting(
        _ handle: HandlePointer, _ interface: Int32, _ setting: Int32
    ) -> Int32 { call("setAlternateSetting \(interface) \(setting)") }
    func clearHalt(_ handle: HandlePointer, _ endpoint: UInt8) -> Int32 {
        call("clearHalt \(endpoint)")
    }
    func reset(_ handle: HandlePointer) -> Int32 { call("reset") }
    func mapMemory(_ handle: HandlePointer, byteCount: Int) -> UnsafeMutableRawPointer? { nil }

    func allocateTransfer() -> UnsafeMutablePointer<libusb_transfer>? {
        guard call("allocateTransfer") == 0 else { return nil }
        let transfer = UnsafeMutablePointer<libusb_transfer>.allocate(capacity: 1)
        unsafe memset(transfer, 0, MemoryLayout<libusb_transfer>.size)
        return unsafe transfer
    }

    func freeTransfer(_ transfer: UnsafeMutablePointer<libusb_transfer>) {
        _ = call("freeTransfer")
        unsafe transfer.deallocate()
    }

    func submit(_ transfer: UnsafeMutablePointer<libusb_transfer>) -> Int32 {
        let code = call("submit")
        if code == 0 { lock.withLock { unsafe submitted.append(transfer) } }
        return code
    }

    func cancel(_ transfer: UnsafeMutablePointer<libusb_transfer>) -> Int32 {
        end(LIBUSB_TRANSFER_CANCELLED, length: 0)
        return call("cancel")
    }

    /// Ends the oldest transfer in flight.
    func end(_ status: libusb_transfer_status, length: Int32) {
        lock.withLock {
            guard !(unsafe submitted.isEmpty) else { return }
            let oldest = unsafe submitted.removeFirst()
            unsafe ended.append((oldest, status, length))
        }
        wake()
    }

    /// What libusb was given for the oldest transfer in flight.
    var oldest: (length: Int32, timeout: UInt32, flags: UInt8)? {
        lock.withLock {
            unsafe submitted.first.map {
                unsafe ($0.pointee.length, $0.pointee.timeout, $0.pointee.flags)
            }
        }
    }
}
