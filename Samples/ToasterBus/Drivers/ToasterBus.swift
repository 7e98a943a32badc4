import DriverFoundation

/// The driver of a bus that exists in software alone: programs plug toasters in and pull them.
package actor ToasterBus: FunctionDriver {
    // Loaded by its program, not by an arrival.
    package static let matches: [DeviceMatch] = []

    package nonisolated let device: Device
    private let standard: BusStandard
    private var toasters: ChildList<UInt8, Void>?
    /// The toasters that were there before any program.
    private var firstToasters: [UInt8] = [1]

    package init(device: Device) async throws(DeviceError) {
        self.device = device
        standard = BusStandard(on: device.loop)
        device.register(.toasterBus)
        toasters = device.childList(of: UInt8.self, for: self, scan: { $0.scan() }) { bus, serial in
            bus.toaster(serial)
        }
        device.queue(.parallel(limit: 8), for: self, deviceControl: { await $0.control($1) })
    }

    private func scan() {
        for serial in firstToasters { toasters?.add(serial) }
        firstToasters = []
    }

    private func toaster(_ serial: UInt8) -> ChildDevice {
        var toaster = ChildDevice(.toaster(serial))
        toaster.offer(standard, as: (any ToasterStandard).self)
        return toaster
    }

    private func control(_ request: consuming Request) async {
        guard let serial = request.input.byte(at: 0), let toasters else {
            return request.fail(.invalidRequest)
        }
        switch request.code {
        case BusControl.plugIn:
            toasters.add(serial) ? request.complete() : request.fail(DeviceError(.busy))
        case BusControl.unplug:
            toasters.updateMissing(serial)
                ? request.complete() : request.fail(DeviceError(.notFound))
        case BusControl.eject: await eject(serial, for: request)
        default: request.fail(.invalidRequest)
        }
    }

    private func eject(_ serial: UInt8, for request: consuming Request) async {
        guard let toaster = toasters?.device(for: serial) else {
            return request.fail(DeviceError(.notFound))
        }
        do throws(DeviceError) { try await toaster.remove() } catch { return request.fail(error) }
        toasters?.updateMissing(serial)
        request.complete()
    }
}

/// What the bus offers its toasters.
private final class BusStandard: ToasterStandard {
    private let level: LoopConfined<Int>
    init(on loop: EventLoop) { level = LoopConfined(on: loop, 5) }
    func crispiness() -> Int { level.value }
}
