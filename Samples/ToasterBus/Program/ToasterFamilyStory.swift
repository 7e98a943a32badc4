import DriverFoundation
import SampleHost
import ToasterBusClient
import ToasterFamily
import VirtualUSB

/// The life of a bus of toasters without any hardware: toasters are there, come, are ejected and
/// are pulled, under two filters, while programs toast.
struct ToasterFamilyStory: Sendable {
    let narrator: Narrator
    let bus: VirtualBus

    func run() async throws {
        let host = Host(
            on: bus, drivers: [FeaturedToaster.self],
            filters: [.lower(GenericFilter.self), .upper(SidebandFilter.self)], narrator: narrator)
        try await host.run { host in
            let interfaces = host.plugAndPlay.interfaces
            let watch = Scope(on: bus.loop, name: "watch").task {
                await watchToasters(in: interfaces) { narrator.tell(.client, "hears: \($0)") }
            }
            defer { watch.cancel() }
            narrator.tell(.hand, "loads the bus", .bold)
            await host.plugAndPlay.addRoot(ToasterBus.self)
            let family = try await ToasterBusClient(interfaces)
            try await toast(in: interfaces)
            try await eject(from: family, interfaces)
            try await pull(from: family, interfaces, host)
            await family.close()
        }
        guard narrator.counts.imbalances.isEmpty else {
            throw ProgramError("The drivers' callbacks do not balance.")
        }
        narrator.terminal.line(narrator.counts.summary)
    }

    /// What a program does on a good day.
    private func toast(in interfaces: DeviceInterfaces) async throws(DeviceError) {
        let toaster = try await BusToasterClient.open("Toaster 1", in: interfaces)
        let count = try await toaster.toast(2)
        narrator.tell(.client, "has toasted \(count) slices in \(toaster.name)", .green)
        let crispiness = try await toaster.crispiness()
        narrator.tell(.client, "learns that the bus wants crispiness \(crispiness)")
        let sideband = try await SidebandClient(interfaces)
        let requests = try await sideband.requests()
        let toasters = try await sideband.toasters()
        narrator.tell(
            .client, "hears from the sideband of \(requests) requests, \(toasters) toaster")
        await sideband.close()
        await toaster.close()
    }

    /// Ejecting asks first, and is refused while the toaster is open twice.
    private func eject(
        from family: ToasterBusClient, _ interfaces: DeviceInterfaces
    ) async throws(DeviceError) {
        narrator.tell(.hand, "plugs in toaster 2", .bold)
        try await family.plugIn(2)
        let first = try await BusToasterClient.open("Toaster 2", in: interfaces)
        let second = try await BusToasterClient.open("Toaster 2", in: interfaces)
        do throws(DeviceError) { try await family.eject(2) } catch {
            narrator.tell(.client, "cannot eject it: \(error)", .yellow)
        }
        await first.close()
        await second.close()
        narrator.tell(.hand, "ejects toaster 2", .bold)
        try await family.eject(2)
    }

    /// Pulling does not ask: whoever toasts is told.
    private func pull(
        from family: ToasterBusClient, _ interfaces: DeviceInterfaces, _ host: Host
    ) async throws {
        let toaster = try await BusToasterClient.open("Toaster 1", in: interfaces)
        async let toast = toaster.toast(20)
        try await host.wait(for: .milliseconds(700))
        narrator.tell(.hand, "pulls toaster 1, in the middle of a slice", .bold)
        try await family.unplug(1)
        do {
            _ = try await toast
            throw ProgramError("Slices were toasted without a toaster.")
        } catch let error as DeviceError {
            narrator.tell(.client, "waited for toast, and is told: \(error)", .yellow)
        }
        await toaster.close()
    }
}
