/// What a bus itself works with for an open device, lent to a driver while a closure runs (CX-3):
/// the way out for whatever the port does not offer.
///
/// It cannot be kept: it is neither copied nor outlives the closure. What is made of it by unsafe
/// means must not either, for the device may be closed as soon as the closure has returned.
///
/// Threading: the loop, where nothing may block.
@safe public struct LentBusDevice: ~Copyable, ~Escapable {
    /// The library whose object it is: `libusb`, for example.
    public let library: String
    private let pointer: OpaquePointer

    /// Lends `object` of `library`; for a bus, which keeps it alive until the closure has returned.
    @_lifetime(immortal)
    @unsafe public init(_ object: OpaquePointer, of library: String) {
        self.library = library
        unsafe pointer = object
    }

    /// The library's object. To be asked whatever changes nothing that the framework has set, and
    /// begins no transfer.
    @unsafe public var object: OpaquePointer { unsafe pointer }
}

extension BusDevice {
    /// Refuses: the bus has nothing beyond the port.
    public func lend(_ body: (borrowing LentBusDevice) -> Void) throws(BusError) {
        throw BusError(
            .unsupported, "The bus of device \(id) has nothing of it that could be lent (CX-3).")
    }
}
