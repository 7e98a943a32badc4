internal import DriverRuntime
internal import USBBus
internal import USBTypes

/// One control transfer that resumes whoever waits for it, and does not wait for ever itself.
@safe final class ControlExchange: HostTransfer, @unchecked Sendable {
    typealias Answer = (status: TransferStatus, bytes: [UInt8])
    private var resumption: Resumption<Answer>?
    private var limit: Deadline?

    /// What a host allows any request (USB 2.0 §9.2.6.1).
    private static var longest: Duration { .seconds(5) }

    init(_ setup: SetupPacket, _ data: [UInt8], _ resumption: Resumption<Answer>) {
        self.resumption = resumption
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Int(setup.length), alignment: 16)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
        unsafe memory.copyBytes(from: data.prefix(Int(setup.length)))
        unsafe super.init(endpoint: .control, memory: memory)
        self.setup = setup
        length = Int(setup.length)
    }

    /// Gives up, as a host does, on a device that does not answer.
    func limit(by port: UpstreamPort) {
        let limit = Deadline(on: port.loop) { [weak self] in
            if let self { port.cancel(self) }
        }
        limit.arm(after: Self.longest)
        self.limit = limit
    }

    deinit { unsafe memory.deallocate() }

    override func finish(_ status: TransferStatus, length: Int) {
        limit?.disarm()
        let count = setup.direction == .in ? length : 0
        let bytes = unsafe Array(UnsafeRawBufferPointer(rebasing: memory[..<count]))
        resumption.take()?.resume(returning: (status, bytes))
    }
}
