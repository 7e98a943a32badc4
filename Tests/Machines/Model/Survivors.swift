/// The mutants that no exploration kills, and why each is no mistake, or none that the model can
/// see. A name may have `*` for any part of it. Every line must have a mutant that survives, and
/// none that is killed.
package enum Survivors {
    package static let reasons: [(pattern: String, reason: String)] = [
        (
            "selfManagedIO suspending suspendFailed: to initializeFailed",
            "a device whose Suspend failed is not started again; its Flush comes from each of these"
        ),
        (
            "selfManagedIO suspending suspendFailed: to restartFailed",
            "a device whose Suspend failed is not started again; its Flush comes from each of these"
        ),
        (
            "idle timerRunning down: to poweringUp",
            "the timer runs only without a reference: the first one makes the same way back"
        ),
        (
            "idle timedOut referenced: to inDx",
            "I/O is reported; the way back ends both states alike"
        ),
        (
            "idle timedOut referenced: to timedOut",
            "I/O is reported; the way back ends both states alike"
        ),
        (
            "policy created idleEnabled: kept",
            "taken in D0, where the settings say the same"
        ),
        (
            "policy stopped idleEnabled: kept",
            "taken in D0, where the settings say the same"
        ),
        (
            "policy starting idleEnabled: ignored",
            "startIdle reads the settings"
        ),
        (
            "policy starting ioPresent: ignored",
            "it is on its way to D0"
        ),
        (
            "policy starting idleDisabled: ignored",
            "startIdle reads the settings"
        ),
        (
            "policy stopped ioPresent: kept",
            "ignored when it is taken; the first stop of a device ends before anything rests there"
        ),
        (
            "policy stopped idleDisabled: kept",
            "ignored when it is taken; the first stop of a device ends before anything rests there"
        ),
        (
            "policy stopped resume(*: kept",
            "ignored when it is taken; the first stop of a device ends before anything rests there"
        ),
        (
            "policy stoppingIO(idle,wakes:false) wake: ignored",
            "an unarmed device owes no wake"
        ),
        (
            "policy poweringDown(idle,isArmed:false,returns:false) wake: ignored",
            "an unarmed device owes no wake"
        ),
        (
            "policy poweringDown(idle,isArmed:false,returns:true) ioPresent: ignored",
            "the device comes up all the same, and counts its references then"
        ),
        (
            "policy poweringUp(idle,isArmed:false,woke:false,work) ioPresent: ignored",
            "the device comes up all the same, and counts its references then"
        ),
        (
            "policy completingPowerUp(work) ioPresent: ignored",
            "the device comes up all the same, and counts its references then"
        ),
        (
            "policy completingPowerUp(work) wake: kept",
            "ignored in D0, where it comes next"
        ),
        (
            "pnp created restart: ignored",
            "the start that is to come is one"
        ),
        (
            "pnp addingDevice restart: ignored",
            "the start that is to come is one"
        ),
        (
            "pnp acquiringHardware(isFirst:true) restart: ignored",
            "the start under way is one"
        ),
        (
            "pnp acquiringHardware(isFirst:true) start: ignored",
            "whoever asks hears how the start under way ends"
        ),
        (
            "pnp preparingHardware start: ignored",
            "whoever asks hears how the start under way ends"
        ),
        (
            "pnp startingPolicy start: ignored",
            "whoever asks hears how the start under way ends"
        ),
        (
            "pnp * deviceAddFailed: purgeQueues before reportStartFailed",
            "no rule orders a report and what only begins"
        ),
        (
            "pnp * callReleaseHardware before report*",
            "no rule orders a report and what only begins"
        ),
        (
            "pnp * disableInterfaces before *",
            "no rule orders the interfaces' end and a report, or word to the children"
        ),
        (
            "pnp removingPolicy(failure) policyRemoved: decideRestart before *",
            "no rule orders the decision and word to the children"
        ),
        (
            "pnp initialized surpriseRemove: to noticingSurpriseRemoval(stopped)",
            "purges once more what was never on, then goes the same way"
        ),
        (
            "pnp started power*Failed: to goingDown(stop(restarts:*))",
            "a broken policy answers a stop with a failure, and so the device fails"
        ),
        (
            "pnp ensuringAwake(remove) d0Refused: to removePending",
            "D0 is refused by a broken policy, whose failure comes in the same breath"
        ),
        (
            "pnp ensuringAwake(stop) d0Refused: to stopPending",
            "D0 is refused by a broken policy, whose failure comes in the same breath"
        ),
        (
            "pnp ensuringAwake(remove) *: * before grant(remove)",
            "no rule orders an answer and what only begins"
        ),
        (
            "pnp ensuringAwake(stop) *: * before refuse(stop)",
            "no rule orders an answer and what only begins"
        ),
        (
            "pnp ensuringAwake(*) d0Refused: refuse(*) before releaseD0",
            "a refusal asks for no reference"
        ),
        (
            "pnp goingDown(surprise) policyStop*: to releasingHardware(orderly)",
            "orderly differs from surprise in the notice, which was given"
        ),
        (
            "pnp releasingHardware(surprise) *: to purgingPowerManagedQueues(orderly)",
            "orderly differs from surprise in the notice, which was given"
        ),
        (
            "pnp purgingPowerManagedQueues(surprise) *: to flushingSelfManagedIO(orderly)",
            "orderly differs from surprise in the notice, which was given"
        ),
        (
            "pnp flushingSelfManagedIO(surprise) selfManagedIOFlushed: to closingHardware(orderly)",
            "orderly differs from surprise in the notice, which was given"
        ),
        (
            "pnp noticingSurpriseRemoval(stopped) *: to purgingPowerManagedQueues(orderly)",
            "orderly differs from surprise in the notice, which was given"
        ),
    ]

    package static func reason(for name: String) -> Int? {
        reasons.firstIndex { matches(name[...], $0.pattern[...]) }
    }

    static func matches(_ name: Substring, _ pattern: Substring) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        if first == "*" {
            let rest = pattern.dropFirst()
            return name.indices.contains { matches(name[$0...], rest) } || rest.isEmpty
        }
        return name.first == first && matches(name.dropFirst(), pattern.dropFirst())
    }
}
