import ArgumentParser
import DriverFoundation
import LibUSBBus
import VirtualUSB

/// Which bus a sample runs on.
package enum BusKind: String, Sendable, CaseIterable, ExpressibleByArgument {
    case virtual
    case libusb
}

/// A vendor and product id as people write them: `1209:7057`.
package struct DeviceID: Sendable, Hashable, CustomStringConvertible, ExpressibleByArgument {
    package let vendor: UInt16
    package let product: UInt16

    package init(vendor: UInt16, product: UInt16) {
        self.vendor = vendor
        self.product = product
    }

    /// Two hexadecimal numbers of at most four digits with a colon between them, else `nil`.
    package init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ 1...4 ~= $0.count && $0.first != "+" }),
            let vendor = UInt16(parts[0], radix: 16), let product = UInt16(parts[1], radix: 16)
        else { return nil }
        self.init(vendor: vendor, product: product)
    }

    package var description: String { Self.hexadecimal(vendor) + ":" + Self.hexadecimal(product) }

    /// Whether `device` has these ids.
    package func matches(_ device: AttachedDevice) -> Bool {
        device.descriptor.vendorID == vendor && device.descriptor.productID == product
    }

    private static func hexadecimal(_ number: UInt16) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}

/// The options that decide whose devices a sample drives.
package struct BusOptions: ParsableArguments {
    @Option(
        name: .customLong("bus"),
        help: "virtual: a device in this process; libusb: the machine's own devices.")
    package var kind: BusKind?

    @Option(
        name: .customLong("device"),
        help: ArgumentHelp(
            "Drive this device alone; on real hardware it is taken from the kernel's driver.",
            valueName: "vid:pid"))
    package var device: DeviceID?

    package init() {}

    /// What the framework is told about them.
    package var plugAndPlay: PlugAndPlay.Options {
        var options = PlugAndPlay.Options()
        // Nobody's mouse stops because a sample was started.
        options.detachesKernelDrivers = device != nil
        if let device { options.accepts = { device.matches($0) } }
        return options
    }
}

extension BusKind {
    /// Makes the bus.
    package func makeBus() -> any USBBus {
        switch self {
        case .virtual: VirtualBus()
        case .libusb: LibUSBBus()
        }
    }
}
