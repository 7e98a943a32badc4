import BusConformance
import DriverRuntime
import Foundation
import LibUSBBus
import USBBus
import USBTypes

/// The process that has the bus: libusb itself, and what the preloaded library shows it.
///
/// Says on its standard output what the bus reports, a line each, and does what it is told on its
/// standard input: `open`, `echo`, `listen`, `close` with the device that arrived last, `rescan`,
/// `stop`.
final class Watcher: Sendable {
    private struct State {
        var last: AttachmentID?
        var device: (any BusDevice)?
    }

    private let bus: LibUSBBus
    private let lock = Lock()
    private nonisolated(unsafe) var state = State()

    init() {
        // By name, since whether udevd runs depends on the machine; and no word of what is
        // detached.
        bus = LibUSBBus(
            source: .hotplug, calls: SystemLibUSB.shared,
            journal: KernelDriverJournal(folder: "/nonexistent"))
    }

    func run() async throws {
        try await bus.start { [self] event in
            switch event {
            case .arrived(let device):
                lock.withLock { state.last = device.id }
                say(Self.arrival(device, as: device.id.rawValue))
            case .departed(let id): say(Self.departure(id.rawValue))
            case .discoveryUnavailable(let reason): say("unavailable: \(reason)")
            }
        }
        say("started")
        while let command = readLine() {
            do { try await obey(command) } catch { say("\(command) failed: \(error)") }
            if command == "stop" { return }
        }
    }

    /// What is said of an arrival.
    static func arrival(_ device: AttachedDevice, as id: UInt64) -> String {
        let bytes = device.configurations.reduce(device.descriptor.bytes) { $0 + $1.bytes }
        let texts = [
            device.strings.manufacturer, device.strings.product, device.strings.serialNumber,
        ].map { $0 ?? "-" }
        return "arrived \(id) at \(device.location) address \(device.location.address)"
            + " \(device.speed) configuration \(device.activeConfiguration ?? 0)"
            + " \(texts.joined(separator: "/")) "
            + bytes.map { String($0, radix: 16) }.joined(separator: " ")
    }

    /// What is said of a departure.
    static func departure(_ id: UInt64) -> String { "departed \(id)" }

    private func obey(_ command: String) async throws {
        switch command {
        case "open":
            guard let id = lock.withLock({ state.last }) else { return say("none to open") }
            let device = try await bus.open(id)
            lock.withLock { state.device = device }
            try await device.claim(ReferenceDevice.mainInterface, detaching: false)
            say("opened \(id.rawValue)")
        case "echo":
            let sent = try await echo(.out, [3, 1, 4, 1, 5, 9])
            let kept = try await echo(.in, [UInt8](repeating: 0, count: 6))
            say("echo \(sent.status) \(kept.status) \(kept.bytes)")
        case "listen": try await listen()
        case "close":
            await device?.close()
            say("closed")
        case "rescan":
            await bus.rescan()
            say("scanned")
        case "stop":
            await bus.stop()
            say("stopped")
        default: say("unknown: \(command)")
        }
    }

    private var device: (any BusDevice)? { lock.withLock { state.device } }

    /// A transfer that ends when the device goes, which is said then.
    private func listen() async throws {
        guard let device else { throw HotplugFailure("no device is open") }
        try await onLoop {
            let transfer = try device.makeTransfer(
                .bulk, on: ReferenceDevice.silentIn, maxPacketSize: ReferenceDevice.bulkPacket,
                capacity: ReferenceDevice.bulkPacket)
            transfer.handler = { completion in
                // The reference keeps the transfer until here.
                transfer.handler = nil
                say("heard \(completion.status)")
            }
            try transfer.submit(length: transfer.capacity)
            say("listening")
        }
    }

    /// A request of the device's, with the bytes that are sent or as many as are asked for.
    private func echo(_ direction: Direction, _ bytes: [UInt8]) async throws -> Echo {
        guard let device else { throw HotplugFailure("no device is open") }
        let (answers, answer) = AsyncStream<Echo>.makeStream()
        try await onLoop {
            let transfer = try device.makeTransfer(
                .control, on: .control, maxPacketSize: 64, capacity: bytes.count)
            transfer.setup = SetupPacket(
                direction, .vendor, request: ReferenceDevice.Request.echo.rawValue,
                length: UInt16(bytes.count))
            transfer.withMutableBytes { span in
                for (index, byte) in bytes.enumerated() {
                    span.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
                }
            }
            transfer.handler = { completion in
                let (status, length) = (completion.status, completion.length)
                transfer.handler = nil
                let moved = transfer.withMutableBytes { span in
                    (0..<length).map { span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
                }
                answer.yield(Echo(status: status, bytes: moved))
            }
            try transfer.submit(length: bytes.count)
        }
        for await answer in answers { return answer }
        throw HotplugFailure("no answer")
    }

    private struct Echo: Sendable {
        let status: TransferStatus
        let bytes: [UInt8]
    }

    /// Runs `body` on the bus's loop.
    private func onLoop(_ body: @escaping @Sendable () throws -> Void) async throws {
        let loop = bus.loop
        let result: Result<Void, any Error> = await Resumption.wait { resumption in
            loop.execute { resumption.resume(returning: Result(catching: body)) }
        }
        try result.get()
    }
}
