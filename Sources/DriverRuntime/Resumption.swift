#if SANITIZE_THREAD
public import Synchronization

/// Tells the thread sanitizer that a resumption comes before what its task does next: it cannot
/// see the Swift runtime's own way of saying so. Built into its builds alone.
@usableFromInline let resumed = Atomic<Int>(0)
#endif

/// The right to resume one suspended task, once: a continuation that costs no allocation.
///
/// The holder answers for "once": resuming twice is undefined, never resuming leaves the task for
/// ever. Framework code keeps it in an optional and takes it out to resume.
@safe public struct Resumption<Value: Sendable>: Sendable {
    @usableFromInline let continuation: UnsafeContinuation<Value, Never>

    @usableFromInline init(_ continuation: UnsafeContinuation<Value, Never>) {
        unsafe self.continuation = continuation
    }

    /// Lets the task go on with `value`. Any thread; cheapest on the loop whose scope it prefers.
    @inlinable
    public func resume(returning value: Value) {
        #if SANITIZE_THREAD
        resumed.add(1, ordering: .releasing)
        #endif
        unsafe continuation.resume(returning: value)
    }

    /// Suspends the caller until the resumption given to `body` is resumed, which `body` may do
    /// itself.
    ///
    /// `body` runs in the caller's executor, but other jobs may have run there since the call: in a
    /// task that is isolated to no actor the way in is a hop, even to where the task is. Whatever
    /// decides whether to wait at all is decided inside `body`, or a wake can come in between.
    @inlinable
    public static func wait(_ body: (Resumption<Value>) -> Void) async -> Value {
        let value = await unsafe withUnsafeContinuation { continuation in
            unsafe body(Resumption(continuation))
        }
        #if SANITIZE_THREAD
        _ = resumed.load(ordering: .acquiring)
        #endif
        return value
    }
}

extension Resumption where Value == Void {
    /// Lets the task go on. Any thread.
    @inlinable
    public func resume() { resume(returning: ()) }
}
