internal import DriverRuntime

/// Which interfaces are claimed, in which setting, and which kernel driver each was taken from.
///
/// The loop asks, the side thread writes, and the way out of a dying process does both: hence a
/// lock.
final class ClaimLedger: @unchecked Sendable {
    struct Claim {
        var interface: UInt8
        var setting: UInt8 = 0
        var detachedDriver: String?
    }

    private let lock = Lock()
    // Guarded by `lock`.
    private var claims: [Claim] = []

    var all: [Claim] { lock.withLock { claims } }

    subscript(interface: UInt8) -> Claim? {
        lock.withLock { claims.first { $0.interface == interface } }
    }

    func add(_ claim: Claim) { lock.withLock { claims.append(claim) } }

    func remove(_ interface: UInt8) -> Claim? {
        lock.withLock {
            guard let index = claims.firstIndex(where: { $0.interface == interface }) else {
                return nil
            }
            return claims.remove(at: index)
        }
    }

    func setSetting(_ setting: UInt8, of interface: UInt8) {
        lock.withLock {
            guard let index = claims.firstIndex(where: { $0.interface == interface }) else {
                return
            }
            claims[index].setting = setting
        }
    }
}
