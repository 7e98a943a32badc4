import DriverFoundation
import VirtualUSB

/// A device that echoes on its bulk pipes, counts on its interrupt pipe, and misbehaves as its dice
/// have it.
actor StormDevice: VirtualDevice {
    nonisolated let port: DevicePort
    private let run: StormRun
    private var dice: Dice
    private var count: UInt32 = 0
    private let stalls: Bool
    private let disconnects: Bool
    private let wakes: Bool

    init(port: DevicePort, _ run: StormRun) {
        self.port = port
        self.run = run
        var dice = run.split()
        stalls = dice.chance(40)
        disconnects = dice.chance(10)
        wakes = dice.chance(70)
        self.dice = dice
    }

    nonisolated var description: DeviceDescription {
        DeviceDescription(
            vendor: 0x1209, product: 0x5701, name: "Storm", supportsRemoteWakeup: wakes
        ) {
            Interface(.vendorSpecific) {
                Endpoint.interruptIn(0x83, maxPacketSize: 8, every: .milliseconds(1))
                Endpoint.interruptIn(0x85, maxPacketSize: 4, every: .milliseconds(1))
            }
            Interface(.vendorSpecific) {
                Endpoint.bulkOut(0x02)
                Endpoint.bulkIn(0x82)
                AlternateSetting {
                    Endpoint.bulkOut(0x02)
                    Endpoint.bulkIn(0x82)
                    Endpoint.bulkIn(0x84)
                }
            }
        }
    }

    func configured(_ value: UInt8) async {
        guard value != 0 else { return }
        port.task { [self] in await report() }
    }

    private func report() async {
        while !Task.isCancelled {
            guard await port.clock.wait(for: .milliseconds(dice.pick(1...60))) else { return }
            if run.isCalm { return }
            if wakes, run.hasPower, dice.chance(15), await port.signalResume() { run.log("wake") }
            count += 1
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * UInt32($0))) }
            await port.send(bytes, on: 0x83)
            if dice.chance(30) { port.task { [port] in await port.send([1], on: 0x85) } }
            if stalls, dice.chance(8) {
                port.stall(dice.pick(of: [EndpointAddress](arrayLiteral: 0x83, 0x82, 0x02)))
            }
            if disconnects, dice.chance(3) { port.disconnect(pending: dice.unplugKind()) }
        }
    }

    func received(_ bytes: RawSpan, on endpoint: EndpointAddress) async {
        if dice.chance(20) { await port.clock.wait(for: dice.moment(upTo: 30)) }
        guard dice.chance(50) else { return }
        let copy = bytes.copy()
        let isWhole = dice.chance(80)
        port.task { [self] in _ = await port.send(copy, on: 0x82, endsTransfer: isWhole) }
    }

    func transmit(upTo length: Int, on endpoint: EndpointAddress) async {
        guard endpoint == 0x82, dice.chance(60) else { return }
        await port.clock.wait(for: dice.moment(upTo: 30))
        await port.send([UInt8](repeating: 7, count: dice.pick(0...700)), on: endpoint)
    }

    func control(_ setup: SetupPacket, _ data: inout ControlData) async throws(Stall) {
        if dice.chance(20) { await port.clock.wait(for: dice.moment(upTo: 30)) }
        if dice.chance(20) { throw Stall() }
        if setup.direction == .in { data.append(contentsOf: [1, 2, 3]) }
    }
}

/// The sample's device.
actor StormToaster: VirtualDevice {
    nonisolated let port: DevicePort

    init(port: DevicePort) { self.port = port }

    nonisolated var description: DeviceDescription {
        DeviceDescription(vendor: 0x1209, product: 0x7057, name: "Toaster") {
            Interface(.vendorSpecific) {
                Endpoint.bulkOut(0x02)
                Endpoint.interruptIn(0x81, maxPacketSize: 8, every: .milliseconds(10))
            }
        }
    }

    func received(_ bytes: RawSpan, on endpoint: EndpointAddress) async {
        port.task { [self] in
            for level in stride(from: 0, through: 250, by: 50) {
                await port.send([UInt8(level)], on: 0x81)
                guard await port.clock.wait(for: .milliseconds(20)) else { return }
            }
        }
    }
}

extension Dice {
    mutating func unplugKind() -> UnplugKind { pick(of: UnplugKind.allCases) }

    /// A few rules for what goes wrong with a device.
    mutating func faults() -> FaultPlan {
        // One that fails until its reader gives up.
        if chance(10) { return FaultPlan([FaultRule(0x83, transfers: pick(1...9)...999, .stall)]) }
        return FaultPlan(
            (0..<pick(0...4)).map { _ in
                let first = pick(1...12)
                return FaultRule(
                    pick(of: [0x83, 0x82, 0x02, 0x81, .control]),
                    transfers: first...(first + pick(of: [0, 0, 1, 5, 40])),
                    fault())
            })
    }

    private mutating func fault() -> Fault {
        switch pick(0...8) {
        case 0, 1: .stall
        case 2: .delay(.milliseconds(pick(1...200)))
        case 3: .silence
        case 4, 5: .fail
        case 6: .short(pick(0...3))
        case 7: .corrupt
        default: .unplug(unplugKind())
        }
    }
}
