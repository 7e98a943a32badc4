/// Why a bus could not do what it was asked.
public struct BusError: Error, Hashable, Sendable {
    /// The kinds of failure. More may come; keep a default case.
    public struct Code: Hashable, Sendable {
        private enum Kind {
            case deviceGone, busy, accessDenied, invalidRequest, outOfMemory
            case stalled, notFound, unavailable, unsupported, failed
        }
        private let kind: Kind
        private init(_ kind: Kind) { self.kind = kind }

        /// The device is not there any more.
        public static let deviceGone = Code(.deviceGone)
        /// Somebody else holds it.
        public static let busy = Code(.busy)
        /// The operating system does not let this program in; the message carries the remedy.
        public static let accessDenied = Code(.accessDenied)
        /// The request makes no sense for this device, endpoint or bus.
        public static let invalidRequest = Code(.invalidRequest)
        /// No memory for transfers is left; the message names the limit.
        public static let outOfMemory = Code(.outOfMemory)
        /// The device refused the request.
        public static let stalled = Code(.stalled)
        /// There is no such interface, endpoint or setting.
        public static let notFound = Code(.notFound)
        /// The bus cannot work on this machine; the message says what is missing.
        public static let unavailable = Code(.unavailable)
        /// This bus cannot do that.
        public static let unsupported = Code(.unsupported)
        /// Anything else; see the message.
        public static let failed = Code(.failed)
    }

    /// What kind of failure.
    public let code: Code
    /// A full sentence for people: what was tried, why it failed, what to do.
    public let message: String
    /// The system's own number (a libusb code or errno), when there is one.
    public let native: Int32?

    /// Makes an error.
    public init(_ code: Code, _ message: String, native: Int32? = nil) {
        self.code = code
        self.message = message
        self.native = native
    }
}

extension BusError: CustomStringConvertible {
    /// The message.
    public var description: String { message }
}
