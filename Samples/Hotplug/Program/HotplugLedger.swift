import DriverFoundation
import SampleHost

/// What a bus has reported of plugs, checked against what can be: every arrival once, its departure
/// once, after it, and nothing at a place where something is.
struct HotplugLedger {
    private struct Stay {
        let place: DeviceLocation
        let ids: DeviceID
        let arrival: Instant
    }

    private var present: [AttachmentID: Stay] = [:]
    private var departed: Set<AttachmentID> = []
    private var pulled: [[UInt8]: (ids: DeviceID, departure: Instant)] = [:]

    /// From a device's departure to the arrival of one of its kind at the same place.
    private(set) var replugs: [Duration] = []
    /// From an arrival to the device being open.
    private(set) var opens: [Duration] = []
    /// Departures or arrivals that must have happened and were not reported.
    private(set) var lost: [String] = []
    /// Events that were reported more than once.
    private(set) var doubled: [String] = []

    var isSound: Bool { lost.isEmpty && doubled.isEmpty }

    /// - Returns: The time since it was pulled, if it is one that was.
    mutating func arrived(_ device: AttachedDevice, at now: Instant) -> Duration? {
        let ids = DeviceID(
            vendor: device.descriptor.vendorID, product: device.descriptor.productID)
        if present[device.id] != nil || departed.contains(device.id) {
            doubled.append("the arrival of \(ids) at \(device.location) (\(device.id))")
            return nil
        }
        for (id, stay) in present
        where stay.place.ports == device.location.ports && stay.place.bus == device.location.bus {
            lost.append("the departure of \(stay.ids) from \(stay.place) (\(id))")
            present[id] = nil
            departed.insert(id)
        }
        present[device.id] = Stay(place: device.location, ids: ids, arrival: now)
        let key = [device.location.bus] + device.location.ports
        guard let before = pulled.removeValue(forKey: key), before.ids == ids else { return nil }
        let gap = before.departure.duration(to: now)
        replugs.append(gap)
        return gap
    }

    mutating func left(_ id: AttachmentID, at now: Instant) {
        guard let stay = present.removeValue(forKey: id) else {
            if departed.contains(id) {
                doubled.append("the departure of device \(id)")
            } else {
                lost.append("the arrival of device \(id), which has departed")
            }
            return
        }
        departed.insert(id)
        pulled[[stay.place.bus] + stay.place.ports] = (stay.ids, now)
    }

    /// - Returns: The time since its arrival.
    mutating func opened(_ id: AttachmentID, at now: Instant) -> Duration? {
        guard let stay = present[id] else { return nil }
        let time = stay.arrival.duration(to: now)
        opens.append(time)
        return time
    }

    /// The expected event did not come in time.
    mutating func missed(_ what: String) { lost.append(what) }

    /// The summary's lines; the last one has the counts.
    func summary(rounds: Int) -> [String] {
        lost.map { "lost: " + $0 } + doubled.map { "doubled: " + $0 } + [
            "departure to arrival: " + Self.spread(replugs),
            "arrival to open: " + Self.spread(opens),
            "rounds \(rounds), lost \(lost.count), doubled \(doubled.count)",
        ]
    }

    private static func spread(_ durations: [Duration]) -> String {
        let sorted = durations.sorted()
        guard let least = sorted.first, let most = sorted.last else { return "never" }
        let median = sorted[sorted.count / 2]
        return "\(Narrator.milliseconds(least)) least, \(Narrator.milliseconds(median)) median, "
            + "\(Narrator.milliseconds(most)) most, of \(sorted.count)"
    }
}
