import DriverRuntime
import USBBus
import USBTypes

/// Sends numbered blocks and checks what comes back; then keeps transfers in flight for the unplug.
final class Echo: Sendable {
    static let size = 4096
    static let depth = 8

    private struct State {
        var inputs: [BusTransfer] = []
        var outputs: [BusTransfer] = []
        var sent = 0
        var received = 0
        var matched = 0
        var wanted = 0
        var isUnplugging = false
        var tally = Tally()
        var finished: Resumption<Int>?
        var drained: Resumption<Tally>?
    }

    private let loop: EventLoop
    private let isBusy: Bool
    private let state: LoopConfined<State>

    init(
        _ device: any BusDevice, _ pipes: Pipes, on loop: EventLoop, isBusy: Bool
    ) throws(BusError) {
        self.loop = loop
        self.isBusy = isBusy
        state = LoopConfined(on: loop, State())
        for _ in 0..<Self.depth {
            let input = try make(device, pipes.input)
            let output = try make(device, pipes.output)
            input.handler = { [unowned self, unowned input] in received(input, $0) }
            output.handler = { [unowned self, unowned output] in sent(output, $0) }
            state.value.inputs.append(input)
            state.value.outputs.append(output)
        }
    }

    private func make(
        _ device: any BusDevice, _ endpoint: EndpointDescriptor
    ) throws(BusError) -> BusTransfer {
        try device.makeTransfer(
            .bulk, on: endpoint.address, maxPacketSize: endpoint.maxPacketSize, capacity: Self.size)
    }

    private static func byte(_ block: Int, _ index: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: block &* 31 &+ index &* 7 &+ index >> 8)
    }

    /// Sends `blocks` and returns how many came back as they were sent.
    func verify(blocks: Int) async -> Int {
        await Resumption.wait { resumption in
            loop.execute { [self] in
                state.value.wanted = blocks
                state.value.finished = resumption
                for transfer in state.value.inputs { submit(transfer) }
                for transfer in state.value.outputs { sendNext(transfer) }
            }
        }
    }

    /// Whatever ends from now on counts as ended by the unplug.
    func arm() {
        state.value.isUnplugging = true
        for transfer in state.value.inputs where !transfer.isInFlight { submit(transfer) }
        guard isBusy else { return }
        for transfer in state.value.outputs where !transfer.isInFlight { sendNext(transfer) }
    }

    /// Waits until nothing is in flight.
    func drained() async -> Tally {
        await Resumption.wait { resumption in
            loop.execute { [self] in
                state.value.drained = resumption
                checkDrained()
            }
        }
    }

    private func submit(_ transfer: BusTransfer) {
        do throws(BusError) {
            try transfer.submit(length: Self.size)
            state.value.tally.submitted += 1
        } catch { note(error) }
    }

    private func note(_ error: BusError) {
        guard !state.value.isUnplugging else { return }
        say("LAB-FAILED submit: \(error)")
        state.value.finished.take()?.resume(returning: -1)
    }

    private func sendNext(_ transfer: BusTransfer) {
        guard state.value.isUnplugging || state.value.sent < state.value.wanted else { return }
        let block = state.value.sent
        state.value.sent += 1
        transfer.withMutableBytes { bytes in
            for index in 0..<Self.size {
                bytes.storeBytes(
                    of: Self.byte(block, index), toByteOffset: index, as: UInt8.self)
            }
        }
        submit(transfer)
    }

    private func sent(_ transfer: BusTransfer, _ completion: borrowing TransferCompletion) {
        count(completion.status)
        if completion.status == .completed { sendNext(transfer) }
        checkDrained()
    }

    private func received(_ transfer: BusTransfer, _ completion: borrowing TransferCompletion) {
        count(completion.status)
        if completion.status == .completed {
            check(completion.bytes)
            // When all blocks are back the last transfers stay in flight: they wait for the unplug.
            submit(transfer)
        } else if !state.value.isUnplugging {
            say("LAB-FAILED read: \(completion.status)")
        }
        checkDrained()
    }

    private func count(_ status: TransferStatus) {
        state.value.tally.completed += 1
        state.value.tally.endings[status, default: 0] += 1
    }

    private func check(_ bytes: RawSpan) {
        let block = state.value.received
        state.value.received += 1
        var isRight = bytes.byteCount == Self.size
        for index in 0..<bytes.byteCount where bytes.byte(at: index) != Self.byte(block, index) {
            isRight = false
        }
        if isRight { state.value.matched += 1 }
        if state.value.received == state.value.wanted {
            state.value.finished.take()?.resume(returning: state.value.matched)
        }
    }

    private func checkDrained() {
        let transfers = state.value.inputs + state.value.outputs
        guard transfers.allSatisfy({ !$0.isInFlight }) else { return }
        guard let resumption = state.value.drained.take() else { return }
        let tally = state.value.tally
        state.value.inputs = []
        state.value.outputs = []
        resumption.resume(returning: tally)
    }
}
