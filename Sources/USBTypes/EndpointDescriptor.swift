/// One endpoint of an interface's alternate setting (USB 2.0 §9.6.6, USB 3.2 §9.6.6).
public struct EndpointDescriptor: USBDescriptor {
    /// Number and direction.
    public var address: EndpointAddress
    /// `bmAttributes` as it stands.
    public var attributes: UInt8
    /// `wMaxPacketSize` as it stands, high-bandwidth bits included.
    public var rawMaxPacketSize: UInt16
    /// `bInterval` as it stands; its unit depends on speed and transfer type: `pollingInterval`.
    public var interval: UInt8
    /// Bytes past the seven that the specification gives; audio endpoints have two.
    public var extra: [UInt8] = []
    /// The companion that stands directly behind the endpoint of a SuperSpeed device.
    public var companion: SuperSpeedEndpointCompanionDescriptor?
    /// Class-specific and other descriptors behind the endpoint, in order. One whose type is
    /// interface, endpoint or interface association would be read back as what it says it is;
    /// so would a leading companion.
    public var descriptors: [UnknownDescriptor] = []

    /// An endpoint of these fields.
    ///
    /// - Parameters:
    ///   - maxPacketSize: Bytes in one packet, 0…2047.
    ///   - transactionsPerMicroframe: 1…3; over 1 only for high-speed periodic endpoints.
    ///   - interval: `bInterval` as it is to stand.
    public init(
        _ address: EndpointAddress, _ transferType: TransferType, maxPacketSize: Int,
        transactionsPerMicroframe: Int = 1, interval: UInt8 = 0,
        companion: SuperSpeedEndpointCompanionDescriptor? = nil,
        descriptors: [UnknownDescriptor] = []
    ) {
        guard 0...0x7FF ~= maxPacketSize else {
            fatalError("A packet has 0…2047 bytes, not \(maxPacketSize).")
        }
        guard 1...3 ~= transactionsPerMicroframe else {
            fatalError(
                "A microframe has 1…3 transactions of an endpoint, not"
                    + " \(transactionsPerMicroframe).")
        }
        self.address = address
        attributes = transferType.rawValue
        rawMaxPacketSize = UInt16(maxPacketSize | (transactionsPerMicroframe - 1) << 11)
        self.interval = interval
        self.companion = companion
        self.descriptors = descriptors
    }

    /// Reads an endpoint and what stands behind it up to the next endpoint, interface or
    /// interface association.
    ///
    /// - Throws: `truncated`, `wrongType` or `tooShort`.
    public init(from cursor: inout DescriptorCursor) throws(DescriptorError) {
        let raw = try cursor.next(.endpoint, minimum: 7)
        address = EndpointAddress(rawValue: raw.uint8(2))
        attributes = raw.uint8(3)
        rawMaxPacketSize = raw.uint16(4)
        interval = raw.uint8(6)
        extra = raw.rest(from: 7)
        if try cursor.peek() == .superSpeedEndpointCompanion {
            companion = try SuperSpeedEndpointCompanionDescriptor(from: &cursor)
        }
        descriptors = try cursor.others(until: .endpoint, .interface, .interfaceAssociation)
    }

    /// Writes the endpoint and the descriptors behind it.
    public func append(to bytes: inout [UInt8]) {
        bytes.appendDescriptor(.endpoint, extra: extra) { bytes in
            bytes.append(contentsOf: [address.rawValue, attributes])
            bytes.append(uint16: rawMaxPacketSize)
            bytes.append(interval)
        }
        companion?.append(to: &bytes)
        for descriptor in descriptors { descriptor.append(to: &bytes) }
    }
}

extension EndpointDescriptor {
    /// How the endpoint moves data.
    public var transferType: TransferType { TransferType(rawValue: attributes & 3) ?? .control }

    /// Bytes in one packet, without the high-bandwidth bits.
    public var maxPacketSize: Int { Int(rawMaxPacketSize & 0x7FF) }

    /// Packets in one microframe, 1…3, which high-speed periodic endpoints may have several of;
    /// the reserved 4 is what a broken device sends.
    public var transactionsPerMicroframe: Int { Int(rawMaxPacketSize >> 11 & 3) + 1 }

    /// The time from one poll to the next of an interrupt or isochronous endpoint at `speed`
    /// (USB 2.0 table 9-13, USB 3.2 §9.6.6); `nil` for the other transfer types, and for an
    /// `interval` that the specification does not allow there.
    public func pollingInterval(at speed: Speed) -> Duration? {
        switch (transferType, speed) {
        case (.control, _), (.bulk, _), (.isochronous, .low):
            return nil
        case (.interrupt, .low), (.interrupt, .full):
            return interval > 0 ? .milliseconds(Int(interval)) : nil
        case (.isochronous, .full):
            return 1...16 ~= interval ? .milliseconds(1 << (Int(interval) - 1)) : nil
        case (.interrupt, _), (.isochronous, _):
            return 1...16 ~= interval ? .microseconds(125 << (Int(interval) - 1)) : nil
        }
    }

    /// Sets `interval` so that at `speed` the endpoint is polled as seldom as the specification
    /// allows, but at least once every `duration`; or as often as it can be, if that is less
    /// often. A control or bulk endpoint is left as it is.
    public mutating func poll(every duration: Duration, at speed: Speed) {
        guard transferType == .interrupt || transferType == .isochronous else { return }
        var endpoint = self
        let intervals = (UInt8(1)...255).filter { interval in
            endpoint.interval = interval
            return endpoint.pollingInterval(at: speed).map { $0 <= duration } ?? false
        }
        let least: UInt8 = transferType == .interrupt && speed == .low ? 10 : 1
        interval = max(intervals.last ?? 1, least)
    }
}
