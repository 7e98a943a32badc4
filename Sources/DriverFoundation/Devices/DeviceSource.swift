/// What a device consists of, which decides what its driver finds in `prepareHardware()`.
enum DeviceSource: Sendable {
    /// A USB device, which is opened for this node alone.
    case device(AttachedDevice, interfaces: [UInt8])
    /// Some interfaces of the parent's device, which the parent has opened.
    case function(AttachedDevice, interfaces: [UInt8])
    /// Nothing that could be opened: a child that its bus driver stands for, a root, or a control
    /// device.
    case software

    var usb: AttachedDevice? {
        switch self {
        case .device(let usb, _), .function(let usb, _): usb
        case .software: nil
        }
    }

    var interfaces: [UInt8] {
        switch self {
        case .device(_, let interfaces), .function(_, let interfaces): interfaces
        case .software: []
        }
    }
}

/// An open USB device, which its node and the nodes of its functions use together: closed when the
/// last of them has given it back.
final class OpenDevice: Sendable {
    let bus: any BusDevice
    private let users: LoopConfined<Int>

    /// `bus` with one user.
    init(_ bus: any BusDevice, on loop: EventLoop) {
        self.bus = bus
        users = LoopConfined(on: loop, 1)
    }

    /// One more user; `nil` when the device is closed already.
    func shared() -> OpenDevice? {
        guard users.value > 0 else { return nil }
        users.value += 1
        return self
    }

    /// One user less; interfaces that it claimed must have been released.
    func giveBack() async {
        users.value -= 1
        if users.value == 0 { await bus.close() }
    }
}
