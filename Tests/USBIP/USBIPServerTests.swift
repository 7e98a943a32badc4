import TestDevices
import Testing
import USBBus
import USBTypes
import VirtualUSB

@testable import USBIP

/// A server on a free port with an echo device, `1-1`.
struct ServerFixture {
    let server: USBIPServer
    let device: ExportedDevice
    let log = EventLog()

    init(_ change: (inout ServerOptions) -> Void = { _ in }) async throws {
        var options = ServerOptions(port: 0)
        options.onEvent = { [log] in log.append($0) }
        change(&options)
        server = try await USBIPServer.start(options)
        device = try await server.export("1-1") { EchoDevice(port: $0) }
    }

    /// A client that has the device.
    func attach() throws -> (client: SocketClient, deviceID: UInt32) {
        let client = try SocketClient(port: server.port)
        guard case .imported(let record) = try client.importDevice("1-1") else {
            throw SocketClient.Failure(what: "the import was refused")
        }
        return (client, record.deviceID)
    }

    static let setConfiguration = SubmitCommand(
        sequenceNumber: 0, deviceID: 0, direction: .out, endpointNumber: 0, length: 0,
        setup: SetupPacket(.out, .standard, request: 9, value: 1))
    static let getDeviceDescriptor = SubmitCommand(
        sequenceNumber: 0, deviceID: 0, direction: .in, endpointNumber: 0, length: 64,
        setup: SetupPacket(.in, .standard, request: 6, value: 0x0100, length: 64))
}

/// The server with clients on real sockets.
@Suite struct USBIPServerTests {
    @Test("usbip §1.12: enumeration, configuration and data over a socket")
    func exchange() async throws {
        let fixture = try await ServerFixture()
        let (client, id) = try fixture.attach()
        let (status, descriptor) = try client.control(1, id, ServerFixture.getDeviceDescriptor)
        #expect(status == .success)
        let read = try DeviceDescriptor(bytes: descriptor)
        #expect(read.vendorID == 0x1209 && read.productID == 1)
        #expect(try client.control(2, id, ServerFixture.setConfiguration).status == .success)
        #expect(await fixture.device.configuration == 1)

        for round in 0..<50 as Range<UInt32> {
            let data = [UInt8](repeating: UInt8(round), count: Int(round) * 40 + 1)
            var out = SubmitCommand(
                sequenceNumber: 10 + 2 * round, deviceID: id, direction: .out, endpointNumber: 1,
                length: data.count)
            client.send(TransferCommand.submit(out).bytes + data)
            #expect(try client.reply(to: 10 + 2 * round, isIn: false).status == .success)
            out.sequenceNumber += 1
            out.direction = .in
            out.length = 4096
            client.send(TransferCommand.submit(out).bytes)
            #expect(try client.reply(to: 11 + 2 * round, isIn: true).data == data)
        }
        let stalled = SubmitCommand(
            sequenceNumber: 0, deviceID: 0, direction: .in, endpointNumber: 0, length: 2,
            setup: SetupPacket(.in, .vendor, request: 99, length: 2))
        #expect(try client.control(500, id, stalled).status == .stalled)
        await fixture.server.stop()
    }

