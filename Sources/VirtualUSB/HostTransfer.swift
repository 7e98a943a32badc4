public import USBBus
public import USBTypes

/// A transfer as a virtual device's side sees it: what some host — the in-process bus, a USB/IP
/// session — asks of one endpoint.
///
/// A host subclasses it, fills it in, and hands it to ``UpstreamPort/submit(_:)``; the port calls
/// ``finish(_:length:)`` exactly once for each submit, on the loop, never from inside `submit`. It may
/// be submitted again after that.
///
/// Threading: on the device's loop only.
@safe open class HostTransfer: @unchecked Sendable {
    // Sendable because it is confined to the device's loop, on which both its ends live.

    /// The endpoint; `.control` for the default control endpoint.
    public final let endpoint: EndpointAddress
    /// The request of a control transfer.
    public final var setup = SetupPacket(requestType: 0, request: 0, value: 0, index: 0, length: 0)
    /// Bytes of data that are sent (OUT) or asked for (IN).
    public final var length = 0
    /// Whether an OUT of whole packets ends with a zero-length packet.
    public final var endsWithZeroPacket = false
    /// The data: at least `length` bytes, the host's own, valid until `finish`.
    public final var memory: UnsafeMutableRawBufferPointer

    /// A transfer of `endpoint` over the host's memory.
    public init(endpoint: EndpointAddress, memory: UnsafeMutableRawBufferPointer) {
        self.endpoint = endpoint
        unsafe self.memory = memory
    }

    /// The end of the transfer: how, and how many bytes moved. Overridden by each host.
    open func finish(_ status: TransferStatus, length: Int) {
        preconditionFailure("a host must override finish")
    }
}
