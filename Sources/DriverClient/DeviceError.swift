/// Why an operation on a device did not succeed: what drivers throw and clients catch.
public struct DeviceError: Error, Hashable, Sendable {
    /// The kinds of failure. More may come; keep a default case.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The name, as reports print it.
        public let description: String
        private init(_ name: String) { description = name }

        /// The operation was cancelled; what had been moved is in the error.
        public static let cancelled = Code("cancelled")
        /// The deadline passed; what had been moved is in the error.
        public static let timedOut = Code("timed out")
        /// The deadline passed before the request could be sent: nothing was done (T-9).
        public static let timedOutNotSent = Code("timed out before it was sent")
        /// What it was to be sent to went before it could be: nothing was done (T-7).
        public static let removedNotSent = Code("removed before it was sent")
        /// The device is gone, or going.
        public static let removed = Code("removed")
        /// The request makes no sense for this device or in this form.
        public static let invalidRequest = Code("invalid request")
        /// The device or queue is not in a state that takes the request.
        public static let invalidDeviceState = Code("invalid device state")
        /// The endpoint is halted, or the device refused a control request.
        public static let stalled = Code("stalled")
        /// The device sent more than was asked for.
        public static let overflow = Code("overflow")
        /// The bus failed: no answer, a bad checksum, a broken transaction.
        public static let transport = Code("transport error")
        /// The buffer given is too small.
        public static let bufferTooSmall = Code("buffer too small")
        /// Somebody else holds the device or the interface.
        public static let busy = Code("busy")
        /// The name stands for something else already (DI-3).
        public static let nameCollision = Code("name collision")
        /// The operating system does not let this program in; the message carries the remedy.
        public static let accessDenied = Code("access denied")
        /// No such device, interface, endpoint or setting.
        public static let notFound = Code("not found")
        /// What was found is of another kind than was asked for (C-3).
        public static let typeMismatch = Code("type mismatch")
        /// No memory is left for the operation; the message names the limit.
        public static let outOfMemory = Code("out of memory")
        /// The driver let go of a request without completing it: a bug in the driver.
        public static let abandoned = Code("abandoned by the driver")
        /// What the device sent breaks the specification.
        public static let deviceData = Code("malformed device data")
        /// What is asked cannot be done now: ask again.
        public static let tryAgain = Code("try again")
        /// Anything else; see the message.
        public static let failed = Code("failed")
    }

    /// What kind of failure.
    public let code: Code
    /// A full sentence for people: what was tried, why it failed, what to do.
    public let message: String
    /// Bytes that were moved before the failure.
    public let transferred: Int
    /// What of a read had arrived before the failure.
    public let partialBytes: [UInt8]

    /// Makes an error.
    public init(
        _ code: Code, _ message: String? = nil, transferred: Int = 0, partialBytes: [UInt8] = []
    ) {
        self.code = code
        self.message = message ?? "The operation failed: \(code.description)."
        self.transferred = transferred
        self.partialBytes = partialBytes
    }

    /// The same as the static member of ``Code`` with the standard message.
    public static let cancelled = DeviceError(.cancelled, "The operation was cancelled.")
    /// The device is gone.
    public static let removed = DeviceError(.removed, "The device was removed.")
    /// The request makes no sense here.
    public static let invalidRequest = DeviceError(
        .invalidRequest, "The device does not take this request.")
}

extension DeviceError: CustomStringConvertible {
    /// The message.
    public var description: String { message }
}
