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
    /// The level from which on toast is brown.
    package static let brown = 200

    private let file: DeviceFile
    private let ended: @Sendable (DeviceError?) -> Void

    /// Opens the first toaster; waits until there is one.
    ///
    /// `ended` is told how each request ended: `nil` for success.
    package init(
        _ interfaces: DeviceInterfaces, ended: @escaping @Sendable (DeviceError?) -> Void = { _ in }
    ) async throws(DeviceError) {
        file = try await interfaces.open(.toaster)
        self.ended = ended
    }

    /// Toasts a slice at a heat of 1…255, and returns when it is brown, with its level of browning.
    ///
    /// `progress` is called with the level on the way.
    package func toast(
        heat: UInt8, progress: @escaping @Sendable (Int) -> Void
    ) async throws(DeviceError) -> Int {
        try await noting { () async throws(DeviceError) in try await file.write([heat]) }
        let outcome = await withTaskGroup(of: Void.self) { group in
            group.addTask { await follow(progress) }
            let outcome = await browning()
            // The read that still waits for a report is not wanted any more.
            group.cancelAll()
            return outcome
        }
        let level = try outcome.get()
        try await noting { () async throws(DeviceError) in try await file.write([0]) }
        return level
    }

    private func follow(_ progress: @Sendable (Int) -> Void) async {
        let read = { @Sendable () async throws(DeviceError) in try await file.read(upTo: 8) }
        while let level = try? await noting(read).first { progress(Int(level)) }
    }

    private func browning() async -> Result<Int, DeviceError> {
        do throws(DeviceError) {
            let reply = try await noting { () async throws(DeviceError) in
                try await file.control(.waitUntilBrown)
            }
            return .success(reply.information)
        } catch {
            return .failure(error)
        }
    }

    /// Closes the toaster.
    package func close() async { await file.close() }

    @discardableResult
    private func noting<Result>(
        _ request: () async throws(DeviceError) -> Result
    ) async throws(DeviceError) -> Result {
        do throws(DeviceError) {
            let result = try await request()
            ended(nil)
            return result
        } catch {
            ended(error)
            throw error
        }
    }
}
