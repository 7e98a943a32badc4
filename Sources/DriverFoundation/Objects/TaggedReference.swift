/// A reference to an object that leaves its tag in the report of what was not destroyed (OBJ-8).
///
/// It keeps the object from being destroyed, not from being cleaned up; it is let go of with the
/// value.
///
/// Threading: any.
public struct TaggedReference: ~Copyable, Sendable {
    /// The object.
    public let object: DriverObject
    /// Who holds it, as reports say.
    public let tag: String

    fileprivate init(_ object: DriverObject, _ tag: String) {
        self.object = object
        self.tag = tag
        object.ledger.tag(object.number, tag)
    }

    deinit { object.ledger.untag(object.number, tag) }
}

extension DriverObject {
    /// Refers to the object by a tag (OBJ-8). Any thread.
    public func reference(_ tag: String) -> TaggedReference { TaggedReference(self, tag) }
}
