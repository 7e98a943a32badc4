/// The version of this framework, for reports and for drivers that want a later one (DRV-4).
///
/// A version is compiled in as a whole: what it lacks does not build, and within one major version
/// what a driver was written against does not change.
public struct FrameworkVersion: Comparable, Hashable, Sendable, CustomStringConvertible {
    /// Changes with what breaks a driver.
    public let major: Int
    /// Changes with what is added.
    public let minor: Int
    /// Changes with what is mended.
    public let patch: Int

    /// The version that this program was built with.
    public static let current = FrameworkVersion(0, 3)

    /// Such a version.
    public init(_ major: Int, _ minor: Int, _ patch: Int = 0) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// Whether a driver that was written for `version` works with this one.
    public func offers(_ version: FrameworkVersion) -> Bool {
        // Semantic versioning: before 1.0 each minor version may break what was before.
        major == version.major && self >= version && (major > 0 || minor == version.minor)
    }

    /// Earlier before later.
    public static func < (left: FrameworkVersion, right: FrameworkVersion) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    /// As written: `0.3.0`.
    public var description: String { "\(major).\(minor).\(patch)" }
}
