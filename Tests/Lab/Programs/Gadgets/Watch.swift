import DriverRuntime
import Glibc
import USBBus

/// Waits for the comings and goings of one kind of device.
final class Watch: Sendable {
    private let vendor: UInt16
    private let product: UInt16
    private let events: AsyncStream<BusEvent>
    private let continuation: AsyncStream<BusEvent>.Continuation

    init(_ identity: (vendor: UInt16, product: UInt16)) {
        (vendor, product) = identity
        (events, continuation) = AsyncStream.makeStream()
    }

    func note(_ event: BusEvent) {
        continuation.yield(event)
    }

    func arrival() async -> AttachedDevice {
        for await event in events {
            if case .arrived(let device) = event, device.descriptor.vendorID == vendor,
                device.descriptor.productID == product
            {
                return device
            }
        }
        preconditionFailure("the events ended")
    }

    func departure(of id: AttachmentID) async {
        for await event in events {
            if case .departed(let other) = event, other == id { return }
        }
    }
}

/// Prints a line now, whatever the output is.
func say(_ line: String) {
    print(line)
    fflush(nil)
}
