import Testing
import VirtualUSB

@testable import DriverFoundation

/// Whoever waits for D0 of a device that will not be there is told.
@Suite struct WaitingForD0Tests {
    @Test(
        "WAKE-3, PNP-8, PNP-11: who waits for D0 of a device that never starts is told",
        arguments: [false, true])
    func neverStarted(fails: Bool) throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in
                let device = driver.device
                device.task {
                    let code = await code { try await device.d0Once() }
                    device.tell("waited: \(code.map { "\($0)" } ?? "in D0")")
                }
                await driver.valve.pass()
                if fails { throw DeviceError(.failed) }
            }
        ])
        try onBench(script) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .began(.deviceAdd))
            await bench.settle()
            try same(bench.journal.told, [], "told too early")
            if !fails { await plug.unplug() }
            bench.valve.open()
            await bench.journal.wait(for: .disposed)
            try same(bench.journal.told, ["waited: \(DeviceError.Code.removed)"], "told")
            if fails { await plug.unplug() }
        }
    }
}

extension Device {
    fileprivate func d0Once() async throws(DeviceError) {
        let reference = stopIdling(for: "an early bird")
        defer { reference.end() }
        try await d0()
    }
}
