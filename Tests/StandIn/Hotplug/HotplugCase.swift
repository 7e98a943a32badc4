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
        HotplugCase("hotplug-present-at-the-start") { bench in
            for _ in 0..<10 {
                let devices = [
                    try await bench.enumerate(port: 1), try await bench.enumerate(port: 2),
                ]
                let watcher = try bench.startWatching()
                let lines = try watcher.lines { $0 == "started" }
                let orders = [devices, devices.reversed()].map { order in
                    order.enumerated().map { Watcher.arrival($1.expected, as: UInt64($0 + 1)) }
                }
                guard orders.contains(lines.dropLast()) else {
                    throw HotplugFailure("the start reported \(lines)")
                }
                // udevd may be as late as this.
                for device in devices { try bench.announce(.add, device) }
                try watcher.tell("rescan", expecting: "scanned")
                let isFirst = lines[0] == orders[0][0]
                for (device, id) in zip(devices, isFirst ? [1, 2] : [2, 1] as [UInt64]) {
                    try await bench.unplug(device, id)
                }
                try bench.finish()
            }
        },
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
        HotplugCase("hotplug-announced-before-configured") { bench in
            for looks in 1...6 {
                let watcher = try bench.watcher()
                let device = try await bench.enumerate()
                try bench.announceEarly(device, configuredAfter: looks)
                try watcher.expect(Watcher.arrival(device.expected, as: bench.see()))
                try await bench.unplug(device, bench.seen)
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
        HotplugCase("hotplug-bursts") { bench in
            // The preloaded library keeps 50 openings in mind, and never forgets one that failed,
            // of which there may be two for a device: so the bus's process is another one after 20.
            for _ in 0..<10 {
                _ = try bench.watcher()
                var lines: [String] = []
                for count in 1...5 { lines += try await burst(of: count, bench) }
                try checkPairs(lines)
                try bench.finish()
            }
        },
    ]

    /// Plugs devices in and unplugs them, faster than the watcher looks. What it says.
    private static func burst(of count: Int, _ bench: HotplugBench) async throws -> [String] {
        var devices: [PluggedDevice] = []
        for _ in 0..<count {
            let device = try await bench.enumerate()
            devices.append(device)
            try bench.announce(.add, device)
            try await device.unplug()
            try bench.announce(.remove, device)
        }
        // What is told later is reported later.
        let last = try await bench.enumerate(port: 2)
        try bench.announce(.add, last)
        let watcher = try bench.watcher()
        var lines = try watcher.lines { $0.contains(" at \(last.expected.location) ") }
        let id = lines[lines.count - 1].split(separator: " ")[1]
        try await last.unplug()
        try bench.announce(.remove, last)
        lines += try watcher.lines { $0 == "departed \(id)" }
        withExtendedLifetime(devices) {}
        return lines
    }

    /// Who arrived departed, both once and in this order. Who left at once need not be seen.
    private static func checkPairs(_ lines: [String]) throws {
        var present: Set<Substring> = []
        var known: Set<Substring> = []
        for words in lines.map({ $0.split(separator: " ") }) {
            let isRight =
                words[0] == "arrived"
                ? known.insert(words[1]).inserted && present.insert(words[1]).inserted
                : present.remove(words[1]) != nil
            guard isRight else { throw HotplugFailure("out of order: \(words) in \(lines)") }
        }
        guard present.isEmpty else { throw HotplugFailure("never departed: \(present)") }
    }

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
