import DriverFoundation
import SampleHost
import Testing

@Suite struct HostTests {
    private func terminal(_ isInteractive: Bool) -> (Terminal, Notes<String>) {
        let output = Notes<String>()
        return (Terminal(isInteractive: isInteractive) { output.add($0) }, output)
    }

    @Test("what is no terminal gets plain lines: no colour, no line that changes")
    func plain() {
        let (terminal, output) = terminal(false)
        terminal.setStatus("half")
        terminal.line(terminal.paint("done", .green, .bold))
        #expect(output.all == ["done\n"])
    }

    @Test("on a terminal the changing line stays below the others")
    func interactive() {
        let (terminal, output) = terminal(true)
        terminal.setStatus("half")
        terminal.line("a line")
        terminal.setStatus(nil)
        terminal.setStatus(nil)
        terminal.line(terminal.paint("done", .green))
        #expect(
            output.all == [
                "\r\u{1B}[Khalf", "\r\u{1B}[Ka line\nhalf", "\r\u{1B}[K",
                "\u{1B}[32mdone\u{1B}[0m\n",
            ])
    }

    @Test("a line says when, who and what")
    func lines() {
        let (terminal, output) = terminal(false)
        let narrator = Narrator(on: terminal, now: { Instant(nanoseconds: 5_000_000) })
        narrator.tell(.hand, "pulls")
        #expect(output.all == ["  0.000  hand       pulls\n"])
        #expect(Narrator.time(.milliseconds(12_034)) == " 12.034")
        #expect(Narrator.time(.milliseconds(-1)) == "  0.000")
        #expect(Narrator.time(.seconds(123_456)) == "123456.000")
        #expect(Narrator.milliseconds(.microseconds(1_234)) == "1.23 ms")
        #expect(Narrator.milliseconds(.microseconds(40)) == "0.04 ms")
    }

    @Test("a bar is as wide as it is told, whatever the fraction")
    func bar() {
        #expect(ProgressBar.text(0.5, width: 4) == "██░░  50 %")
        for fraction in [-1, 0, 0.33, 1, 7, .nan, .infinity] {
            #expect(ProgressBar.text(fraction, width: 10).count == 16)
        }
    }

    @Test(
        "ids are two hexadecimal numbers",
        arguments: [
            ("1209:7057", "1209:7057"), ("046D:c31c", "046d:c31c"), ("1:2", "0001:0002"),
        ])
    func ids(text: String, canonical: String) {
        #expect(DeviceID(argument: text)?.description == canonical)
    }

    @Test(
        "what are no ids is refused",
        arguments: [
            "", ":", "1209", "1209:", ":7057", "12090:1", "x:y", "1:2:3", "-1:2", "+1:2", "1 :2",
        ])
    func noIDs(text: String) {
        #expect(DeviceID(argument: text) == nil)
    }

    @Test(
        "an address may lack either half",
        arguments: [
            ("127.0.0.1:3240", "127.0.0.1:3240"), ("0.0.0.0", "0.0.0.0:3240"),
            ("4000", "127.0.0.1:4000"), ("[::1]:99", "[::1]:99"), ("[::1]", "[::1]:3240"),
        ])
    func addresses(text: String, canonical: String) {
        #expect(ServeAddress(argument: text)?.description == canonical)
    }

    @Test("what is no address is refused", arguments: ["", ":", ":3240", "host:", "host:99999"])
    func noAddresses(text: String) {
        #expect(ServeAddress(argument: text) == nil)
    }

    @Test("the command that attaches names the port only where it is not the usual one")
    func attach() {
        let usual = ServeAddress(host: "10.0.0.1", port: 3240).attachCommand(busID: "1-1")
        #expect(usual.hasSuffix("usbip attach --remote 10.0.0.1 --busid 1-1"))
        let other = ServeAddress(host: "0.0.0.0", port: 99).attachCommand(busID: "1-1")
        #expect(other.hasSuffix("usbip --tcp-port 99 attach --remote ADDRESS --busid 1-1"))
    }

    @Test("PNP-12, PNP-13: an account balances when each callback has returned and has its pair")
    func account() {
        var account = Account()
        let whole: [LifecycleStep] = [
            .matched(driver: "Toaster"), .began(.deviceAdd), .returned(.deviceAdd),
            .began(.prepareHardware), .returned(.prepareHardware), .began(.enterD0),
            .threw(.enterD0, .cancelled), .began(.releaseHardware), .returned(.releaseHardware),
            .disposed,
        ]
        for step in whole { account.note(step) }
        #expect(account.imbalances == [] && account.callbacks == 4)
        account.note(.matched(driver: "Toaster"))
        account.note(.began(.prepareHardware))
        account.note(.began(.enterD0))
        account.note(.returned(.enterD0))
        #expect(
            account.imbalances == [
                "prepareHardware began 2 times and ended 1 times",
                "prepareHardware 2 times, releaseHardware 1 times",
                "enterD0 1 times, exitD0 0 times", "2 devices arrived and 1 came to their end",
            ])
    }
}
