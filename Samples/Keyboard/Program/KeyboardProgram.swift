import ArgumentParser
import DriverFoundation
import KeyboardDriver
import SampleHost

@main
struct KeyboardProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keyboard",
        abstract: "Drives a keyboard, and prints what is typed on it.",
        discussion: """
            Without options a virtual keyboard types a sentence by itself, Caps Lock included.

            A real keyboard is taken from the kernel's driver while the program runs, so say which;
            lsusb lists them. Ctrl-C ends, and the kernel has it back.

              keyboard
              keyboard --bus libusb --device 046d:c31c
              keyboard --bus libusb --device 0627:0001 --expect "Hello toast 42" --timeout 60
            """)

    @OptionGroup var options: BusOptions

    @Option(
        help: ArgumentHelp(
            "End with success once exactly this was typed, with failure once it was not.",
            valueName: "text"))
    var expect: String?

    @Option(
        help: ArgumentHelp(
            "Fail when the text was not typed within so many seconds.", valueName: "seconds"))
    var timeout: Int?

    mutating func validate() throws {
        if options.kind == .libusb, options.device == nil {
            throw ValidationError(
                """
                A real keyboard is taken from the kernel while this runs: say which one with \
                --device VID:PID (lsusb lists them), and keep another one to type on.
                """)
        }
        if let timeout, timeout <= 0 {
            throw ValidationError("--timeout takes seconds, 1 or more.")
        }
        if expect?.isEmpty == true { throw ValidationError("--expect takes a text.") }
    }

    func run() async throws {
        let narrator = Narrator()
        let isVirtual = options.kind != .libusb
        let typing = Typing(narrator, expected: expect ?? (isVirtual ? Typing.sentence : nil))
        let timeout = timeout.map { Duration.seconds($0) } ?? (isVirtual ? .seconds(30) : nil)
        let options = options
        let isTyped = try await Host.untilSignalled(narrator) {
            isVirtual
                ? try await typing.runEmbedded(timeout: timeout)
                : try await typing.run(
                    on: BusKind.libusb.makeBus(), options.plugAndPlay, timeout: timeout)
        }
        typing.summarise()
        // Ctrl-C ends a program that expects nothing as it should end.
        guard isTyped ?? (expect == nil) else { throw ExitCode.failure }
        guard narrator.counts.imbalances.isEmpty else { throw ExitCode.failure }
    }
}
