package import USBBus

/// Which devices are there: gives every stay on the bus one identity, whatever order and however
/// often libusb reports it (L13).
///
/// `Key` identifies a device while it is attached; a later stay may reuse it, as libusb reuses its
/// pointers.
package struct AttachmentTable<Key: Hashable & Sendable>: Sendable {
    /// A stay.
    package struct Entry: Sendable {
        package let id: AttachmentID
        package let key: Key
        /// Set once the arrival was reported.
        package var device: AttachedDevice?
    }

    private var entries: [Entry] = []
    private var lastID: UInt64 = 0
    private var listings = 0
    private var leftDuringListing: Set<Key> = []

    package init() {}

    /// All stays, oldest first.
    package var all: [Entry] { entries }

    package subscript(id: AttachmentID) -> Entry? { entries.first { $0.id == id } }

    /// Notes an arrival; `nil` when it is known.
    package mutating func arrive(_ key: Key) -> AttachmentID? {
        guard !entries.contains(where: { $0.key == key }) else { return nil }
        // Whoever arrives again after it left is in no list that was made before.
        leftDuringListing.remove(key)
        lastID += 1
        let id = AttachmentID(rawValue: lastID)
        entries.append(Entry(id: id, key: key))
        return id
    }

    /// Notes that the arrival is reported now; `false` when the device left in between.
    package mutating func report(_ id: AttachmentID, _ device: AttachedDevice) -> Bool {
        guard let index = entries.firstIndex(where: { $0.id == id }) else { return false }
        entries[index].device = device
        return true
    }

    /// Notes a departure, and gives the stay that ended.
    package mutating func depart(_ key: Key) -> Entry? {
        if listings > 0 { leftDuringListing.insert(key) }
        guard let index = entries.firstIndex(where: { $0.key == key }) else { return nil }
        return entries.remove(at: index)
    }

    /// Begins a listing; each is ended by one ``merge(_:since:)``, which takes what this returns.
    package mutating func beginListing() -> AttachmentID {
        listings += 1
        return AttachmentID(rawValue: lastID)
    }

    /// Compares what a listing found with what was known when it began: arrivals not yet known, and
    /// stays whose device was not found. Who left after the list was made does not come back by it,
    /// and who came after it does not leave by it.
    package mutating func merge(
        _ found: [Key], since mark: AttachmentID
    ) -> (arrived: [Entry], departed: [Entry]) {
        let present = Set(found)
        let departed = entries.filter {
            $0.id.rawValue <= mark.rawValue && !present.contains($0.key)
        }
        entries.removeAll { entry in departed.contains { $0.id == entry.id } }
        var arrived: [Entry] = []
        for key in found where !leftDuringListing.contains(key) {
            if let id = arrive(key) { arrived.append(Entry(id: id, key: key)) }
        }
        endListing()
        return (arrived, departed)
    }

    /// Ends a listing that failed.
    package mutating func endListing() {
        listings -= 1
        if listings == 0 { leftDuringListing.removeAll() }
    }
}
