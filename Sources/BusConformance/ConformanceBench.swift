public import USBBus

/// A tier on which the conformance cases run: it makes buses and moves the reference device.
///
/// Threading: called from the loop of the bus that it made, never twice at once.
public protocol ConformanceBench: AnyObject, Sendable {
    /// The tier's name in tables.
    var name: String { get }

    /// How long a case waits for what must happen.
    var patience: Duration { get }

    /// How long a case watches for what must not happen.
    var settling: Duration { get }

    /// A new bus that was not started. The suite stops it. The reference device is not plugged in.
    func makeBus() async throws(ConformanceFailure) -> any USBBus

    /// Plugs a new reference device in, as `ReferenceDevice` describes it.
    func plug() async throws(ConformanceFailure)

    /// Unplugs it; nothing if it is out.
    func unplug(_ kind: ConformanceUnplug) async throws(ConformanceFailure)

    /// Why the tier cannot do `need`; `nil` if it can.
    func inability(_ need: ConformanceNeed) -> String?
}

extension ConformanceBench {
    /// Five seconds.
    public var patience: Duration { .seconds(5) }
    /// A fiftieth of a second.
    public var settling: Duration { .milliseconds(20) }
    /// A tier that can do everything.
    public func inability(_ need: ConformanceNeed) -> String? { nil }
}
