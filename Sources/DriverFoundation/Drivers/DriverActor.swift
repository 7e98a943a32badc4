/// An actor whose handlers the framework calls: it runs on a scope of its device's loop, so that a
/// call is no hop (S-5).
///
/// ``FunctionDriver``, ``FilterDriver`` and ``ControlDriver`` are such; no driver conforms to this
/// protocol alone.
public protocol DriverActor: Actor {
    /// The scope on which it runs.
    nonisolated var scope: Scope { get }
}

extension DriverActor {
    /// The scope.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe scope.asUnownedSerialExecutor()
    }
}
