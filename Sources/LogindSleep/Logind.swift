/// What logind is called on the bus, and what is asked of it there.
enum Logind {
    static let name = "org.freedesktop.login1"
    static let manager = "org.freedesktop.login1.Manager"
    static let bus = "org.freedesktop.DBus"
    private static let path = "/org/freedesktop/login1"

    /// Which signals the bus is to hand on.
    static let rules = [
        "type='signal',sender='\(name)',path='\(path)',interface='\(manager)',"
            + "member='PrepareForSleep'",
        "type='signal',sender='\(bus)',interface='\(bus)',member='NameOwnerChanged',"
            + "arg0='\(name)'",
    ]

    static let addMatch = SystemBus.Method(
        destination: bus, path: "/org/freedesktop/DBus", interface: bus, member: "AddMatch")
    static let property = SystemBus.Method(
        destination: name, path: path, interface: "org.freedesktop.DBus.Properties", member: "Get")
    static let inhibit = SystemBus.Method(
        destination: name, path: path, interface: manager, member: "Inhibit")

    /// The code of what is told of an error, by its name on the bus.
    static func code(of error: String) -> LogindError.Code {
        // Nobody has the name; nobody can be started for it.
        let absences = [
            bus + ".Error.ServiceUnknown", bus + ".Error.NameHasNoOwner", bus + ".Error.Spawn.",
            "org.freedesktop.systemd1.",
        ]
        if absences.contains(where: error.hasPrefix) { return .noLogind }
        switch error {
        case bus + ".Error.AccessDenied", bus + ".Error.InteractiveAuthorizationRequired":
            return .denied
        case bus + ".Error.NoReply", bus + ".Error.TimedOut", bus + ".Error.Timeout":
            return .noReply
        default: return .unexpected
        }
    }
    static let inProgress = "org.freedesktop.login1.OperationInProgress"
}
