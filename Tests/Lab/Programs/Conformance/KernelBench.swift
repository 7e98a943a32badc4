import BusConformance
import ConformanceDevice
import LibUSBBus
import USBBus
import USBIP
import VirtualUSB

/// The tier of a real kernel: the reference device goes through our USB/IP server, the kernel's
/// vhci and usbfs, and libusb.
final class KernelBench: ConformanceBench {
    let name = "lab"
    /// A plug takes the kernel half a second, and an emulated one several times that.
    let patience = Duration.seconds(30)
    let settling = Duration.milliseconds(50)

    private let server: USBIPServer
    private let exported: ExportedDevice

    init() async throws(BusError) {
        server = try await USBIPServer.start()
        exported = try await server.export("1-1") { ConformanceDevice(port: $0) }
        await exported.unplug()
    }

    func stop() async { await server.stop() }

    func makeBus() async throws(ConformanceFailure) -> any USBBus { LibUSBBus() }

    func plug() async throws(ConformanceFailure) {
        do throws(BusError) { try await exported.replug() } catch {
            throw ConformanceFailure("\(error)")
        }
        say("LAB-ROUND attach 1-1 \(server.port)")
    }

    func unplug(_ kind: ConformanceUnplug) async throws(ConformanceFailure) {
        await exported.unplug(pending: .endAfterDeparture)
    }

    func inability(_ need: ConformanceNeed) -> String? {
        switch need {
        case .unplug, .reset, .suspend: nil
        case .remoteWakeup: "USB/IP has no message for it"
        case .resetOnTheWire: "USB/IP does not carry a port's reset (usbip §1.12)"
        case .unplugEndingWithError, .unplugEndingAfterDeparture, .unplugVanishing:
            "the kernel decides how transfers end when their device leaves"
        }
    }
}
