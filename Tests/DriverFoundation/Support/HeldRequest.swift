import Testing

@testable import DriverFoundation

/// A request that a scripted driver keeps until its test says what becomes of it.
final class HeldRequest {
    let number: UInt64
    private var request: Request?

    init(_ request: consuming Request) {
        number = request.number
        self.request = consume request
    }

    func acknowledgeStop() { request?.acknowledgeStop() }

    func end(_ body: (consuming Request) -> Void) {
        guard let request = request.take() else { return }
        body(request)
    }
}

extension Request {
    /// What a careful driver does in the end.
    consuming func end() {
        if isCancelled { fail(.cancelled) } else { complete(1) }
    }
}

extension ScriptedDriver {
    /// Keeps a request.
    func keep(_ request: consuming Request) {
        received.append(request.input.copy())
        hand.append(HeldRequest(request))
    }

    /// Notes a request's bytes and completes it.
    func take(_ request: consuming Request) {
        let input = request.input.copy()
        received.append(input)
        request.complete(input.count)
    }

    /// Lets the oldest of the kept requests end as `body` says.
    func release(_ body: @Sendable (consuming Request) -> Void = { $0.complete() }) {
        if !hand.isEmpty { hand.removeFirst().end(body) }
    }

    /// Lets all kept requests end as `body` says.
    func releaseAll(_ body: @Sendable (consuming Request) -> Void = { $0.complete() }) {
        while !hand.isEmpty { release(body) }
    }

    func acknowledgeStops() { for held in hand { held.acknowledgeStop() } }
}

extension Bench {
    /// The queues of the device's driver.
    var queues: [RequestQueue] { get async throws { try await driver.queues } }

    /// Takes the device's power-managed queues out of D0, as its machines do for an idle device.
    func suspend() async throws {
        let queues = try device.state.value.queues.filter(\.isPowerManaged)
        for queue in queues { queue.hold(for: .suspend) }
        for queue in queues { await queue.settle() }
    }

    /// Takes them back.
    func resume() throws {
        for queue in try device.state.value.queues where queue.isPowerManaged { queue.powerUp() }
    }

    /// Starts a client that writes `bytes`, and lets the request arrive.
    func write(
        _ bytes: [UInt8], to file: DeviceFile
    ) async -> Task<Result<Int, DeviceError>, Never> {
        let task = client { try await file.write(bytes) }
        await settle()
        return task
    }
}

extension ExitTest.Result? {
    /// What the process said as it trapped.
    var said: String { String(decoding: self?.standardErrorContent ?? [], as: UTF8.self) }
}
