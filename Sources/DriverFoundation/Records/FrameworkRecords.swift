/// What the framework leaves in the flight recorder; a record's object is the device's attachment,
/// of a device that has none its own number, counted from 2³¹.
extension RecordKind {
    /// A step of a device's life; first detail: ``LifecycleStep``'s number.
    static let lifecycleStep = RecordKind(0x0101, "step")
    /// A client's request was taken in; first detail: its number, second: its kind.
    static let requestAccepted = RecordKind(0x0102, "request accepted")
    /// A request became the driver's; first detail: its number.
    static let requestDelivered = RecordKind(0x0103, "request delivered")
    /// A request ended; first detail: its number, second: 0 for success, 1 for an error.
    static let requestCompleted = RecordKind(0x0104, "request completed")
    /// An awaited transfer ended; first detail: endpoint and status, second: bytes.
    static let transferCompleted = RecordKind(0x0105, "transfer completed")
    /// A reader's transfer ended; details as of `transferCompleted`.
    static let readerCompleted = RecordKind(0x0106, "reader transfer completed")
}

extension Device {
    /// Leaves a record; nothing is allocated.
    @inline(__always)
    func record(_ kind: RecordKind, _ first: UInt64 = 0, _ second: UInt64 = 0) {
        environment.recorder.record(kind, object: recordNumber, first, second)
    }

    /// Leaves a record of a transfer's end.
    @inline(__always)
    func record(
        _ kind: RecordKind, _ endpoint: EndpointAddress, _ status: TransferStatus, _ length: Int
    ) {
        if status == .completed { state.value.lifecycle.power.loop.moved(length) }
        record(
            kind, UInt64(endpoint.rawValue) << 8 | UInt64(status.rawValue),
            UInt64(truncatingIfNeeded: length))
    }
}

extension RequestKind {
    /// The kind in one number: 1 read, 2 write, else the control code above the low byte, which is
    /// 3, or 4 for an internal one.
    var number: UInt64 {
        switch self {
        case .read: 1
        case .write: 2
        case .deviceControl(let code): UInt64(code.rawValue) << 8 | 3
        case .internalDeviceControl(let code): UInt64(code.rawValue) << 8 | 4
        }
    }
}
