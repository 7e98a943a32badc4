import DriverRuntime
import DriverSimulation
import Testing
import USBBus
import USBTypes
import VirtualUSB

/// One transfer of a test that plays the host itself.
@safe final class TestTransfer: HostTransfer, @unchecked Sendable {
    // Confined to the simulation's loop, as every host transfer is.
    struct End: Equatable, Sendable {
        let status: TransferStatus
        let bytes: [UInt8]
    }

    private(set) var ends: [End] = []
    private(set) var isPending = false
    private var waiting: Resumption<Void>?
    private let upstream: UpstreamPort
    private var isSubmitting = false

    init(_ upstream: UpstreamPort, _ endpoint: EndpointAddress, capacity: Int = 4096) {
        self.upstream = upstream
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(capacity, 1), alignment: 16)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0xEE)
        unsafe super.init(endpoint: endpoint, memory: memory)
    }

    deinit { unsafe memory.deallocate() }

    func submit(_ length: Int) {
        self.length = length
        isPending = true
        isSubmitting = true
        upstream.submit(self)
        isSubmitting = false
    }

    func send(_ bytes: [UInt8]) {
        unsafe memory.copyBytes(from: bytes)
        submit(bytes.count)
    }

    func withdraw() -> Bool {
        guard upstream.withdraw(self) else { return false }
        isPending = false
        return true
    }

    override func finish(_ status: TransferStatus, length: Int) {
        precondition(isPending && !isSubmitting, "finish was called when it may not be")
        isPending = false
        let isInput = endpoint.number == 0 ? setup.direction == .in : endpoint.direction == .in
        let count = isInput ? length : 0
        ends.append(End(status: status, bytes: unsafe Array(memory[..<count])))
        waiting.take()?.resume()
    }

    /// The end of what is pending.
    func end() async -> End {
        await Resumption.wait { resumption in
            if isPending { waiting = resumption } else { resumption.resume() }
        }
        return ends[ends.count - 1]
    }
}

extension UpstreamPort {
    /// Puts configuration 1 in force.
    func configure() async throws {
        try #require(await control(.setConfiguration(1)).status == .completed)
    }
}

extension Simulation {
    /// Lets some of what is ready run.
    func pause() async { await clock.wait(for: .microseconds(1)) }
}

/// What a device notes for its test.
final class Notes<Value: Sendable>: Sendable {
    private let lock = Lock()
    private nonisolated(unsafe) var values: [Value] = []
    var all: [Value] { lock.withLock { unsafe values } }
    func add(_ value: Value) { lock.withLock { unsafe values.append(value) } }
}
