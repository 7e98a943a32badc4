public import USBTypes

/// An open device.
///
/// ## Order of use
/// An interface is claimed before transfers of its endpoints are made, and every transfer of an
/// interface has completed before `release`, `setAlternateSetting`, `clearHalt`, `reset`,
/// `setConfiguration` or `close` (L9): the bus traps when one is still in flight.
///
/// Threading: any thread for the asynchronous methods; `makeTransfer` on the loop.
public protocol BusDevice: AnyObject, Sendable {
    /// The stay on the bus for which this was opened.
    var id: AttachmentID { get }

    /// The name of the kernel driver bound to an interface, `nil` for none or when the bus has
    /// none.
    func kernelDriver(of interface: UInt8) async -> String?

    /// Takes an interface for this program; a kernel driver is detached if `detaching` says so.
    ///
    /// Errors: `.busy` when a kernel driver, another program or this one has it; `.notFound` when
    /// the configuration in force has no such interface; `.deviceGone`.
    func claim(_ interface: UInt8, detaching: Bool) async throws(BusError)

    /// Gives an interface back, to its kernel driver if one was detached. Never fails: what cannot
    /// be given back is gone.
    func release(_ interface: UInt8) async

    /// Selects a configuration; nothing is sent when it is in force already (L23).
    ///
    /// Errors: `.busy` when an interface is claimed, naming it; `.notFound` when the device has no
    /// such configuration; `.deviceGone`.
    func setConfiguration(_ value: UInt8) async throws(BusError)

    /// Selects an alternate setting of a claimed interface.
    ///
    /// Errors: `.notFound` when the interface is not claimed or has no such setting; `.deviceGone`.
    func setAlternateSetting(_ setting: UInt8, of interface: UInt8) async throws(BusError)

    /// Clears an endpoint's halt and resets its data toggle on both sides. Allowed when it is not
    /// halted.
    ///
    /// Errors: `.notFound` when no setting in force has the endpoint; `.deviceGone`.
    func clearHalt(_ endpoint: EndpointAddress) async throws(BusError)

    /// Resets the port. What was claimed stays claimed if the device was kept.
    ///
    /// Errors: `.deviceGone`.
    func reset() async throws(BusError) -> ResetOutcome

    /// Makes a transfer that can be submitted any number of times; its memory is made now.
    ///
    /// `capacity` is the most bytes of data it can carry; for an IN endpoint the bus rounds its
    /// memory up to whole packets and asks for whole packets (L18). Make `.control` transfers for
    /// endpoint 0.
    /// Errors: `.notFound` when no claimed interface has the endpoint in its present setting;
    /// `.invalidRequest` for a type that is not the endpoint's, or a capacity the bus cannot carry
    /// (L19: 4096 bytes of control data on Linux); `.unsupported` for a type that this bus does not
    /// move; `.outOfMemory`; `.deviceGone`.
    func makeTransfer(
        _ type: TransferType, on endpoint: EndpointAddress, maxPacketSize: Int, capacity: Int
    ) throws(BusError) -> BusTransfer

    /// Lends `body` what the bus itself works with, now (CX-3). On the loop.
    ///
    /// Errors, and then `body` is not called: `.unsupported` when there is nothing beyond this
    /// port, which is the default; `.deviceGone`, also when it is closed.
    func lend(_ body: (borrowing LentBusDevice) -> Void) throws(BusError)

    /// Closes the device; every interface still claimed is released first (L21). Idempotent.
    func close() async
}
