/// The life of an object of a device's tree (OBJ-3, OBJ-4): WDF's thirteen states as the five that
/// differ without interrupt levels; the sixth, destroyed, is `deinit`.
enum ObjectMachine: StateMachine {
    /// Whose wish a disposal is.
    enum Cause: Hashable, Sendable, CaseIterable {
        /// The object itself was deleted.
        case deleted
        /// The object is to be cleaned up ahead of its deletion, as at a device's removal.
        case early
        /// Its parent is being disposed of, and the parent's pass comes by.
        case parent
    }

    enum State: Hashable, Sendable {
        case created
        /// Descendants, then the object itself, are being cleaned up.
        case disposing(Cause)
        /// Cleaned up, not deleted: nothing can be added, contexts are still there.
        case disposed
        /// The same, as part of a parent that has not been deleted yet.
        case waitingForParent
        /// Out of the tree; destroyed with the last reference.
        case deleted
    }

    enum Event: Hashable, Sendable, CaseIterable {
        case delete, dispose, parentDisposes, cleanedUp, parentDeleted
    }

    enum Effect: Hashable, Sendable, CaseIterable {
        /// Children are marked, so that nothing can be added anywhere below.
        case markChildren
        /// Children are cleaned up, head to tail, then the object itself.
        case runDisposal
        /// The object leaves its parent, and its children leave it.
        case drop
        /// It was deleted before.
        case refuse
    }

    static func reduce(_ state: State, _ event: Event) -> Step<State, Effect>? {
        switch state {
        case .created: created(event)
        case .disposing(let cause): disposing(event, cause)
        case .disposed: disposed(event)
        case .waitingForParent: waitingForParent(event)
        case .deleted: deleted(event)
        }
    }

    private static func created(_ event: Event) -> Step<State, Effect>? {
        switch event {
        case .delete: .go(.disposing(.deleted), [.markChildren, .runDisposal])
        case .dispose: .go(.disposing(.early), [.markChildren, .runDisposal])
        // The parent's pass runs it, when its turn comes.
        case .parentDisposes: .go(.disposing(.parent), [.markChildren])
        case .cleanedUp, .parentDeleted: nil
        }
    }

    private static func disposing(_ event: Event, _ cause: Cause) -> Step<State, Effect>? {
        switch (event, cause) {
        case (.delete, .deleted): .stay([.refuse])
        case (.delete, .early): .go(.disposing(.deleted), [])
        // It goes with its parent anyway.
        case (.delete, .parent): .stay([])
        case (.dispose, _), (.parentDisposes, _): .stay([])
        case (.cleanedUp, .deleted): .go(.deleted, [.drop])
        case (.cleanedUp, .early): .go(.disposed, [])
        case (.cleanedUp, .parent): .go(.waitingForParent, [])
        // A parent waits for each child's own disposal before it is deleted.
        case (.parentDeleted, _): nil
        }
    }

    private static func disposed(_ event: Event) -> Step<State, Effect>? {
        switch event {
        case .delete, .parentDeleted: .go(.deleted, [.drop])
        case .parentDisposes: .go(.waitingForParent, [])
        case .dispose: .stay([])
        case .cleanedUp: nil
        }
    }

    private static func waitingForParent(_ event: Event) -> Step<State, Effect>? {
        switch event {
        case .delete, .parentDeleted: .go(.deleted, [.drop])
        case .dispose, .parentDisposes: .stay([])
        case .cleanedUp: nil
        }
    }

    private static func deleted(_ event: Event) -> Step<State, Effect>? {
        switch event {
        case .delete: .stay([.refuse])
        case .dispose, .parentDisposes, .parentDeleted: .stay([])
        case .cleanedUp: nil
        }
    }
}
