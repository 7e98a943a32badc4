import DriverFoundation

/// A driver for every device that does nothing with it: it is started and stopped, as plugs come
/// and go.
package actor HotplugProbe: FunctionDriver {
    package static let matches: [DeviceMatch] = [.any]
    package nonisolated let device: Device

    package init(device: Device) async throws(DeviceError) { self.device = device }
}
