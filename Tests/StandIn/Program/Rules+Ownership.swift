import BusConformance
import CUsbfs
import DriverRuntime
import LibUSBBus
import USBBus
import USBTypes

extension Rule {
    /// Interfaces, kernel drivers, the reset.
    static let ownership = [
        Rule("L21-kernel-driver-comes-back") { run in
            try await run.start()
            let node = try await run.bench.plugNode()
            let attached = try await run.nextArrival()
            for ending in 0..<3 {
                df_node_set_driver(node.descriptor, 0, true)
                let device = try await run.bus.open(attached.id)
                let driver = await device.kernelDriver(of: 0)
                try run.expect(driver != nil, "no kernel driver was seen")
                do throws(BusError) {
                    try await device.claim(0, detaching: false)
                    throw BusError(.failed, "claimed although a kernel driver has it")
                } catch {
                    try run.expect(error.code == .busy, "\(error)")
                }
                try await device.claim(0, detaching: true)
                try run.expect(!df_node_has_driver(node.descriptor, 0), "not detached")
                switch ending {
                case 0: await device.release(0)
                case 1: break
                default: LibUSBBus.releaseAll()
                }
                if ending != 1 {
                    try run.expect(df_node_has_driver(node.descriptor, 0), "not given back")
                }
                await device.close()
                try run.expect(df_node_has_driver(node.descriptor, 0), "not given back by close")
                try run.expect(!df_node_is_claimed(node.descriptor, 0), "still claimed")
            }
        },
        Rule("L22-reset-keeps-settings") { run in
            try await run.start()
            let (_, device) = try await run.device()
            let outcome = try await device.reset()
            try run.expect(outcome == .kept, "the reset was \(outcome)")
            try await run.stream(device, transfers: 4, resubmits: 16)
            await device.close()
        },
        Rule("L13-every-stay-has-its-identity") { run in
            try await run.start()
            var seen: Set<AttachmentID> = []
            for _ in 0..<40 {
                let node = try await run.bench.plugNode()
                let attached = try await run.nextArrival()
                try run.expect(seen.insert(attached.id).inserted, "\(attached.id) came twice")
                await node.unplug(.endWithError)
                let departed = try await run.nextDeparture()
                try run.expect(departed == attached.id, "\(departed) left")
            }
        },
        Rule("L11-gone-endpoint-is-no-departure") { run in
            try await run.start()
            let (node, device) = try await run.device()
            let swarm = try await run.onLoop { [bus = run.bus] in
                let swarm = try Swarm(device, ReferenceDevice.silentIn, count: 2, on: bus.loop)
                try swarm.submit()
                return swarm
            }
            // What the kernel does to the transfers of an interface that it shuts.
            df_node_complete(node.descriptor, node.lastSerial, -108, 0)
            df_node_complete(node.descriptor, node.lastSerial - 1, -108, 0)
            await swarm.drained(on: run.bus.loop)
            let statuses = try await run.onLoop {
                swarm.release()
                return swarm.state.value.statuses
            }
            try run.expect(statuses == [.deviceGone: 2], "\(statuses)")
            try await run.stream(device, transfers: 4, resubmits: 16)
            await device.close()
        },
    ]
}
