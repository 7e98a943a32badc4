public import USBTypes

/// What a virtual device says it is: the descriptors it answers with, made from a list of its
/// interfaces and endpoints.
///
/// The descriptors are values that can be changed after they were made, and ``overrides`` replaces
/// any of them by bytes, so that a wrong device can be built on purpose. ``problems()`` says what a
/// specification forbids; a device with problems is refused when it is plugged in, unless
/// ``isCheckedWhenPlugged`` is off.
public struct DeviceDescription: Sendable {
    /// The speed at which it is connected, which decides packet sizes and intervals.
    public let speed: Speed
    /// The device descriptor.
    public var device: DeviceDescriptor
    /// The configurations, in the order of their indices.
    public var configurations: [ConfigurationDescriptor]
    /// The texts, from index 1 on.
    public var strings: [String]
    /// The BOS descriptor with its capabilities, which devices from USB 2.01 on have.
    public var bos: BOSDescriptor?
    /// HID report descriptors by interface number, for `GET_DESCRIPTOR(HID report)`.
    public var reportDescriptors: [(interface: UInt8, bytes: [UInt8])]
    /// Bytes that are sent instead of a descriptor.
    public var overrides: [DescriptorOverride] = []
    /// Whether ``problems()`` keep the device from being plugged in.
    public var isCheckedWhenPlugged = true

    /// A device with these interfaces, or with several configurations of them.
    ///
    /// - Parameters:
    ///   - speed: The speed at which it is connected.
    ///   - classCode: The class of the device as a whole; most leave it to their interfaces.
    ///   - maxPower: The current it may draw from the bus, in milliamperes.
    public init(
        vendor: UInt16, product: UInt16, release: BCDVersion = 0x0100,
        manufacturer: String? = nil, name: String? = nil, serial: String? = nil,
        speed: Speed = .high, classCode: ClassCode = .perInterface, isSelfPowered: Bool = false,
        supportsRemoteWakeup: Bool = false, maxPower: Int = 100,
        @DescriptionBuilder _ parts: () -> [DescriptionPart]
    ) {
        var table = StringTable()
        self.speed = speed
        device = DeviceDescriptor(
            usbVersion: speed >= .super ? 0x0320 : 0x0200, classCode: classCode,
            maxPacketSize0: speed >= .super ? 9 : speed == .low ? 8 : 64, vendorID: vendor,
            productID: product, release: release, manufacturerIndex: table.index(of: manufacturer),
            productIndex: table.index(of: name), serialNumberIndex: table.index(of: serial))
        let power = UInt8(clamping: (maxPower + 1) / (speed >= .super ? 8 : 2))
        var layout = ConfigurationLayout(
            speed: speed, isSelfPowered: isSelfPowered, supportsRemoteWakeup: supportsRemoteWakeup,
            maxPower: power, strings: table)
        configurations = layout.configurations(of: parts())
        device.configurationCount = UInt8(clamping: configurations.count)
        strings = layout.strings.texts
        reportDescriptors = layout.reports
        bos = speed >= .super ? .superSpeed : nil
    }

    /// Its texts as a bus reports them.
    func string(_ index: UInt8) -> String? {
        index > 0 && Int(index) <= strings.count ? strings[Int(index) - 1] : nil
    }

    /// The configuration whose `bConfigurationValue` is `value`.
    public func configuration(_ value: UInt8) -> ConfigurationDescriptor? {
        configurations.first { $0.value == value }
    }
}

/// Bytes that are sent instead of one of a device's descriptors.
public struct DescriptorOverride: Hashable, Sendable {
    /// The type asked for.
    public var type: DescriptorType
    /// The index asked for.
    public var index: UInt8
    /// What is sent, cut to the length that the host asks for.
    public var bytes: [UInt8]

    /// Sends `bytes` for `GET_DESCRIPTOR(type, index)`.
    public init(_ type: DescriptorType, index: UInt8 = 0, bytes: [UInt8]) {
        self.type = type
        self.index = index
        self.bytes = bytes
    }
}

/// The device's texts while its description is laid out; equal texts share an index.
struct StringTable {
    private(set) var texts: [String] = []

    mutating func index(of text: String?) -> UInt8 {
        guard let text else { return 0 }
        if let place = texts.firstIndex(of: text) { return UInt8(clamping: place + 1) }
        texts.append(text)
        return UInt8(clamping: texts.count)
    }
}

extension BOSDescriptor {
    /// What every SuperSpeed device has (USB 3.2 §9.6.2).
    fileprivate static var superSpeed: BOSDescriptor {
        BOSDescriptor([
            .usb2Extension(USB2ExtensionCapability()), .superSpeed(SuperSpeedCapability()),
        ])
    }
}
