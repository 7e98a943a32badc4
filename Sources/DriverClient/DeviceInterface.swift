/// What a device offers to programs, by name: WDF's device interface class (DI-1).
///
/// Driver and client agree on it as they agree on control codes, for example
/// `"org.example.toaster"`.
public struct DeviceInterfaceClass: Hashable, Sendable, ExpressibleByStringLiteral {
    /// The name; reverse domain notation keeps makers apart.
    public let name: String
    /// The class of this name.
    public init(name: String) { self.name = name }
    /// The class of this name.
    public init(stringLiteral value: String) { name = value }
}

/// One device's enabled instance of an interface class: what a program opens.
public struct DeviceInterface: Sendable, Identifiable {
    /// A number that is never used again in this process.
    public let id: UInt64
    /// The class.
    public let interfaceClass: DeviceInterfaceClass
    /// What people call the device: product, serial number, place.
    public let deviceName: String
    private let port: any InterfacePort

    /// For the framework: an instance whose opens go to `port`.
    public init(
        id: UInt64, _ interfaceClass: DeviceInterfaceClass, deviceName: String,
        port: any InterfacePort
    ) {
        self.id = id
        self.interfaceClass = interfaceClass
        self.deviceName = deviceName
        self.port = port
    }

    /// Opens the device (F-1).
    ///
    /// Threading: any task. Cancellation: none; the driver answers.
    /// Errors: `.removed` once the device is going; whatever the driver refuses with.
    public func open() async throws(DeviceError) -> DeviceFile {
        DeviceFile(try await port.open())
    }
}

/// What the framework offers to this module for an enabled interface.
public protocol InterfacePort: AnyObject, Sendable {
    /// Opens a file on the device.
    func open() async throws(DeviceError) -> any FilePort
}

/// What the framework offers to this module for an open file.
public protocol FilePort: AnyObject, Sendable {
    /// Hands a request to the device and returns when it was completed. Ends early when the task is
    /// cancelled.
    func perform(_ request: ClientRequest) async -> ClientReply
    /// Begins what ``close()`` does, and returns at once. Any thread.
    func beginClose()
    /// Ends the file: its queued requests are cancelled (F-2), and it is gone when those that the
    /// driver owns were completed (F-3).
    func close() async
}
