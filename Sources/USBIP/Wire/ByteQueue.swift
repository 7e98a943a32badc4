/// Bytes in the order in which they came: appended at the tail, taken from the head.
///
/// Its memory grows to the largest content and is kept, up to `retainedCapacity`: a connection
/// that is warm allocates nothing.
@safe
struct ByteQueue: ~Copyable, Sendable {
    /// Memory up to this much is kept when the queue runs empty; a rare large message gives back
    /// the rest.
    static let retainedCapacity = 256 * 1024

    // Raw memory, because an array cannot be filled by a system call without being zeroed first.
    // It is this queue's alone, which cannot be copied: hence Sendable.
    private nonisolated(unsafe) var memory: UnsafeMutableRawBufferPointer
    private var head = 0
    private var tail = 0

    init() { unsafe memory = UnsafeMutableRawBufferPointer(start: nil, count: 0) }

    deinit { unsafe memory.deallocate() }

    var count: Int { tail - head }
    var isEmpty: Bool { head == tail }
    var capacity: Int { unsafe memory.count }

    /// What it holds.
    var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let held = unsafe UnsafeRawBufferPointer(rebasing: memory[head..<tail])
            return unsafe _overrideLifetime(held.bytes, borrowing: self)
        }
    }

    /// Lets `body` write up to `space` bytes behind the tail; it returns how many it wrote.
    mutating func append(
        upTo space: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int
    ) {
        reserve(space)
        let free = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[tail..<tail + space])
        let written = unsafe body(free)
        precondition(written >= 0 && written <= space, "\(written) bytes exceed \(space)")
        tail += written
    }

    mutating func append(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { source in
            unsafe append(upTo: source.count) { free in
                unsafe free.copyMemory(from: source)
                return source.count
            }
        }
    }

    mutating func append(_ bytes: [UInt8]) { unsafe append(bytes.span.bytes) }

    /// Appends `value`, big endian.
    mutating func append<Value: FixedWidthInteger>(_ value: Value) {
        let size = Value.bitWidth / 8
        unsafe append(upTo: size) { free in
            unsafe free.storeBytes(of: value.bigEndian, as: Value.self)
            return size
        }
    }

    /// Takes away the first `count` bytes.
    mutating func removeFirst(_ count: Int) {
        precondition(count >= 0 && count <= self.count, "\(count) of \(self.count) bytes")
        head += count
        guard head == tail else { return }
        head = 0
        tail = 0
        if capacity > Self.retainedCapacity { resize(to: Self.retainedCapacity) }
    }

    /// Makes room for `space` bytes behind the tail.
    mutating func reserve(_ space: Int) {
        guard capacity - tail < space else { return }
        let needed = count + space
        if needed <= capacity, head >= count {
            unsafe memory.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: memory[head..<tail]))
            tail = count
            head = 0
        } else {
            resize(to: max(needed, min(2 * capacity, needed + Self.retainedCapacity), 256))
        }
    }

    private mutating func resize(to size: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        unsafe larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[head..<tail]))
        unsafe memory.deallocate()
        unsafe memory = larger
        tail = count
        head = 0
    }
}

extension RawSpan {
    /// The integer at `offset`, big endian; the caller has checked that it is there.
    func big<Value: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as: Value.Type = Value.self)
        -> Value
    {
        Value(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self))
    }
}
