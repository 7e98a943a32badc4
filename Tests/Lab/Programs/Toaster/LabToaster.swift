import DriverFoundation
import Glibc
import LibUSBBus
import ToasterDriver

/// The toaster driver on a real kernel, over rounds of plugging and pulling: `lab-toaster --rounds
/// N`.
///
/// Each round asks whoever runs it to attach the toaster (`LAB-ROUND attach`), works with it, asks
/// to have it pulled while transfers are in flight (`LAB-ROUND detach`), and checks what must then
/// have happened. The last line is `rounds N, lost 0, doubled 0, …`.
@main
struct LabToaster {
    static func main() async throws {
        let arguments = CommandLine.arguments
        let place = arguments.firstIndex(of: "--rounds").map { $0 + 1 }
        let rounds =
            place.flatMap { arguments.indices.contains($0) ? Int(arguments[$0]) : nil } ?? 20
        let ledger = Ledger()
        let bus = LibUSBBus()
        var options = PlugAndPlay.Options()
        options.accepts = { $0.descriptor.vendorID == 0x1209 && $0.descriptor.productID == 0x7057 }
        options.observer = { _, step in ledger.note(step) }
        let plugAndPlay = PlugAndPlay(on: bus, drivers: [Toaster.self], options: options)
        try await plugAndPlay.start()
        for round in 1...rounds {
            let watchdog = Task {
                guard await LoopClock(bus.loop).wait(for: .seconds(30)) else { return }
                say("round \(round): not over after 30 s; \(ledger.summary)")
                exit(1)
            }
            try await play(round, plugAndPlay, ledger)
            watchdog.cancel()
        }
        await plugAndPlay.stop()
        let lost = rounds - min(rounds, ledger.count(of: .disposed))
        let doubled = max(0, ledger.arrivals - rounds)
        say("rounds \(rounds), lost \(lost), doubled \(doubled), \(ledger.summary)")
        exit(lost == 0 && doubled == 0 && ledger.isBalanced ? 0 : 1)
    }

    static func play(_ round: Int, _ plugAndPlay: PlugAndPlay, _ ledger: Ledger) async throws {
        let clock = LoopClock(plugAndPlay.bus.loop)
        let asked = clock.now
        say("LAB-ROUND attach")
        let file = try await plugAndPlay.interfaces.open(.toaster)
        let opened = clock.now
        guard try await file.write([7]) == 1 else { throw LabFailure("the heat was not taken") }
        var levels: [UInt8] = []
        while levels.count < 3 { levels.append(contentsOf: try await file.read(upTo: 8).prefix(1)) }
        guard levels == levels.sorted() else { throw LabFailure("the levels fall: \(levels)") }
        async let end = outcome { try await file.control(ToasterControl.waitUntilBrown) }
        say("LAB-ROUND detach")
        let waiting = await end
        let after = await outcome { try await file.write([1]) }
        await file.close()
        await ledger.disposal()
        say(
            "round \(round): usable \(milliseconds(from: asked, to: opened)) ms after the request, "
                + "levels \(levels), the waiting client saw: \(waiting), a late write: \(after), "
                + "all over \(milliseconds(from: opened, to: clock.now)) ms later")
        guard waiting == DeviceError.Code.removed.description, after == waiting else {
            throw LabFailure("clients of a removed device must see that it was removed")
        }
    }

    static func outcome(
        _ operation: @Sendable () async throws -> some Sendable
    ) async -> String {
        do {
            _ = try await operation()
            return "success"
        } catch {
            return (error as? DeviceError)?.code.description ?? "\(error)"
        }
    }

    static func milliseconds(from start: Instant, to end: Instant) -> Int64 {
        start.duration(to: end).nanoseconds / 1_000_000
    }

    /// A line that whoever runs this sees at once.
    static func say(_ line: String) {
        print(line)
        fflush(nil)
    }
}

/// What must not happen.
struct LabFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
