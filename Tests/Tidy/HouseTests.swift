import RegexBuilder
import Testing

/// Which modules of the house each may import: the arrows of the design.
private let arrows: [String: Set<String>] = [
    "USBTypes": [],
    "DriverRuntime": [],
    "DriverSimulation": ["DriverRuntime"],
    "USBBus": ["USBTypes", "DriverRuntime"],
    "BusConformance": ["USBBus", "USBTypes", "DriverRuntime"],
    "LibUSBBus": ["USBBus", "USBTypes", "DriverRuntime", "CLibUSB"],
    "VirtualUSB": ["USBBus", "USBTypes", "DriverRuntime"],
    "USBIP": ["VirtualUSB", "USBBus", "USBTypes", "DriverRuntime"],
    "DriverClient": ["USBTypes", "DriverRuntime"],
    "DriverFoundation": ["USBBus", "USBTypes", "DriverRuntime", "DriverClient"],
    "LogindSleep": ["DriverFoundation", "CSystemd"],
    "DriverHost": ["DriverFoundation", "DriverClient", "USBBus", "USBTypes", "DriverRuntime"],
    "DriverDiagnostics": [
        "DriverFoundation", "DriverClient", "USBBus", "USBTypes", "DriverRuntime",
    ],
    "dfctl": [
        "DriverHost", "DriverDiagnostics", "DriverFoundation", "DriverClient", "USBBus", "USBTypes",
        "DriverRuntime", "LibUSBBus", "VirtualUSB", "USBIP",
    ],
]

/// Modules from outside that each may import, beside the standard library's.
private let guests: [String: Set<String>] = [
    "DriverFoundation": ["Logging"],
    "LogindSleep": ["Logging"],
    "DriverHost": ["Logging"],
    "DriverDiagnostics": ["Logging"],
    "dfctl": ["Logging", "ArgumentParser"],
]

private let standard: Set = ["Glibc", "Synchronization", "_Concurrency", "Builtin"]

/// Files in which `@unchecked Sendable`, `nonisolated(unsafe)` and `Unsafe…` types may stand. The
/// reason stands in the file, beside them.
private let unsafeFiles: Set<String> = [
    "Sources/BusConformance/TransferProbe.swift",
    "Sources/DriverClient/DeviceInterfaces.swift",
    "Sources/DriverFoundation/Objects/ObjectLedger.swift",
    "Sources/DriverFoundation/Queues/RequestQueue+Drawing.swift",
    "Sources/DriverFoundation/Readers/ContinuousReader.swift",
    "Sources/DriverFoundation/Records/EventLog.swift",
    "Sources/DriverFoundation/Records/EventLog.swift",
    "Sources/DriverFoundation/Requests/Request.swift",
    "Sources/DriverFoundation/Settings/SettingsStore.swift",
    "Sources/DriverFoundation/Settings/SettingsStore.swift",
    "Sources/DriverRuntime/EventLoop.swift",
    "Sources/DriverRuntime/Lock.swift",
    "Sources/DriverRuntime/LoopConfined.swift",
    "Sources/DriverRuntime/PollWaiter.swift",
    "Sources/DriverRuntime/RecordKind.swift",
    "Sources/DriverRuntime/Resumption.swift",
    "Sources/DriverRuntime/SideThread.swift",
    "Sources/DriverRuntime/Thread.swift",
    "Sources/DriverSimulation/SimulatedMachine.swift",
    "Sources/DriverSimulation/StrayTasks.swift",
    "Sources/LibUSBBus/AccessDiagnosis.swift",
    "Sources/LibUSBBus/ClaimLedger.swift",
    "Sources/LibUSBBus/KernelDriverJournal.swift",
    "Sources/LibUSBBus/LibUSBCalls.swift",
    "Sources/LibUSBBus/LibUSBTransfer.swift",
    "Sources/LibUSBBus/LibUSBWaiter.swift",
    "Sources/LibUSBBus/LoopCell.swift",
    "Sources/LibUSBBus/OpenDevices.swift",
    "Sources/LibUSBBus/Suspension.swift",
    "Sources/LibUSBBus/SystemLibUSB.swift",
    "Sources/LibUSBBus/TerminationSignals.swift",
    "Sources/LibUSBBus/TransferMemory.swift",
    "Sources/LibUSBBus/TransferRegistry.swift",
    "Sources/LogindSleep/SystemBus.swift",
    "Sources/USBBus/BusTransfer.swift",
    "Sources/USBIP/Server/StreamSocket.swift",
    "Sources/USBIP/Session/ServedSession.swift",
    "Sources/USBIP/Session/ServerSession.swift",
    "Sources/USBIP/Session/SessionTransfer.swift",
    "Sources/USBIP/Wire/ByteQueue.swift",
    "Sources/VirtualUSB/Bus/Attachment.swift",
    "Sources/VirtualUSB/Bus/VirtualBusTransfer.swift",
    "Sources/VirtualUSB/ControlExchange.swift",
    "Sources/VirtualUSB/Device/FaultState.swift",
    "Sources/VirtualUSB/Device/PortCore.swift",
    "Sources/VirtualUSB/Endpoints/ControlEndpoint.swift",
    "Sources/VirtualUSB/Endpoints/InEndpoint.swift",
    "Sources/VirtualUSB/Endpoints/InMessage.swift",
    "Sources/VirtualUSB/Endpoints/OutEndpoint.swift",
    "Sources/VirtualUSB/HostTransfer.swift",
]

