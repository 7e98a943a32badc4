// swift-tools-version: 6.2
import PackageDescription

/// What the thread sanitizer needs to be told; `Tests/run sanitize` asks for it, in builds of their
/// own.
let sanitizing: [SwiftSetting] =
    Context.environment["SANITIZE_THREAD"] == nil ? [] : [.define("SANITIZE_THREAD")]

/// Every target of ours is compiled alike: Swift 6 mode, warnings are errors, unsafe code is
/// marked.
let strict: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .treatAllWarnings(as: .error),
        .strictMemorySafety(),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .enableUpcomingFeature("InferIsolatedConformances"),
        .enableExperimentalFeature("Lifetimes"),
    ] + sanitizing

let plain: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func program(
    _ name: String, in folder: String, _ dependencies: [Target.Dependency]
) -> Target {
    .executableTarget(
        name: name,
        dependencies: dependencies + [
            "SampleHost", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ], path: "Samples/" + folder, swiftSettings: plain)
}

/// Samples read as a user's own package would: the same checks, imports as Swift has them by
/// default.
func sample(
    _ name: String, in folder: String, _ dependencies: [Target.Dependency]
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Samples/" + folder, swiftSettings: plain)
}

/// libusb must find the program's own `ioctl`: so the program exports its symbols.
let ioctlIsOurs: [LinkerSetting] = [.unsafeFlags(["-Xlinker", "--export-dynamic"])]

func labProgram(
    _ name: String, in folder: String, _ dependencies: [Target.Dependency]
) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: "Tests/Lab/Programs/" + folder,
        swiftSettings: plain)
}

func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.target(name: name)] + dependencies,
        path: "Tests/" + name, swiftSettings: strict)
}

