/// An open device: what a program reads from, writes to and controls.
///
/// Threading: any task, any number at once; the driver's queues decide what runs in parallel.
/// Cancellation: cancelling the task cancels the request; the call then returns when the driver has
/// let go of it, with `.cancelled` or with what won the race.
/// Errors: after the device is gone every call throws `.removed`, those that were waiting included.
/// A file that is let go of is closed (F-2).
public final class DeviceFile: Sendable {
    private let port: any FilePort

    init(_ port: any FilePort) { self.port = port }

    deinit { port.beginClose() }

    /// Reads at most `length` bytes.
    public func read(upTo length: Int) async throws(DeviceError) -> [UInt8] {
        try await perform(ClientRequest(.read, outputCapacity: length)).output
    }

    /// Writes `bytes` and returns how many the driver took.
    @discardableResult
    public func write(_ bytes: [UInt8]) async throws(DeviceError) -> Int {
        try await perform(ClientRequest(.write, input: bytes)).information
    }

    /// Has the driver perform its own operation `code`.
    @discardableResult
    public func control(
        _ code: ControlCode, _ input: [UInt8] = [], upTo length: Int = 0
    ) async throws(DeviceError) -> ClientReply {
        try await perform(
            ClientRequest(.deviceControl(code), input: input, outputCapacity: length))
    }

    /// Closes the file and returns when that is done. Calls that still wait end with `.cancelled`;
    /// a driver that cleans up by itself may let those go on that it has in hand (F-2). Idempotent.
    public func close() async { await port.close() }

    private func perform(_ request: ClientRequest) async throws(DeviceError) -> ClientReply {
        let reply = await port.perform(request)
        if let error = reply.error { throw error }
        return reply
    }
}
