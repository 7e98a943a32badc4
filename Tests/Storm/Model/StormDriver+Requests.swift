import DriverFoundation

/// What it does with requests.
extension StormDriver {
    func handle(_ request: consuming Request, _ origin: Origin) async {
        checkFile(of: request)
        deliver(origin)
        await treat(request, origin)
    }

    /// A request is here.
    func deliver(_ origin: Origin) {
        owned[origin.rawValue] += 1
        if isPowered(origin), !isInD0 {
            run.violate("\(device.attached.id): a \(origin) request outside of D0 (Q-6)")
        }
        guard origin.rawValue < handled.count else { return }
        checkDelivery(origin)
        let queue = handled[origin.rawValue]
        let limit =
            switch queue.dispatch {
            case .parallel(let limit): limit
            default: 1
            }
        if owned[origin.rawValue] > limit || queue.ownedCount < owned[origin.rawValue] {
            run.violate(
                "\(device.attached.id): \(owned[origin.rawValue]) \(origin) requests at once, "
                    + "\(queue.ownedCount) counted, \(limit) allowed (Q-1)")
        }
    }

    private func leave(_ origin: Origin) {
        owned[origin.rawValue] -= 1
        if run.isVerbose { run.log("\(device.attached.id): \(origin) leaves \(owned)") }
    }

    func complete(_ request: consuming Request, _ origin: Origin) {
        leave(origin)
        switch request.kind {
        case .deviceControl: request.complete(request.tag)
        case .read:
            let bytes = [UInt8](repeating: 1, count: min(request.outputCapacity, 3))
            request.complete(with: unsafe bytes.span.bytes)
        case .write: request.complete(min(1, request.input.byteCount))
        }
    }

    private func fail(
        _ request: consuming Request, _ origin: Origin, _ error: DeviceError = .invalidRequest
    ) {
        leave(origin)
        request.fail(error)
    }

    func treat(_ request: consuming Request, _ origin: Origin) async {
        let habit = isInD0 ? dice.pick(0...20) : dice.pick(of: [0, 3, 5, 6, 8, 8, 11, 13, 14, 17])
        if run.isVerbose { run.log("\(device.attached.id): \(origin) \(request.kind): \(habit)") }
        switch habit {
        case 0, 1: complete(request, origin)
        case 2: fail(request, origin)
        case 3: forward(request, origin, to: .powered)
        case 4: forward(request, origin, to: .unpowered)
        case 5: drop(request, origin)
        case 6, 7: hold(request, origin)
        case 8: await wait(request, origin)
        case 9:
            await device.wait(for: dice.moment(upTo: 200), request: request)
            complete(request, origin)
        case 10:
            complete(request, origin)
            await device.clock.wait(for: dice.moment(upTo: 20))
        case 11: await control(request, origin)
        case 12: requeue(request, origin)
        case 13: await detached(request, origin)
        case 18:
            leave(origin)
            await sendOn(request)
        case 14, 15, 16: await write(request, origin)
        default: await read(request, origin)
        }
    }

    private func drop(_ request: consuming Request, _ origin: Origin) { leave(origin) }

    private func forward(_ request: consuming Request, _ origin: Origin, to target: Origin) {
        if origin == target { return complete(request, origin) }
        leave(origin)
        request.forward(to: target == .powered ? powered : unpowered)
    }

    private func requeue(_ request: consuming Request, _ origin: Origin) {
        guard let queue = request.queue, queue.dispatch == .manual || !queue.status.isHandingOut
        else { return complete(request, origin) }
        leave(origin)
        request.requeue()
    }

    /// Keeps it until the next is kept or its client cancels.
    private func hold(_ request: consuming Request, _ origin: Origin) {
        releaseHeld()
        if request.isCancelled { return fail(request, origin, .cancelled) }
        if power.isLeaving, run.hasPower { return complete(request, origin) }
        request.onCancel { [self] in assumeIsolated { $0.releaseHeld() } }
        heldOrigin = origin
        held = consume request
    }

    func releaseHeld() {
        guard let request = held.take() else { return }
        if request.isCancelled {
            fail(request, heldOrigin, .cancelled)
        } else {
            complete(request, heldOrigin)
        }
    }

    /// Looks at nothing while it waits.
    private func wait(_ request: consuming Request, _ origin: Origin) async {
        await device.clock.wait(for: dice.moment(upTo: 60))
        if !isInD0 {
            // What a careless driver does while its device goes.
            forward(request, origin, to: .powered)
        } else if dice.chance(30) {
            forward(request, origin, to: dice.chance(50) ? .powered : .unpowered)
        } else {
            complete(request, origin)
        }
    }

    /// One that it made itself nobody will ever give up, and a device that sleeps does not wait for
    /// a client that never does.
    private func deadline(for request: borrowing Request) -> Duration? {
        dice.chance(50) && request.file != nil && !run.hasPower
            ? nil : .milliseconds(dice.pick(0...60))
    }

    private func read(_ request: consuming Request, _ origin: Origin) async {
        let deadline = deadline(for: request)
        do throws(DeviceError) {
            let pipe = try await device.pipe(0x82)
            let bytes = try await pipe.read(
                upTo: dice.pick(of: [64, 512, 512, 1024, 0, 7]), for: request, deadline: deadline)
            guard request.kind == .read else { return complete(request, origin) }
            leave(origin)
            let count = min(bytes.count, request.outputCapacity)
            request.complete(with: unsafe bytes.span.extracting(first: count).bytes)
        } catch {
            check(error, deadline)
            fail(request, origin, error)
        }
    }

    private func write(_ request: consuming Request, _ origin: Origin) async {
        let deadline = deadline(for: request)
        do throws(DeviceError) {
            let count = try await device.pipe(0x02).write(
                request.input, for: request, zeroPacket: dice.chance(20), deadline: deadline)
            guard request.kind == .write else { return complete(request, origin) }
            leave(origin)
            request.complete(count)
        } catch {
            check(error, deadline)
            fail(request, origin, error)
        }
    }

    private func check(_ error: DeviceError, _ deadline: Duration?) {
        if error.code == .timedOut, deadline == nil {
            run.violate("\(device.attached.id): timed out without a deadline")
        }
    }

    private func control(_ request: consuming Request, _ origin: Origin) async {
        let deadline = deadline(for: request)
        do throws(DeviceError) {
            if dice.chance(50) {
                _ = try await device.controlRead(.vendorRead, for: request, deadline: deadline)
            } else {
                try await device.controlWrite(
                    .vendorWrite, [1, 2], for: request, deadline: deadline)
            }
            complete(request, origin)
        } catch { fail(request, origin, error) }
    }

    /// A transfer that is not the request's: it ends by its deadline alone.
    private func detached(_ request: consuming Request, _ origin: Origin) async {
        _ = try? await device.pipe(0x82).read(
            upTo: 512, deadline: .milliseconds(dice.pick(0...40)))
        complete(request, origin)
    }
}

extension Request {
    /// What a client put into a device control, and wants back.
    fileprivate var tag: Int {
        (0..<4).reduce(0) { $0 | Int(input.byte(at: $1) ?? 0) << (8 * $1) }
    }
}
