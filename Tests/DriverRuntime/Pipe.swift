import Glibc

struct NoDescriptorsLeft: Error {}

/// A pipe of the operating system's that carries single bytes.
final class Pipe: Sendable {
    let reader: Int32
    let writer: Int32

    init() throws(NoDescriptorsLeft) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw NoDescriptorsLeft() }
        (reader, writer) = (ends[0], ends[1])
    }

    deinit {
        close(reader)
        close(writer)
    }

    func write() {
        var byte: UInt8 = 1
        _ = unsafe Glibc.write(writer, &byte, 1)
    }

    func read() {
        var byte: UInt8 = 0
        _ = unsafe Glibc.read(reader, &byte, 1)
    }
}
