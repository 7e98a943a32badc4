/// A value of a settings key, in one of the kinds that are kept (C-3).
public enum SettingsValue: Hashable, Sendable {
    /// A whole number.
    case integer(Int)
    /// A text.
    case string(String)
    /// Several texts, in order.
    case strings([String])
    /// Bytes.
    case bytes([UInt8])

    /// What errors call the kind.
    var kind: String {
        switch self {
        case .integer: "an integer"
        case .string: "a string"
        case .strings: "a list of strings"
        case .bytes: "bytes"
        }
    }
}

/// The values of a key, by name.
public typealias SettingsTable = [String: SettingsValue]

/// A type whose values can be kept in a settings key.
public protocol SettingsConvertible: Sendable {
    /// What errors call the type.
    static var settingsKind: String { get }
    /// Reads a value; `nil` for one of another kind, or that this type cannot hold.
    init?(_ value: SettingsValue)
    /// What is kept.
    var settingsValue: SettingsValue { get }
}

extension Int: SettingsConvertible {
    /// As errors have it.
    public static var settingsKind: String { "an integer" }
    /// Reads an integer.
    public init?(_ value: SettingsValue) {
        guard case .integer(let number) = value else { return nil }
        self = number
    }
    /// An integer.
    public var settingsValue: SettingsValue { .integer(self) }
}

extension UInt32: SettingsConvertible {
    /// As errors have it.
    public static var settingsKind: String { "an integer of 32 bits" }
    /// Reads an integer that 32 bits hold.
    public init?(_ value: SettingsValue) {
        guard case .integer(let number) = value, let own = UInt32(exactly: number) else {
            return nil
        }
        self = own
    }
    /// An integer.
    public var settingsValue: SettingsValue { .integer(Int(self)) }
}

extension Bool: SettingsConvertible {
    /// As errors have it.
    public static var settingsKind: String { "0 or 1" }
    /// Reads the integers 0 and 1.
    public init?(_ value: SettingsValue) {
        guard case .integer(let number) = value, number == 0 || number == 1 else { return nil }
        self = number == 1
    }
    /// 0 or 1.
    public var settingsValue: SettingsValue { .integer(self ? 1 : 0) }
}

extension String: SettingsConvertible {
    /// As errors have it.
    public static var settingsKind: String { "a string" }
    /// Reads a string.
    public init?(_ value: SettingsValue) {
        guard case .string(let text) = value else { return nil }
        self = text
    }
    /// A string.
    public var settingsValue: SettingsValue { .string(self) }
}

extension Array: SettingsConvertible where Element: SettingsElement {
    /// As errors have it.
    public static var settingsKind: String { Element.settingsArrayKind }
    /// Reads a list of strings, or bytes.
    public init?(_ value: SettingsValue) {
        guard let elements = Element.elements(of: value) else { return nil }
        self = elements
    }
    /// A list of strings, or bytes.
    public var settingsValue: SettingsValue { Element.value(of: self) }
}

/// A type of which arrays can be kept: `String` and `UInt8`.
public protocol SettingsElement: Sendable {
    /// What errors call an array of it.
    static var settingsArrayKind: String { get }
    /// Reads an array; `nil` for a value of another kind.
    static func elements(of value: SettingsValue) -> [Self]?
    /// What is kept of an array.
    static func value(of elements: [Self]) -> SettingsValue
}

extension String: SettingsElement {
    /// As errors have it.
    public static var settingsArrayKind: String { "a list of strings" }
    /// Reads a list of strings.
    public static func elements(of value: SettingsValue) -> [String]? {
        if case .strings(let strings) = value { strings } else { nil }
    }
    /// A list of strings.
    public static func value(of elements: [String]) -> SettingsValue { .strings(elements) }
}

extension UInt8: SettingsElement {
    /// As errors have it.
    public static var settingsArrayKind: String { "bytes" }
    /// Reads bytes.
    public static func elements(of value: SettingsValue) -> [UInt8]? {
        if case .bytes(let bytes) = value { bytes } else { nil }
    }
    /// Bytes.
    public static func value(of elements: [UInt8]) -> SettingsValue { .bytes(elements) }
}
