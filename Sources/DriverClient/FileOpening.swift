internal import Glibc

/// Who opens a device (F-4): what a driver may base its consent on.
public struct ClientIdentity: Hashable, Sendable {
    /// The process.
    public let processID: Int32
    /// The user for whom it acts.
    public let userID: UInt32
    /// That user's group.
    public let groupID: UInt32

    /// An identity that somebody vouches for: a socket's peer, for example.
    public init(processID: Int32, userID: UInt32, groupID: UInt32) {
        self.processID = processID
        self.userID = userID
        self.groupID = groupID
    }

    /// This process itself.
    public static var thisProcess: ClientIdentity {
        ClientIdentity(processID: getpid(), userID: geteuid(), groupID: getegid())
    }
}

/// An open as it reaches the device.
public struct FileOpening: Sendable {
    /// What is opened below the device, in the driver's own terms; empty for the device itself.
    public var path: String
    /// Which of the device's interfaces of one class was opened (DI-1).
    public var reference: String
    /// Who opens.
    public var client: ClientIdentity
    /// Who wants to know when the device is to be removed (T-6).
    public var holder: (any FileHolder)?
    /// Whether a driver opens, which may ask for more than a program.
    package var isOfDriver = false

    /// An open of the device itself.
    public init(
        path: String = "", reference: String = "", client: ClientIdentity = .thisProcess,
        holder: (any FileHolder)? = nil
    ) {
        self.path = path
        self.reference = reference
        self.client = client
        self.holder = holder
    }
}

/// Whoever has opened a device and takes part in its removal (T-6). Without one, the framework
/// closes the file when the device is removed.
///
/// Threading: called on the device's loop, by one removal at a time; where the answer is worked out
/// is the holder's choice.
public protocol FileHolder: AnyObject, Sendable {
    /// The device is to be removed: close the file, or throw to veto.
    func queryRemove() async throws(DeviceError)
    /// The removal that was asked about does not take place: the device can be opened again.
    func removeCanceled() async
    /// The device goes, asked for or not; the file is closed when this returns.
    func removeComplete() async
}
