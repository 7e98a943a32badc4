import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// A wake source on a device that sleeps: I-4.
@Suite struct WakeSourceTests {
    @Test("I-4: a wake message brings a sleeping device back to D0; the ISR gets it after D0Entry")
    func wakes() throws {
        let steps = Script([
            .enterD0: { driver in
                driver.notes.append("D0 \(driver.received.count)")
            }
        ]).steps
        let add: Script.Step = { driver throws(DeviceError) in
            var settings = IdleSettings()
            settings.isEnabled = true
            settings.timeout = .seconds(2)
            settings.wakes = true
            try driver.device.setIdle(settings, by: .driver)
            let source = try driver.device.interruptSource(
                on: [0x83], for: driver,
                isr: { _, bytes in .queueDPC(bytes.byte(at: 0) ?? 0) },
                dpc: { driver, values in driver.received.append(values) })
            driver.device.object.addContext { _ in source }
        }
        try onBench(seeds: 0..<24, Script(steps.merging([.deviceAdd: add]) { $1 })) { bench in
            _ = try await bench.open()
            let device = try bench.device
            let driver = try bench.driver
            await bench.clock.wait(for: .seconds(10))
            try check(device.state.value.power.state != .d0, "it does not sleep")
            guard let source = device.object.context(of: InterruptSource<UInt8>.self) else {
                throw Surprise("no source")
            }
            source.signalWake([9])
            await bench.clock.wait(for: .milliseconds(500))
            try check(device.state.value.power.state == .d0, "it sleeps on")
            try same(await driver.received, [[9]], "the DPC's")
            try same(await driver.notes.last { $0.hasPrefix("D0") }, "D0 0", "after D0Entry")
        }
    }
}
