/// The direction of a transfer, seen from the host (USB 2.0 §8.4.1: OUT leaves the host).
public enum Direction: UInt8, Sendable, Hashable, CaseIterable {
    /// Host to device.
    case out = 0
    /// Device to host.
    case `in` = 1
}

/// How an endpoint moves data (USB 2.0 §9.6.6, bits 1…0 of `bmAttributes`).
public enum TransferType: UInt8, Sendable, Hashable, CaseIterable {
    /// Request and answer over both directions of one endpoint.
    case control = 0
    /// A stream with reserved bandwidth and no retries.
    case isochronous = 1
    /// As fast as the bus allows, with retries.
    case bulk = 2
    /// Small packets, polled at an interval, with retries.
    case interrupt = 3
}
