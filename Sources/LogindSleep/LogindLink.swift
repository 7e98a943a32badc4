internal import DriverFoundation

/// What is open between a ``SleepSession`` and logind.
struct LogindLink {
    enum Question {
        case match
        case delayLimit
        case preparing
        case inhibit
    }

    var bus: SystemBus?
    /// What the waiter watches now.
    var watched: (descriptor: Int32, interest: Int16)?
    var questions: [UInt64: Question] = [:]
    var answerDeadline: Deadline?
    /// logind's own connection: whatever another one sends in its name is not heard.
    var logind: String?
    var isAbsent = false
    /// logind's, unless it says another.
    var delayLimit: Duration = .seconds(5)
}

/// The connection, and what is said on it.
extension SleepSession {
    func connect() {
        guard !state.value.machine.isEnding else { return }
        do throws(LogindError) {
            state.value.link = LogindLink()
            state.value.link.bus = try SystemBus(address: options.address)
            for rule in Logind.rules { try ask(.match, Logind.addMatch, [rule]) }
            try askForState()
        } catch { fail(error) }
        advance()
    }

    func disconnect() {
        if let watched = state.value.link.watched { waiter.unwatch(watched.descriptor) }
        state.value.link.answerDeadline?.disarm()
        state.value.link = LogindLink()
    }

    /// Leaves the bus, and comes back later.
    private func fail(_ error: LogindError) {
        disconnect()
        take(.lost)
        guard !state.value.machine.isEnding else { return }
        let doublings = min(state.value.failures, 16)
        let retry = min(options.firstRetry * (1 << doublings), options.longestRetry)
        state.value.failures += 1
        tell(.unavailable(error, retry: retry))
        state.value.retry = alarm(after: retry) { $0.connect() }
    }

    // MARK: Asking

    private func ask(
        _ question: LogindLink.Question, _ method: SystemBus.Method, _ arguments: [String]
    ) throws(LogindError) {
        guard let bus = state.value.link.bus else { return }
        let number = try bus.call(method, arguments)
        state.value.link.questions[number] = question
        state.value.link.answerDeadline?.disarm()
        state.value.link.answerDeadline = alarm(after: options.answerLimit) { session in
            session.fail(
                LogindError(.noReply, "no answer within \(session.options.answerLimit)"))
        }
    }

    private func askForState() throws(LogindError) {
        try ask(.delayLimit, Logind.property, [Logind.manager, "InhibitDelayMaxUSec"])
        try ask(.preparing, Logind.property, [Logind.manager, "PreparingForSleep"])
    }

    func askForInhibitor() {
        do throws(LogindError) {
            try ask(.inhibit, Logind.inhibit, ["sleep", who, why, "delay"])
            watch()
        } catch { fail(error) }
    }

    // MARK: Hearing

    /// Reads and writes what can be now.
    private func advance() {
        while let bus = state.value.link.bus {
            do throws(LogindError) {
                switch try bus.advance() {
                case .idle: return watch()
                case .worked: break
                case .message(let message): try hear(message)
                }
            } catch { fail(error) }
        }
    }

    private func watch() {
        guard let bus = state.value.link.bus else { return }
        let wanted = (descriptor: bus.descriptor, interest: bus.interest)
        if let watched = state.value.link.watched {
            if watched == wanted { return }
            waiter.unwatch(watched.descriptor)
        }
        state.value.link.watched = wanted
        waiter.watch(wanted.descriptor, for: .init(rawValue: wanted.interest)) { [weak self] _ in
            self?.advance()
        }
    }

    private func hear(_ message: borrowing BusMessage) throws(LogindError) {
        if let number = message.answered {
            guard let question = state.value.link.questions.removeValue(forKey: number) else {
                return
            }
            if state.value.link.questions.isEmpty {
                state.value.link.answerDeadline.take()?.disarm()
            }
            return try hear(message, to: question)
        }
        if message.isSignal(Logind.bus, "NameOwnerChanged"), message.sender == Logind.bus {
            return try hearOwner(message)
        }
        guard message.isSignal(Logind.manager, "PrepareForSleep"),
            let sender = message.sender, sender == state.value.link.logind
        else { return }
        guard let isFalling = message.boolean() else {
            throw LogindError(.unexpected, "PrepareForSleep without its boolean")
        }
        take(.announced(isFalling ? .falling : .awake))
    }

    /// logind has come, or gone.
    private func hearOwner(_ message: borrowing BusMessage) throws(LogindError) {
        guard message.string() == Logind.name, message.string() != nil,
            let owner = message.string(), owner != state.value.link.logind
        else { return }
        if state.value.link.logind != nil || owner.isEmpty { leave("it has left the bus") }
        if !owner.isEmpty {
            state.value.link.isAbsent = false
            try askForState()
        }
    }

    /// logind is not there: the bus tells when it comes.
    private func leave(_ detail: String) {
        guard !state.value.link.isAbsent else { return }
        state.value.link.isAbsent = true
        state.value.link.logind = nil
        state.value.link.questions = [:]
        state.value.link.answerDeadline.take()?.disarm()
        tell(.unavailable(LogindError(.noLogind, detail), retry: nil))
        take(.lost)
    }

    private func hear(
        _ message: borrowing BusMessage, to question: LogindLink.Question
    ) throws(LogindError) {
        if let error = message.error {
            switch (question, Logind.code(of: error.name)) {
            case (_, .noLogind): return leave(error.text)
            case (.delayLimit, _): return
            case (.inhibit, _) where error.name == Logind.inProgress: return take(.refused)
            case (_, let code): throw LogindError(code, "\(error.name): \(error.text)")
            }
        }
        switch question {
        case .match: break
        case .delayLimit:
            if message.entersVariant(of: "t"), let microseconds = message.number() {
                state.value.link.delayLimit = .microseconds(Int64(clamping: microseconds))
            }
        case .preparing:
            guard message.entersVariant(of: "b"), let isFalling = message.boolean() else {
                throw LogindError(.unexpected, "PreparingForSleep is no boolean")
            }
            state.value.link.logind = message.sender
            take(.linked(isFalling ? .falling : .awake))
        case .inhibit:
            guard let inhibitor = message.descriptor() else {
                throw LogindError(.unexpected, "an inhibitor without a descriptor")
            }
            state.value.failures = 0
            state.value.inhibitor = inhibitor
            tell(.watching(delayLimit: state.value.link.delayLimit))
            take(.granted)
        }
    }
}
