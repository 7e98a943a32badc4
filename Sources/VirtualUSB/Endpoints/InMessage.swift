internal import DriverRuntime

/// A message on its way to the host: bytes that their sender lends while it waits, or bytes kept
/// for a transfer that was withdrawn.
@safe final class InMessage {
    private var lent = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    private var kept: [UInt8] = []
    private var offset = 0
    private var isKept = false
    private var sender: Resumption<Bool>?
    private(set) var endsTransfer = true
    var next: InMessage?

    var remaining: Int { (isKept ? kept.count : unsafe lent.count) - offset }

    func lend(
        _ bytes: UnsafeRawBufferPointer, endsTransfer: Bool, _ sender: Resumption<Bool>
    ) {
        unsafe lent = bytes
        isKept = false
        offset = 0
        self.endsTransfer = endsTransfer
        self.sender = sender
    }

    /// Keeps a copy of the first `count` bytes, which are the beginning of an unended message.
    func keep(_ bytes: UnsafeMutableRawBufferPointer, count: Int) {
        kept.removeAll(keepingCapacity: true)
        unsafe kept.append(contentsOf: bytes[..<count])
        isKept = true
        offset = 0
        endsTransfer = false
    }

    func move(_ count: Int, to memory: UnsafeMutableRawBufferPointer, at start: Int) {
        guard count > 0 else { return }
        let target = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + count])
        if isKept {
            unsafe kept.withUnsafeBytes {
                unsafe target.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count]))
            }
        } else {
            unsafe target.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: lent[offset..<offset + count]))
        }
        offset += count
    }

    /// Lets the sender go on; the lent bytes are not touched after this.
    func finish(_ isSent: Bool) {
        unsafe lent = UnsafeRawBufferPointer(start: nil, count: 0)
        sender.take()?.resume(returning: isSent)
    }
}

/// Messages in the order in which they are sent, linked through themselves.
struct MessageList {
    private(set) var first: InMessage?
    private var last: InMessage?
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ message: InMessage) {
        if let last { last.next = message } else { first = message }
        last = message
        count += 1
    }

    mutating func prepend(_ message: InMessage) {
        message.next = first
        if first == nil { last = message }
        first = message
        count += 1
    }

    mutating func removeFirst() -> InMessage? {
        guard let taken = first else { return nil }
        first = taken.next
        if first == nil { last = nil }
        taken.next = nil
        count -= 1
        return taken
    }
}
