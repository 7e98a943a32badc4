public import DriverFoundation

/// What a ``LogindSleepSource`` has to tell: how it stands, and what became of a sleep.
public enum SleepNotice: Sendable, Hashable, CustomStringConvertible {
    /// The system does not sleep before the devices are down: it waits so long at most.
    case watching(delayLimit: Duration)
    /// Sleep is not noticed for now. It is tried again after `retry`, or when logind comes.
    case unavailable(LogindError, retry: Duration?)
    /// logind says what the system is about to do, or has done.
    case announced(SystemSleep)
    /// The same was said before: nothing is done for it.
    case repeated(SystemSleep)
    /// The devices went down in time, and the system may sleep.
    case acknowledged(after: Duration)
    /// logind waits no longer, and the devices are not down: the system sleeps over them.
    case late(after: Duration)
    /// The devices were late, and are down now.
    case acknowledgedLate(after: Duration)
    /// Nobody could say for so long whether the system works again: the devices are brought back.
    case unheard(after: Duration)

    /// One sentence, with what to do where something is wrong.
    public var description: String {
        switch self {
        case .watching(let limit): "the system's sleep waits for the devices, up to \(limit)"
        case .unavailable(let error, let retry?):
            "the system's sleep is not noticed: \(error); the next try is in \(retry)"
        case .unavailable(let error, nil): "the system's sleep is not noticed: \(error)"
        case .announced(.falling): "the system is about to sleep"
        case .announced(.awake): "the system works again"
        case .repeated(let sleep): "logind has said twice that the system is \(sleep)"
        case .acknowledged(let time): "the devices are down after \(time): the system may sleep"
        case .late(let time):
            """
            the devices are not down after \(time), and the system sleeps over them: see which \
            exitD0 takes long, or give InhibitDelayMaxSec in logind.conf more
            """
        case .acknowledgedLate(let time): "the devices are down too late, after \(time)"
        case .unheard(let time):
            "nobody has said for \(time) whether the system works: the devices are brought back"
        }
    }
}
