/// What a platform other than USB itself defines about a device (USB 3.2 §9.6.2.4).
public struct PlatformCapability: Hashable, Sendable {
    static let type: UInt8 = 5

    /// Which platform's capability it is.
    public var platform: USBUUID
    /// The platform's own data, at most 235 bytes.
    public var data: [UInt8]
    /// The reserved fourth byte.
    public var reserved: UInt8 = 0

    /// A capability of `platform` with at most 235 bytes of `data`.
    public init(_ platform: USBUUID, _ data: [UInt8]) {
        self.platform = platform
        self.data = data
    }

    /// WebUSB 1.0.
    ///
    /// - Parameters:
    ///   - vendorCode: `bRequest` of the vendor request that asks for the landing page.
    ///   - landingPage: Which URL is the landing page; 0 for none.
    public static func webUSB(vendorCode: UInt8, landingPage: UInt8 = 0) -> PlatformCapability {
        PlatformCapability(.webUSB, [0x00, 0x01, vendorCode, landingPage])
    }

    /// Microsoft OS 2.0 descriptors with one descriptor set.
    ///
    /// - Parameters:
    ///   - windowsVersion: The least version the set is for; 0x0603_0000 is Windows 8.1.
    ///   - setLength: Bytes of the descriptor set.
    ///   - vendorCode: `bRequest` of the vendor request that asks for the set.
    public static func microsoftOS20(
        windowsVersion: UInt32 = 0x0603_0000, setLength: UInt16, vendorCode: UInt8
    ) -> PlatformCapability {
        var data: [UInt8] = []
        data.append(uint32: windowsVersion)
        data.append(uint16: setLength)
        data.append(contentsOf: [vendorCode, 0])
        return PlatformCapability(.microsoftOS20, data)
    }

    init(_ raw: borrowing RawDescriptor) throws(DescriptorError) {
        try raw.require(20)
        reserved = raw.uint8(3)
        platform = raw.uuid(4)
        data = raw.rest(from: 20)
    }

    func append(to bytes: inout [UInt8]) {
        bytes.appendCapability(Self.type, extra: data) { bytes in
            bytes.append(reserved)
            bytes.append(platform)
        }
    }
}
