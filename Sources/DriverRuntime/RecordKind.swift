/// What a record of the flight recorder is about: a number in the record, a name for people.
///
/// Modules declare theirs as static constants, with the module's own high byte:
/// `extension RecordKind { static let submitted = RecordKind(0x0201, "transfer submitted") }`.
public struct RecordKind: Hashable, Sendable, CustomStringConvertible {
    /// What a record holds.
    public let rawValue: UInt16

    /// Makes the kind and registers its name; traps when the number has another name already.
    ///
    /// Threading: any.
    public init(_ rawValue: UInt16, _ name: StaticString) {
        self.rawValue = rawValue
        RecordKind.names.register("\(name)", for: rawValue)
    }

    /// The kind that a record holds.
    init(recorded rawValue: UInt16) { self.rawValue = rawValue }

    /// The name, or the number where no code that names it has run.
    public var description: String {
        RecordKind.names[rawValue] ?? "kind 0x" + String(rawValue, radix: 16)
    }

    private static let names = Names()

    /// Sendable because `table` is guarded by `lock`.
    private final class Names: @unchecked Sendable {
        private let lock = Lock()
        private var table: [UInt16: String] = [:]

        subscript(rawValue: UInt16) -> String? { lock.withLock { table[rawValue] } }

        func register(_ name: String, for rawValue: UInt16) {
            let known = lock.withLock {
                let known = table[rawValue]
                table[rawValue] = name
                return known
            }
            if let known, known != name {
                fatalError("record kind \(rawValue) is both '\(known)' and '\(name)'")
            }
        }
    }
}
