import ArgumentParser
import DriverFoundation
import USBIP

/// Where a device is exported, as people write it: `127.0.0.1:3240`, `[::1]:3240`, or either half.
package struct ServeAddress: Sendable, Hashable, CustomStringConvertible, ExpressibleByArgument {
    package let host: String
    package let port: UInt16

    package static let standard = ServeAddress(
        host: "127.0.0.1", port: ServerOptions.standardPort)

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    package init?(argument: String) {
        if let port = UInt16(argument) {
            self.init(host: Self.standard.host, port: port)
            return
        }
        let colon = argument.lastIndex(of: ":")
        let isWhole = argument.hasSuffix("]") || colon == nil
        guard let colon, !isWhole else {
            guard !argument.isEmpty else { return nil }
            self.init(host: Self.bare(argument), port: Self.standard.port)
            return
        }
        guard let port = UInt16(argument[argument.index(after: colon)...]) else { return nil }
        let host = Self.bare(String(argument[..<colon]))
        guard !host.isEmpty else { return nil }
        self.init(host: host, port: port)
    }

    private static func bare(_ host: String) -> String {
        host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }

    package var description: String {
        (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
    }

    /// The command that attaches `busID` on a Linux machine.
    package func attachCommand(busID: String) -> String {
        let port = port == ServerOptions.standardPort ? "" : "--tcp-port \(port) "
        // Whoever serves on every address is reached at one of them.
        let host = host == "0.0.0.0" || host == "::" ? "ADDRESS" : host
        return
            "sudo modprobe vhci-hcd && sudo usbip \(port)attach --remote \(host) --busid \(busID)"
    }
}
