import DriverFoundation

/// A filter that changes nothing: looks at what is written, and lets everything pass.
package actor GenericFilter: FilterDriver {
    package static let matches: [DeviceMatch] = [.hardwareID(DeviceIdentity.toasterID)]

    package nonisolated let level: DeviceLevel
    private var written = 0

    package init(level: DeviceLevel) async throws(DeviceError) {
        self.level = level
        level.queue(.parallel(limit: 8), for: self, write: { await $0.write($1) })
    }

    private func write(_ request: consuming Request) async {
        let reply = await request.send(to: level.lowerTarget)
        written += reply.information
        request.complete(reply)
    }
}
