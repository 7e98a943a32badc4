import Foundation

/// Arrival and departure through libusb's own hotplug: `stand-in-hotplug [CASE…]`. Virtual devices
/// in this process, the bus in a second one, between them the library of Debian's `umockdev`, whose
/// side of the kernel and of udevd is here.
///
/// Each case ends in a line `case NAME pass` or `fail REASON`.
@main
struct StandInHotplug {
    static func main() async throws {
        let wanted = CommandLine.arguments.dropFirst()
        if wanted.first == "watch" { return try await Watcher().run() }
        signal(SIGPIPE, SIG_IGN)
        var failures = 0
        for test in HotplugCase.all where wanted.isEmpty || wanted.contains(test.name) {
            if await !test.run() { failures += 1 }
        }
        exit(failures == 0 ? 0 : 1)
    }
}

/// A line that whoever runs this sees at once. Past the C library: its streams are locked while one
/// of them is read.
func say(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    _ = write(STDOUT_FILENO, bytes, bytes.count)
}
