internal import CSystemd
internal import Glibc

/// A connection to the system's message bus: every call of libsystemd is in this file.
///
/// Nothing here waits: what cannot be written or read now is when the descriptor is ready. Used by
/// one thread.
@safe final class SystemBus {
    enum Progress: ~Copyable {
        /// Nothing to do before the descriptor is ready.
        case idle
        /// Something of the connection's own.
        case worked
        case message(BusMessage)
    }

    struct Method {
        let destination: String
        let path: String
        let interface: String
        let member: String
    }

    private let bus: OpaquePointer

    /// Begins to connect: to `address`, or to where the system's own bus is.
    init(address: String?) throws(LogindError) {
        var made: OpaquePointer?
        let code = unsafe address == nil ? sd_bus_open_system(&made) : sd_bus_new(&made)
        try Self.check(code, .noBus)
        guard let made = unsafe made else { throw LogindError(.noBus, "no connection") }
        unsafe bus = made
        if let address {
            try Self.check(unsafe sd_bus_set_address(bus, address), .noBus)
            try Self.check(unsafe sd_bus_set_bus_client(bus, 1), .noBus)
            try Self.check(unsafe sd_bus_start(bus), .noBus)
        }
        // A library does not end its program.
        unsafe sd_bus_set_exit_on_disconnect(bus, 0)
    }

    deinit { unsafe sd_bus_close_unref(bus) }

    /// What poll is to watch.
    var descriptor: Int32 { unsafe sd_bus_get_fd(bus) }
    /// And for what: poll's bits.
    var interest: Int16 { Int16(truncatingIfNeeded: unsafe max(sd_bus_get_events(bus), 0)) }

    /// Sends a question; its answer is a message with the number returned here.
    func call(_ method: Method, _ arguments: [String]) throws(LogindError) -> UInt64 {
        var made: OpaquePointer?
        try Self.check(
            unsafe sd_bus_message_new_method_call(
                bus, &made, method.destination, method.path, method.interface, method.member),
            .disconnected)
        guard let made = unsafe made else { throw LogindError(.disconnected, "no message") }
        let message = unsafe BusMessage(made)
        for argument in arguments {
            try Self.check(message.append(argument), .disconnected)
        }
        var number: UInt64 = 0
        try Self.check(unsafe sd_bus_send(bus, made, &number), .disconnected)
        _ = consume message
        return number
    }

    /// Does the next thing that can be done without waiting.
    func advance() throws(LogindError) -> Progress {
        var received: OpaquePointer?
        let code = unsafe sd_bus_process(bus, &received)
        if let received = unsafe received { return unsafe .message(BusMessage(received)) }
        try Self.check(code, .disconnected)
        return code == 0 ? .idle : .worked
    }

    private static func check(_ code: Int32, _ error: LogindError.Code) throws(LogindError) {
        guard code < 0 else { return }
        throw LogindError(error, unsafe String(cString: strerror(-code)))
    }
}

/// One message, and a place in it from which the next value is read.
@safe struct BusMessage: ~Copyable {
    private let message: OpaquePointer

    /// Takes over the caller's reference.
    @unsafe init(_ message: OpaquePointer) { unsafe self.message = message }

    deinit { unsafe sd_bus_message_unref(message) }

    /// The number of the question that this answers, if it is an answer.
    var answered: UInt64? {
        var number: UInt64 = 0
        return unsafe sd_bus_message_get_reply_cookie(message, &number) >= 0 ? number : nil
    }

    /// The connection that has sent it.
    var sender: String? { unsafe Self.text(sd_bus_message_get_sender(message)) }

    /// The error that it is, if it is one: a name such as `org.freedesktop.DBus.Error.Failed`, and
    /// what was said to it.
    var error: (name: String, text: String)? {
        guard let error = unsafe sd_bus_message_get_error(message) else { return nil }
        return unsafe (Self.text(error.pointee.name) ?? "", Self.text(error.pointee.message) ?? "")
    }

    func isSignal(_ interface: String, _ member: String) -> Bool {
        unsafe sd_bus_message_is_signal(message, interface, member) > 0
    }

    /// Whether a variant of that type comes next; then its value does.
    func entersVariant(of type: String) -> Bool {
        let variant = CChar(bitPattern: UInt8(ascii: "v"))
        return unsafe sd_bus_message_enter_container(message, variant, type) > 0
    }

    func boolean() -> Bool? {
        var value: Int32 = 0
        return unsafe read("b", &value) ? value != 0 : nil
    }

    func number() -> UInt64? {
        var value: UInt64 = 0
        return unsafe read("t", &value) ? value : nil
    }

    func string() -> String? {
        var value: UnsafePointer<CChar>?
        return unsafe read("s", &value) ? Self.text(value) : nil
    }

    /// A descriptor of the reader's own.
    func descriptor() -> OwnedDescriptor? {
        var value: Int32 = -1
        return unsafe read("h", &value) ? OwnedDescriptor(copying: value) : nil
    }

    fileprivate func append(_ argument: String) -> Int32 {
        unsafe sd_bus_message_append_basic(
            message, CChar(bitPattern: UInt8(ascii: "s")), argument)
    }

    private func read(_ type: Unicode.Scalar, _ value: UnsafeMutableRawPointer) -> Bool {
        unsafe sd_bus_message_read_basic(
            message, CChar(bitPattern: UInt8(ascii: type)), value) > 0
    }

    private static func text(_ text: UnsafePointer<CChar>?) -> String? {
        guard let text = unsafe text else { return nil }
        return unsafe String(cString: text)
    }
}
