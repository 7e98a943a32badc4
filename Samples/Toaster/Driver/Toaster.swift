import DriverFoundation

/// What a program may ask of a toaster beside writing a heat and reading its progress.
package enum ToasterControl {
    /// Completes when the slice is brown, with the level of browning as information.
    package static let waitUntilBrown: ControlCode = 1
}

extension DeviceInterfaceClass {
    /// A toaster.
    package static let toaster: DeviceInterfaceClass = "org.driver-foundation.toaster"
}

/// The driver of a toaster: heat goes out on a bulk pipe, browning comes in as interrupt reports.
package actor Toaster: FunctionDriver {
    package static let matches: [DeviceMatch] = [.id(vendor: 0x1209, product: 0x7057)]

    package nonisolated let device: Device
    private let waiters: RequestQueue
    private let progress: RequestQueue
    private var heater: USBPipe?
    private var reports: ContinuousReader?

    package init(device: Device) async throws(DeviceError) {
        self.device = device
        waiters = device.queue(.manual, taking: [.deviceControl(ToasterControl.waitUntilBrown)])
        progress = device.queue(.manual, taking: [.read])
        device.register(.toaster)
        device.queue(.sequential, for: self, write: { await $0.setHeat($1) })
    }

    package func prepareHardware() async throws(DeviceError) {
        heater = try await device.pipe(0x02)
        reports = try await device.pipe(0x81).continuousReader(for: self) { $0.browned($1) }
    }

    package func enterD0(from previous: PowerState) async throws(DeviceError) { reports?.start() }
    package func exitD0(to next: PowerState) async throws(DeviceError) {
        await reports?.stop()
        // Nothing stays hot behind the program's back.
        if !device.isGone { try await heater?.write([0], deadline: .seconds(1)) }
    }

    private func setHeat(_ request: consuming Request) async {
        guard let heater else { return request.fail(.removed) }
        do throws(DeviceError) {
            request.complete(try await heater.write(request.input, for: request))
        } catch { request.fail(error) }
    }

    private func browned(_ report: RawSpan) {
        guard let level = report.byte(at: 0) else { return }
        while let reader = progress.next() { reader.complete(withPrefixOf: report) }
        guard level >= 200 else { return }
        while let waiter = waiters.next() { waiter.complete(Int(level)) }
    }
}
