import DriverSimulation

extension SeededGenerator {
    /// Whether something that happens in `percent` of all cases does.
    mutating func chance(_ percent: Int) -> Bool { next(below: 100) < percent }

    /// Any bytes.
    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}