private func imports(of file: SourceFile) -> [(line: Int, module: String)] {
    file.code.enumerated().filter { $0.element.contains("import ") }.compactMap { number, line in
        let kind = /(?:struct|class|enum|protocol|func|var|let|typealias) +/
        let attributes = /(?:@\w+ +|public +|package +|internal +|private +)/
        let pattern = Regex {
            Anchor.startOfLine
            ZeroOrMore(.whitespace)
            ZeroOrMore { attributes }
            "import "
            ZeroOrMore(.whitespace)
            Optionally { kind }
            Capture { OneOrMore(.word) }
        }
        return line.firstMatch(of: pattern).map { (number + 1, String($0.1)) }
    }
}

@Suite("Tidy: the house") struct HouseTests {
    @Test("modules import in the design's direction alone")
    func direction() {
        for file in Repository.swiftFiles(under: "Sources") {
            let name = String(file.target.dropFirst("Sources/".count))
            guard let allowed = arrows[name] else {
                Issue.record("\(file.path): module \(name) has no arrows in the table")
                continue
            }
            let all = allowed.union(guests[name] ?? []).union(standard)
            for (line, module) in imports(of: file) where !all.contains(module) {
                Issue.record("\(file.path):\(line): \(name) must not import \(module)")
            }
        }
    }

    @Test("only executables and tests choose a bus: a sample's driver and device do not")
    func samples() {
        let allowed = [
            "Driver": Set(["DriverFoundation", "DriverClient", "USBTypes"]),
            "Device": Set(["VirtualUSB", "USBTypes"]),
        ]
        for file in Repository.swiftFiles(under: "Samples") {
            let parts = file.path.split(separator: "/").map(String.init)
            guard parts.count > 3, let modules = allowed[parts[2]] else { continue }
            for (line, module) in imports(of: file) {
                let isOwn = module.hasPrefix(parts[1])
                guard !isOwn && !modules.union(standard).contains(module) else { continue }
                Issue.record(
                    "\(file.path):\(line): a sample's \(parts[2]) must not import \(module)")
            }
        }
    }

    @Test("unsafe code stands in named files, with its reason beside it")
    func unsafeCode() {
        let files = Repository.swiftFiles(under: "Sources").filter { file in
            file.code.contains(where: isUnsafe)
        }
        print("unsafe code stands in \(files.count) files of Sources")
        let found = Set(files.map(\.path))
        #expect(found.subtracting(unsafeFiles).sorted() == [])
        #expect(unsafeFiles.subtracting(found).sorted() == [], "listed without need")
        for file in files {
            for (number, line) in file.code.enumerated() where line.contains("@unchecked Sendable")
            {
                // In the comment above the declaration, or at the head of its body.
                let lines = file.lines[max(0, number - 12)..<min(file.lines.count, number + 6)]
                let comments = lines.filter { $0.contains("//") }.joined(separator: " ")
                #expect(
                    comments.contains(/Sendable|[Gg]uarded|touche|because|hence|lock|thread/),
                    "\(file.path):\(number + 1): no reason beside @unchecked Sendable")
            }
        }
    }

    private func isUnsafe(_ line: String) -> Bool {
        line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)")
            || line.contains(
                /\b(Unsafe\w+|Unmanaged|unsafeBitCast)\b/.wordBoundaryKind(.simple))
    }

    @Test("the scan of imports sees every form")
    func forms() {
        let lines = [
            "import A", "public import B", "@testable import C", "import struct D.E", "// import F",
        ]
        let file = SourceFile(path: "Sources/X/X.swift", lines: lines, code: Code.only(lines))
        #expect(imports(of: file).map(\.module) == ["A", "B", "C", "D"])
    }
}
