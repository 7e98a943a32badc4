extension [UInt8] {
    /// The bytes, lent.
    var raw: RawSpan {
        @_lifetime(borrow self)
        get {
            // Unsafe only for elements with padding.
            unsafe _overrideLifetime(span.bytes, borrowing: self)
        }
    }
}
