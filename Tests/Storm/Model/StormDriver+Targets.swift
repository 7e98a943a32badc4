import DriverFoundation

/// What a storm's driver sends to, and how.
struct TargetHabits {
    var dice: Dice
    let isUsed: Bool
    let vetoes: Bool
    var remote: IOTarget?
    var rounds = 0

    init(_ dice: inout Dice) {
        self.dice = dice.split()
        isUsed = dice.chance(50)
        vetoes = dice.chance(20)
    }
}

/// I/O targets: other devices and its own, stopped, purged, closed and opened again while requests
/// are on their way (T-2…T-9).
extension StormDriver {
    func makeTargets() {
        guard targets.isUsed else { return }
        targets.remote = device.remoteTarget(
            for: self,
            queryRemove: { driver, target throws(DeviceError) in
                try await driver.agree(to: target)
            },
            removeCanceled: { driver, target in try? await target.reopen() },
            removeComplete: { driver, target in await target.close() })
    }

    private func agree(to target: IOTarget) async throws(DeviceError) {
        if targets.vetoes, targets.dice.chance(50) { throw DeviceError(.busy, "In use.") }
        if targets.dice.chance(50) {
            await target.closeForQueryRemove()
        } else {
            await target.close()
        }
    }

    func useTargets() async {
        while isInD0, await device.clock.wait(for: targets.dice.moment(upTo: 60)), !run.isCalm {
            targets.rounds += 1
            guard isInD0, run.makes("\(name).targets.\(targets.rounds)"),
                let remote = targets.remote
            else { continue }
            switch targets.dice.pick(0...9) {
            case 0, 1: await openSome(remote)
            case 2: await remote.close()
            case 3:
                let actions: [IOTarget.StopAction] = [
                    .cancelSentIO, .waitForSentIO, .leaveSentIOPending,
                ]
                await remote.stop(targets.dice.pick(of: actions))
                if targets.dice.chance(70) { try? await remote.start() }
            case 4: await remote.purge(waiting: targets.dice.chance(70))
            case 5: try? await remote.start()
            case 6: device.task { [self] in await send(to: device.selfTarget) }
            default:
                for _ in 0..<targets.dice.pick(1...3) {
                    device.task { [self] in await send(to: remote) }
                }
            }
        }
    }

    private func openSome(_ target: IOTarget) async {
        let others = run.interfaces?.all(of: .storm) ?? []
        guard !others.isEmpty else { return }
        try? await target.open(targets.dice.pick(of: others))
    }

    /// Sends one request with a limit of time, and checks its answer.
    private func send(to target: IOTarget) async {
        let number = run.requests.begin()
        let tag = (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        let options = SendOptions(
            timeout: .milliseconds(targets.dice.pick(0...80)),
            ignoresTargetState: targets.dice.chance(10))
        do throws(DeviceError) {
            let reply = try await target.deviceControl(1, tag, options)
            if reply.information != number {
                run.violate("request \(number), sent on, got the answer \(reply.information)")
            }
            run.requests.end(number, "answered")
        } catch { run.requests.end(number, error.code.description) }
    }

    /// Lets another device answer a request, or its own queues again.
    func sendOn(_ request: consuming Request) async {
        guard let remote = targets.remote, remote.state == .started else {
            return request.fail(.invalidRequest)
        }
        if targets.dice.chance(50) { return request.sendAndForget(to: remote) }
        let reply = await request.send(
            to: remote, SendOptions(timeout: .milliseconds(targets.dice.pick(0...80))))
        request.complete(reply)
    }
}
