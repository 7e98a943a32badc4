import DriverFoundation

/// A driver of a toaster on a bus that uses what the framework has: every callback of Plug and Play
/// and power, files, what the bus offers, telemetry.
package actor FeaturedToaster: FunctionDriver {
    package static let matches: [DeviceMatch] = [.hardwareID(DeviceIdentity.toasterID)]

    package nonisolated let device: Device
    private let waiting: RequestQueue
    private var standard: (any ToasterStandard)?
    private var heater = Heater()
    private var slices = 0
    private var files = 0

    /// What stands for the hardware.
    private struct Heater {
        var isThere = false
        var isWarm = false
    }

    package init(device: Device) async throws(DeviceError) {
        self.device = device
        waiting = device.queue(.manual)
        idle(after: .seconds(60))
        device.register(.busToaster, properties: ["maker": "Driver Foundation"])
        device.files(
            for: self, create: { $0.files += $1.path.isEmpty ? 1 : 0 },
            close: { toaster, _ in toaster.files -= 1 })
        device.queue(.sequential, for: self, write: { await $0.toast($1) })
        device.queue(
            .parallel(limit: 4), for: self, read: { $1.forward(to: $0.waiting) },
            deviceControl: { $0.control($1) })
    }

    // MARK: Plug and Play

    package func prepareHardware() async throws(DeviceError) {
        guard let standard = device.lookUp((any ToasterStandard).self) else {
            throw DeviceError(.notFound, "The bus of \(device.name) is no bus of toasters.")
        }
        self.standard = standard
        heater.isThere = true
    }

    package func releaseHardware() async throws(DeviceError) {
        heater.isThere = false
        standard = nil
    }

    package func surpriseRemoval() async { heater.isThere = false }

    package func queryRemove() async throws(DeviceError) {
        if files > 1 { throw DeviceError(.busy, "\(device.name) is open \(files) times.") }
    }

    // MARK: Power

    package func enterD0(from previous: PowerState) async throws(DeviceError) {
        heater.isWarm = true
    }

    package func exitD0(to next: PowerState) async throws(DeviceError) { heater.isWarm = false }

    // MARK: Requests

    private func toast(_ request: consuming Request) async {
        let bytes = request.input.copy()
        // Half a second a slice, unless the client gives up or the toaster goes.
        for _ in bytes where await device.wait(for: .milliseconds(500), request: request) {}
        if request.isCancelled { return request.fail(.cancelled) }
        slices += bytes.count
        request.complete(bytes.count)
        if let reader = waiting.next() { reader.complete(withPrefixOf: bytes) }
    }

    private func control(_ request: consuming Request) {
        switch request.code {
        case ToasterControl.slices: request.complete(slices)
        case ToasterControl.crispiness: request.complete(standard?.crispiness() ?? 0)
        default: request.fail(.invalidRequest)
        }
    }
}
