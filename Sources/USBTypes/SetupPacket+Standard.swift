/// The standard device requests (USB 2.0 §9.4, USB 3.2 §9.4), to make and to recognise.
extension SetupPacket {
    /// `bRequest` of a standard request.
    public enum StandardRequest: UInt8, Sendable, Hashable, CaseIterable {
        /// GET_STATUS.
        case getStatus = 0
        /// CLEAR_FEATURE.
        case clearFeature = 1
        /// SET_FEATURE.
        case setFeature = 3
        /// SET_ADDRESS.
        case setAddress = 5
        /// GET_DESCRIPTOR.
        case getDescriptor = 6
        /// SET_DESCRIPTOR.
        case setDescriptor = 7
        /// GET_CONFIGURATION.
        case getConfiguration = 8
        /// SET_CONFIGURATION.
        case setConfiguration = 9
        /// GET_INTERFACE.
        case getInterface = 10
        /// SET_INTERFACE.
        case setInterface = 11
        /// SYNCH_FRAME.
        case synchFrame = 12
        /// SET_SEL.
        case setSystemExitLatency = 48
        /// SET_ISOCH_DELAY.
        case setIsochronousDelay = 49
    }

    /// What SET_FEATURE and CLEAR_FEATURE switch; the recipient says which of two features of the
    /// same number is meant.
    public struct Feature: RawRepresentable, Hashable, Sendable {
        /// `wValue` of the request.
        public let rawValue: UInt16
        /// Takes `wValue` of the request.
        public init(rawValue: UInt16) { self.rawValue = rawValue }
        /// ENDPOINT_HALT, of an endpoint.
        public static let endpointHalt = Feature(rawValue: 0)
        /// FUNCTION_SUSPEND, of an interface.
        public static let functionSuspend = Feature(rawValue: 0)
        /// DEVICE_REMOTE_WAKEUP, of the device.
        public static let deviceRemoteWakeup = Feature(rawValue: 1)
        /// TEST_MODE, of the device.
        public static let testMode = Feature(rawValue: 2)
        /// U1_ENABLE, of the device.
        public static let u1Enable = Feature(rawValue: 48)
        /// U2_ENABLE, of the device.
        public static let u2Enable = Feature(rawValue: 49)
    }

    /// Which standard request this is; `nil` for other kinds and unknown numbers.
    public var standardRequest: StandardRequest? {
        kind == .standard ? StandardRequest(rawValue: request) : nil
    }

    /// The type in the high byte of `value`, for requests about a descriptor.
    public var descriptorType: DescriptorType { DescriptorType(rawValue: UInt8(value >> 8)) }

    /// The index in the low byte of `value`, for requests about a descriptor.
    public var descriptorIndex: UInt8 { UInt8(truncatingIfNeeded: value) }

    private static func standard(
        _ request: StandardRequest, _ direction: Direction, _ recipient: Recipient = .device,
        value: UInt16 = 0, index: UInt16 = 0, length: UInt16 = 0
    ) -> SetupPacket {
        SetupPacket(
            direction, .standard, recipient, request: request.rawValue, value: value,
            index: index, length: length)
    }

    /// Asks the device for a descriptor.
    ///
    /// - Parameters:
    ///   - index: Which of several of the type: of configurations, of strings.
    ///   - language: For strings.
    ///   - length: Bytes to send at most.
    public static func getDescriptor(
        _ type: DescriptorType, index: UInt8 = 0, language: LanguageID = .neutral, length: UInt16
    ) -> SetupPacket {
        standard(
            .getDescriptor, .in, value: UInt16(type.rawValue) << 8 | UInt16(index),
            index: language.rawValue, length: length)
    }

    /// Asks an interface for a descriptor of its class, such as HID's report descriptor (HID 1.11
    /// §7.1.1).
    public static func getDescriptor(
        _ type: DescriptorType, index: UInt8 = 0, interface: UInt8, length: UInt16
    ) -> SetupPacket {
        standard(
            .getDescriptor, .in, .interface, value: UInt16(type.rawValue) << 8 | UInt16(index),
            index: UInt16(interface), length: length)
    }

    /// Asks for the two status bytes of the device, or of the interface or endpoint `index`.
    public static func getStatus(
        of recipient: Recipient = .device, index: UInt16 = 0
    ) -> SetupPacket {
        standard(.getStatus, .in, recipient, index: index, length: 2)
    }

    /// Switches a feature on, of the device or of the interface or endpoint `index`.
    public static func setFeature(
        _ feature: Feature, of recipient: Recipient = .device, index: UInt16 = 0
    ) -> SetupPacket {
        standard(.setFeature, .out, recipient, value: feature.rawValue, index: index)
    }

    /// Switches a feature off, of the device or of the interface or endpoint `index`.
    public static func clearFeature(
        _ feature: Feature, of recipient: Recipient = .device, index: UInt16 = 0
    ) -> SetupPacket {
        standard(.clearFeature, .out, recipient, value: feature.rawValue, index: index)
    }

    /// Ends an endpoint's halt and sets its data toggle back. A program on a host asks its bus
    /// for it instead, because the host's toggle must be set back as well.
    public static func clearHalt(_ endpoint: EndpointAddress) -> SetupPacket {
        clearFeature(.endpointHalt, of: .endpoint, index: UInt16(endpoint.rawValue))
    }

    /// Gives the device its address, 1…127.
    public static func setAddress(_ address: UInt8) -> SetupPacket {
        standard(.setAddress, .out, value: UInt16(address))
    }

    /// Asks for the value of the current configuration, one byte; 0 if there is none.
    public static let getConfiguration = standard(.getConfiguration, .in, length: 1)

    /// Selects the configuration of this value; 0 for none.
    public static func setConfiguration(_ value: UInt8) -> SetupPacket {
        standard(.setConfiguration, .out, value: UInt16(value))
    }

    /// Asks for the alternate setting that an interface is in, one byte.
    public static func getInterface(_ interface: UInt8) -> SetupPacket {
        standard(.getInterface, .in, .interface, index: UInt16(interface), length: 1)
    }

    /// Puts an interface into an alternate setting.
    public static func setInterface(_ interface: UInt8, alternateSetting: UInt8) -> SetupPacket {
        standard(
            .setInterface, .out, .interface, value: UInt16(alternateSetting),
            index: UInt16(interface))
    }
}
