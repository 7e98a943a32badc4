import BusConformance
import CUsbfs
import DriverRuntime
import Glibc
import LibUSBBus
import USBBus
import USBTypes

extension Rule {
    /// What a transfer costs, and what idleness does.
    static let economy = [
        Rule("L17-no-timer-is-ever-set") { run in
            try await run.start()
            let (_, device) = try await run.device()
            let before = df_count()
            try await run.stream(device, transfers: 16, resubmits: 2_000)
            let timers = df_count().timers - before.timers
            try run.expect(timers == 0, "\(timers) timers were set")
            await device.close()
        },
        Rule("L2-no-synchronous-function-is-linked") { run in
            let names = try linkedFunctions()
            try run.expect(names.contains("libusb_submit_transfer"), "nm shows \(names)")
            let banned = [
                "libusb_control_transfer", "libusb_bulk_transfer", "libusb_interrupt_transfer",
                "libusb_get_string_descriptor_ascii", "libusb_get_bos_descriptor",
                "libusb_handle_events", "libusb_handle_events_completed",
                "libusb_wait_for_event", "libusb_open_device_with_vid_pid",
            ]
            let found = banned.filter(names.contains)
            try run.expect(found.isEmpty, "linked: \(found)")
        },
        Rule("idle-loop-does-not-wake") { run in
            try await run.start()
            let (_, device) = try await run.device()
            let swarm = try await run.onLoop { [bus = run.bus] in
                let swarm = try Swarm(device, ReferenceDevice.silentIn, count: 4, on: bus.loop)
                try swarm.submit()
                return swarm
            }
            let before = try await run.onLoop { [bus = run.bus] in bus.loop.turns }
            let reaps = df_count().empty_reaps
            await LoopClock(run.bench.deviceLoop).wait(for: .milliseconds(500))
            let (after, later) = (df_count().empty_reaps, try await run.turns())
            // The question itself is the one turn.
            try run.expect(later - before <= 2, "\(later - before) turns in half a second")
            try run.expect(after == reaps, "\(after - reaps) reaps in half a second")
            try await run.onLoop { swarm.cancel() }
            await swarm.drained(on: run.bus.loop)
            await device.close()
            try await run.onLoop { swarm.release() }
        },
        Rule("L29-signals-do-not-disturb") { run in
            signal(SIGUSR1) { _ in }
            try await run.start()
            let (_, device) = try await run.device()
            let thread = try await run.onLoop { pthread_self() }
            let swarm = try await run.onLoop { [bus = run.bus] in
                let swarm = try Swarm(device, ReferenceDevice.source, count: 4, on: bus.loop)
                try swarm.submit(resubmits: 4_000)
                return swarm
            }
            for _ in 0..<1_000 {
                pthread_kill(thread, SIGUSR1)
                await run.moment(1)
            }
            await swarm.drained(on: run.bus.loop)
            try run.expect(run.bus.eventErrors == 0, "\(run.bus.eventErrors) errors")
            let ended = try await run.onLoop { swarm.state.value.ended }
            try run.expect(ended == 4_004, "\(ended) of 4004 transfers ended")
            await device.close()
            try await run.onLoop { swarm.release() }
        },
    ]

    /// libusb's functions that this program is linked with.
    private static func linkedFunctions() throws -> [String] {
        guard let pipe = popen("nm -D --undefined-only /proc/\(getpid())/exe", "r") else {
            throw ConformanceFailure("nm cannot be run")
        }
        defer { pclose(pipe) }
        var names: [String] = []
        var line = [CChar](repeating: 0, count: 4096)
        while fgets(&line, 4096, pipe) != nil {
            let text = String(decoding: line.prefix { $0 > 31 }.map { UInt8($0) }, as: UTF8.self)
            guard let name = text.split(separator: " ").last, name.hasPrefix("libusb_") else {
                continue
            }
            names.append(String(name))
        }
        return names
    }
}

extension RuleRun {
    /// Reads an endless source.
    func stream(_ device: any BusDevice, transfers: Int, resubmits: Int) async throws {
        let swarm = try await onLoop { [bus] in
            let swarm = try Swarm(device, ReferenceDevice.source, count: transfers, on: bus.loop)
            try swarm.submit(resubmits: resubmits)
            return swarm
        }
        await swarm.drained(on: bus.loop)
        let ended = try await onLoop {
            swarm.release()
            return swarm.state.value.ended
        }
        try expect(ended == transfers + resubmits, "\(ended) transfers ended")
    }

    func turns() async throws -> UInt64 { try await onLoop { [bus] in bus.loop.turns } }
}
