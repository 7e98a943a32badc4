import ArgumentParser
import Testing

@testable import hotplug
@testable import keyboard
@testable import toaster

@Suite struct OptionsTests {
    private func refusal<Command: ParsableCommand>(
        of command: Command.Type, _ arguments: String...
    ) -> (status: Int32, text: String)? {
        do {
            _ = try command.parse(arguments)
            return nil
        } catch {
            return (command.exitCode(for: error).rawValue, command.message(for: error))
        }
    }

    @Test("a real keyboard is not taken from the kernel unless it is named")
    func namedKeyboard() throws {
        let unnamed = try #require(refusal(of: KeyboardProgram.self, "--bus", "libusb"))
        #expect(unnamed.status == 64 && unnamed.text.contains("--device VID:PID"))
        let named = ["--bus", "libusb", "--device", "0627:0001"]
        let options = try KeyboardProgram.parse(named).options
        #expect(options.plugAndPlay.detachesKernelDrivers)
        #expect(!(try HotplugProgram.parse([])).options.plugAndPlay.detachesKernelDrivers)
    }

    @Test("--serve stands alone or with an address")
    func serve() throws {
        #expect(try ToasterProgram.parse([]).serve == nil)
        #expect(try ToasterProgram.parse(["--serve"]).serve == .standard)
        #expect(try ToasterProgram.parse(["--serve", "[::1]:99"]).serve?.description == "[::1]:99")
        #expect(refusal(of: ToasterProgram.self, "--serve", "nowhere:x")?.status == 64)
        #expect(refusal(of: ToasterProgram.self, "--serve", "--bus", "libusb")?.status == 64)
    }

    @Test("what makes no sense is a usage error")
    func nonsense() {
        #expect(refusal(of: ToasterProgram.self, "--bus", "pci")?.status == 64)
        #expect(refusal(of: ToasterProgram.self, "--wait", "0")?.status == 64)
        #expect(refusal(of: ToasterProgram.self, "--device", "toaster")?.status == 64)
        #expect(refusal(of: HotplugProgram.self, "--rounds", "0")?.status == 64)
        #expect(refusal(of: KeyboardProgram.self, "--timeout", "-1")?.status == 64)
        #expect(refusal(of: KeyboardProgram.self, "--expect", "")?.status == 64)
        #expect(refusal(of: KeyboardProgram.self, "text")?.status == 64)
    }
}
