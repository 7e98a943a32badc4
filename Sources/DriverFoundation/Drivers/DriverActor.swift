/// An actor whose handlers the framework calls: it runs on a scope of its device's loop, so that a
/// call is no hop (S-5).
///
/// ``FunctionDriver``, ``FilterDriver`` and ``ControlDriver`` are such. An actor that conforms to
/// this protocol alone is a part of a driver with a scope of its own: a queue's, for example (S-1).
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
