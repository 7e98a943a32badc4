internal import USBTypes

/// Which endpoints are isochronous while configuration and alternate settings are as the client
/// last set them: what decides whether packet descriptors follow a transfer (usbip §1.6).
struct EndpointTable: Sendable {
    private let configurations: [ConfigurationDescriptor]
    private var value: UInt8?
    private var settings: [UInt8: UInt8] = [:]
    /// One bit for each number and direction, those of IN in the upper half.
    private var isochronous: UInt32 = 0

    init(_ configurations: [ConfigurationDescriptor], active value: UInt8?) {
        self.configurations = configurations
        self.value = value
        update()
    }

    func isIsochronous(_ endpoint: EndpointAddress) -> Bool {
        isochronous & Self.bit(of: endpoint) != 0
    }

    /// Whether `setup` can change the table once it succeeded.
    static func isAffected(by setup: SetupPacket) -> Bool {
        setup.requestType == 0x00 && setup.request == 9
            || setup.requestType == 0x01 && setup.request == 11
    }

    /// SET_CONFIGURATION or SET_INTERFACE succeeded.
    mutating func apply(_ setup: SetupPacket) {
        guard Self.isAffected(by: setup) else { return }
        if setup.request == 9 {
            let new = UInt8(truncatingIfNeeded: setup.value)
            value = new == 0 ? nil : new
            settings = [:]
        } else {
            settings[UInt8(truncatingIfNeeded: setup.index)] = UInt8(
                truncatingIfNeeded: setup.value)
        }
        update()
    }

    /// The bus was reset: the device is not configured.
    mutating func reset() {
        value = nil
        settings = [:]
        isochronous = 0
    }

    private mutating func update() {
        isochronous = 0
        guard let configuration = configurations.first(where: { $0.value == value }) else { return }
        for setting in configuration.alternateSettings
        where setting.alternateSetting == settings[setting.number, default: 0] {
            for endpoint in setting.endpoints where endpoint.transferType == .isochronous {
                isochronous |= Self.bit(of: endpoint.address)
            }
        }
    }

    private static func bit(of endpoint: EndpointAddress) -> UInt32 {
        1 << (UInt32(endpoint.number) + (endpoint.direction == .in ? 16 : 0))
    }
}
