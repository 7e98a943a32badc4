internal import Logging

/// The drivers of one device, and how they came to it.
struct StackState {
    var driver: (any FunctionDriver.Type)?
    var filters: [FilterPlacement]
    /// Lowest first.
    var levels: [DeviceLevel] = []
    /// What makes a device a control device (CD-1).
    var control: ControlState?
    /// Control devices that its drivers have made.
    var ownControls: [ControlDevice] = []

    init(_ node: DeviceNode) {
        driver = node.driver
        filters = node.filters
    }

    /// Where requests of programs come in.
    var top: DeviceLevel? { levels.last }
}

extension Device {
    /// The function driver's place in the stack.
    var functionLevel: DeviceLevel {
        let level = state.value.stack.levels.first { $0.position == .function }
        guard let level else {
            broken(
                "PNP-6: \(name) has come to its end: make queues in init", file: #fileID,
                line: #line)
        }
        return level
    }

    /// Makes the drivers of the stack, lowest first (FL-3). A filter that fails is not in it; a
    /// function driver that fails ends the device (DRV-2).
    func addDrivers() async throws(DeviceError) {
        let filters = state.value.stack.filters
        for filter in filters where filter.position == .lowerFilter { await add(filter) }
        guard let type = state.value.stack.driver else {
            throw DeviceError(.notFound, "\(name) has no driver.")
        }
        let level = DeviceLevel(.function, of: self, above: state.value.stack.top)
        state.value.stack.levels.append(level)
        state.value.driver = try await type.init(device: self)
        for filter in filters where filter.position == .upperFilter { await add(filter) }
    }

    private func add(_ filter: FilterPlacement) async {
        let level = DeviceLevel(filter.position, of: self, above: state.value.stack.top)
        do throws(DeviceError) {
            let driver = try await environment.verifier.pass(
                around: FailPoint.filter(.deviceAdd)
            ) { () throws(DeviceError) in try await filter.driver.init(level: level) }
            level.filter = driver
            state.value.stack.levels.append(level)
            add(
                FilterLayer(driver, at: filter.position),
                isOutermost: filter.position == .upperFilter)
        } catch {
            // DRV-2: silently; only what it may have made so far is let go of.
            _ = level.clear()
            state.value.fileAccess.removeHandlers(of: level)
            environment.logger.notice("\(name): filter \(filter.driver): \(error)")
        }
    }

    /// Lets go of all drivers, the highest first.
    func removeDrivers() {
        let levels = state.value.stack.levels
        state.value.stack.levels = []
        for level in levels.reversed() {
            _ = level.clear()
            if level.position == .function { _ = state.value.driver.take() }
        }
        _ = state.value.driver.take()
    }

    /// The next lower driver of the stack: what the function driver sends requests to (T-1, FL-2).
    public var lowerTarget: IOTarget { functionLevel.lowerTarget }

    /// What a lower filter or the bus driver offers under this protocol, the nearest first (B-11).
    public func lookUp<Interface>(_ type: Interface.Type) -> Interface? {
        functionLevel.lookUp(type)
    }

    /// Offers `value` to upper filters, under a protocol that both know (B-11).
    public func offer<Interface: Sendable>(
        _ value: Interface, as type: Interface.Type = Interface.self
    ) {
        functionLevel.offer(value, as: type)
    }
}
