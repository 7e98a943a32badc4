/// The data stage of a control request, as the device's handler sees it.
///
/// For OUT, ``bytes`` holds what the host sent. For IN it is empty at first and the handler fills
/// it; what is beyond ``length`` is cut off, less ends the data stage with a short packet (USB 2.0
/// §8.5.3.2).
public struct ControlData: Sendable {
    /// What was sent, or what is answered.
    public var bytes: [UInt8] = []
    /// How many bytes the host sends or asks for (`wLength`).
    public private(set) var length = 0

    init() {}

    /// Makes room for the next request; the memory is kept.
    mutating func begin(length: Int) {
        bytes.removeAll(keepingCapacity: true)
        self.length = length
    }

    /// Adds one byte to the answer.
    public mutating func append(_ byte: UInt8) { bytes.append(byte) }

    /// Adds bytes to the answer.
    public mutating func append(contentsOf bytes: some Sequence<UInt8>) {
        self.bytes.append(contentsOf: bytes)
    }
}

/// A device's refusal of a control request (USB 2.0 §8.5.3.4): the host sees `stalled`.
public struct Stall: Error, Hashable, Sendable {
    /// The refusal.
    public init() {}
}
