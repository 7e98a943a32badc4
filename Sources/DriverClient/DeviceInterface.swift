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
    /// Tells the interfaces of one class on one device apart; mostly empty (DI-1).
    public let reference: String
    /// What people call the device: product, serial number, place.
    public let deviceName: String
    /// What the driver says about it (DI-5), as it was when this value was handed out.
    public let properties: [String: String]
    private let port: any InterfacePort

    /// For the framework: an instance whose opens go to `port`.
    public init(
        id: UInt64, _ interfaceClass: DeviceInterfaceClass, reference: String = "",
        deviceName: String, properties: [String: String] = [:], port: any InterfacePort
    ) {
        self.id = id
        self.interfaceClass = interfaceClass
        self.reference = reference
        self.deviceName = deviceName
        self.properties = properties
        self.port = port
    }

    /// Opens the device (F-1), or `path` below it, in the name of `client`.
    ///
    /// A `holder` is asked before the device is removed, and told (T-6).
    ///
    /// Threading: any task. Cancellation: none; the driver answers.
    /// Errors: `.removed` once the device is going, `.accessDenied` for a second open of an
    /// exclusive device (DEV-6); whatever the driver refuses with.
    public func open(
        path: String = "", as client: ClientIdentity = .thisProcess,
        holder: (any FileHolder)? = nil
    ) async throws(DeviceError) -> DeviceFile {
        DeviceFile(
            try await openPort(
                FileOpening(path: path, reference: reference, client: client, holder: holder)))
    }

    /// The same for the framework itself.
    package func openPort(_ opening: FileOpening) async throws(DeviceError) -> any FilePort {
        var opening = opening
        opening.reference = reference
        return try await port.open(opening)
    }

    /// The same with other properties.
    package func with(properties: [String: String]) -> DeviceInterface {
        DeviceInterface(
            id: id, interfaceClass, reference: reference, deviceName: deviceName,
            properties: properties, port: port)
    }
}

/// What the framework offers to this module for an enabled interface.
public protocol InterfacePort: AnyObject, Sendable {
    /// Opens a file on the device.
    func open(_ opening: FileOpening) async throws(DeviceError) -> any FilePort
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
