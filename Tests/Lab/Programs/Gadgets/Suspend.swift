import DriverFoundation
import Glibc
import LibUSBBus

private let wakes = CommandLine.arguments.contains("--wakes")
private let look: ControlCode = 1

/// A driver whose device sleeps after a second; a request asks the device for its status.
private actor Sleeper: FunctionDriver {
    static let matches: [DeviceMatch] = [
        .id(vendor: 0x1209, product: 0x7004), .interface(.bootKeyboard),
    ]
    static let interfaceClass: DeviceInterfaceClass = "org.driver-foundation.sleeper"

    nonisolated let device: Device
    private var reports: ContinuousReader?

    init(device: Device) async throws(DeviceError) {
        self.device = device
        device.register(Self.interfaceClass)
        idle(after: .seconds(1), wakes: wakes)
        device.queue(.sequential, for: self, deviceControl: { await $0.answer($1) })
    }

    func prepareHardware() async throws(DeviceError) {
        let inputs = device.interfaces.flatMap(\.endpoints).filter {
            $0.transferType == .interrupt && $0.address.direction == .in
        }
        if let input = inputs.first {
            reports = try await device.pipe(input.address).continuousReader(for: self) {
                $0.reported($1)
            }
        }
    }

    func enterD0(from previous: PowerState) async throws(DeviceError) { reports?.start() }
    func exitD0(to next: PowerState) async { await reports?.stop() }

    private func reported(_ report: RawSpan) { say("report of \(report.byteCount) bytes") }

    private func answer(_ request: consuming Request) async {
        do throws(DeviceError) {
            let status = try await device.controlRead(.getStatus(), for: request)
            request.complete(Int(status.first ?? 0))
        } catch { request.fail(error) }
    }
}

/// Lets a device sleep and asks for it, round by round; then, if it wakes, has it woken; then
/// pulled in its sleep. What is to be done in between is asked of whoever runs it.
func suspend(_ vendor: UInt16, _ product: UInt16, rounds: Int) async throws {
    TerminationSignals.install()
    let (steps, step) = AsyncStream<LifecycleStep>.makeStream()
    var options = PlugAndPlay.Options()
    options.accepts = {
        $0.descriptor.vendorID == vendor && $0.descriptor.productID == product
    }
    options.observer = { _, taken in
        if case .suspendRefused = taken { say("LAB-REFUSED \(taken)") }
        step.yield(taken)
    }
    func reach(_ wanted: LifecycleStep) async {
        for await taken in steps {
            say("step: \(taken)")
            if taken == wanted { return }
        }
    }
    let plugAndPlay = PlugAndPlay(on: LibUSBBus(), drivers: [Sleeper.self], options: options)
    try await plugAndPlay.start()
    let file = try await plugAndPlay.interfaces.open(Sleeper.interfaceClass)
    for round in 1...rounds {
        await reach(.returned(.exitD0))
        say("LAB-ASLEEP \(round)")
        _ = readLine()
        let status = try await file.control(look)
        say("LAB-AWAKE \(round) \(status.information)")
        _ = readLine()
    }
    for round in 0..<(wakes ? 3 : 0) {
        await reach(.returned(.exitD0))
        say("LAB-PRESS \(round)")
        await reach(.returned(.wakeTriggered))
        say("LAB-WOKEN \(round)")
        _ = readLine()
    }
    await reach(.returned(.exitD0))
    say("LAB-PULL")
    await reach(.hardwareClosed)
    await file.close()
    await reach(.disposed)
    await plugAndPlay.stop()
    say("LAB-GONE")
}
