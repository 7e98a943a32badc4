import ArgumentParser
import SampleHost
import VirtualUSB

@main
struct ToasterBusProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "toasterbus",
        abstract: "Shows a family of drivers: a bus of toasters, its toasters, and two filters.",
        discussion: """
            There is no hardware: the bus driver reports toasters as programs ask it to. One \
            toasts, one is ejected, which its driver may refuse, and one is pulled in the middle \
            of a slice.
            """)

    func run() async throws {
        let narrator = Narrator()
        _ = try await Host.untilSignalled(narrator) {
            try await ToasterFamilyStory(narrator: narrator, bus: VirtualBus()).run()
        }
    }
}
