import DriverFoundation
import DriverSimulation
import Foundation
import SampleHost
import Testing
import ToasterFamily
import VirtualUSB

@testable import toasterbus

/// The family of toasters: the whole program in virtual time, and the size of each of its parts.
@Suite struct ToasterFamilyTests {
    private func tell(seed: UInt64) throws -> [String] {
        let lines = Notes<String>()
        _ = try Simulation.run(seed: seed) { simulation in
            let loop = simulation.loop
            let narrator = Narrator(
                on: Terminal(isInteractive: false) { lines.add($0) }, now: { loop.now })
            try await ToasterFamilyStory(narrator: narrator, bus: VirtualBus(on: loop)).run()
        }
        return lines.all
    }

    @Test("B-1, B-11, FL-2, FL-4: the family's story ends well, whatever happens at once")
    func everySeed() throws {
        for seed in Simulation.sample(of: 0..<200) {
            let lines = try tell(seed: seed)
            for part in [
                "has toasted 2 slices in Toaster 1", "wants crispiness 5", "cannot eject it",
                "Toaster 2 is forgotten", "is told: The device was removed.",
                "ToasterBus is forgotten",
            ] {
                try #require(
                    lines.contains { $0.contains(part) }, "seed \(seed), \(part): \(lines)")
            }
        }
    }

    @Test("B-6: a bus of toasters that are screwed down gives and takes them as it is asked")
    func staticBus() throws {
        try Simulation.seeds(0..<8) { simulation in
            let plugAndPlay = PlugAndPlay(
                on: VirtualBus(on: simulation.loop), drivers: [SimpleToaster.self])
            try await plugAndPlay.start()
            await plugAndPlay.addRoot(StaticToasterBus.self)
            let bus = try await plugAndPlay.interfaces.open(.toasterBus)
            try await bus.control(BusControl.plugIn, [3])
            await simulation.clock.wait(for: .milliseconds(1))
            let toasters = plugAndPlay.interfaces.all(of: .busToaster).map(\.deviceName)
            guard toasters.sorted() == ["Toaster 1", "Toaster 2", "Toaster 3"] else {
                throw ProgramError("found \(toasters)")
            }
            let toaster = try await plugAndPlay.interfaces.open(.busToaster)
            guard try await toaster.write([1, 2]) == 2, try await toaster.read(upTo: 1) == [0xFF]
            else { throw ProgramError("it does not toast") }
            await toaster.close()
            for serial in UInt8(1)...3 { try await bus.control(BusControl.unplug, [serial]) }
            await simulation.clock.wait(for: .milliseconds(1))
            guard plugAndPlay.interfaces.all(of: .busToaster).isEmpty else {
                throw ProgramError("toasters are left")
            }
            await bus.close()
            await plugAndPlay.stop()
        }
    }

    @Test(
        "SEED-3: each part of the family is smaller than WDF's, blank lines and comments apart",
        arguments: [
            (["ToasterBus"], 756), (["StaticToasterBus"], 653), (["SimpleToaster"], 144),
            (["FeaturedToaster"], 968), (["GenericFilter"], 189), (["SidebandFilter"], 281),
            (["ToasterFamily"], 70), (["../Client/ToasterBusClient"], 2223),
        ])
    func length(files: [String], limit: Int) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Samples/ToasterBus/Drivers")
        let count = try files.map { file in
            try String(contentsOf: folder.appending(path: file + ".swift"), encoding: .utf8)
                .split(separator: "\n").filter { line in
                    let text = line.drop { $0 == " " }
                    return !text.isEmpty && !text.hasPrefix("//")
                }.count
        }.reduce(0, +)
        #expect(count > 0 && count < limit / 2, "\(files): \(count) lines")
    }
}
