import DriverFoundation
import Foundation

extension DeviceInterfaceClass {
    /// A lamp.
    package static let lamp: DeviceInterfaceClass = "org.example.lamp"
}

/// What a program may ask of a lamp beside writing a brightness and reading the changes of it.
package enum LampControl {
    /// Gives back the lamp's name and the brightness, as text.
    package static let describe: ControlCode = 1
}

/// The driver of a dimmable lamp.
package actor Lamp: FunctionDriver {
    package static let matches: [DeviceMatch] = [.id(vendor: 0x1209, product: 0x0010)]

    package nonisolated let device: Device
    private let readers: RequestQueue
    private var dimmer: USBPipe?
    private var changes: ContinuousReader?
    private var brightness: UInt8 = 0

    package init(device: Device) async throws(DeviceError) {
        self.device = device
        readers = device.queue(.manual, taking: [.read])
        device.register(.lamp)
        device.queue(
            .parallel(limit: 4), for: self, write: { await $0.dim($1) },
            deviceControl: { await $0.describe($1) })
    }

    package func prepareHardware() async throws(DeviceError) {
        dimmer = try await device.pipe(0x01)
        changes = try await device.pipe(0x81).continuousReader(for: self) { $0.changed($1) }
    }

    package func enterD0(from previous: PowerState) async throws(DeviceError) { changes?.start() }
    package func exitD0(to next: PowerState) async { await changes?.stop() }

    private func dim(_ request: consuming Request) async {
        guard let dimmer else { return request.fail(.removed) }
        do throws(DeviceError) {
            request.complete(try await dimmer.write(request.input, for: request))
        } catch {
            request.fail(error)
        }
    }

    private func describe(_ request: consuming Request) async {
        guard request.code == LampControl.describe else { return request.fail(.invalidRequest) }
        let setup = SetupPacket(requestType: 0xC0, request: 1, value: 0, index: 0, length: 64)
        do throws(DeviceError) {
            let name = String(decoding: try await device.controlRead(setup), as: UTF8.self)
            let percent = String(format: "%.1f", Double(brightness) / 2.55)
            let text = Data("\(name) at \(percent) %".utf8)
            request.complete(with: [UInt8](text.prefix(request.outputCapacity)))
        } catch {
            request.fail(error)
        }
    }

    private func changed(_ report: RawSpan) {
        guard let brightness = report.byte(at: 0) else { return }
        self.brightness = brightness
        while let reader = readers.next() { reader.complete(with: [brightness]) }
    }
}
