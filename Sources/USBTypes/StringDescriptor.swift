/// A text of at most 126 UTF-16 code units (USB 2.0 §9.6.7).
public struct StringDescriptor: USBDescriptor {
    /// The most code units that a length byte of 255 leaves room for.
    public static let maxCodeUnits = 126

    /// The text as it stands on the wire, at most `maxCodeUnits`; surrogates may be unpaired.
    public var codeUnits: [UInt16]
    /// The odd byte that some devices send at the end.
    public var oddByte: UInt8?

    /// The descriptor of `string`; `nil` if it has more than `maxCodeUnits` code units.
    public init?(_ string: String) {
        guard string.utf16.count <= Self.maxCodeUnits else { return nil }
        codeUnits = Array(string.utf16)
    }

    /// Reads a string. The language list, which stands at index 0, is `LanguageListDescriptor`.
    ///
    /// - Throws: `truncated`, `wrongType` or `tooShort`.
    public init(from cursor: inout DescriptorCursor) throws(DescriptorError) {
        (codeUnits, oddByte) = try cursor.nextWords()
    }

    /// Writes the code units, little endian.
    public func append(to bytes: inout [UInt8]) {
        bytes.appendWords(codeUnits, oddByte)
    }

    /// The text, each unpaired surrogate replaced by U+FFFD. It is the device's: anything may be
    /// in it, U+0000 and terminal controls included.
    public var string: String { String(decoding: codeUnits, as: UTF16.self) }
}

/// The languages that a device has strings in: the string descriptor of index 0 (USB 2.0 §9.6.7).
public struct LanguageListDescriptor: USBDescriptor {
    /// The languages in the device's order, at most 126.
    public var languages: [LanguageID]
    /// The odd byte that some devices send at the end.
    public var oddByte: UInt8?

    /// A list of `languages`, at most 126.
    public init(_ languages: [LanguageID]) { self.languages = languages }

    /// Reads a language list.
    ///
    /// - Throws: `truncated`, `wrongType` or `tooShort`.
    public init(from cursor: inout DescriptorCursor) throws(DescriptorError) {
        let words: [UInt16]
        (words, oddByte) = try cursor.nextWords()
        languages = words.map(LanguageID.init(rawValue:))
    }

    /// Writes the languages, little endian.
    public func append(to bytes: inout [UInt8]) {
        bytes.appendWords(languages.map(\.rawValue), oddByte)
    }
}

/// A language and region of strings (USB Language Identifiers 1.0, `LANGID`).
public struct LanguageID: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
    /// The sixteen bits: primary language in bits 9…0, sublanguage above.
    public let rawValue: UInt16

    /// Takes the sixteen bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Takes the sixteen bits.
    public init(integerLiteral value: UInt16) { rawValue = value }

    /// No language: what requests for other descriptors carry.
    public static let neutral: LanguageID = 0
    /// English as in the United States, which nearly every device has.
    public static let englishUnitedStates: LanguageID = 0x0409
}

extension DescriptorCursor {
    fileprivate mutating func nextWords() throws(DescriptorError) -> ([UInt16], UInt8?) {
        let raw = try next(.string, minimum: 2)
        let length = raw.bytes.byteCount
        let words = stride(from: 2, to: length - 1, by: 2).map { raw.uint16($0) }
        return (words, length % 2 == 0 ? nil : raw.uint8(length - 1))
    }
}

extension [UInt8] {
    fileprivate mutating func appendWords(_ words: [UInt16], _ oddByte: UInt8?) {
        appendDescriptor(.string) { bytes in
            for word in words { bytes.append(uint16: word) }
            if let oddByte { bytes.append(oddByte) }
        }
    }
}
