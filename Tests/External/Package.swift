// swift-tools-version: 6.2
import PackageDescription

// What a user's own package looks like: it depends on ours by URL and version, and has no flags.
// Whoever builds it says where ours is, since the version under test has no address of its own.
guard let url = Context.environment["DRIVER_FOUNDATION_URL"],
    let version = Context.environment["DRIVER_FOUNDATION_VERSION"].flatMap(Version.init)
else {
    fatalError(
        "set DRIVER_FOUNDATION_URL and DRIVER_FOUNDATION_VERSION, as Tests/run external does")
}

func ours(_ name: String) -> Target.Dependency {
    .product(name: name, package: "driver-foundation")
}

let package = Package(
    name: "lamp",
    dependencies: [.package(url: url, exact: version)],
    targets: [
        .target(name: "LampDriver", dependencies: [ours("DriverFoundation")]),
        .target(name: "LampDevice", dependencies: [ours("VirtualUSB")]),
        .testTarget(
            name: "LampTests",
            dependencies: [
                "LampDriver", "LampDevice", ours("DriverFoundation"), ours("DriverSimulation"),
                ours("VirtualUSB"), ours("USBIP"), ours("LibUSBBus"), ours("BusConformance"),
            ]),
    ]
)
