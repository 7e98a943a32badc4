/// An open of a device by a client (F-1…F-3): what its requests belong to.
final class File: FilePort {
    private struct State {
        var isOpen = true
        var live = 0
        var requests: [RequestTicket] = []
        var isClosed = false
        var waiters: [Resumption<Void>] = []
    }

    private let device: Device
    private let state: LoopConfined<State>

    init(of device: Device) {
        self.device = device
        state = LoopConfined(on: device.loop, State())
    }

    func perform(_ request: ClientRequest) async -> ClientReply {
        let ticket = RequestTicket(on: device.loop)
        return await withTaskCancellationHandler {
            await Resumption.wait { reply in
                let isTaken = device.loop.onLoop { [self] in
                    begin(request, reply, ticket: ticket)
                }
                if !isTaken { reply.resume(returning: ClientReply(error: .removed)) }
            }
        } onCancel: {
            _ = device.loop.onLoop { ticket.cancel() }
        }
    }

    func close() async {
        await device.loop.wait(ifEnded: ()) { [self] done in close(done) }
    }

    func beginClose() {
        _ = device.loop.onLoop { [self] in close(nil) }
    }

    private func begin(
        _ request: ClientRequest, _ reply: Resumption<ClientReply>, ticket: RequestTicket
    ) {
        if ticket.isCancelled {
            device.loop.reach(.cancelBeforeArrival)
            return reply.resume(returning: ClientReply(error: .cancelled))
        }
        guard state.value.isOpen else {
            let error = DeviceError(.invalidRequest, "The file is closed.")
            return reply.resume(returning: ClientReply(error: error))
        }
        guard !device.isGone else { return reply.resume(returning: ClientReply(error: .removed)) }
        state.value.live += 1
        state.value.requests.append(ticket)
        device.submit(request, from: self, reply, ticket: ticket)
    }

    /// A request of this file was completed.
    func requestEnded(_ ticket: RequestTicket?) {
        state.value.live -= 1
        if let index = state.value.requests.firstIndex(where: { $0 === ticket }) {
            state.value.requests.swapAt(index, state.value.requests.count - 1)
            state.value.requests.removeLast()
        }
        closeIfIdle()
    }

    /// F-2: what waits in queues is cancelled; F-3: what the driver owns is awaited.
    private func close(_ done: Resumption<Void>?) {
        guard !state.value.isClosed else {
            done?.resume()
            return
        }
        if let done { state.value.waiters.append(done) }
        guard state.value.isOpen else { return }
        state.value.isOpen = false
        if !device.loop.isPlanted(.closeCancelsNothing) {
            for ticket in state.value.requests { ticket.fileClosed() }
        }
        if state.value.live > 0 { device.loop.reach(.closedWithOwned) }
        closeIfIdle()
    }

    private func closeIfIdle() {
        guard !state.value.isOpen, !state.value.isClosed, state.value.live == 0 else { return }
        state.value.isClosed = true
        let waiters = state.value.waiters
        state.value.waiters = []
        device.fileClosed(self)
        for waiter in waiters { waiter.resume() }
    }
}
