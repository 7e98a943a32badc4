import ArgumentParser
import DriverFoundation
import SampleHost

@main
struct ToasterProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "toaster",
        abstract: "Drives a toaster, and shows its driver's life as it happens.")

    mutating func run() async throws {
        let narrator = Narrator()
        try await Host.untilSignalled {
            try await EmbeddedToaster(narrator).run()
        }
    }
}
