import Testing
import VirtualUSB

@testable import DriverFoundation

/// A removal that was granted and is then given up, with drivers that have the device open.
@Suite struct CancelledRemovalTests {
    @Test("PNP-6, T-6, DEV-21: a removal that was granted and does not take place is taken back")
    func related() throws {
        try onHolderBench(Below.script) { bench in
            _ = try await bench.below()
            let device = try bench.gadgetDevice
            let holder = try await bench.plugHolder()
            let target = await holder.makeTarget()
            try await target.open(bench.interface)
            // The device is asked first, and agrees, and so does who holds it.
            device.addRemovalRelation(with: holder.device)
            holder.device.preventRemoval()
            try same(await code { try await device.remove() }, .busy, "a removal")
            // Told before whoever asked.
            try same(
                await holder.notes, ["query, started", "canceled, closedForQueryRemove"], "notes")
            try same(target.state, .started, "the target")
            try same(device.state.value.pnp.state, .started, "the device")
            try same(device.idleReport.holders, [], "what the query held")
            holder.device.allowRemoval()
            try await device.remove()
            try check(bench.journal.has(.disposed), "not removed")
        }
    }

    @Test("PNP-6: a removal that is given up while it is asked leaves the device as it was")
    func givenUpEarly() throws {
        try onBench(Script([.queryRemove: { await $0.valve.pass() }])) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            device.post(PnPMachine.Event.queryRemove)
            await bench.journal.wait(for: .began(.queryRemove))
            device.post(PnPMachine.Event.cancelRemove)
            bench.valve.open()
            await bench.journal.wait(for: .returned(.queryRemove))
            await bench.settle()
            try same(device.state.value.pnp.state, .started, "state")
            try same(device.idleReport.holders, [], "what the query held")
            try bench.journal.expect(StartTests.pnp1 + "\nqueryRemove")
        }
    }
}
