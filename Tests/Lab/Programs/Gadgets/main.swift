// The bus of real devices against a kernel's gadgets. Prints what it wants the script to do.
//
//   lab-gadgets VID:PID ROUNDS        loopback gadget: content both ways, then an unplug in flight
//   lab-gadgets --hold VID:PID        takes the device's first interface from its kernel driver
import Glibc
import LibUSBBus
import USBBus

setvbuf(stdout, nil, _IONBF, 0)
let arguments = CommandLine.arguments.dropFirst()

func identity(_ text: String) -> (UInt16, UInt16)? {
    let parts = text.split(separator: ":")
    guard parts.count == 2, let vendor = UInt16(parts[0], radix: 16),
        let product = UInt16(parts[1], radix: 16)
    else { return nil }
    return (vendor, product)
}

let isHolding = arguments.first == "--hold"
guard let (vendor, product) = (isHolding ? arguments.dropFirst() : arguments).first.flatMap(identity)
else {
    print("usage: lab-gadgets [--hold] VID:PID [ROUNDS]")
    exit(2)
}
let rounds = isHolding ? 0 : arguments.dropFirst().first.flatMap { Int($0) } ?? 20
let threadsBefore = Census.threads
do throws(BusError) {
    let watch = Watch(vendor: vendor, product: product)
    let bus = LibUSBBus()
    try await bus.start { watch.note($0) }
    if isHolding {
        try await hold(bus, watch)
    } else {
        try await loopback(bus, watch, rounds: rounds)
    }
    await bus.stop()
} catch {
    print("LAB-FAILED \(error)")
    exit(1)
}
guard Census.settles(at: threadsBefore) else {
    print("LAB-FAILED \(Census.threads) threads are left of the bus, \(threadsBefore) were before")
    exit(1)
}
