/// A client's hold on its request: enough to cancel it, whoever has it by then.
final class RequestTicket: Sendable {
    private struct State {
        var core: RequestCore?
        var isCancelled = false
    }
    private let loop: EventLoop
    private let state: LoopConfined<State>

    init(on loop: EventLoop) {
        self.loop = loop
        state = LoopConfined(on: loop, State())
    }

    func bind(to core: RequestCore) { state.value.core = core }
    func unbind() { state.value.core = nil }
    var isCancelled: Bool { state.value.isCancelled }

    func cancel() {
        state.value.isCancelled = true
        state.value.core?.cancel(.given)
    }

    /// The request may end as the driver likes, but no queue takes it in again (F-2).
    func expire() { state.value.isCancelled = true }
}
