import DriverFoundation
import DriverRuntime
import DriverSimulation
import VirtualUSB

/// A hand that plugs one device in and out.
actor StormHand {
    /// What its moves begin with.
    nonisolated let name: String
    private let run: StormRun
    private let scope: Scope
    private let bus: VirtualBus
    private let plugAndPlay: PlugAndPlay
    private var dice: Dice
    /// Whether its device is unplugged, or without a driver.
    private var isOut = false
    private var commands: [Task<Void, Never>] = []

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe scope.asUnownedSerialExecutor()
    }

    init(_ run: StormRun, _ bus: VirtualBus, _ plugAndPlay: PlugAndPlay, number: Int) {
        self.run = run
        self.bus = bus
        self.plugAndPlay = plugAndPlay
        name = "hand\(number)"
        scope = run.simulation.scope(named: "hand \(number)")
        dice = run.split()
    }

    private var clock: LoopClock { run.simulation.clock }

    nonisolated func start(isToaster: Bool) -> Task<Void, Never> {
        scope.task { [self] in await act(isToaster: isToaster) }
    }

    private func plug(isToaster: Bool) async -> PluggedDevice? {
        let drawn = dice.chance(60) ? dice.faults() : FaultPlan()
        let faults = run.makes("\(name).faults") ? drawn : FaultPlan()
        if faults.rules.contains(where: { $0.fault == .corrupt }) { run.isOrderChecked = false }
        if isToaster {
            return try? await bus.plug(faults: faults) { [run] port in
                let device = StormToaster(port: port)
                run.watch(device, "virtual toaster")
                run.watch(port, "its port")
                return device
            }
        }
        return try? await bus.plug(faults: faults) { [run] port in
            let device = StormDevice(port: port, run)
            run.watch(device, "virtual device")
            run.watch(port, "its port")
            return device
        }
    }

    private func act(isToaster: Bool) async {
        await clock.wait(for: dice.moment(upTo: 50))
        guard let plugged = await plug(isToaster: isToaster) else {
            return run.violate("a device could not be plugged in")
        }
        var number = 0
        defer { for command in commands { run.commands.append(command) } }
        while !run.isEnding {
            var dice = dice.split()
            await clock.wait(for: dice.chance(80) ? dice.moment(upTo: 300) : .zero)
            if run.isEnding { return }
            number += 1
            guard run.makes("\(name).\(number)") else { continue }
            // Mostly there is a device to work with.
            if isOut, dice.chance(60) {
                await replug(plugged)
                continue
            }
            switch dice.pick(0...8) {
            case 0, 1:
                let kind = dice.unplugKind()
                run.log("hand: unplug \(kind)")
                await plugged.unplug(pending: kind)
                isOut = true
            case 2: await replug(plugged)
            case 3, 4:
                await remove(&dice)
                isOut = true
            case 5, 6, 7, 8: await command(&dice)
            default: break
            }
        }
    }

    private func replug(_ plugged: PluggedDevice) async {
        run.log("hand: replug")
        isOut = false
        do { try await plugged.replug() } catch { run.violate("\(error)") }
    }

    /// Asks the framework for an orderly removal of some device.
    private func remove(_ dice: inout Dice) async {
        let devices = await plugAndPlay.devices()
        guard !devices.isEmpty else { return }
        let device = dice.pick(of: devices)
        run.log("hand: remove \(device.attached.id)")
        do throws(DeviceError) {
            try await device.remove()
            run.log("\(device.attached.id): removed")
        } catch { run.log("\(device.attached.id): not removed: \(error.code)") }
    }

    // MARK: Commands of whoever manages the machine

    /// Stops, starts or restarts some device, or says that it has failed, and does not wait for the
    /// end of that.
    private func command(_ dice: inout Dice) async {
        guard run.hasPower else { return }
        let devices = await plugAndPlay.devices()
        guard !devices.isEmpty else { return }
        let device = dice.pick(of: devices)
        let kind = dice.pick(0...6)
        let restarts = dice.chance(70)
        let moment = dice.moment(upTo: 60)
        run.log("hand: command \(kind)")
        commands.append(
            scope.task { [self] in
                switch kind {
                case 0, 1, 2: await stop(device, moment)
                case 3: try? await device.restart()
                case 4: device.setFailed(restarts: restarts)
                case 5: try? await device.suspendNow()
                default: try? await device.wakeNow()
                }
                run.log("hand: command \(kind) ended")
            })
    }

    /// PNP-9: what was stopped is started again.
    private func stop(_ device: Device, _ moment: Duration) async {
        do throws(DeviceError) { try await device.stop() } catch {
            return run.log("not stopped: \(error.code)")
        }
        await clock.wait(for: moment)
        try? await device.start()
    }
}
