/// Traps with `message` when somebody else's code has broken a contract: which rule, which object,
/// what to do.
///
/// Not a precondition, whose message optimised builds leave out.
@inlinable @inline(__always)
package func contract(
    _ isKept: Bool, _ message: @autoclosure () -> String, file: StaticString = #fileID,
    line: UInt = #line
) {
    if !isKept { broken(message(), file: file, line: line) }
}

@usableFromInline @inline(never)
package func broken(_ message: String, file: StaticString, line: UInt) -> Never {
    fatalError(message, file: file, line: line)
}