let package = Package(
    name: "driver-foundation",
    products: [
        .library(
            name: "DriverFoundation", targets: ["DriverFoundation", "DriverClient", "USBTypes"]),
        .library(name: "DriverSimulation", targets: ["DriverSimulation"]),
        .library(name: "LibUSBBus", targets: ["LibUSBBus"]),
        .library(name: "VirtualUSB", targets: ["VirtualUSB"]),
        .library(name: "USBIP", targets: ["USBIP"]),
        .library(name: "BusConformance", targets: ["BusConformance"]),
        .library(name: "LogindSleep", targets: ["LogindSleep"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        .systemLibrary(
            name: "CLibUSB", pkgConfig: "libusb-1.0", providers: [.apt(["libusb-1.0-0-dev"])]),
        .systemLibrary(
            name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        library("USBTypes"),
        library("DriverRuntime"),
        library("DriverSimulation", ["DriverRuntime"]),
        library("USBBus", ["USBTypes", "DriverRuntime"]),
        library("BusConformance", ["USBBus"]),
        library("LibUSBBus", ["USBBus", "CLibUSB"]),
        library("VirtualUSB", ["USBBus"]),
        library("USBIP", ["VirtualUSB"]),
        library("DriverClient", ["USBTypes", "DriverRuntime"]),
        library(
            "DriverFoundation",
            ["USBBus", "DriverClient", .product(name: "Logging", package: "swift-log")]),
        library(
            "LogindSleep",
            ["DriverFoundation", "CSystemd", .product(name: "Logging", package: "swift-log")]),

        sample(
            "SampleHost", in: "Host",
            [
                "DriverFoundation", "VirtualUSB", "LibUSBBus", "USBIP", "LogindSleep",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        sample("ToasterDriver", in: "Toaster/Driver", ["DriverFoundation"]),
        sample("ToasterDevice", in: "Toaster/Device", ["VirtualUSB"]),
        sample("ToasterClient", in: "Toaster/Client", ["DriverClient"]),
        program(
            "toaster", in: "Toaster/Program",
            [
                "DriverFoundation", "VirtualUSB", "USBIP", "ToasterDriver", "ToasterDevice",
                "ToasterClient",
            ]),
        sample("HotplugDriver", in: "Hotplug/Driver", ["DriverFoundation"]),
        program(
            "hotplug", in: "Hotplug/Program",
            ["DriverFoundation", "VirtualUSB", "HotplugDriver", "ToasterDevice"]),
        sample("KeyboardDriver", in: "Keyboard/Driver", ["DriverFoundation"]),
        sample("KeyboardDevice", in: "Keyboard/Device", ["VirtualUSB"]),
        sample("KeyboardClient", in: "Keyboard/Client", ["DriverClient"]),
        program(
            "keyboard", in: "Keyboard/Program",
            [
                "DriverFoundation", "VirtualUSB", "KeyboardDriver", "KeyboardDevice",
                "KeyboardClient",
            ]),
        sample("ToasterFamily", in: "ToasterBus/Drivers", ["DriverFoundation"]),
        sample("ToasterBusClient", in: "ToasterBus/Client", ["DriverClient"]),
        program(
            "toasterbus", in: "ToasterBus/Program",
            ["DriverFoundation", "VirtualUSB", "ToasterFamily", "ToasterBusClient"]),
        .target(
            name: "ConformanceDevice", dependencies: ["VirtualUSB", "BusConformance"],
            path: "Tests/ConformanceDevice", swiftSettings: plain),
        .target(
            name: "BusThreads", dependencies: ["DriverRuntime"], path: "Tests/BusThreads",
            swiftSettings: plain),
        .target(
            name: "TestDevices", dependencies: ["VirtualUSB"], path: "Tests/TestDevices",
            swiftSettings: strict),

        labProgram(
            "lab-toaster", in: "Toaster", ["DriverFoundation", "LibUSBBus", "ToasterDriver"]),
        labProgram("lab-gadgets", in: "Gadgets", ["BusThreads", "DriverFoundation", "LibUSBBus"]),
        labProgram(
            "lab-conformance", in: "Conformance", ["ConformanceDevice", "LibUSBBus", "USBIP"]),
        labProgram("lab-usbip", in: "USBIPServer", ["TestDevices", "USBIP", "VirtualUSB"]),

        .target(name: "CThreadSanitizer", path: "Tests/CThreadSanitizer"),
        .target(
            name: "CUsbfs", dependencies: ["CThreadSanitizer"], path: "Tests/StandIn/Usbfs"),
        .executableTarget(
            name: "stand-in",
            dependencies: ["BusThreads", "CUsbfs", "CLibUSB", "LibUSBBus", "ConformanceDevice"],
            path: "Tests/StandIn/Program", swiftSettings: plain, linkerSettings: ioctlIsOurs),
        .executableTarget(
            name: "stand-in-hotplug",
            dependencies: ["CThreadSanitizer", "LibUSBBus", "ConformanceDevice"],
            path: "Tests/StandIn/Hotplug", swiftSettings: plain),
        .target(name: "CRawLoop", dependencies: ["CLibUSB"], path: "Tests/Benchmarks/RawLoop"),
        .executableTarget(
            name: "benchmarks",
            dependencies: [
                "CAllocationCount", "CRawLoop", "CUsbfs", "LibUSBBus", "DriverFoundation",
            ],
            path: "Tests/Benchmarks/Program", swiftSettings: plain,
            // Without the debugging information, in which valgrind loses its way.
            linkerSettings: ioctlIsOurs + [.unsafeFlags(["-Xlinker", "--strip-debug"])]),

        tests(of: "USBTypes"),
        .target(
            name: "CAllocationCount", dependencies: ["CThreadSanitizer"],
            path: "Tests/CAllocationCount"),
        tests(of: "DriverRuntime", ["DriverSimulation", "CAllocationCount"]),
        tests(
            of: "VirtualUSB",
            ["DriverSimulation", "ToasterDevice", "KeyboardDevice", "CAllocationCount"]),
        tests(of: "BusConformance", ["ConformanceDevice", "DriverSimulation"]),
        tests(of: "DriverSimulation"),
        tests(
            of: "DriverFoundation",
            [
                "DriverSimulation", "VirtualUSB", "CAllocationCount",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "StormModel",
            dependencies: ["DriverFoundation", "DriverSimulation", "VirtualUSB", "ToasterDriver"],
            path: "Tests/Storm/Model", swiftSettings: strict),
        .executableTarget(
            name: "storm", dependencies: ["StormModel", "DriverSimulation"],
            path: "Tests/Storm/Command",
            swiftSettings: strict),
        .testTarget(
            name: "StormTests",
            dependencies: [
                "StormModel", "DriverFoundation", "DriverSimulation", "VirtualUSB", "storm",
            ],
            path: "Tests/Storm/Tests",
            swiftSettings: strict),
        .target(
            name: "MachineModel", dependencies: ["DriverFoundation"], path: "Tests/Machines/Model",
            swiftSettings: strict),
        .executableTarget(
            name: "machines", dependencies: ["MachineModel"], path: "Tests/Machines/Command",
            swiftSettings: strict),
        .testTarget(
            name: "MachinesTests", dependencies: ["MachineModel", "DriverFoundation"],
            path: "Tests/Machines/Tests", swiftSettings: strict),
        .testTarget(
            name: "SamplesTests",
            dependencies: [
                "SampleHost", "DriverFoundation", "DriverSimulation", "VirtualUSB",
                "KeyboardDriver", "KeyboardClient", "KeyboardDevice", "ToasterFamily", "toaster",
                "keyboard", "hotplug", "toasterbus",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "Tests/Samples",
            exclude: [
                "toaster.expected", "keyboard.expected", "hotplug.expected", "toasterbus.expected",
            ],
            swiftSettings: plain),
        .target(
            name: "CoverageModel", path: "Tests/Coverage/Model", swiftSettings: plain),
        .executableTarget(
            name: "coverage", dependencies: ["CoverageModel"], path: "Tests/Coverage/Command",
            swiftSettings: plain),
        .testTarget(
            name: "CoverageTests", dependencies: ["CoverageModel"], path: "Tests/Coverage/Tests",
            swiftSettings: plain),
        .testTarget(name: "TidyTests", path: "Tests/Tidy", swiftSettings: strict),
        tests(of: "USBIP", ["DriverSimulation", "TestDevices", "CAllocationCount"]),
        tests(of: "LibUSBBus", ["CLibUSB", "DriverFoundation"]),
        .testTarget(
            name: "LogindSleepTests",
            dependencies: [
                "LogindSleep", "DriverFoundation", "TestDevices", "VirtualUSB",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/LogindSleep", exclude: ["logind"], swiftSettings: strict),
    ]
)
