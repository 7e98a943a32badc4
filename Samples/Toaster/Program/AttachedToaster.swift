import DriverFoundation
import SampleHost
import ToasterDriver

/// A toaster that somebody else plugs and pulls: toasts whenever one is there, until a signal
/// comes.
struct AttachedToaster: Sendable {
    let narrator: Narrator
    let bus: any USBBus
    let options: PlugAndPlay.Options
    /// How long to wait for the first toaster.
    let patience: Duration

    func run() async throws {
        let host = Host(on: bus, drivers: [Toaster.self], narrator: narrator, options: options)
        let toasting = Toasting(narrator)
        _ = try await Host.untilSignalled(narrator) {
            try await host.run { host in
                narrator.tell(.client, "waits for a toaster; Ctrl-C ends")
                guard try await host.arrival(within: patience) else {
                    if let error = narrator.startError {
                        throw ProgramError("A toaster is there, but did not start: \(error)")
                    }
                    throw ProgramError(
                        """
                        No toaster (1209:7057) came within \(patience.components.seconds) s. Plug \
                        one in, or give --wait a longer time; lsusb lists what the system sees. A \
                        virtual one comes from `toaster --serve` and the usbip command it prints.
                        """)
                }
                while true { try await slice(host, toasting) }
            }
        }
        try toasting.summarise()
    }

    private func slice(_ host: Host, _ toasting: Toasting) async throws {
        do throws(DeviceError) {
            try await toasting.toast(in: host, heat: 255)
        } catch {
            guard error.code == .removed else { throw error }
            narrator.tell(.client, "waited for brown toast, and is told: \(error)", .yellow)
            return narrator.tell(.client, "waits for a toaster; Ctrl-C ends")
        }
        try await host.wait(for: .seconds(1))
    }
}
