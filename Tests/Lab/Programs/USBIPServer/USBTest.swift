import Glibc

/// What usbtest is asked, as the kernel lays it out (drivers/usb/misc/usbtest.c).
private struct Parameters {
    var test: UInt32
    var iterations: UInt32
    var length: UInt32
    var vary: UInt32
    var queue: UInt32
    var seconds: Int64 = 0
    var microseconds: Int64 = 0
}

/// usbfs's envelope for an interface driver's own ioctl.
private struct Envelope {
    var interface: Int32 = 0
    var code: Int32
    var data: UnsafeMutableRawPointer
}

/// An ioctl's number: it reads and writes `size` bytes.
private func number(_ code: UInt, size: Int) -> UInt {
    3 << 30 | UInt(size) << 16 | UInt(UInt8(ascii: "U")) << 8 | code
}

func usbtest(node: String, _ values: [UInt32]) -> Int32 {
    guard values.count == 5 else { return EINVAL }
    let descriptor = open(node, O_RDWR)
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    var parameters = Parameters(
        test: values[0], iterations: values[1], length: values[2], vary: values[3],
        queue: values[4])
    let code = withUnsafeMutablePointer(to: &parameters) { pointer -> Int32 in
        let request = number(100, size: MemoryLayout<Parameters>.size)
        var envelope = Envelope(
            code: Int32(truncatingIfNeeded: request), data: UnsafeMutableRawPointer(pointer))
        return ioctl(descriptor, number(18, size: MemoryLayout<Envelope>.size), &envelope)
    }
    guard code >= 0 else {
        let error = errno
        say("usbtest \(values): \(String(cString: strerror(error)))")
        return error
    }
    say("usbtest \(values): \(parameters.seconds * 1000 + parameters.microseconds / 1000) ms")
    return 0
}
