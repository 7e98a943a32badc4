import DriverClient

// What the drivers offer, by the names that both sides agreed on (DI-1).
extension DeviceInterfaceClass {
    static let toasterBus: DeviceInterfaceClass = "org.driver-foundation.toaster-bus"
    static let busToaster: DeviceInterfaceClass = "org.driver-foundation.bus-toaster"
    static let toasterSideband: DeviceInterfaceClass = "org.driver-foundation.toaster-sideband"
}

extension ControlCode {
    static let plugIn: ControlCode = 0x10
    static let unplug: ControlCode = 0x11
    static let eject: ControlCode = 0x12
    static let slices: ControlCode = 0x20
    static let crispiness: ControlCode = 0x21
    static let watchedToasters: ControlCode = 0x30
    static let seenRequests: ControlCode = 0x31
}

/// What a program does with a bus of toasters.
package struct ToasterBusClient: Sendable {
    private let file: DeviceFile

    /// Opens the first bus; waits until there is one.
    package init(_ interfaces: DeviceInterfaces) async throws(DeviceError) {
        file = try await interfaces.open(.toasterBus)
    }

    /// Plugs a toaster in.
    package func plugIn(_ serial: UInt8) async throws(DeviceError) {
        try await file.control(.plugIn, [serial])
    }

    /// Pulls a toaster.
    package func unplug(_ serial: UInt8) async throws(DeviceError) {
        try await file.control(.unplug, [serial])
    }

    /// Asks a toaster to go.
    package func eject(_ serial: UInt8) async throws(DeviceError) {
        try await file.control(.eject, [serial])
    }

    /// Closes the bus.
    package func close() async { await file.close() }
}

/// What a program does with a toaster of the bus.
package struct BusToasterClient: Sendable {
    /// What the toaster is called.
    package let name: String
    private let file: DeviceFile

    /// Opens a toaster.
    package init(_ interface: DeviceInterface) async throws(DeviceError) {
        name = interface.deviceName
        file = try await interface.open()
    }

    /// The toasters that can be opened now, by name.
    package static func all(in interfaces: DeviceInterfaces) -> [DeviceInterface] {
        interfaces.all(of: .busToaster).sorted { $0.deviceName < $1.deviceName }
    }

    /// Opens the toaster of this name; waits until it is there.
    package static func open(
        _ name: String, in interfaces: DeviceInterfaces
    ) async throws(DeviceError) -> BusToasterClient {
        for await case .arrived(let interface) in interfaces.changes()
        where interface.interfaceClass == .busToaster && interface.deviceName == name {
            return try await BusToasterClient(interface)
        }
        throw DeviceError.cancelled
    }

    /// Toasts so many slices, and returns how many became toast.
    package func toast(_ slices: Int) async throws(DeviceError) -> Int {
        try await file.write([UInt8](repeating: 0xAA, count: slices))
    }

    /// How many slices it has toasted since it came.
    package func slices() async throws(DeviceError) -> Int {
        try await file.control(.slices).information
    }

    /// How crisp its bus wants toast.
    package func crispiness() async throws(DeviceError) -> Int {
        try await file.control(.crispiness).information
    }

    /// Closes it.
    package func close() async { await file.close() }
}

/// What the sideband filter of a toaster tells.
package struct SidebandClient: Sendable {
    private let file: DeviceFile

    /// Opens the first.
    package init(_ interfaces: DeviceInterfaces) async throws(DeviceError) {
        file = try await interfaces.open(.toasterSideband)
    }

    /// How many toasters its bus has.
    package func toasters() async throws(DeviceError) -> Int {
        try await file.control(.watchedToasters).information
    }

    /// How many requests came by.
    package func requests() async throws(DeviceError) -> Int {
        try await file.control(.seenRequests).information
    }

    /// Closes it.
    package func close() async { await file.close() }
}

/// Tells of toasters that come and go, until its task is cancelled.
package func watchToasters(
    in interfaces: DeviceInterfaces, _ tell: @Sendable (String) -> Void
) async {
    var names: [(id: UInt64, name: String)] = []
    for await change in interfaces.changes() {
        switch change {
        case .arrived(let interface) where interface.interfaceClass == .busToaster:
            names.append((interface.id, interface.deviceName))
            tell("\(interface.deviceName) can be opened")
        case .removed(let id):
            guard let place = names.firstIndex(where: { $0.id == id }) else { continue }
            tell("\(names.remove(at: place).name) is gone")
        default: break
        }
    }
}
