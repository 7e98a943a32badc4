/// A call of the framework, or of the driver by the framework, that can fail: where a test makes it
/// fail (VF-64).
///
/// A point has a name and no more; how often it was passed, and in which order, is what
/// ``Verifier/passed`` tells.
public struct FailPoint: Hashable, Sendable, CustomStringConvertible {
    /// What reports call it.
    public let name: String

    init(_ name: String) { self.name = name }

    /// The name.
    public var description: String { name }

    /// A callback that fails before it has done anything.
    static func before(_ callback: String) -> FailPoint {
        FailPoint("\(callback), at its beginning")
    }

    /// A callback that fails when it has done everything.
    static func after(_ callback: String) -> FailPoint {
        FailPoint("\(callback), at its end")
    }
}

extension FailPoint {
    // What a driver calls.
    static let pipe = FailPoint("a pipe is asked for")
    static let alternateSetting = FailPoint("an alternate setting is selected")
    static let transferMemory = FailPoint("a transfer's memory is asked for")
    static let transfer = FailPoint("a transfer ends")
    static let pipeReset = FailPoint("a pipe is reset")
    static let reader = FailPoint("a reader is made")
    static let readerTransfer = FailPoint("a reader's transfer ends")

    // What a program calls.
    static let fileOpen = FailPoint("a program opens the device")
    static let request = FailPoint("a program's request is taken in")
    static let orderlyRemoval = FailPoint("an orderly removal is asked for")

    // What the framework asks of the bus.
    static let busStart = FailPoint("the bus starts")
    static let busOpen = FailPoint("the bus opens the device")
    static let busConfiguration = FailPoint("the bus selects the configuration")
    static let busClaim = FailPoint("the bus claims an interface")
    static let busSetting = FailPoint("the bus selects an alternate setting")
    static let busClear = FailPoint("the bus clears a halt")
    static let busTransfer = FailPoint("the bus makes a transfer")
    static let busSubmit = FailPoint("the bus takes a transfer")

    /// All points of the framework's own, callbacks apart.
    static let calls: [FailPoint] =
        [
            pipe, alternateSetting, transferMemory, transfer, pipeReset, reader, readerTransfer,
            fileOpen, request, orderlyRemoval, busStart, busOpen, busConfiguration,
            busClaim, busSetting, busClear, busTransfer, busSubmit,
        ] + timers + targets + children

    /// All points of callbacks.
    static let callbacks: [FailPoint] =
        (DriverCallback.allCases.filter(\.mayThrow).map(\.rawValue)
        + filterCallbacks.map(filter) + [targetQuery, childCreate])
        .flatMap { [before($0), after($0)] }

    /// Every point that there is.
    public static let all: [FailPoint] = calls + callbacks
}

extension DriverCallback {
    /// Whether it may fail: what only tells a driver something does not.
    var mayThrow: Bool {
        switch self {
        case .surpriseRemoval, .flushSelfManagedIO, .cleanUpSelfManagedIO, .wakeTriggered,
            .disarmWake:
            false
        default: true
        }
    }
}
