import DriverClient

// What the driver offers, by the names that both sides agreed on (DI-1).
extension DeviceInterfaceClass {
    static let toaster: DeviceInterfaceClass = "org.driver-foundation.toaster"
}

extension ControlCode {
    static let waitUntilBrown: ControlCode = 1
}

/// What a program does with a toaster.
package struct ToasterClient: Sendable {
    private let file: DeviceFile

    /// Opens the first toaster; waits until there is one.
    package init(_ interfaces: DeviceInterfaces) async throws(DeviceError) {
        file = try await interfaces.open(.toaster)
    }

    /// Toasts a slice at a heat of 1…255, and returns when it is brown, with its level of browning.
    ///
    /// `progress` is called with the level on the way.
    package func toast(
        heat: UInt8, progress: @escaping @Sendable (Int) -> Void
    ) async throws(DeviceError) -> Int {
        try await file.write([heat])
        let reading = Task { [file] in
            while let level = try await file.read(upTo: 8).first { progress(Int(level)) }
        }
        defer { reading.cancel() }
        let level = try await file.control(.waitUntilBrown).information
        try await file.write([0])
        return level
    }

    /// Closes the toaster.
    package func close() async { await file.close() }
}
