/// Why bytes are not the descriptor they were read as, and where.
///
/// Thrown by every parse of a descriptor. Rules that a well-formed descriptor may still break are
/// not errors: see `DescriptorProblem`.
public struct DescriptorError: Error, Hashable, Sendable {
    /// What is wrong.
    public enum Code: Hashable, Sendable {
        /// `available` bytes are left where `needed` ones would have to stand.
        case truncated(needed: Int, available: Int)
        /// `bLength` is `length`, but this kind of descriptor has at least `minimum` bytes.
        case tooShort(length: Int, minimum: Int)
        /// Another kind of descriptor stands here.
        case wrongType(found: DescriptorType)
        /// `wTotalLength` is `declared`; there are `available` bytes, and `minimum` are needed.
        case wrongTotalLength(declared: Int, minimum: Int, available: Int)
    }

    /// What is wrong.
    public let code: Code
    /// Where the descriptor at fault begins, in bytes from the start of what was parsed.
    public let offset: Int
    /// The kind of descriptor that was read; `nil` if not even its type byte was there.
    public let kind: DescriptorType?

    /// An error of the descriptor of `kind` that begins at `offset`.
    public init(_ code: Code, at offset: Int, in kind: DescriptorType?) {
        self.code = code
        self.offset = offset
        self.kind = kind
    }
}

extension DescriptorError: CustomStringConvertible {
    /// One sentence: which descriptor, where, and what is wrong with it.
    public var description: String {
        let subject = "The \(kind.map { "\($0) " } ?? "")descriptor at byte \(offset)"
        switch code {
        case .truncated(let needed, let available):
            return "\(subject) is cut off: it needs \(needed) bytes and \(available) are there."
        case .tooShort(let length, let minimum):
            return "\(subject) has bLength \(length), which must be at least \(minimum)."
        case .wrongType(let found):
            return "\(subject) is not one: its bDescriptorType is \(hexadecimal(found.rawValue))."
        case .wrongTotalLength(let declared, let minimum, let available):
            return "\(subject) has wTotalLength \(declared), which must be at least \(minimum)"
                + " and at most the \(available) bytes that are there."
        }
    }
}
