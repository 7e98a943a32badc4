import DriverFoundation

/// A bus whose toasters are screwed down: each is there from the start until it is unplugged, and
/// what programs plug in joins them.
package actor StaticToasterBus: FunctionDriver {
    package static let matches: [DeviceMatch] = []

    package nonisolated let device: Device

    package init(device: Device) async throws(DeviceError) {
        self.device = device
        device.register(.toasterBus)
        for serial in UInt8(1)...2 { device.addStaticChild(ChildDevice(.toaster(serial))) }
        device.queue(.sequential, for: self, deviceControl: { await $0.control($1) })
    }

    private func control(_ request: consuming Request) async {
        guard let serial = request.input.byte(at: 0) else { return request.fail(.invalidRequest) }
        var isThere = false
        await device.forEachStaticChild { child, _ in
            if child.identity.instanceID == "\(serial)" { isThere = true }
        }
        switch request.code {
        case BusControl.plugIn:
            if isThere { return request.fail(DeviceError(.busy)) }
            device.addStaticChild(ChildDevice(.toaster(serial)))
            request.complete()
        case BusControl.unplug:
            device.markStaticChildMissing("\(serial)")
                ? request.complete() : request.fail(DeviceError(.notFound))
        default: request.fail(.invalidRequest)
        }
    }
}
