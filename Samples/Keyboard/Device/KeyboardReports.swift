/// What HID says of a boot keyboard.
enum KeyboardReports {
    /// HID 1.11 §7.2.
    enum Request: UInt8 {
        case getReport = 1
        case getIdle = 2
        case getProtocol = 3
        case setReport = 9
        case setIdle = 10
        case setProtocol = 11
    }

    /// Eight bytes in: modifiers, a reserved byte, six keys. One byte out: five lights.
    static let descriptor: [UInt8] = [
        0x05, 0x01,  // usage page: generic desktop
        0x09, 0x06,  // usage: keyboard
        0xA1, 0x01,  // collection: application
        0x05, 0x07,  // usage page: keyboard
        0x19, 0xE0, 0x29, 0xE7,  // usages: left control … right GUI
        0x15, 0x00, 0x25, 0x01,  // 0 … 1
        0x75, 0x01, 0x95, 0x08,  // 8 fields of one bit
        0x81, 0x02,  // input: variable
        0x75, 0x08, 0x95, 0x01,  // one byte
        0x81, 0x01,  // input: constant
        0x05, 0x08,  // usage page: lights
        0x19, 0x01, 0x29, 0x05,  // usages: Num Lock … Kana
        0x75, 0x01, 0x95, 0x05,  // 5 fields of one bit
        0x91, 0x02,  // output: variable
        0x75, 0x03, 0x95, 0x01,  // three bits
        0x91, 0x01,  // output: constant
        0x05, 0x07,  // usage page: keyboard
        0x19, 0x00, 0x29, 0x65,  // usages: none … application
        0x15, 0x00, 0x25, 0x65,  // 0 … 101
        0x75, 0x08, 0x95, 0x06,  // 6 bytes
        0x81, 0x00,  // input: array
        0xC0,
    ]
}

/// A key with what is held beside it.
struct Keystroke: Sendable {
    let usage: UInt8
    let isShifted: Bool

    /// Every key up.
    static let none = Keystroke(usage: 0, isShifted: false)

    private init(usage: UInt8, isShifted: Bool) {
        self.usage = usage
        self.isShifted = isShifted
    }

    /// The key of a US keyboard that types `character`; `nil` if none does.
    init?(_ character: Unicode.Scalar) {
        switch character {
        case "a"..."z":
            self.init(usage: 4 + UInt8(character.value - 0x61), isShifted: false)
        case "A"..."Z":
            self.init(usage: 4 + UInt8(character.value - 0x41), isShifted: true)
        case "1"..."9":
            self.init(usage: 30 + UInt8(character.value - 0x31), isShifted: false)
        default:
            guard let key = Self.others.first(where: { $0.character == character }) else {
                return nil
            }
            self.init(usage: key.usage, isShifted: key.isShifted)
        }
    }

    /// The input report while it is held.
    var report: [UInt8] { [isShifted ? 0x02 : 0, 0, usage, 0, 0, 0, 0, 0] }

    /// HID usage tables §10, the keys that are neither letters nor 1…9.
    private static let others: [(character: Unicode.Scalar, usage: UInt8, isShifted: Bool)] = [
        ("0", 39, false), ("\n", 40, false), ("\t", 43, false), (" ", 44, false),
        ("-", 45, false), ("_", 45, true), ("=", 46, false), ("+", 46, true),
        ("[", 47, false), ("{", 47, true), ("]", 48, false), ("}", 48, true),
        ("\\", 49, false), ("|", 49, true), (";", 51, false), (":", 51, true),
        ("'", 52, false), ("\"", 52, true), ("`", 53, false), ("~", 53, true),
        (",", 54, false), ("<", 54, true), (".", 55, false), (">", 55, true),
        ("/", 56, false), ("?", 56, true), ("⇪", 57, false),
        ("!", 30, true), ("@", 31, true), ("#", 32, true), ("$", 33, true), ("%", 34, true),
        ("^", 35, true), ("&", 36, true), ("*", 37, true), ("(", 38, true), (")", 39, true),
    ]
}
