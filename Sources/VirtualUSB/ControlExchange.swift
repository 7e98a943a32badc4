internal import DriverRuntime
internal import USBBus
internal import USBTypes

/// One control transfer that resumes whoever waits for it. Sendable as every host's transfer is.
@safe final class ControlExchange: HostTransfer, @unchecked Sendable {
    // Sendable as its superclass is: confined to the loop.

    typealias Answer = (status: TransferStatus, bytes: [UInt8])
    private var resumption: Resumption<Answer>?
    private var deadline: Deadline?

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

    deinit { unsafe memory.deallocate() }

    /// Takes the request back when `limit` has passed.
    func end(after limit: Duration, on upstream: UpstreamPort) {
        let deadline = Deadline(on: upstream.loop) { [unowned self] in upstream.cancel(self) }
        deadline.arm(after: limit)
        self.deadline = deadline
    }

    override func finish(_ status: TransferStatus, length: Int) {
        deadline.take()?.disarm()
        let count = setup.direction == .in ? length : 0
        let bytes = unsafe Array(UnsafeRawBufferPointer(rebasing: memory[..<count]))
        resumption.take()?.resume(returning: (status, bytes))
    }
}
