import BusConformance
import BusThreads
import CUsbfs
import DriverRuntime
import USBBus
import USBTypes

extension Rule {
    /// Ends: of transfers, devices, the bus.
    static let teardown = [
        Rule("L7-close-after-1-to-64-in-flight") { run in
            try await run.start()
            let (node, first) = try await run.device()
            await first.close()
            for round in 0..<192 {
                let device = try await run.bus.open(first.id)
                try await device.claim(0, detaching: false)
                let count = round % 64 + 1
                let swarm = try await run.onLoop { [bus = run.bus] in
                    let swarm = try Swarm(
                        device, ReferenceDevice.silentIn, count: count, on: bus.loop)
                    try swarm.submit()
                    if round % 3 == 0 { swarm.cancel() }
                    return swarm
                }
                if round % 3 != 0 { try await run.onLoop { swarm.cancel() } }
                await swarm.drained(on: run.bus.loop)
                let ended = try await run.onLoop {
                    // Half of the rounds close with transfers left that were in flight once.
                    if round % 2 == 0 { swarm.release() }
                    return swarm.state.value.ended
                }
                try run.expect(ended == count, "\(ended) of \(count) transfers ended")
                await device.close()
                try await run.onLoop { swarm.release() }
                try run.expect(df_node_in_flight(node.descriptor) == 0, "transfers are left")
            }
        },
        Rule("L24-stop-leaves-no-thread") { run in
            try await run.start()
            let (_, device) = try await run.device()
            let before = BusThreads.present
            try run.expect(before.contains("usb loop"), "the bus has no thread: \(before)")
            await device.close()
            await run.stop()
            try run.expect(BusThreads.areGone(), "threads are left: \(BusThreads.present)")
        },
        Rule("L8-released-after-its-device") { run in
            try await run.start()
            let (_, device) = try await run.device()
            let swarm = try await run.onLoop { [bus = run.bus] in
                try Swarm(device, ReferenceDevice.source, count: 8, on: bus.loop)
            }
            try await run.onLoop { try swarm.submit() }
            await swarm.drained(on: run.bus.loop)
            await device.close()
            let refused = try await run.onLoop {
                do { try swarm.submit() } catch { return "\(error)" }
                return ""
            }
            try run.expect(refused.contains("closed"), "submit after close said: \(refused)")
            await run.stop()
            // The transfers outlive the bus: their memory is theirs.
            withExtendedLifetime(swarm) {}
        },
    ]
}
