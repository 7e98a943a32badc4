import ArgumentParser
import DriverFoundation
import SampleHost
import ToasterDevice
import VirtualUSB

@main
struct HotplugProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hotplug",
        abstract: "Asks you to pull a device and plug it in again, and checks what is reported.",
        discussion: """
            Prints each device's arrival, descriptors, states and departure, and at the end how \
            long things took and whether an event was lost or came twice. The exit status is 0 if \
            every round was run and nothing was lost or doubled.

            Without --device every device but hubs is watched, and none is taken from the kernel's \
            driver. With --bus virtual the program plugs and pulls a virtual device itself.

              hotplug
              hotplug --device 1209:7057 --rounds 10
              hotplug --bus virtual
            """)

    @OptionGroup var options: BusOptions

    @Option(help: ArgumentHelp("How many times to pull and plug in.", valueName: "number"))
    var rounds = 3

    @Option(
        help: ArgumentHelp(
            "How long to wait for each pull and plug before it counts as lost.",
            valueName: "seconds"))
    var wait = 60

    mutating func validate() throws {
        if rounds <= 0 { throw ValidationError("--rounds takes a number, 1 or more.") }
        if wait <= 0 { throw ValidationError("--wait takes seconds, 1 or more.") }
    }

    func run() async throws {
        let narrator = Narrator()
        var plugAndPlay = options.plugAndPlay
        if options.device == nil {
            plugAndPlay.accepts = { $0.descriptor.classCode.base != ClassCode.hub.base }
        }
        let test: HotplugTest
        if options.kind == .virtual {
            let bus = VirtualBus()
            let plug = VirtualPlug(bus)
            test = makeTest(narrator, Hand { plug.perform($0) })
            _ = try await Host.untilSignalled(narrator) { [plugAndPlay] in
                try await test.run(on: bus, plugAndPlay)
            }
        } else {
            let what = options.device.map { "device \($0)" } ?? "a device"
            test = makeTest(
                narrator,
                Hand { deed in
                    let request = deed == .pull ? "Please pull \(what)." : "Please plug \(what) in."
                    narrator.tell(.hand, request, .bold)
                })
            let bus = BusKind.libusb.makeBus()
            _ = try await Host.untilSignalled(narrator) { [plugAndPlay] in
                try await test.run(on: bus, plugAndPlay)
            }
        }
        guard await test.summarise() else { throw ExitCode.failure }
    }

    private func makeTest(_ narrator: Narrator, _ hand: Hand) -> HotplugTest {
        HotplugTest(
            narrator, device: options.device, rounds: rounds, patience: .seconds(wait), hand: hand)
    }
}

/// A hand for a virtual device: does what it is asked, a moment later.
final class VirtualPlug: Sendable {
    private let deeds: AsyncStream<Hand.Deed>.Continuation

    init(_ bus: VirtualBus) {
        let (stream, continuation) = AsyncStream<Hand.Deed>.makeStream()
        deeds = continuation
        Scope(on: bus.loop, name: "hand").task {
            var plugged: PluggedDevice?
            for await deed in stream {
                await LoopClock(bus.loop).wait(for: .milliseconds(200))
                switch deed {
                case .pull: await plugged?.unplug()
                case .plug:
                    // Its own description breaks no rule.
                    if let plugged {
                        try? await plugged.replug()
                    } else {
                        plugged = try? await bus.plug { ToasterDevice(port: $0) }
                    }
                }
            }
        }
    }

    func perform(_ deed: Hand.Deed) { deeds.yield(deed) }
}
