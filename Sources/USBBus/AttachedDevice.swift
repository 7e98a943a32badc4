public import USBTypes

/// A device as its bus describes it, without opening it.
public struct AttachedDevice: Sendable, Identifiable {
    /// This stay on the bus.
    public let id: AttachmentID
    /// The signalling rate.
    public let speed: Speed
    /// The device descriptor.
    public let descriptor: DeviceDescriptor
    /// All configurations, in the order of their indices.
    public let configurations: [ConfigurationDescriptor]
    /// The `bConfigurationValue` in force, `nil` when unconfigured.
    public let activeConfiguration: UInt8?
    /// Where it is plugged in.
    public let location: DeviceLocation
    /// Its texts, as far as the bus knows them without opening the device.
    public let strings: DeviceStrings

    /// Puts a description together.
    public init(
        id: AttachmentID, speed: Speed, descriptor: DeviceDescriptor,
        configurations: [ConfigurationDescriptor], activeConfiguration: UInt8?,
        location: DeviceLocation, strings: DeviceStrings
    ) {
        self.id = id
        self.speed = speed
        self.descriptor = descriptor
        self.configurations = configurations
        self.activeConfiguration = activeConfiguration
        self.location = location
        self.strings = strings
    }

    /// The configuration in force.
    public var configuration: ConfigurationDescriptor? {
        configurations.first { $0.value == activeConfiguration }
    }
}

/// Where a device is plugged in. The ports name the same place again after a replug; the address
/// does not.
public struct DeviceLocation: Hashable, Sendable, CustomStringConvertible {
    /// The bus's number.
    public let bus: UInt8
    /// The device's address on that bus, 1…127, given anew at each enumeration.
    public let address: UInt8
    /// Port numbers from the root hub to the device.
    public let ports: [UInt8]

    /// Names a place.
    public init(bus: UInt8, address: UInt8, ports: [UInt8]) {
        self.bus = bus
        self.address = address
        self.ports = ports
    }

    /// As Linux writes it: `1-2.4`.
    public var description: String {
        "\(bus)-" + ports.map(String.init).joined(separator: ".")
    }
}

/// The texts that a device gives of itself (USB 2.0 §9.6.7).
public struct DeviceStrings: Hashable, Sendable {
    /// `iManufacturer`.
    public let manufacturer: String?
    /// `iProduct`.
    public let product: String?
    /// `iSerialNumber`.
    public let serialNumber: String?

    /// Texts as read; `nil` where the device or the bus has none.
    public init(manufacturer: String? = nil, product: String? = nil, serialNumber: String? = nil) {
        self.manufacturer = manufacturer
        self.product = product
        self.serialNumber = serialNumber
    }
}
