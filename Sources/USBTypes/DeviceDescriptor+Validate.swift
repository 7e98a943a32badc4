extension DeviceDescriptor {
    /// What the device descriptor of a device that runs at `speed` does against the rules.
    ///
    /// - Parameter strings: The indices of the strings that the device has, if known.
    public func validate(at speed: Speed, strings: Set<UInt8>? = nil) -> [DescriptorProblem] {
        var check = DescriptorCheck(strings: strings)
        let sizes: [UInt8] =
            switch speed {
            case .low: [8]
            case .full: [8, 16, 32, 64]
            case .high: [64]
            case .super, .superPlus: [9]
            }
        check.require(
            sizes.contains(maxPacketSize0), .controlPacketSize, .device,
            "bMaxPacketSize0 is \(maxPacketSize0), at \(speed) speed it is one of \(sizes)")
        let least: BCDVersion =
            switch speed {
            case .low, .full: 0x0100
            case .high: 0x0200
            case .super: 0x0300
            case .superPlus: 0x0310
            }
        check.require(
            usbVersion >= least, .usbVersion, .device,
            "bcdUSB is \(usbVersion), \(speed) speed came with \(least)")
        check.require(
            configurationCount > 0, .configurationCount, .device, "it has no configuration")
        for index in [manufacturerIndex, productIndex, serialNumberIndex] {
            check.requireString(index, .device)
        }
        return check.problems
    }
}

extension BOSDescriptor {
    /// What the BOS does against the rules.
    public func validate() -> [DescriptorProblem] {
        var check = DescriptorCheck(strings: nil)
        check.require(
            Int(capabilityCount) == capabilities.count, .capabilityCount, .bos,
            "bNumDeviceCaps is \(capabilityCount), but it has \(capabilities.count)")
        for case .unknown(let descriptor) in capabilities {
            check.require(
                descriptor.type == .deviceCapability, .descriptorPlace, .bos,
                "the \(descriptor.type) descriptor in it does not belong there")
        }
        return check.problems
    }
}
