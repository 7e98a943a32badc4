import DriverFoundation

/// A driver that uses everything that can fail, and passes each failure on.
actor FrailDriver: FunctionDriver {
    static let matches: [DeviceMatch] = [.id(vendor: 0x1209, product: 0x0001)]

    /// What its programs may ask for.
    enum Code {
        static let status: ControlCode = 1
        static let settings: ControlCode = 2
        static let wait: ControlCode = 3
        static let reset: ControlCode = 4
        static let configure: ControlCode = 5
    }

    nonisolated let device: Device
    private let waiting: RequestQueue
    private var output: USBPipe?
    private var input: USBPipe?
    private var reader: ContinuousReader?

    init(device: Device) async throws(DeviceError) {
        self.device = device
        waiting = device.queue(.manual)
        device.register(.gadget)
        idle(after: .seconds(600), wakes: true)
        device.queue(
            .parallel(limit: 2), for: self, read: { await $0.read($1) },
            write: { await $0.write($1) })
        device.queue(.sequential, for: self, deviceControl: { await $0.control($1) })
    }

    func prepareHardware() async throws(DeviceError) { try await findPipes() }

    func enterD0(from previous: PowerState) async throws(DeviceError) { reader?.start() }

    func exitD0(to next: PowerState) async throws(DeviceError) { await reader?.stop() }

    func releaseHardware() async throws(DeviceError) { reader = nil }

    private func findPipes() async throws(DeviceError) {
        output = try await device.pipe(0x01)
        input = try await device.pipe(0x82)
        reader = try await device.pipe(0x83).continuousReader(for: self) { driver, _ in
            driver.waiting.next()?.complete()
        }
    }

    private func write(_ request: consuming Request) async {
        guard let output else { return request.fail(.removed) }
        do throws(DeviceError) {
            request.complete(try await output.write(request.input, for: request))
        } catch { request.fail(error) }
    }

    private func read(_ request: consuming Request) async {
        guard let input else { return request.fail(.removed) }
        do throws(DeviceError) {
            let bytes = try await input.read(
                upTo: request.outputCapacity, for: request, deadline: .milliseconds(50))
            request.complete(with: bytes)
        } catch { request.fail(error) }
    }

    private func control(_ request: consuming Request) async {
        if request.code == Code.wait { return request.forward(to: waiting) }
        do throws(DeviceError) {
            switch request.code {
            case Code.status:
                _ = try await device.controlRead(.status, for: request)
            case Code.configure:
                try await device.controlWrite(.configure, for: request)
            case Code.settings:
                try await device.selectAlternateSetting(1, of: 0)
                try await device.selectAlternateSetting(0, of: 0)
                try await findPipes()
                reader?.start()
            default:
                try await input?.reset()
            }
            request.complete()
        } catch { request.fail(error) }
    }
}

extension SetupPacket {
    fileprivate static let status = SetupPacket(
        requestType: 0xC0, request: 1, value: 7, index: 0, length: 1)
    fileprivate static let configure = SetupPacket(
        requestType: 0x40, request: 1, value: 7, index: 0, length: 0)
}
