import Foundation
import TestDevices
import Testing
import USBTypes

@testable import USBIP

/// What Linux's own client makes of the server. The tests fail where it is not installed.
@Suite struct RefereeTests {
    private static let client = ["/usr/sbin/usbip", "/usr/bin/usbip", "/sbin/usbip"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    private func usbip(_ arguments: String..., port: UInt16) async throws -> String {
        let client = try #require(
            Self.client,
            "usbip is not installed: install Debian's package `usbip`, or Ubuntu's `linux-tools`")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: client)
        process.arguments = ["--tcp-port", String(port)] + arguments
        let output = Pipe()
        // A child of another test would keep it open, and it is read to its end.
        for end in [output.fileHandleForReading, output.fileHandleForWriting] {
            _ = fcntl(end.fileDescriptor, F_SETFD, FD_CLOEXEC)
        }
        process.standardOutput = output
        process.standardError = output
        return try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { _ in
                let data = output.fileHandleForReading.readDataToEndOfFile()
                continuation.resume(returning: String(decoding: data, as: UTF8.self))
            }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
    }

    @Test("usbip §6.3: `usbip list` shows the exported devices, and not those in use")
    func list() async throws {
        let fixture = try await ServerFixture()
        _ = try await fixture.server.export("bus:2.port-7") { EchoDevice(port: $0) }
        let shown = try await usbip("list", "-r", "127.0.0.1", port: fixture.server.port)
        #expect(shown.contains("1-1:") && shown.contains("bus:2.port-7:"), "\(shown)")
        #expect(shown.contains("(1209:0001)") && shown.contains("(ff/00/00)"), "\(shown)")
        #expect(await fixture.log.end(of: 1) == .listed)

        let (client, _) = try fixture.attach()
        let rest = try await usbip("list", "-r", "127.0.0.1", port: fixture.server.port)
        #expect(!rest.contains("1-1:") && rest.contains("bus:2.port-7:"), "\(rest)")
        client.finish()
        await fixture.server.stop()
    }

    @Test("usbip §1.13: `usbip attach` accepts the import; without vhci it fails behind it")
    func attach() async throws {
        let fixture = try await ServerFixture()
        let shown = try await usbip(
            "attach", "-r", "127.0.0.1", "-b", "1-1", port: fixture.server.port)
        await fixture.log.wait { $0 == .imported(client: 1, fixture.device.busID) }
        #expect(!shown.contains("Attach Request for"), "\(shown)")
        // It lets go where there is no vhci, and where there is one when the test ends.
        await fixture.server.stop()
    }

    @Test("usbip §1.4: `usbip attach` understands each refusal by its number")
    func refusals() async throws {
        let fixture = try await ServerFixture()
        let port = fixture.server.port
        let unknown = try await usbip("attach", "-r", "127.0.0.1", "-b", "9-9", port: port)
        #expect(unknown.contains("Device not found"), "\(unknown)")
        let (client, _) = try fixture.attach()
        let busy = try await usbip("attach", "-r", "127.0.0.1", "-b", "1-1", port: port)
        #expect(busy.contains("Device busy"), "\(busy)")
        client.finish()
        await fixture.server.stop()
    }
}
