import Foundation
import USBBus
import VirtualUSB

/// What a bus promises of arrival and departure, and how this tier shows it.
struct HotplugCase: Sendable {
    let name: String
    let body: @Sendable (HotplugBench) async throws -> Void

    init(_ name: String, _ body: @escaping @Sendable (HotplugBench) async throws -> Void) {
        self.name = name
        self.body = body
    }

    static let all = [
        HotplugCase("hotplug-arrival-and-departure") { bench in
            for _ in 0..<100 {
                let (device, id) = try await bench.plug()
                try await bench.unplug(device, id)
            }
        },
        HotplugCase("hotplug-same-address") { bench in
            for _ in 0..<25 {
                let (device, id) = try await bench.plug(address: 5)
                try await bench.unplug(device, id)
            }
        },
        HotplugCase("hotplug-several-devices") { bench in
            for _ in 0..<10 {
                var devices: [(PluggedDevice, UInt64)] = []
                for port: UInt8 in 1...4 { devices.append(try await bench.plug(port: port)) }
                for (device, id) in [devices[2], devices[0], devices[3], devices[1]] {
                    try await bench.unplug(device, id)
                }
            }
        },
        HotplugCase("hotplug-rescan-finds-nothing-new") { bench in
            for _ in 0..<10 {
                let (device, id) = try await bench.plug()
                try bench.watcher().tell("rescan", expecting: "scanned")
                try await bench.unplug(device, id)
                try bench.watcher().tell("rescan", expecting: "scanned")
            }
        },
        HotplugCase("hotplug-open-and-close") { bench in
            for _ in 0..<25 {
                let (device, id) = try await bench.plug()
                let watcher = try bench.watcher()
                try watcher.tell("open", expecting: "opened \(id)")
                try watcher.tell("echo", expecting: "echo completed completed [3, 1, 4, 1, 5, 9]")
                try watcher.tell("close", expecting: "closed")
                try await bench.unplug(device, id)
            }
        },
        HotplugCase("hotplug-departure-while-open") { bench in
            for round in 0..<30 {
                let (device, id) = try await bench.plug()
                let watcher = try bench.watcher()
                try watcher.tell("open", expecting: "opened \(id)")
                try watcher.tell("listen", expecting: "listening")
                let kind = UnplugKind.allCases[round % UnplugKind.allCases.count]
                try await device.unplug(kind)
                try bench.announce(.remove, device)
                // The kernel ends some as failed, before it knows why; libusb ends the others.
                let status: TransferStatus = kind == .endWithError ? .failed : .deviceGone
                try watcher.expect(unordered: [Watcher.departure(id), "heard \(status)"])
                try watcher.tell("close", expecting: "closed")
            }
        },
    ]

    /// Whether it passed.
    func run() async -> Bool {
        do {
            let bench = try HotplugBench()
            defer { bench.clear() }
            try await body(bench)
            try bench.finish()
            say("case \(name) pass")
            return true
        } catch {
            say("case \(name) fail \(error)")
            return false
        }
    }
}
