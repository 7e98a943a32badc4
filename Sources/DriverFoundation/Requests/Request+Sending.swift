extension Request {
    /// The open file through which it came; `nil` for a request that a driver made.
    public var file: FileObject? { core.state.value.file }
}
