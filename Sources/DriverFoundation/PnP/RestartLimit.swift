/// How often devices that fail are started anew (PNP-18): for each place and serial number, five
/// times within a minute; after the minute only if the device has worked in between.
///
/// Threading: the loop.
struct RestartLimit {
    /// So many restarts within a period.
    static let limit = 5
    static let period = Duration.seconds(60)

    /// What tells devices apart over their restarts.
    struct Key: Hashable {
        let ports: [UInt8]
        /// The serial number, and for a child its instance under each of its parents.
        var names: [String]
    }

    private struct Record {
        var since: Instant
        var count = 1
        var hasStarted = false
    }

    private var records: [Key: Record] = [:]

    /// The device has reached Started.
    mutating func started(_ key: Key) { records[key]?.hasStarted = true }

    /// The device has failed; whether it may be started anew.
    mutating func failed(_ key: Key, at now: Instant) -> Bool {
        guard var record = records[key] else {
            records[key] = Record(since: now)
            return true
        }
        if record.since.duration(to: now) < Self.period {
            record.count += 1
            records[key] = record
            return record.count <= Self.limit
        }
        guard record.hasStarted else { return false }
        records[key] = Record(since: now)
        return true
    }
}

extension Device {
    var restartKey: RestartLimit.Key {
        var key =
            parent?.restartKey ?? RestartLimit.Key(ports: usb?.location.ports ?? [], names: [])
        key.names.append((isWhole ? usb?.strings.serialNumber : nil) ?? identity.instanceID)
        return key
    }

    /// Whether another device follows this one, which has come to its end.
    var isToBeMadeAnew: Bool {
        state.value.lifecycle.isRestarting && !state.value.lifecycle.hasDeparted
    }
}
