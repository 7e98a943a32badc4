/// State on the path of every transfer, reached by its address.
///
/// A class's property costs two calls of the runtime for each write, which check for overlapping
/// accesses, and a retain of its object: together a third of what a transfer costs. The state here
/// is confined to the loop, as `LoopConfined` is; that the caller is on the loop was checked
/// already by `BusTransfer`, once for each submit and each completion.
@safe package struct LoopCell<State>: @unchecked Sendable {
    // Sendable because only the loop reads or writes through it. Its owner frees it, and outlives
    // its users.
    private let address: UnsafeMutablePointer<State>

    package init(_ state: State) {
        unsafe address = .allocate(capacity: 1)
        unsafe address.initialize(to: state)
    }

    /// The state. On the loop only.
    package var value: State {
        @inline(__always) unsafeAddress { unsafe UnsafePointer(address) }
        @inline(__always) nonmutating unsafeMutableAddress { unsafe address }
    }

    /// By its owner, when nothing uses it any more.
    package func free() {
        unsafe address.deinitialize(count: 1)
        unsafe address.deallocate()
    }
}
