import BusConformance
import DriverRuntime
import USBBus
import USBTypes

/// Transfers of one endpoint, each counted: submitted, and ended by its handler.
final class Swarm: Sendable {
    struct State {
        var transfers: [BusTransfer] = []
        var submitted = 0
        var ended = 0
        var statuses: [TransferStatus: Int] = [:]
        var lengths: [Int] = []
        var resubmits = 0
        var drained: Resumption<Void>?
    }

    let state: LoopConfined<State>
    private let length: Int

    /// On the loop.
    init(
        _ device: any BusDevice, _ endpoint: EndpointAddress, count: Int, length: Int = 512,
        on loop: EventLoop
    ) throws {
        self.length = length
        state = LoopConfined(on: loop, State())
        for _ in 0..<count {
            let transfer = try device.makeTransfer(
                .bulk, on: endpoint, maxPacketSize: ReferenceDevice.bulkPacket, capacity: length)
            transfer.handler = { [unowned self, unowned transfer] completion in
                ended(transfer, completion)
            }
            state.value.transfers.append(transfer)
        }
    }

    /// On the loop, as all of it. Each transfer is submitted again `resubmits` times altogether.
    func submit(resubmits: Int = 0) throws {
        state.value.resubmits = resubmits
        for transfer in state.value.transfers { try submit(transfer) }
    }

    private func submit(_ transfer: BusTransfer) throws {
        try transfer.submit(length: length)
        state.value.submitted += 1
    }

    func cancel() { for transfer in state.value.transfers { transfer.cancel() } }

    private func ended(_ transfer: BusTransfer, _ completion: borrowing TransferCompletion) {
        state.value.ended += 1
        state.value.statuses[completion.status, default: 0] += 1
        state.value.lengths.append(completion.length)
        if completion.status == .completed, state.value.resubmits > 0 {
            state.value.resubmits -= 1
            try? submit(transfer)
        }
        guard state.value.transfers.allSatisfy({ !$0.isInFlight }) else { return }
        state.value.drained.take()?.resume()
    }

    /// Ends when nothing is in flight.
    func drained(on loop: EventLoop) async {
        await Resumption.wait { resumption in
            loop.execute { [self] in
                if state.value.transfers.allSatisfy({ !$0.isInFlight }) {
                    resumption.resume()
                } else {
                    state.value.drained = resumption
                }
            }
        }
    }

    func release() { state.value.transfers = [] }
}
