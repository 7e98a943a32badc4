import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// What a driver must not do and the compiler cannot see.
enum Misuse: String, Codable, Sendable {
    case tooMuchInformation, tooMuchOutput, forwardToAnotherDevice, forwardToOwnQueue, requeue
    case drawFromHandledQueue, twoQueuesForOneKind, noHandler, impossibleEvent, lockTwice
    case reserveTwice, periodOfNothing

    /// What the report must say: the rule, the object, the remedy.
    var report: [String] {
        switch self {
        case .tooMuchInformation: ["R-2", "2 bytes of 1", "complete with what was moved"]
        case .tooMuchOutput: ["R-2", "3 bytes", "check outputCapacity"]
        case .forwardToAnotherDevice: ["Q-11", "another device"]
        case .forwardToOwnQueue: ["Q-11", "the queue it came from"]
        case .requeue: ["Q-12", "requeue only from a manual queue"]
        case .drawFromHandledQueue: ["Q-10", "only a manual queue"]
        case .twoQueuesForOneKind: ["Q-3", "Gadget", "keep one handler of each"]
        case .noHandler: ["Q-1", "Gadget", "give it one, or make it manual"]
        case .impossibleEvent: ["PnPMachine", "policyStarted", "created"]
        case .reserveTwice: ["Q-19", "once"]
        case .periodOfNothing: ["L-3", "must be above zero", "leave it out"]
        case .lockTwice: ["VF-2", "already has", "withLock"]
        }
    }

    /// Does it, in a process of its own, which must end with that report.
    func expectTrap(sourceLocation: SourceLocation = #_sourceLocation) async {
        let name = rawValue
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent],
            sourceLocation: sourceLocation
        ) { [name = name as String] in
            try Misuse(rawValue: name)?.commit()
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        for part in report {
            #expect(text.contains(part), "\(part)", sourceLocation: sourceLocation)
        }
    }

    func commit() throws {
        switch self {
        case .impossibleEvent:
            var machine = MachineRun<PnPMachine>(.created)
            machine.post(.policyStarted)
            _ = machine.next()
        case .lockTwice:
            let lock = Lock()
            lock.withLock { lock.withLock {} }
        default:
            let made = MadeQueues()
            let script = Script([
                .deviceAdd: { [self] driver in
                    driver.queues = [driver.device.queue(.manual)]
                    made.queues += driver.queues
                    driver.queues.append(
                        driver.device.queue(
                            .sequential, for: driver,
                            write: { $0.commit(self, $1, made.queues) }))
                }
            ])
            try onBench(seeds: 0..<1, script) { bench in
                _ = try await bench.plug()
                let (_, _, file) = try await bench.open()
                _ = try? await file.write([1])
            }
        }
    }
}

/// The manual queues of all devices.
///
/// Sendable because one simulation's thread alone touches it.
private final class MadeQueues: @unchecked Sendable { var queues: [RequestQueue] = [] }

extension ScriptedDriver {
    fileprivate func commit(
        _ misuse: Misuse, _ request: consuming Request, _ all: [RequestQueue]
    ) {
        switch misuse {
        case .tooMuchInformation: request.complete(2)
        case .tooMuchOutput: request.complete(with: [1, 2, 3] as [UInt8])
        case .forwardToAnotherDevice:
            guard let other = all.first(where: { $0.device !== device }) else {
                return request.complete()
            }
            request.forward(to: other)
        case .forwardToOwnQueue: request.forward(to: queues[1])
        case .requeue: request.requeue()
        case .drawFromHandledQueue:
            _ = queues[1].next()
            request.complete()
        case .twoQueuesForOneKind:
            device.queue(.sequential, for: self, write: { $1.complete() })
            request.complete()
        case .noHandler:
            device.queue(.sequential, for: self)
            request.complete()
        case .reserveTwice:
            queues[1].reserve(1)
            queues[1].reserve(1)
            request.complete()
        case .periodOfNothing:
            _ = try? device.timer("idle", every: .zero, for: self) { _ in }
            request.complete()
        case .impossibleEvent, .lockTwice: request.complete()
        }
    }
}
