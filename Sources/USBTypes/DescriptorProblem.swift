/// A rule that a well-formed descriptor breaks: hosts may refuse the device or misbehave.
public struct DescriptorProblem: Hashable, Sendable {
    /// The rules that are checked. The section named is USB 2.0's where there is no other.
    public enum Rule: Hashable, Sendable, CaseIterable {
        /// The default control endpoint has the packet size of its speed (§5.5.3).
        case controlPacketSize
        /// `usbVersion` is one that has the speed (§9.6.1).
        case usbVersion
        /// A device has a configuration (§9.6.1).
        case configurationCount
        /// A string index names a string that the device has (§9.6.7).
        case stringIndex
        /// A configuration's value is not 0, which means none (§9.4.7).
        case configurationValue
        /// The reserved bits of a configuration's attributes are as prescribed (§9.6.3).
        case configurationAttributes
        /// A bus gives 500 mA, at SuperSpeed 900 mA (§7.2.1; USB 3.2 §11.4.1).
        case maxPower
        /// As many interfaces as declared (§9.6.3).
        case interfaceCount
        /// Interfaces are numbered from 0 without a gap (§9.6.5).
        case interfaceNumbers
        /// Alternate settings are numbered from 0 without a gap, each once (§9.6.5).
        case alternateSettings
        /// The alternate settings of an interface stand together (§9.6.3).
        case alternateSettingOrder
        /// As many endpoints as declared (§9.6.5).
        case endpointCount
        /// An endpoint has a number from 1 to 15 and no reserved bits (§9.6.6).
        case endpointAddress
        /// An alternate setting has an endpoint once; two interfaces share none (§9.6.5).
        case endpointUniqueness
        /// Low speed has control and interrupt endpoints alone (§5.6.3, §5.8.3).
        case transferType
        /// A packet size that transfer type and speed allow (§5.5.3 … §5.8.3; USB 3.2 §9.6.6).
        case maxPacketSize
        /// Additional transactions for high-speed periodic endpoints alone, and for packets that
        /// need them (§9.6.6, table 9-14).
        case transactionsPerMicroframe
        /// An interval that transfer type and speed allow (§9.6.6).
        case interval
        /// A default setting reserves no isochronous and little interrupt bandwidth (§5.6.3,
        /// §5.7.3).
        case defaultBandwidth
        /// At SuperSpeed, and only there, an endpoint has a companion (USB 3.2 §9.6.7).
        case companionPresence
        /// A companion that fits its endpoint (USB 3.2 §9.6.7).
        case companionFields
        /// An association names interfaces there are, and no two name the same (USB 3.2 §9.6.4).
        case associationRange
        /// An association stands in front of its interfaces and has a class (USB 3.2 §9.6.4).
        case associationOrder
        /// A standard descriptor stands where it belongs (§9.5, §9.6.3).
        case descriptorPlace
        /// As many device capabilities as declared (USB 3.2 §9.6.2).
        case capabilityCount
    }

    /// What breaks the rule.
    public enum Place: Hashable, Sendable {
        /// The device descriptor.
        case device
        /// The configuration of this value.
        case configuration(UInt8)
        /// The association whose first interface this is.
        case association(firstInterface: UInt8)
        /// An interface in one alternate setting.
        case interface(UInt8, alternateSetting: UInt8)
        /// An endpoint of an interface in one alternate setting.
        case endpoint(EndpointAddress, interface: UInt8, alternateSetting: UInt8)
        /// The BOS.
        case bos
    }

    /// The rule.
    public let rule: Rule
    /// What breaks it.
    public let place: Place
    /// How, with what is there and what should be, in the middle of a sentence.
    public let explanation: String
}

extension DescriptorProblem: CustomStringConvertible {
    /// One sentence: what breaks the rule, and how.
    public var description: String { "\(place): \(explanation)." }
}

extension DescriptorProblem.Place: CustomStringConvertible {
    /// The place in words.
    public var description: String {
        switch self {
        case .device: "Device"
        case .configuration(let value): "Configuration \(value)"
        case .association(let first): "Association from interface \(first)"
        case .interface(let number, let setting):
            "Interface \(number), alternate setting \(setting)"
        case .endpoint(let address, let number, let setting):
            "Interface \(number), alternate setting \(setting), endpoint \(address)"
        case .bos: "BOS"
        }
    }
}

/// Gathers the problems found.
struct DescriptorCheck {
    private(set) var problems: [DescriptorProblem] = []
    /// The strings that the device has; `nil` if unknown.
    let strings: Set<UInt8>?

    init(strings: Set<UInt8>?) { self.strings = strings }

    mutating func require(
        _ holds: Bool, _ rule: DescriptorProblem.Rule, _ place: DescriptorProblem.Place,
        _ explanation: @autoclosure () -> String
    ) {
        guard !holds else { return }
        problems.append(
            DescriptorProblem(rule: rule, place: place, explanation: explanation()))
    }

    mutating func requireString(_ index: UInt8, _ place: DescriptorProblem.Place) {
        guard let strings else { return }
        require(
            index == 0 || strings.contains(index), .stringIndex, place,
            "there is no string \(index)")
    }

    mutating func requireNotStandard(
        _ descriptors: [UnknownDescriptor], _ place: DescriptorProblem.Place
    ) {
        let standard: [DescriptorType] = [
            .device, .configuration, .string, .interface, .endpoint, .deviceQualifier,
            .otherSpeedConfiguration, .interfaceAssociation, .bos, .deviceCapability,
            .superSpeedEndpointCompanion,
        ]
        for descriptor in descriptors {
            require(
                !standard.contains(descriptor.type), .descriptorPlace, place,
                "the \(descriptor.type) descriptor behind it does not belong there")
        }
    }
}
