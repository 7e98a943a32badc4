// The bus of real devices against a kernel's gadgets. Prints what it wants the script to do.
//
// lab-gadgets                       the lab's case: loopback 1209:7001, then the keyboard 1209:7003
// lab-gadgets VID:PID [ROUNDS]      loopback gadget: content both ways, then an unplug in flight
// lab-gadgets --hold VID:PID        takes the device's first interface from its kernel driver
// lab-gadgets --suspend VID:PID [ROUNDS] [--wakes]   lets it sleep, and be asked for, woken, pulled
// lab-gadgets --fail VID:PID        the same under a driver that then refuses to start
import BusThreads
import Glibc
import LibUSBBus
import USBBus

let arguments = CommandLine.arguments.dropFirst()

func identity(_ text: String) -> (UInt16, UInt16)? {
    let parts = text.split(separator: ":")
    guard parts.count == 2, let vendor = UInt16(parts[0], radix: 16),
        let product = UInt16(parts[1], radix: 16)
    else { return nil }
    return (vendor, product)
}

if arguments.first == "--fail", let (vendor, product) = arguments.last.flatMap(identity) {
    try await failToStart(vendor, product)
    exit(0)
}
if arguments.first == "--suspend",
    let (vendor, product) = arguments.dropFirst().first.flatMap(identity)
{
    let rounds = arguments.dropFirst(2).first.flatMap { Int($0) } ?? 10
    try await suspend(vendor, product, rounds: rounds)
    exit(BusThreads.areGone() ? 0 : 1)
}
let isHolding = arguments.first == "--hold"
if isHolding { TerminationSignals.install() }
let isCase = arguments.isEmpty
let named = (isHolding ? arguments.dropFirst() : arguments).first.flatMap(identity)
let rounds = arguments.dropFirst().first.flatMap { Int($0) } ?? 20
guard isCase || named != nil else {
    say("usage: lab-gadgets [[--hold] VID:PID [ROUNDS]]")
    exit(2)
}
let gadget = Watch(named ?? (0x1209, 0x7001))
let keyboard = Watch(named ?? (0x1209, 0x7003))
do throws(BusError) {
    let bus = LibUSBBus()
    try await bus.start { event in
        gadget.note(event)
        keyboard.note(event)
    }
    if !isHolding {
        try await loopback(bus, gadget, rounds: rounds, named: isCase ? " loopback" : "")
    }
    if isHolding || isCase { try await hold(bus, keyboard) }
    precondition(
        BusThreads.present.count == 3, "a bus has three threads, not \(BusThreads.present)")
    await bus.stop()
} catch {
    say("LAB-FAILED \(error)")
    exit(1)
}
guard BusThreads.areGone() else {
    say("LAB-FAILED threads are left of the bus: \(BusThreads.present)")
    exit(1)
}
