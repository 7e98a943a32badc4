import ArgumentParser
import DriverFoundation
import SampleHost
import VirtualUSB

@main
struct ToasterProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "toaster",
        abstract: "Drives a toaster, and shows its driver's life as it happens.",
        discussion: """
            Without options a virtual toaster is plugged into a bus in this process: it toasts, is \
            pulled in the middle of a slice, comes back, and is removed in an orderly way.

            With --bus libusb the same driver runs on a device of this machine: it toasts whenever \
            one is plugged in, until Ctrl-C.

            With --serve the virtual toaster is exported over USB/IP, to be attached by this or \
            another machine; its input takes the lines plug, unplug, replug and quit.

              toaster
              toaster --serve
              toaster --serve 0.0.0.0:3240
              toaster --bus libusb --wait 120
            """)

    @OptionGroup var options: BusOptions

    @Option(
        help: ArgumentHelp(
            "With --bus libusb: fail when no toaster came within so many seconds.",
            valueName: "seconds"))
    var wait = 60

    @Option(
        defaultAsFlag: ServeAddress.standard,
        help: ArgumentHelp(
            "Export the virtual toaster over USB/IP instead of driving it.",
            valueName: "address:port"))
    var serve: ServeAddress?

    mutating func validate() throws {
        if serve != nil, options.kind != nil || options.device != nil {
            throw ValidationError(
                "--serve exports a toaster and drives none: leave the others out.")
        }
        if wait <= 0 { throw ValidationError("--wait takes seconds, 1 or more.") }
    }

    func run() async throws {
        let narrator = Narrator()
        if let serve {
            try await ServedToaster(narrator: narrator, address: serve).run()
        } else if options.kind == .libusb {
            try await AttachedToaster(
                narrator: narrator, bus: BusKind.libusb.makeBus(), options: options.plugAndPlay,
                patience: .seconds(wait)
            ).run()
        } else {
            _ = try await Host.untilSignalled(narrator) {
                try await EmbeddedToaster(narrator: narrator, bus: VirtualBus()).run()
            }
        }
    }
}
