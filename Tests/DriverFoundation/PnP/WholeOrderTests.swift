import Testing
import USBTypes
import VirtualUSB

@testable import DriverFoundation

/// Golden logs of a device that has all that the rows of §1.4 speak of: interrupts, children, a
/// request that the driver owns while the device leaves D0, and an object of its own.
@Suite struct WholeOrderTests {
    private static let up = """
        interrupt 1 enabled
        interrupt 2 enabled
        interrupts enabled
        postInterruptsEnabled
        a scan for children
        children scanned
        power-managed queues started
        """
    private static let interruptsOff = """
        preInterruptsDisabled
        interrupt 2 disabled
        interrupt 1 disabled
        interrupts disabled
        """

    private static let script = Script([
        .deviceAdd: { driver throws(DeviceError) in
            let device = driver.device
            _ = try device.object.child("an object") { device.tell("EvtCleanup") }
            for (number, endpoint) in [(1, 0x83), (2, 0x84)] as [(Int, EndpointAddress)] {
                try device.interruptSource(
                    "\(number)", on: [endpoint], for: driver,
                    enable: { $0.device.tell("interrupt \(number) enabled") },
                    disable: { $0.device.tell("interrupt \(number) disabled") },
                    isr: { _, _ -> InterruptAnswer<Int> in .handled }, dpc: { _, _ in })
            }
            _ = device.childList(
                of: Int.self, for: driver, scan: { $0.device.tell("a scan for children") },
                create: { _, _ throws(DeviceError) in throw DeviceError(.failed) })
            driver.queues = [
                device.queue(
                    .parallel(limit: 4), for: driver, write: { $0.keep($1) },
                    stop: { driver, _, reason in
                        driver.device.tell("IoStop(\(reason))")
                        if reason == .removal { driver.release() }
                        return reason == .removal ? .leave : .acknowledge
                    },
                    resume: { driver, _ in driver.device.tell("IoResume") })
            ]
        }
    ])

    @Test("PNP-1, PNP-2, PNP-5, PNP-6: a start, a sleep and its end, and an orderly removal, whole")
    func life() throws {
        try onBench(Self.script) { bench in
            _ = try await bench.bus.plug { TwoButtons(port: $0) }
            await bench.journal.wait(for: .started)
            let file = try await bench.interfaces.open(.gadget)
            let write = await bench.write([1], to: file)
            await bench.plugAndPlay.system(.falling)
            await bench.plugAndPlay.system(.awake)
            await bench.settle()
            try await bench.device.remove()
            try same(await write.value.code, nil, "the write, which the driver completed")
            try bench.journal.expectChronicle(
                """
                matched to ScriptedDriver
                deviceAdd
                hardware acquired
                prepareHardware
                enterD0
                \(Self.up)
                initializeSelfManagedIO
                interfaces enabled
                started
                (the system falls asleep)
                suspendSelfManagedIO
                IoStop(suspend)
                power-managed queues held
                \(Self.interruptsOff)
                exitD0
                (the system works again)
                enterD0
                \(Self.up)
                IoResume
                restartSelfManagedIO
                (a removal is asked for)
                queryRemove
                suspendSelfManagedIO
                IoStop(removal)
                power-managed queues held
                \(Self.interruptsOff)
                exitD0
                releaseHardware
                interfaces disabled
                power-managed queues purged
                flushSelfManagedIO
                hardware closed
                all queues purged
                cleanUpSelfManagedIO
                EvtCleanup
                disposed
                """)
        }
    }

    @Test("PNP-8: a surprise removal, whole")
    func departure() throws {
        try onBench(Self.script) { bench in
            let plug = try await bench.bus.plug { TwoButtons(port: $0) }
            await bench.journal.wait(for: .started)
            let file = try await bench.interfaces.open(.gadget)
            let write = await bench.write([1], to: file)
            await plug.unplug()
            try same(await write.value.code, nil, "the write, which the driver completed")
            await file.close()
            await bench.journal.wait(for: .disposed)
            let end = bench.journal.chronicle.drop { $0 != "surpriseRemoval" }
            try same(
                end.joined(separator: "\n"),
                """
                surpriseRemoval
                suspendSelfManagedIO
                IoStop(removal)
                power-managed queues held
                \(Self.interruptsOff)
                exitD0
                releaseHardware
                interfaces disabled
                power-managed queues purged
                flushSelfManagedIO
                hardware closed
                all queues purged
                cleanUpSelfManagedIO
                EvtCleanup
                disposed
                """, "the end")
        }
    }

    @Test("PNP-9, PNP-10: a stop and a start, whole: a request that is kept lives through both")
    func restart() throws {
        try onBench(Self.script) { bench in
            _ = try await bench.bus.plug { TwoButtons(port: $0) }
            await bench.journal.wait(for: .started)
            let file = try await bench.interfaces.open(.gadget)
            let write = await bench.write([1], to: file)
            let before = bench.journal.chronicle.count
            try await bench.device.restart()
            await bench.settle()
            try same(
                bench.journal.chronicle.dropFirst(before).joined(separator: "\n"),
                """
                suspendSelfManagedIO
                IoStop(suspend)
                power-managed queues held
                \(Self.interruptsOff)
                exitD0
                releaseHardware
                hardware closed
                hardware acquired
                prepareHardware
                enterD0
                \(Self.up)
                IoResume
                restartSelfManagedIO
                started
                """, "the restart")
            await (try bench.driver).release()
            try same(await write.value.code, nil, "the write")
        }
    }

    @Test(
        "PNP-11: a driver that throws from DeviceAdd: its objects are cleaned up, the device goes")
    func deviceAddFails() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in
                let device = driver.device
                _ = try device.object.child("an object") { device.tell("EvtCleanup") }
                throw DeviceError(.failed)
            }
        ])
        try onBench(script) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .disposed)
            try bench.journal.expectChronicle(
                """
                matched to ScriptedDriver
                deviceAdd …
                deviceAdd threw: failed
                start failed
                all queues purged
                EvtCleanup
                disposed
                """)
            await plug.unplug()
        }
    }
}
