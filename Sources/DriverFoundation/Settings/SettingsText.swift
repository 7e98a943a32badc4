/// Values as lines of text: `name type value`, sorted by name.
///
/// Whatever is no letter, digit, `-` or `_` is written as `%` and its UTF-8 code, so that a value
/// keeps to its line and its quotes. People may write `#` lines between.
enum SettingsText {
    static func encode(_ table: SettingsTable) -> String {
        table.sorted { $0.key < $1.key }.map { name, value in
            "\(quoted(name)) \(encode(value))\n"
        }.joined()
    }

    private static func encode(_ value: SettingsValue) -> String {
        switch value {
        case .integer(let number): "integer \(number)"
        case .string(let text): "string \(quoted(text))"
        case .strings(let texts): (["strings"] + texts.map(quoted)).joined(separator: " ")
        case .bytes(let bytes): "bytes " + quoted(bytes.map(hexadecimal).joined())
        }
    }

    /// Reads lines; throws the number of the first that is none, and why.
    static func decode(_ text: String) throws(SettingsTextError) -> SettingsTable {
        var table: SettingsTable = [:]
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            if line.isEmpty || line.hasPrefix("#") { continue }
            func wrong(_ what: String) -> SettingsTextError {
                SettingsTextError(line: index + 1, text: what)
            }
            let fields = line.split(separator: " ")
            guard fields.count >= 2, let name = unquoted(fields[0]) else {
                throw wrong("a line is: \"name\" type value")
            }
            guard let value = decode(fields[1], fields.dropFirst(2)) else {
                throw wrong("\(line.dropFirst(fields[0].count + 1)) is no value")
            }
            guard table.updateValue(value, forKey: name) == nil else {
                throw wrong("\(name) stands twice")
            }
        }
        return table
    }

    private static func decode(
        _ type: Substring, _ fields: ArraySlice<Substring>
    ) -> SettingsValue? {
        if type == "strings" {
            let texts = fields.compactMap(unquoted)
            return texts.count == fields.count ? .strings(texts) : nil
        }
        guard fields.count == 1, let field = fields.first else { return nil }
        switch type {
        case "integer": return Int(field).map { .integer($0) }
        case "string": return unquoted(field).map { .string($0) }
        case "bytes": return unquoted(field).flatMap(bytes).map { .bytes($0) }
        default: return nil
        }
    }

    // MARK: Words

    private static func quoted(_ text: String) -> String { "\"\(escaped(text))\"" }

    private static func unquoted(_ field: Substring) -> String? {
        guard field.count >= 2, field.first == "\"", field.last == "\"" else { return nil }
        return unescaped(field.dropFirst().dropLast())
    }

    /// A text as letters, digits, `-`, `_` and escapes: fit for a file's name, too.
    static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            isPlain(byte)
                ? String(UnicodeScalar(byte)) : "%" + hexadecimal(byte)
        }.joined()
    }

    private static func unescaped(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if isPlain(byte) {
                bytes.append(byte)
            } else if byte == UInt8(ascii: "%"), let high = rest.popFirst().flatMap(digit),
                let low = rest.popFirst().flatMap(digit)
            {
                bytes.append(high << 4 | low)
            } else {
                return nil
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        UInt8(String(UnicodeScalar(byte)), radix: 16)
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap(digit)
        guard digits.count == text.utf8.count, digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}

/// Where a text is no settings.
struct SettingsTextError: Error, Hashable {
    let line: Int
    let text: String
}
