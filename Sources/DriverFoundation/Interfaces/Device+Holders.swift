/// Whoever has the device open and takes part in its removal (T-6).
extension Device {
    /// Asks the holders of the device's files whether it may be removed.
    ///
    /// Errors: what the first holder threw that does not agree. Whoever gives the removal up for
    /// this or another reason calls ``tellRemoveCanceled()``.
    func askFileHolders() async throws(DeviceError) {
        for holder in holders {
            try await holder.queryRemove()
            state.value.fileAccess.asked.append(holder)
        }
    }

    /// The removal does not take place: those that had agreed may open the device again.
    func tellRemoveCanceled() async {
        let asked = state.value.fileAccess.asked
        state.value.fileAccess.asked = []
        for holder in asked { await holder.removeCanceled() }
    }

    /// The device goes: those that had agreed, and those that have it open, are told; then the
    /// latter's files are closed for them.
    func tellRemoveComplete() async {
        let files = state.value.files.filter { $0.state.value.holder != nil }
        let all = state.value.fileAccess.asked + holders
        state.value.fileAccess.asked = []
        for holder in all.unique { await holder.removeComplete() }
        for file in files { file.close(nil) }
    }

    private var holders: [any FileHolder] {
        state.value.files.compactMap(\.state.value.holder).unique
    }
}

extension [any FileHolder] {
    /// Each once, in the order of their first places.
    fileprivate var unique: [any FileHolder] {
        var seen: [any FileHolder] = []
        for holder in self where !seen.contains(where: { $0 === holder }) { seen.append(holder) }
        return seen
    }
}
