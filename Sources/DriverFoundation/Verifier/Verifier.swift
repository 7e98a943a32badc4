internal import Logging

/// Watches over drivers while they run: names what is stuck, what holds up the loop and what is
/// left at the end, and makes calls fail on purpose (WDF's verifier).
///
/// What a driver does against the rules of a call traps at the call, verifier or not; the compiler
/// refuses most of it before.
///
/// Threading: on the loop, unless a member says otherwise.
public final class Verifier: Sendable {
    /// Something that a driver's author should know: which rule, whose, what, and what to do.
    public struct Finding: Hashable, Sendable, CustomStringConvertible {
        /// The rule's id.
        public let row: String
        /// The device or loop.
        public let object: String
        /// What was seen.
        public let problem: String
        /// What to do about it.
        public let remedy: String
        /// Where the device's machines are and how they came there, where that may tell why
        /// (ENG-4).
        public var machines: [MachineReport] = []

        /// All of it in one line, and one more for each machine.
        public var description: String {
            (["\(row): \(object): \(problem): \(remedy)"] + machines.map { "    \($0)" })
                .joined(separator: "\n")
        }
    }

    /// What is watched.
    public let options: Options
    private let logger: Logger
    private let isInjecting: Bool
    private let state: LoopConfined<State>

    private struct State {
        var calls = 0
        var passed: [FailPoint] = []
        var findings: [Finding] = []
        var left = LeftDrivers()
    }

    /// So many findings are kept; all are logged.
    static var findingLimit: Int { 256 }

    init(on loop: EventLoop, _ options: Options, logger: Logger) {
        self.options = options
        self.logger = logger
        isInjecting = options.failure != .none
        state = LoopConfined(on: loop, State())
    }

    /// What was found so far, oldest first; the first 256.
    public var findings: [Finding] { state.value.findings }

    /// The points passed so far, in order, where ``Failure/call(_:)`` asks for it.
    public var passed: [FailPoint] { state.value.passed }

    func report(
        _ row: String, _ object: String, _ problem: String, _ remedy: String,
        machines: [MachineReport] = []
    ) {
        let finding = Finding(
            row: row, object: object, problem: problem, remedy: remedy, machines: machines)
        if state.value.findings.count < Self.findingLimit { state.value.findings.append(finding) }
        logger.error("\(finding)")
    }

    // MARK: Leaks

    /// The device of this driver has come to its end.
    func deviceEnded(_ driver: any FunctionDriver, of device: String) {
        state.value.left.add(driver, of: device)
    }

    /// Drivers that outlive their devices.
    var leftDrivers: [(type: String, device: String)] { state.value.left.present }

    // MARK: Fail points

    /// Whether the call that stands here is to fail now; elsewhere it costs the look at a flag.
    @inline(__always)
    func fails(_ point: @autoclosure () -> FailPoint) -> Bool {
        isInjecting && choose(point())
    }

    /// Throws if the call that stands here is to fail now.
    @inline(__always)
    func pass(_ point: @autoclosure () -> FailPoint) throws(DeviceError) {
        if fails(point()) { throw DeviceError(.outOfMemory, Self.reason) }
    }

    /// The same before a callback and after it.
    func pass<Value>(
        around callback: @autoclosure () -> String, _ body: () async throws(DeviceError) -> Value
    ) async throws(DeviceError) -> Value {
        try pass(.before(callback()))
        let value = try await body()
        try pass(.after(callback()))
        return value
    }

    /// The same for calls of the bus.
    @inline(__always)
    func passBus(_ point: @autoclosure () -> FailPoint) throws(BusError) {
        if fails(point()) { throw BusError(.outOfMemory, Self.reason) }
    }

    /// What a failure made here says of itself.
    private static var reason: String { "The verifier had this call fail (VF-64)." }

    @inline(never)
    private func choose(_ point: FailPoint) -> Bool {
        state.value.calls += 1
        switch options.failure {
        case .none: return false
        case .call(let number):
            state.value.passed.append(point)
            return state.value.calls == number
        case .every(let interval): return state.value.calls % max(interval, 1) == 0
        }
    }
}
