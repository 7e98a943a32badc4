/// Which HID version an interface speaks, and how long its report descriptor is (HID 1.11 §6.2.1).
public struct HIDDescriptor: USBDescriptor {
    /// A descriptor to ask the interface for.
    public struct Subordinate: Hashable, Sendable {
        /// `hidReport`, or 0x23 for a physical descriptor.
        public var type: DescriptorType
        /// Its bytes.
        public var length: UInt16

        /// A descriptor of `type` with `length` bytes.
        public init(_ type: DescriptorType, length: UInt16) {
            self.type = type
            self.length = length
        }
    }

    /// The HID specification that the interface follows (`bcdHID`).
    public var hidVersion: BCDVersion
    /// The country a keyboard is made for; 0 for none (`bCountryCode`).
    public var countryCode: UInt8
    /// The descriptors to ask for, at most 83; the first is the report descriptor.
    public var subordinates: [Subordinate]
    /// Bytes past those that the number of subordinates gives.
    public var extra: [UInt8] = []

    /// A HID descriptor with one report descriptor of `reportLength` bytes.
    public init(hidVersion: BCDVersion = 0x0111, countryCode: UInt8 = 0, reportLength: UInt16) {
        self.hidVersion = hidVersion
        self.countryCode = countryCode
        subordinates = [Subordinate(.hidReport, length: reportLength)]
    }

    /// Reads a HID descriptor.
    ///
    /// - Throws: `truncated`, `wrongType`, or `tooShort`, also for its number of subordinates.
    public init(from cursor: inout DescriptorCursor) throws(DescriptorError) {
        let raw = try cursor.next(.hid, minimum: 6)
        let end = 6 + 3 * Int(raw.uint8(5))
        try raw.require(end)
        hidVersion = BCDVersion(rawValue: raw.uint16(2))
        countryCode = raw.uint8(4)
        subordinates = stride(from: 6, to: end, by: 3).map {
            Subordinate(DescriptorType(rawValue: raw.uint8($0)), length: raw.uint16($0 + 1))
        }
        extra = raw.rest(from: end)
    }

    /// Writes the six bytes, three for each subordinate, and `extra`.
    public func append(to bytes: inout [UInt8]) {
        bytes.appendDescriptor(.hid, extra: extra) { bytes in
            bytes.append(uint16: hidVersion.rawValue)
            bytes.append(contentsOf: [countryCode, UInt8(clamping: subordinates.count)])
            for subordinate in subordinates {
                bytes.append(subordinate.type.rawValue)
                bytes.append(uint16: subordinate.length)
            }
        }
    }

    /// Bytes of the report descriptor; `nil` if none is declared.
    public var reportLength: UInt16? {
        subordinates.first { $0.type == .hidReport }?.length
    }
}

extension InterfaceDescriptor {
    /// The HID descriptor of an interface of that class; `nil` if it has none. It is found behind
    /// the endpoints as well, where devices of HID 1.0 have it.
    ///
    /// - Throws: `tooShort`, with offsets from the HID descriptor's beginning.
    public func hidDescriptor() throws(DescriptorError) -> HIDDescriptor? {
        guard classCode.base == ClassCode.hid.base else { return nil }
        for candidate in descriptors + endpoints.flatMap(\.descriptors) where candidate.type == .hid
        {
            return try HIDDescriptor(bytes: candidate.bytes)
        }
        return nil
    }
}
