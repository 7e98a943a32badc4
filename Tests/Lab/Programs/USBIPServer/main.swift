import Glibc
import TestDevices
import USBIP

// lab-usbip serve [PORT]: exports a source and sink as 1-1 and an echo device as 1-2, and obeys one
// line each: `unplug`, `replug`, `stop`; it says `done WORD` after each.
// lab-usbip usbtest NODE CASE ITERATIONS LENGTH VARY QUEUE: runs a case of the kernel's usbtest
// on the device at /dev/bus/usb/…, prints what it came to, and fails with the kernel's errno.

let arguments = Array(CommandLine.arguments.dropFirst())
switch arguments.first {
case "serve":
    try await serve(port: arguments.dropFirst().first.flatMap { UInt16($0) })
case "usbtest" where arguments.count == 7:
    exit(usbtest(node: arguments[1], arguments[2...].compactMap { UInt32($0) }))
default:
    say("usage: lab-usbip serve [PORT] | usbtest NODE CASE ITERATIONS LENGTH VARY QUEUE")
    exit(64)
}

func serve(port: UInt16?) async throws {
    var options = ServerOptions(port: port ?? ServerOptions.standardPort)
    options.onEvent = { say("\($0)") }
    let server = try await USBIPServer.start(options)
    let device = try await server.export("1-1") { SourceSinkDevice(port: $0) }
    _ = try await server.export("1-2") { EchoDevice(port: $0) }
    say("listening on port \(server.port)")
    while let word = readLine(), word != "stop" {
        if word == "unplug" { await device.unplug() }
        if word == "replug" { try await device.replug() }
        say("done \(word)")
    }
    await server.stop()
    say("done stop")
}

/// Writes a line at once, though its reader be a pipe.
func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = write(1, bytes, bytes.count)
}
