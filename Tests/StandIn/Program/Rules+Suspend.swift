import BusConformance
import BusThreads
import CUsbfs
import LibUSBBus
import USBBus
import USBTypes

extension Rule {
    /// Selective suspend: what is changed for it, and put back.
    static let suspend = [
        Rule("U-17-suspended-when-allowed") { run in
            let (_, port) = try await run.sleeper()
            let power = run.bench.power
            try run.expect(power["control"] == "auto", "the kernel may not suspend it")
            try run.expect(power["runtime_status"] == "active", "it sleeps too early")
            try await port.allowSuspend {}
            try run.expect(power["runtime_status"] == "suspended", "it does not sleep")
            try await port.forbidSuspend()
            try run.expect(power["runtime_status"] == "active", "it sleeps on")
            try await run.stream(port, transfers: 4, resubmits: 16)
            await port.close()
        },
        Rule("U-17-io-in-its-sleep-fails") { run in
            let (_, port) = try await run.sleeper()
            try await port.allowSuspend {}
            let swarm = try await run.onLoop { [bus = run.bus] in
                try Swarm(port, ReferenceDevice.source, count: 1, on: bus.loop)
            }
            let failure = try await run.onLoop {
                do { try swarm.submit() } catch { return "\(error)" }
                return ""
            }
            try run.expect(!failure.isEmpty, "a transfer began in the device's sleep")
            try await port.forbidSuspend()
            try await run.onLoop { swarm.release() }
            try await run.stream(port, transfers: 4, resubmits: 16)
            await port.close()
        },
        Rule("U-17-left-as-found") { run in
            try await run.start()
            for isSignal in [false, true] {
                let (node, port) = try await run.plugSleeper()
                let power = run.bench.power
                try await port.allowSuspend {}
                if isSignal { LibUSBBus.releaseAll() } else { await port.close() }
                try run.expect(power["control"] == "on", "control is \(power["control"])")
                try run.expect(
                    power["autosuspend_delay_ms"] == "2000",
                    "the delay is \(power["autosuspend_delay_ms"])")
                try run.expect(power["runtime_status"] == "active", "it sleeps on")
                await port.close()
                await node.unplug(.endWithError)
                _ = try await run.nextDeparture()
            }
        },
        Rule("U-17-closed-in-its-sleep") { run in
            let (_, port) = try await run.sleeper(wakes: true)
            try await port.allowSuspend {}
            await port.close()
            await run.stop()
            try run.expect(BusThreads.areGone(), "threads are left: \(BusThreads.present)")
        },
        Rule("U-17-closed-awake") { run in
            // Allowed, but kept awake: the kernel's wait for its end would have none.
            let (_, port) = try await run.sleeper(wakes: true)
            run.bench.power["control"] = "on"
            try await port.allowSuspend {}
            await port.close()
            await run.stop()
            try run.expect(BusThreads.areGone(), "threads are left: \(BusThreads.present)")
        },
        Rule("U-17-refused-by-the-kernel") { run in
            try await run.start()
            let (node, device) = try await run.device()
            df_node_forbid_sleep(node.descriptor)
            try await run.expectRefusal(device, "Linux 5.4")
            await device.close()
        },
        Rule("U-17-refused-by-the-administrator") { run in
            try await run.start()
            let (_, device) = try await run.device()
            run.bench.power["autosuspend_delay_ms"] = "-1000"
            try await run.expectRefusal(device, "usbcore.autosuspend")
            try run.expect(run.bench.power["control"] == "on", "changed all the same")
            await device.close()
        },
    ]
}

extension RuleRun {
    /// An open device that was prepared to sleep.
    fileprivate func sleeper(
        wakes: Bool = false
    ) async throws -> (NodeDevice, any SuspendableDevice) {
        try await start()
        return try await plugSleeper(wakes: wakes)
    }

    /// The same, on a bus that was started.
    fileprivate func plugSleeper(
        wakes: Bool = false
    ) async throws -> (NodeDevice, any SuspendableDevice) {
        let (node, device) = try await device()
        guard let port = device as? any SuspendableDevice else {
            throw ConformanceFailure("the bus does not suspend")
        }
        try await port.prepareToSuspend(wakes: wakes)
        return (node, port)
    }

    fileprivate func expectRefusal(_ device: any BusDevice, _ remedy: String) async throws {
        do throws(BusError) {
            try await (device as? any SuspendableDevice)?.prepareToSuspend(wakes: false)
        } catch {
            try expect(error.code == .unsupported, "\(error.code)")
            return try expect(error.message.contains(remedy), "it says only: \(error)")
        }
        throw ConformanceFailure("it was not refused")
    }
}
