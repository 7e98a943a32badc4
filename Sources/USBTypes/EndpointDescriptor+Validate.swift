extension EndpointDescriptor {
    func check(
        at speed: Speed, in setting: InterfaceDescriptor, _ check: inout DescriptorCheck
    ) {
        let place = setting.place(of: self)
        check.require(
            address.number != 0 && address.rawValue & 0x70 == 0, .endpointAddress, place,
            "its number is not one of 1…15, or bits 6…4 are not 0")
        check.require(
            speed > .low || transferType == .control || transferType == .interrupt,
            .transferType, place, "low speed has no \(transferType) endpoints")
        checkPacketSize(at: speed, place, &check)
        checkInterval(at: speed, place, &check)
        if setting.alternateSetting == 0 {
            check.require(
                transferType != .isochronous || maxPacketSize == 0, .defaultBandwidth, place,
                "in alternate setting 0 an isochronous endpoint has packets of 0 bytes")
            check.require(
                transferType != .interrupt || speed != .high
                    || maxPacketSize * transactionsPerMicroframe <= 64,
                .defaultBandwidth, place,
                "in alternate setting 0 an interrupt endpoint has 64 bytes a microframe at most")
        }
        check.require(
            (companion != nil) == (speed >= .super), .companionPresence, place,
            speed >= .super
                ? "a SuperSpeed endpoint needs a companion descriptor"
                : "only a SuperSpeed endpoint has a companion descriptor")
        if let companion, speed >= .super { checkFields(of: companion, place, &check) }
        check.requireNotStandard(descriptors, place)
    }

    /// What the specification allows a packet of `type` at `speed` to hold.
    private static func packetSizes(of type: TransferType, at speed: Speed) -> [ClosedRange<Int>] {
        switch (type, speed) {
        case (.control, .low), (.bulk, .low): [8...8]
        case (.control, .full), (.bulk, .full): [8...8, 16...16, 32...32, 64...64]
        case (.control, .high): [64...64]
        case (.control, .super), (.control, .superPlus): [512...512]
        case (.bulk, .high): [512...512]
        case (.bulk, .super), (.bulk, .superPlus): [1024...1024]
        case (.interrupt, .low): [1...8]
        case (.interrupt, .full): [1...64]
        case (.interrupt, _): [1...1024]
        case (.isochronous, .low), (.isochronous, .full): [0...1023]
        case (.isochronous, _): [0...1024]
        }
    }

    private func checkPacketSize(
        at speed: Speed, _ place: DescriptorProblem.Place, _ check: inout DescriptorCheck
    ) {
        let sizes = Self.packetSizes(of: transferType, at: speed)
        check.require(
            sizes.contains { $0 ~= maxPacketSize }, .maxPacketSize, place,
            "a packet of \(maxPacketSize) bytes is not allowed to a \(transferType) endpoint"
                + " at \(speed) speed")
        check.require(
            rawMaxPacketSize & 0xE000 == 0, .maxPacketSize, place,
            "bits 15…13 of wMaxPacketSize must be 0")
        let isHighBandwidth =
            speed == .high && (transferType == .interrupt || transferType == .isochronous)
        let fits =
            switch transactionsPerMicroframe {
            case 1: true
            case 2: isHighBandwidth && maxPacketSize >= 513
            case 3: isHighBandwidth && maxPacketSize >= 683
            default: false
            }
        check.require(
            fits, .transactionsPerMicroframe, place,
            "\(transactionsPerMicroframe) packets of \(maxPacketSize) bytes a microframe are not"
                + " allowed to a \(transferType) endpoint at \(speed) speed")
    }

    private func checkInterval(
        at speed: Speed, _ place: DescriptorProblem.Place, _ check: inout DescriptorCheck
    ) {
        let allowed: ClosedRange<UInt8> =
            switch (transferType, speed) {
            case (.control, _), (.bulk, _), (.isochronous, .low): 0...255
            case (.interrupt, .low): 10...255
            case (.interrupt, .full): 1...255
            case (.interrupt, _), (.isochronous, _): 1...16
            }
        check.require(
            allowed ~= interval, .interval, place,
            "bInterval is \(interval), a \(transferType) endpoint at \(speed) speed has"
                + " \(allowed.lowerBound)…\(allowed.upperBound)")
    }

    private func checkFields(
        of companion: SuperSpeedEndpointCompanionDescriptor, _ place: DescriptorProblem.Place,
        _ check: inout DescriptorCheck
    ) {
        let isPeriodic = transferType == .interrupt || transferType == .isochronous
        check.require(
            companion.maxBurst <= (transferType == .control ? 0 : 15), .companionFields, place,
            "bMaxBurst \(companion.maxBurst) is too much")
        check.require(
            !isPeriodic || companion.maxBurst == 0 || maxPacketSize == 1024, .maxPacketSize, place,
            "a periodic endpoint with bursts has packets of 1024 bytes, not \(maxPacketSize)")
        let attributesFit =
            switch transferType {
            case .control, .interrupt: companion.attributes == 0
            case .bulk: companion.attributes <= 16
            case .isochronous:
                companion.attributes & 0x7C == 0 && companion.attributes & 3 <= 2
                    && (companion.maxBurst > 0 || companion.attributes & 3 == 0)
            }
        check.require(
            attributesFit, .companionFields, place,
            "bmAttributes \(hexadecimal(companion.attributes)) of the companion is not allowed")
        // Bit 7 says that a SuperSpeedPlus companion has the number instead.
        guard transferType != .isochronous || companion.attributes & 0x80 == 0 else { return }
        let mult = transferType == .isochronous ? Int(companion.attributes & 3) + 1 : 1
        let most = isPeriodic ? maxPacketSize * (Int(companion.maxBurst) + 1) * mult : 0
        check.require(
            companion.bytesPerInterval <= most, .companionFields, place,
            "wBytesPerInterval is \(companion.bytesPerInterval), at most \(most) are possible")
    }
}
