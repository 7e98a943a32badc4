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
}
