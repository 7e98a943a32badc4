import DriverClient

// What the driver offers, by the name that both sides agreed on (DI-1).
extension DeviceInterfaceClass {
    static let keyboard: DeviceInterfaceClass = "org.driver-foundation.keyboard"
}

/// What a program does with a keyboard.
package struct KeyboardClient: Sendable {
    private let file: DeviceFile

    /// Opens the first keyboard; waits until there is one.
    package init(_ interfaces: DeviceInterfaces) async throws(DeviceError) {
        file = try await interfaces.open(.keyboard)
    }

    /// Waits for the next keys that go down or up.
    package func next() async throws(DeviceError) -> [Key] {
        let bytes = try await file.read(upTo: 64)
        return stride(from: 0, to: bytes.count - 3, by: 4).map { Key(bytes[$0..<$0 + 4]) }
    }

    /// Closes the keyboard.
    package func close() async { await file.close() }
}

/// A key that went down or up.
package struct Key: Sendable, Hashable {
    /// Which key (HID Usage Tables §10).
    package let usage: UInt8
    package let isDown: Bool
    /// The modifiers held, by bit: control, shift, alt, GUI, left ones first.
    package let modifiers: UInt8
    package let isCapsLocked: Bool

    package init(usage: UInt8, isDown: Bool, modifiers: UInt8 = 0, isCapsLocked: Bool = false) {
        self.usage = usage
        self.isDown = isDown
        self.modifiers = modifiers
        self.isCapsLocked = isCapsLocked
    }

    init(_ bytes: ArraySlice<UInt8>) {
        let first = bytes.startIndex
        self.init(
            usage: bytes[first], isDown: bytes[first + 1] != 0, modifiers: bytes[first + 2],
            isCapsLocked: bytes[first + 3] != 0)
    }
}
