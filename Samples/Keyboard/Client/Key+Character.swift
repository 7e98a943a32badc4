extension Key {
    // Usages 0x04…0x38 on a US keyboard, without and with shift; a dot above the line for a key
    // that types nothing: Escape, Backspace, the key beside a European Enter, Caps Lock.
    private static let plain = Array(
        "abcdefghijklmnopqrstuvwxyz1234567890\n··\t -=[]\\·;'`,./")
    private static let shifted = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ!@#$%^&*()\n··\t _+{}|·:\"~<>?")
    private static let keypad = Array("/*-+\n1234567890.")

    /// Whether a shift key is held.
    package var isShifted: Bool { modifiers & 0x22 != 0 }

    /// The character that pressing the key types on a US keyboard; `nil` for a release, for a key
    /// that types none, and while control, alt or GUI is held.
    package var character: Character? {
        guard isDown, modifiers & 0xDD == 0 else { return nil }
        if 0x54...0x63 ~= usage { return Self.keypad[Int(usage) - 0x54] }
        guard usage >= 4, Int(usage) - 4 < Self.plain.count else { return nil }
        let index = Int(usage) - 4
        // Caps Lock turns letters alone.
        let isUpper = index < 26 ? isShifted != isCapsLocked : isShifted
        let character = isUpper ? Self.shifted[index] : Self.plain[index]
        return character == "·" ? nil : character
    }
}
