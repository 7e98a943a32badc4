/// The order in which the drivers of a stack are called (FL-3).
extension Device {
    /// Calls the filters around `body`, which calls the function driver.
    ///
    /// On the way up the lower drivers go first, and the first failure ends it: what had entered D0
    /// leaves it again. On the way down all are called, the higher first, and the first failure is
    /// kept (CX-1's two kinds).
    func callStack(
        _ callback: DriverCallback, _ body: () async throws(DeviceError) -> Void
    ) async throws(DeviceError) {
        let levels = state.value.stack.levels
        switch callback {
        case .deviceAdd: try await body()
        case .prepareHardware, .enterD0: try await callUpwards(levels, callback, body)
        case .queryRemove:
            for level in levels.reversed() { try await level.call(callback, body) }
        case .exitD0, .releaseHardware, .surpriseRemoval:
            try await callDownwards(levels, callback, body)
        }
    }

    private func callUpwards(
        _ levels: [DeviceLevel], _ callback: DriverCallback,
        _ body: () async throws(DeviceError) -> Void
    ) async throws(DeviceError) {
        var called: [DeviceLevel] = []
        for level in levels {
            do throws(DeviceError) { try await level.call(callback, body) } catch {
                guard callback == .enterD0 else { throw error }
                for level in called.reversed() { await level.undoEnterD0() }
                throw error
            }
            called.append(level)
        }
    }

    private func callDownwards(
        _ levels: [DeviceLevel], _ callback: DriverCallback,
        _ body: () async throws(DeviceError) -> Void
    ) async throws(DeviceError) {
        var first: DeviceError?
        for level in levels.reversed() {
            do throws(DeviceError) { try await level.call(callback, body) } catch {
                first = first ?? error
            }
        }
        if let first { throw first }
    }
}

extension DeviceLevel {
    fileprivate func call(
        _ callback: DriverCallback, _ body: () async throws(DeviceError) -> Void
    ) async throws(DeviceError) {
        if position == .function { return try await body() }
        guard let filter else { return }
        switch callback {
        case .prepareHardware: try await filter.prepareHardware()
        case .enterD0: try await filter.enterD0(from: .d3Final)
        case .exitD0: try await filter.exitD0(to: .d3Final)
        case .releaseHardware: try await filter.releaseHardware()
        case .surpriseRemoval: await filter.surpriseRemoval()
        case .queryRemove: try await filter.queryRemove()
        case .deviceAdd: return
        }
    }

    /// A higher driver has not entered D0: this one leaves it.
    fileprivate func undoEnterD0() async {
        do throws(DeviceError) {
            if let filter {
                try await filter.exitD0(to: .d3Final)
            } else {
                try await device.state.value.driver?.exitD0(to: .d3Final)
            }
        } catch { device.report("exitD0 after a failed enterD0: \(error)") }
    }
}
