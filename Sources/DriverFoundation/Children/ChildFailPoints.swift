extension FailPoint {
    static let childAttach = FailPoint("a child's device is made")

    /// Where children can fail.
    static let children: [FailPoint] = [childAttach]

    /// A bus driver's description of a child (B-2).
    static let childCreate = "a child's create"
}
