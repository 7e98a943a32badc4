import DriverFoundation

/// The driver of a child of ``FrailDriver``'s.
actor FrailPart: FunctionDriver {
    static let matches: [DeviceMatch] = []
    nonisolated let device: Device

    init(device: Device) async throws(DeviceError) {
        self.device = device
        device.register(.frailPart)
        device.queue(.sequential, for: self, write: { $0.take($1) })
    }

    private func take(_ request: consuming Request) {
        let count = request.input.byteCount
        request.complete(count)
    }
}

/// Goes over and under ``FrailDriver``, and changes nothing.
actor FrailFilter: FilterDriver {
    static let matches = FrailDriver.matches
    nonisolated let level: DeviceLevel

    init(level: DeviceLevel) async throws(DeviceError) {
        self.level = level
        level.queue(
            .parallel(limit: 4), for: self, write: { $1.sendAndForget(to: $0.level.lowerTarget) })
    }
}

extension DeviceInterfaceClass {
    static let frailPart: DeviceInterfaceClass = "org.driver-foundation.test.frail-part"
}
