import DriverFoundation

/// A filter with an entrance of its own: programs ask it, beside the toaster's requests, what it
/// has seen.
package actor SidebandFilter: FilterDriver {
    package static let matches: [DeviceMatch] = [.hardwareID(DeviceIdentity.toasterID)]

    package nonisolated let level: DeviceLevel
    private var requests = 0

    package init(level: DeviceLevel) async throws(DeviceError) {
        self.level = level
        level.queue(.parallel(limit: 8), for: self, other: { $0.pass($1) })
        let sideband = level.device.addControlDevice(named: "sideband of \(level.device.name)")
        sideband.register(.toasterSideband)
        sideband.queue(.sequential, for: self, deviceControl: { $0.answer($1) })
        sideband.finishInitializing()
    }

    private func pass(_ request: consuming Request) {
        requests += 1
        request.sendAndForget(to: level.lowerTarget)
    }

    private func answer(_ request: consuming Request) {
        switch request.code {
        case SidebandControl.requests: request.complete(requests)
        case SidebandControl.toasters:
            request.complete(level.device.parent?.children.count ?? 0)
        default: request.fail(.invalidRequest)
        }
    }
}
