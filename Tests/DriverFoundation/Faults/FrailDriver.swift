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
        static let timed: ControlCode = 6
        static let worked: ControlCode = 7
        static let own: ControlCode = 8
        static let part: ControlCode = 9
    }

    nonisolated let device: Device
    private let waiting: RequestQueue
    /// What the timer answers, and what the work item and the deferred call answer.
    private let timed: RequestQueue
    private let worked: RequestQueue
    private var timer: DeviceTimer?
    private var work: WorkItem?
    private var answer: DeferredCall?
    private var parts: ChildList<Int, Void>?
    private var part: DeviceInterface?
    private var target: IOTarget?
    private var output: USBPipe?
    private var input: USBPipe?
    private var reader: ContinuousReader?

    init(device: Device) async throws(DeviceError) {
        self.device = device
        waiting = device.queue(.manual)
        timed = device.queue(.manual)
        worked = device.queue(.manual)
        device.register(.gadget)
        idle(after: .seconds(600), wakes: true)
        device.queue(
            .parallel(limit: 2), for: self, read: { await $0.read($1) },
            write: { await $0.write($1) })
        device.queue(.parallel(limit: 8), for: self, deviceControl: { await $0.control($1) })
        try makeParts()
    }

    private func makeParts() throws(DeviceError) {
        timer = try device.timer("answers", for: self) { $0.timed.next()?.complete() }
        work = try device.workItem("asks", for: self) { _ = $0.answer?.enqueue() }
        answer = try device.deferredCall("answers", for: self) { $0.worked.next()?.complete() }
        parts = device.childList(of: Int.self, for: self, scan: { $0.scan() }) {
            _, number throws(DeviceError) in
            var child = ChildDevice(
                DeviceIdentity(name: "part", instanceID: "\(number)", hardwareIDs: ["part"]))
            child.driver = FrailPart.self
            return child
        }
        device.watch(
            .frailPart, for: self, arrived: { $0.part = $1 },
            removed: { driver, _ in driver.part = nil })
        target = device.remoteTarget(
            for: self,
            queryRemove: { _, target throws(DeviceError) in await target.closeForQueryRemove() },
            removeCanceled: { _, target in try? await target.reopen() },
            removeComplete: { _, target in await target.close() })
    }

    private func scan() {
        parts?.beginScan()
        parts?.add(1)
        parts?.endScan()
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
        switch request.code {
        case Code.wait: return request.forward(to: waiting)
        case Code.timed:
            request.forward(to: timed)
            timer?.start(after: .milliseconds(5))
            return
        case Code.worked:
            request.forward(to: worked)
            work?.enqueue()
            return
        default: break
        }
        do throws(DeviceError) {
            switch request.code {
            case Code.own:
                try await device.selfTarget.write([1], for: request)
            case Code.part:
                try await usePart(for: request)
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

extension FrailDriver {
    /// Opens the child, unless it is open, and leaves it open.
    private func usePart(for request: borrowing Request) async throws(DeviceError) {
        guard let target, let part else { throw DeviceError(.notFound) }
        if target.state == .closed || target.state == .closedForQueryRemove {
            try await target.open(part)
        }
        try await target.write([1, 2], for: request)
        await target.stop(.waitForSentIO)
        do throws(DeviceError) { try await target.start() } catch { try await target.start() }
    }
}

extension SetupPacket {
    fileprivate static let status = SetupPacket(
        requestType: 0xC0, request: 1, value: 7, index: 0, length: 1)
    fileprivate static let configure = SetupPacket(
        requestType: 0x40, request: 1, value: 7, index: 0, length: 0)
}
