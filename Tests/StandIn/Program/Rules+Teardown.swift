import BusConformance
import CUsbfs
import DriverRuntime
import Glibc
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
            let before = Threads.ofBuses
            try run.expect(before.contains("usb loop"), "the bus has no thread: \(before)")
            await device.close()
            await run.stop()
            try run.expect(Threads.settle(), "threads are left: \(Threads.ofBuses)")
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

/// The threads that a bus may start: its own two, and libusb's for hotplug.
enum Threads {
    static var ofBuses: [String] {
        guard let directory = opendir("/proc/self/task") else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let task = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            let name = firstLine("/proc/self/task/\(task)/comm")
            if ["usb loop", "usb calls", "libusb_event"].contains(name) { names.append(name) }
        }
        return names
    }

    /// A detached thread's last instructions cannot be waited for.
    static func settle() -> Bool {
        for _ in 0..<400 where !ofBuses.isEmpty { usleep(5_000) }
        return ofBuses.isEmpty
    }

    private static func firstLine(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 64)
        guard fgets(&line, 64, file) != nil else { return "" }
        return String(decoding: line.prefix { $0 > 31 }.map { UInt8($0) }, as: UTF8.self)
    }
}
