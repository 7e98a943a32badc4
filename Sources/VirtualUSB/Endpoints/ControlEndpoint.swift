internal import DriverRuntime
internal import USBBus
internal import USBTypes

/// The default control endpoint: one request after the other, standard ones answered by the
/// framework, all of them in the device's scope.
@safe final class ControlEndpoint: EndpointCore {
    /// What the worker does next.
    enum Step {
        case request(SetupPacket)
        case reset
    }

    private var current: HostTransfer?
    private var isBusy = false
    private var needsReset = false
    private var isStarted = false

    init(of core: PortCore) { super.init(.control, of: core) }

    override func serve() {
        guard !isBusy, needsReset || !pending.isEmpty else { return }
        if !isStarted {
            isStarted = true
            core.startWorker(of: self)
        }
        wake()
    }

    override func withdraw(_ transfer: HostTransfer) -> Bool {
        if current === transfer { current = nil }
        return super.withdraw(transfer)
    }

    override func endAll(_ status: TransferStatus) {
        current = nil
        super.endAll(status)
    }

    /// Ends the requests that nobody could cancel.
    func endOwn(_ status: TransferStatus) {
        for _ in 0..<pending.count {
            guard let transfer = pending.removeFirst() else { return }
            if transfer is ControlExchange {
                core.commit(transfer, status, length: 0)
            } else {
                pending.append(transfer)
            }
        }
    }

    /// The bus was reset: requests end, and the device is told before it sees another one.
    func reset() {
        endAll(.failed)
        needsReset = true
        serve()
    }

    // MARK: For the worker

    /// Waits for something to do; `nil` when the device is gone.
    func next(_ data: inout ControlData) async -> Step? {
        isBusy = false
        while true {
            if core.isGone { return nil }
            if needsReset {
                needsReset = false
                isBusy = true
                return .reset
            }
            while let transfer = pending.first {
                if core.admit(transfer, at: self) { return .request(begin(transfer, &data)) }
                // A fault has ended it, or holds it.
                if pending.first === transfer { break }
            }
            await pause()
        }
    }

    private func begin(_ transfer: HostTransfer, _ data: inout ControlData) -> SetupPacket {
        isBusy = true
        current = transfer
        let length = transfer.usableLength
        data.begin(length: length)
        if transfer.setup.direction == .out {
            unsafe data.bytes.append(contentsOf: transfer.memory[..<length])
        }
        return transfer.setup
    }

    /// The request is answered, or refused with `nil`; nobody may be there to hear it any more.
    func answer(_ data: ControlData?) {
        guard let transfer = current.take() else { return }
        guard let data else { return end(transfer, .stalled, length: 0) }
        var count = transfer.usableLength
        if transfer.setup.direction == .in {
            count = core.shortened(min(count, data.bytes.count), of: transfer)
            unsafe data.bytes.withUnsafeBytes {
                unsafe transfer.memory.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: $0[..<count]))
            }
            unsafe core.corrupt(transfer.memory, count: count, by: transfer)
        }
        end(transfer, .completed, length: count)
    }
}

extension VirtualDevice {
    /// Answers the requests to endpoint 0.
    func serveControl() async {
        let core = port.core.value
        var data = ControlData()
        while let step = await core.control.next(&data) {
            switch step {
            case .reset:
                await reset()
            case .request(let setup):
                do throws(Stall) {
                    try await answer(setup, &data, core)
                    core.control.answer(data)
                } catch {
                    core.control.answer(nil)
                }
            }
        }
    }

    private func answer(
        _ setup: SetupPacket, _ data: inout ControlData, _ core: PortCore
    ) async throws(Stall) {
        guard setup.kind == .standard else { return try await control(setup, &data) }
        if try await standardRequest(setup, &data) { return }
        switch try core.answerStandard(setup, &data) {
        case .nothing: break
        case .configured(let value): await configured(value)
        case .selected(let interface, let setting): await interfaceSelected(interface, setting)
        }
    }
}
