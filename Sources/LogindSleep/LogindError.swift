/// Why the system's sleep is not noticed, in a sentence that says what to do.
public struct LogindError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of reason it is.
    public enum Code: Sendable, Hashable, CaseIterable {
        /// Nothing can be reached where the system's message bus should be.
        case noBus
        /// The bus works; nobody on it is logind.
        case noLogind
        /// logind does not let this program delay sleep.
        case denied
        /// A question was not answered in time.
        case noReply
        /// The connection to the bus has ended.
        case disconnected
        /// An answer that logind does not give.
        case unexpected
    }

    /// What kind of reason it is.
    public let code: Code
    /// What the bus or the system said.
    public let detail: String

    init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// The reason, what was said, and what can be done.
    public var description: String {
        switch code {
        case .noBus:
            """
            the system's message bus cannot be reached (\(detail)): start dbus.service, or set \
            DBUS_SYSTEM_BUS_ADDRESS to where it listens
            """
        case .noLogind:
            """
            no logind is on the system's message bus (\(detail)): start systemd-logind.service, \
            or an elogind
            """
        case .denied:
            """
            logind does not let this program delay sleep (\(detail)): allow its user polkit's \
            action org.freedesktop.login1.inhibit-delay-sleep
            """
        case .noReply:
            "logind does not answer (\(detail)): see `systemctl status systemd-logind dbus`"
        case .disconnected: "the connection to the system's message bus has ended (\(detail))"
        case .unexpected: "logind answers what is not understood (\(detail))"
        }
    }
}
