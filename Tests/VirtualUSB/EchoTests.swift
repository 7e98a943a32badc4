import DriverRuntime
import Foundation
import Testing
import USBBus
import USBTypes
import VirtualUSB

@Suite struct EchoTests {
    @Test("an echo device is at most a dozen lines")
    func size() throws {
        var folder = Array(#filePath.split(separator: "/").dropLast())
        folder.append("EchoDevice.swift")
        let file = "/" + folder.joined(separator: "/")
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let lines = text.split(separator: "\n").filter { line in
            let code = line.drop { $0 == " " }
            return !code.isEmpty && !code.hasPrefix("//")
        }
        #expect(lines.count <= 12)
    }

    @Test("DEV-22: a device of a dozen lines echoes what it is sent")
    func echo() async throws {
        let bus = VirtualBus(name: "echo")
        let ids = Arrivals()
        try await bus.start { ids.note($0) }
        let plugged = try await bus.plug { EchoDevice(port: $0) }
        let id = try #require(await plugged.id)
        let device = try await bus.open(id)
        try await device.claim(0, detaching: false)
        let answer: [UInt8] = await bus.loop.answer {
            (_: EventLoop, resumption: Resumption<[UInt8]>) in
            let output = try? device.makeTransfer(
                .bulk, on: 0x01, maxPacketSize: 512, capacity: 64)
            let input = try? device.makeTransfer(
                .bulk, on: 0x81, maxPacketSize: 512, capacity: 64)
            guard let output, let input else { return resumption.resume(returning: []) }
            output.withMutableBytes { bytes in
                for index in 0..<5 {
                    bytes.storeBytes(of: UInt8(index), toByteOffset: index, as: UInt8.self)
                }
            }
            output.handler = { _ in _ = output }
            input.handler = { completion in
                resumption.resume(returning: completion.bytes.copy())
                _ = input
            }
            try? output.submit(length: 5)
            try? input.submit(length: 64)
        }
        #expect(answer == [0, 1, 2, 3, 4])
        await device.close()
        await plugged.unplug()
        #expect(ids.log == ["arrived", "departed"])
        await bus.stop()
    }
}

final class Arrivals: Sendable {
    private let lock = Lock()
    private nonisolated(unsafe) var entries: [String] = []
    var log: [String] { lock.withLock { unsafe entries } }
    func note(_ event: BusEvent) {
        lock.withLock {
            switch event {
            case .arrived: unsafe entries.append("arrived")
            case .departed: unsafe entries.append("departed")
            case .discoveryUnavailable: break
            }
        }
    }
}

extension EventLoop {
    func answer<Value: Sendable>(
        _ body: @escaping @Sendable (EventLoop, Resumption<Value>) -> Void
    ) async -> Value {
        await Resumption.wait { resumption in execute { body(self, resumption) } }
    }
}
