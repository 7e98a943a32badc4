/// One clause of the contract of `USBBus`, `BusDevice` and `BusTransfer`, and how to see that a bus
/// keeps it.
public struct ConformanceCase: Sendable, Identifiable {
    /// A short name, such as `cancel-idle`.
    public let id: String
    /// The clause in one sentence, with the row it comes from.
    public let sentence: String
    /// What a tier must be able to do for it.
    public let needs: [ConformanceNeed]
    let body: @Sendable (ConformanceRun) async throws -> Void

    init(
        _ id: String, _ sentence: String, needs: [ConformanceNeed] = [],
        _ body: @escaping @Sendable (ConformanceRun) async throws -> Void
    ) {
        self.id = id
        self.sentence = sentence
        self.needs = needs
        self.body = body
    }
}

extension ConformanceCase: CustomStringConvertible {
    /// The id.
    public var description: String { id }
}

/// What not every tier can do.
public enum ConformanceNeed: Sendable, Hashable, CaseIterable {
    /// Unplug and plug in the device while the bus runs.
    case unplug
    /// Unplug such that transfers fail before the departure.
    case unplugEndingWithError
    /// Unplug such that transfers end after the departure.
    case unplugEndingAfterDeparture
    /// Unplug such that transfers do not end by themselves.
    case unplugVanishing
    /// Reset the port.
    case reset
    /// Carry a reset to the device.
    case resetOnTheWire
    /// Suspend the port while the device is open.
    case suspend
    /// Carry a device's wake-up to its host.
    case remoteWakeup
}

/// How transfers in flight end when the bench unplugs the device.
public enum ConformanceUnplug: Sendable, Hashable, CaseIterable {
    /// However it happens.
    case any
    /// As failed, before the departure.
    case endingWithError
    /// As gone, after the departure.
    case endingAfterDeparture
    /// Not by themselves.
    case vanishing
}

/// A clause that was not kept, or a bench that could not do its part.
public struct ConformanceFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was expected and what was seen.
    public let description: String
    /// A failure that says so.
    public init(_ description: String) { self.description = description }
}

/// What a case came to.
public enum ConformanceVerdict: Sendable, Hashable {
    /// The clause is kept.
    case passed
    /// It is not, or the bench failed; the text says what was seen.
    case failed(String)
    /// The tier cannot try it; the text says why.
    case notApplicable(String)
}
