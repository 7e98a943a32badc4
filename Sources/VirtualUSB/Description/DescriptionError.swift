internal import USBTypes

/// A device's description breaks rules of USB; the device was not plugged in.
public struct DescriptionError: Error, Hashable, Sendable {
    /// What is wrong, one sentence each.
    public let problems: [String]
}

extension DescriptionError: CustomStringConvertible {
    /// All that is wrong, and how to plug the device in all the same.
    public var description: String {
        "The device's description breaks rules of USB: " + problems.joined(separator: " ")
            + " (Set `isCheckedWhenPlugged` to false for a device that is wrong on purpose.)"
    }
}

extension DeviceDescription {
    /// What in it the specification forbids, one sentence each; none for a good device.
    public func problems() -> [String] {
        let indices = Set((0..<min(strings.count, 255)).map { UInt8($0 + 1) })
        var problems = device.validate(at: speed, strings: indices)
        for configuration in configurations {
            problems += configuration.validate(at: speed, strings: indices)
        }
        var sentences = problems.map(\.description)
        if Int(device.configurationCount) != configurations.count {
            sentences.append(
                "bNumConfigurations is \(device.configurationCount), but there are"
                    + " \(configurations.count) configurations.")
        }
        for (index, text) in strings.enumerated() where StringDescriptor(text) == nil {
            sentences.append(
                "String \(index + 1) is longer than \(StringDescriptor.maxCodeUnits) UTF-16 units.")
        }
        if strings.count > 255 { sentences.append("There are more than 255 strings.") }
        return sentences
    }

    func check() throws(DescriptionError) {
        guard isCheckedWhenPlugged else { return }
        let problems = problems()
        if !problems.isEmpty { throw DescriptionError(problems: problems) }
    }
}
