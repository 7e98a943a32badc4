import DriverFoundation
import SampleHost
import ToasterClient
import ToasterDevice
import USBIP

/// The virtual toaster, exported over USB/IP for somebody else's driver; plugged and pulled by
/// lines of standard input.
struct ServedToaster: Sendable {
    let narrator: Narrator
    let address: ServeAddress

    private static let busID = "1-1"

    func run() async throws {
        var options = ServerOptions(port: address.port)
        options.address = address.host
        options.onEvent = { [narrator] in narrator.tell(.client, "\($0)") }
        let server = try await USBIPServer.start(options)
        let outcome: Result<Void, any Error>
        do {
            _ = try await Host.untilSignalled(narrator) { try await serve(server) }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await server.stop()
        try outcome.get()
    }

    private func serve(_ server: USBIPServer) async throws {
        let exported = try await server.export(Self.busID) { [self] port in
            let progress = Progress(narrator, of: .device)
            return ToasterDevice(port: port) { show($0, progress) }
        }
        let listening = ServeAddress(host: address.host, port: server.port)
        narrator.tell(.hand, "plugs a toaster in; listening on \(listening)", .bold)
        narrator.tell(.hand, "attach it: " + listening.attachCommand(busID: Self.busID))
        narrator.tell(.hand, "commands: plug, unplug, replug, quit; Ctrl-C ends as well")
        var isPlugged = true
        let isAtEnd = try await InputLines(on: server.loop).forEach { line in
            switch line.filter({ !$0.isWhitespace }) {
            case "plug" where isPlugged: narrator.tell(.hand, "finds it plugged in already")
            case "unplug" where !isPlugged: narrator.tell(.hand, "finds it pulled already")
            case "plug", "replug":
                narrator.tell(.hand, isPlugged ? "replugs it" : "plugs it in", .bold)
                try await exported.replug()
                isPlugged = true
            case "unplug":
                narrator.tell(.hand, "pulls it", .bold)
                await exported.unplug()
                isPlugged = false
            case "quit": return false
            case "": break
            default: narrator.tell(.hand, "knows plug, unplug, replug and quit, not: \(line)", .red)
            }
            return true
        }
        // Whoever closes the input does not mean the toaster.
        while isAtEnd, await LoopClock(server.loop).wait(for: .seconds(3600)) {}
    }

    private func show(_ change: ToasterDevice.Change, _ progress: Progress) {
        switch change {
        case .heat(let heat):
            progress.end()
            narrator.tell(.device, heat == 0 ? "is switched off" : "heats at \(heat)", .bold)
        case .brown(let level):
            progress.show(Double(level) / Double(ToasterClient.brown))
        }
    }
}