    @Test("usbip §5 row 4: an IN without data stays pending, and holds up nothing")
    func parkedIn() async throws {
        let fixture = try await ServerFixture()
        let (client, id) = try fixture.attach()
        #expect(try client.control(1, id, ServerFixture.setConfiguration).status == .success)
        for number in 2..<102 as Range<UInt32> {
            client.send(
                TransferCommand.submit(
                    SubmitCommand(
                        sequenceNumber: number, deviceID: id, direction: .in, endpointNumber: 2,
                        length: 8)
                ).bytes)
        }
        #expect(try client.control(500, id, ServerFixture.getDeviceDescriptor).status == .success)
        for number in 2..<102 as Range<UInt32> {
            client.send(
                TransferCommand.unlink(
                    UnlinkCommand(sequenceNumber: 600 + number, deviceID: id, target: number)
                ).bytes)
            #expect(
                try client.header()
                    == .unlink(
                        UnlinkReply(sequenceNumber: 600 + number, status: .connectionReset)))
        }
        await fixture.server.stop()
    }

    @Test("usbip §6.2: one client at a time; busy is 2, unknown is 4, and busy is not listed")
    func exclusive() async throws {
        let fixture = try await ServerFixture()
        let other = try await fixture.server.export("1-2") { EchoDevice(port: $0) }
        func list() throws -> [String] {
            let client = try SocketClient(port: fixture.server.port)
            client.send(OperationRequest.deviceList.bytes)
            let bytes = try client.receive(100_000)
            guard case .deviceList(let devices) = try OperationReply.parse(bytes.raw)?.reply else {
                throw SocketClient.Failure(what: "no list")
            }
            return devices.map(\.record.busID.name)
        }
        #expect(try list() == ["1-1", "1-2"])
        let (client, _) = try fixture.attach()
        #expect(await fixture.device.isImported)
        #expect(try list() == ["1-2"])
        let second = try SocketClient(port: fixture.server.port)
        #expect(try second.importDevice("1-1") == .importRefused(.deviceBusy))
        let third = try SocketClient(port: fixture.server.port)
        #expect(try third.importDevice("7-7") == .importRefused(.noDevice))
        client.finish()
        #expect(await fixture.log.end(of: 2) == .peerClosed)
        #expect(try list() == ["1-1", "1-2"])
        await other.withdraw()
        #expect(try list() == ["1-1"])
        await fixture.server.stop()
    }

    @Test("usbip §5 row 14: when the client goes, the device is reset and free for the next")
    func freed() async throws {
        let fixture = try await ServerFixture()
        for round in 1...20 as ClosedRange<UInt64> {
            let (client, id) = try fixture.attach()
            #expect(try client.control(1, id, ServerFixture.setConfiguration).status == .success)
            #expect(await fixture.device.configuration == 1)
            client.send(
                TransferCommand.submit(
                    SubmitCommand(
                        sequenceNumber: 2, deviceID: id, direction: .in, endpointNumber: 1,
                        length: 512)
                ).bytes)
            if round % 2 == 0 { client.reset() } else { client.finish() }
            let reason = await fixture.log.end(of: round)
            let isExpected: Bool =
                switch reason {
                case .peerClosed, .connectionFailed: true
                default: false
                }
            #expect(isExpected, "\(String(describing: reason))")
            #expect(await fixture.device.configuration == nil)
        }
        await fixture.server.stop()
    }

    @Test("unplug sends the transfers' ends and closes; a replug is there for import at once")
    func unplug() async throws {
        let fixture = try await ServerFixture()
        for round in 1...5 as ClosedRange<UInt64> {
            let (client, id) = try fixture.attach()
            #expect(try client.control(1, id, ServerFixture.setConfiguration).status == .success)
            client.send(
                TransferCommand.submit(
                    SubmitCommand(
                        sequenceNumber: 2, deviceID: id, direction: .in, endpointNumber: 2,
                        length: 8)
                ).bytes)
            // Answered behind it: so the pending one has arrived.
            #expect(
                try client.control(3, id, ServerFixture.getDeviceDescriptor).status == .success)
            await fixture.device.unplug()
            let ending = try client.reply(to: 2, isIn: true)
            #expect(ending.status == .protocolError && ending.data.isEmpty)
            #expect(try client.receive(1) == [])
            #expect(await fixture.log.end(of: 2 * round - 1) == .unplugged)
            let late = try SocketClient(port: fixture.server.port)
            #expect(try late.importDevice("1-1") == .importRefused(.noDevice))
            #expect(await fixture.log.end(of: 2 * round) == .refused(.noDevice))
            try await fixture.device.replug()
        }
        _ = try fixture.attach()
        await fixture.server.stop()
    }

    @Test("a port in use is an error that says what to do; so is a name in use")
    func portInUse() async throws {
        let fixture = try await ServerFixture()
        do throws(BusError) {
            _ = try await USBIPServer.start(ServerOptions(port: fixture.server.port))
            Issue.record("two servers on one port")
        } catch {
            #expect(error.code == .busy)
            #expect(error.message.contains("choose another port"), "\(error)")
        }
        for name in ["1-1", "", "1 1"] {
            await #expect(throws: BusError.self) {
                _ = try await fixture.server.export(name) { EchoDevice(port: $0) }
            }
        }
        var options = ServerOptions(port: 0)
        options.address = "localhost"
        await #expect(throws: BusError.self) { _ = try await USBIPServer.start(options) }
        await fixture.server.stop()
    }

    @Test("stop closes every connection and the port")
    func stop() async throws {
        let fixture = try await ServerFixture()
        let (client, _) = try fixture.attach()
        let idle = try SocketClient(port: fixture.server.port)
        await fixture.log.wait { $0 == .imported(client: 1, fixture.device.busID) }
        await fixture.server.stop()
        #expect(try client.receive(1) == [])
        #expect(try idle.receive(1) == [])
        #expect(await fixture.log.end(of: 1) == .stopped)
        #expect(throws: SocketClient.Failure.self) {
            _ = try SocketClient(port: fixture.server.port)
        }
    }

    @Test("a second stop does nothing; calls after it return")
    func stopTwice() async throws {
        let fixture = try await ServerFixture()
        let server = fixture.server
        async let together: Void = server.stop()
        await server.stop()
        await together
        await server.loop.ended()
        await server.stop()
        await fixture.device.unplug()
        await fixture.device.withdraw()
        #expect(await server.clients == 0)
        #expect(await fixture.device.isImported == false)
        do throws(BusError) {
            _ = try await server.export("1-2") { EchoDevice(port: $0) }
            Issue.record("a stopped server exported a device")
        } catch { #expect(error.code == .unavailable) }
        do throws(BusError) {
            try await fixture.device.replug()
            Issue.record("a stopped server took a device")
        } catch { #expect(error.code == .unavailable) }
    }
}
