package import USBTypes

/// A device descriptor with its configurations behind it, as sysfs and a device's node give them.
///
/// What cannot be read is left out: a device that describes one of its configurations badly still
/// has the others.
package struct DescriptorBlob: Sendable {
    /// The device descriptor.
    package let device: DeviceDescriptor
    /// The configurations that could be read, in the order of their indices.
    package let configurations: [ConfigurationDescriptor]

    /// Reads `bytes`; `nil` when they do not begin with a device descriptor.
    package init?(_ bytes: [UInt8]) {
        var cursor = unsafe DescriptorCursor(bytes.span.bytes)
        guard let device = try? DeviceDescriptor(from: &cursor) else { return nil }
        self.device = device
        var configurations: [ConfigurationDescriptor] = []
        var offset = Int(bytes[0])
        while offset + 4 <= bytes.count {
            // The kernel stores as many bytes as wTotalLength says, whatever is in them.
            let total = Int(bytes[offset + 2]) | Int(bytes[offset + 3]) << 8
            let end = min(offset + max(total, 4), bytes.count)
            let slice = Array(bytes[offset..<end])
            var cursor = unsafe DescriptorCursor(slice.span.bytes)
            if let configuration = try? ConfigurationDescriptor(from: &cursor) {
                configurations.append(configuration)
            }
            offset = end
        }
        self.configurations = configurations
    }
}
