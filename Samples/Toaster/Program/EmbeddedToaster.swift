import DriverFoundation
import SampleHost
import ToasterDevice
import ToasterDriver
import VirtualUSB

/// The toaster's life without hardware: a virtual one is plugged into a bus in this process,
/// toasts, is pulled in the middle of it, comes back, and is removed in an orderly way.
struct EmbeddedToaster: Sendable {
    let narrator: Narrator
    let bus: VirtualBus

    func run() async throws {
        let host = Host(on: bus, drivers: [Toaster.self], narrator: narrator)
        let toasting = Toasting(narrator)
        try await host.run { host in
            narrator.tell(.hand, "plugs a toaster in", .bold)
            let plugged = try await bus.plug { ToasterDevice(port: $0) }
            try await toasting.toast(in: host, heat: 128)
            try await host.wait(for: .milliseconds(500))
            try await pullThePlug(plugged, host, toasting)
            try await host.wait(for: .seconds(1))
            narrator.tell(.hand, "plugs it in again", .bold)
            try await plugged.replug()
            try await toasting.toast(in: host, heat: 255)
            try await host.wait(for: .milliseconds(500))
            narrator.tell(.hand, "asks for an orderly removal", .bold)
            for device in await host.plugAndPlay.devices() { try await device.remove() }
        }
        try toasting.summarise()
    }

    /// A surprise removal: what waits for the device ends at once, with a definite error.
    private func pullThePlug(
        _ plugged: PluggedDevice, _ host: Host, _ toasting: Toasting
    ) async throws {
        async let slice: Void = toasting.toast(in: host, heat: 128)
        try await host.wait(for: .milliseconds(1700))
        narrator.tell(.hand, "pulls the plug, in the middle of a slice", .bold)
        await plugged.unplug(pending: .endWithError)
        do {
            try await slice
        } catch let error as DeviceError {
            narrator.tell(.client, "waited for brown toast, and is told: \(error)", .yellow)
            guard error.code == .removed else { throw error }
            return
        }
        throw ProgramError("A slice was toasted without a toaster.")
    }
}
