/// A named place or interleaving in the framework's code that simulations must have seen happen.
///
/// Modules declare theirs as static members: `extension Mark { static let cancelWhileQueued = … }`.
package struct Mark: Hashable, Sendable, CustomStringConvertible {
    /// What reports call it; unique in the package, since it is the mark's identity.
    package let name: String
    /// Makes the mark called `name`.
    package init(_ name: String) { self.name = name }
    package var description: String { name }
}

/// A named mistake that the framework's code makes on purpose when a test plants it: the proof that
/// the tests would find it.
///
/// Modules declare theirs as static members: `extension PlantedFault { static let lostCancel = …
/// }`.
package struct PlantedFault: Hashable, Sendable, CustomStringConvertible {
    /// What reports call it; unique in the package, since it is the fault's identity.
    package let name: String
    /// Makes the fault called `name`.
    package init(_ name: String) { self.name = name }
    package var description: String { name }
}

/// What a simulation plants in the code that it runs, and what it counts there.
///
/// Threading: made by any thread; otherwise on the loop only.
package final class Probes: Sendable {
    /// The faults that ``EventLoop/isPlanted(_:)`` confirms.
    package let planted: Set<PlantedFault>
    private let state: LoopConfined<[Mark: Int]>

    /// Makes probes that have counted nothing.
    package init(on loop: EventLoop, planted: Set<PlantedFault> = []) {
        self.planted = planted
        state = LoopConfined(on: loop, [:])
    }

    /// How often each mark was reached.
    package var counts: [Mark: Int] { state.value }

    fileprivate func count(_ mark: Mark) { state.value[mark, default: 0] += 1 }
}

extension EventLoop {
    /// Counts that `mark` was reached, in a simulation; elsewhere it costs the look at a nil.
    ///
    /// Threading: on the loop.
    @inline(__always)
    package func reach(_ mark: @autoclosure () -> Mark) {
        if let probes { probes.count(mark()) }
    }

    /// Whether a test wants the code here to make the mistake called `fault`; never outside a
    /// simulation, where it costs the look at a nil.
    ///
    /// Threading: on the loop.
    @inline(__always)
    package func isPlanted(_ fault: @autoclosure () -> PlantedFault) -> Bool {
        guard let probes else { return false }
        return probes.planted.contains(fault())
    }
}
