import DriverFoundation

/// What programs may ask of the bus; the input is a toaster's serial number, one byte.
package enum BusControl {
    /// A toaster is there from now on.
    package static let plugIn: ControlCode = 0x10
    /// A toaster is pulled: a surprise.
    package static let unplug: ControlCode = 0x11
    /// A toaster goes when all its drivers agree.
    package static let eject: ControlCode = 0x12
}

/// What programs may ask of a toaster, beside writing slices and reading toast.
package enum ToasterControl {
    /// Completes with the number of slices toasted since the toaster came.
    package static let slices: ControlCode = 0x20
    /// Completes with the crispiness that the bus has set.
    package static let crispiness: ControlCode = 0x21
}

/// What programs may ask of the sideband filter.
package enum SidebandControl {
    /// Completes with the number of toasters that it watches.
    package static let toasters: ControlCode = 0x30
    /// Completes with the number of requests that it has seen.
    package static let requests: ControlCode = 0x31
}

extension DeviceInterfaceClass {
    /// A bus of toasters.
    package static let toasterBus: DeviceInterfaceClass = "org.driver-foundation.toaster-bus"
    /// A toaster on such a bus.
    package static let busToaster: DeviceInterfaceClass = "org.driver-foundation.bus-toaster"
    /// The sideband filter of a toaster.
    package static let toasterSideband: DeviceInterfaceClass =
        "org.driver-foundation.toaster-sideband"
}

/// What the bus offers the drivers of its toasters (B-11).
package protocol ToasterStandard: Sendable {
    /// How crisp toast is to be.
    func crispiness() -> Int
}

extension DeviceIdentity {
    /// The hardware id of every toaster on a bus.
    package static let toasterID = "toaster"

    static func toaster(_ serial: UInt8) -> DeviceIdentity {
        DeviceIdentity(
            name: "Toaster \(serial)", instanceID: "\(serial)", hardwareIDs: [toasterID])
    }
}
