internal import BusConformance
internal import DriverRuntime
package import USBTypes
package import VirtualUSB

/// The device that the conformance cases talk to, on every tier.
package actor ConformanceDevice: VirtualDevice {
    package nonisolated let port: DevicePort
    private var kept: [UInt8] = []
    private var messages = [UInt32](repeating: 0, count: 16)
    private var bytes = [UInt32](repeating: 0, count: 16)
    private var selections: [UInt32] = [0, 0, 0]
    private var isHeld = [Bool](repeating: false, count: 16)
    private var held: [Resumption<Void>] = []
    private var sourcePosition = 0

    package init(port: DevicePort) { self.port = port }

    package nonisolated var description: DeviceDescription {
        DeviceDescription(
            vendor: ReferenceDevice.vendorID, product: ReferenceDevice.productID,
            manufacturer: "Driver Foundation", name: "Conformance device",
            serial: ReferenceDevice.serialNumber, supportsRemoteWakeup: true
        ) {
            Interface(.vendorSpecific, name: "main") {
                Endpoint.bulkOut(ReferenceDevice.loopOut)
                Endpoint.bulkIn(ReferenceDevice.loopIn)
                Endpoint.bulkIn(ReferenceDevice.silentIn)
                Endpoint.interruptOut(ReferenceDevice.interruptOut, every: .milliseconds(1))
                Endpoint.interruptIn(ReferenceDevice.interruptIn, every: .milliseconds(1))
            }
            Interface(.vendorSpecific, name: "settings") {
                AlternateSetting {
                    Endpoint.bulkOut(ReferenceDevice.sink)
                    Endpoint.bulkIn(ReferenceDevice.source)
                }
            }
        }
    }

    // MARK: Data

    package func received(_ message: RawSpan, on endpoint: EndpointAddress) async {
        let number = Int(endpoint.number)
        messages[number] += 1
        bytes[number] &+= UInt32(truncatingIfNeeded: message.byteCount)
        while isHeld[number], !Task.isCancelled { await Resumption.wait { held.append($0) } }
        if endpoint == ReferenceDevice.loopOut {
            await port.send(message, on: ReferenceDevice.loopIn)
        }
    }

    package func transmit(upTo length: Int, on endpoint: EndpointAddress) async {
        guard endpoint == ReferenceDevice.source else { return port.stopAsking(on: endpoint) }
        let start = sourcePosition
        sourcePosition += length
        await port.send(
            (start..<start + length).map(ReferenceDevice.pattern), on: endpoint,
            endsTransfer: false)
    }

    // MARK: Requests

    package func control(
        _ setup: SetupPacket, _ data: inout ControlData
    ) async throws(Stall) {
        guard setup.kind == .vendor, let request = ReferenceDevice.Request(rawValue: setup.request)
        else { throw Stall() }
        let endpoint = EndpointAddress(rawValue: UInt8(truncatingIfNeeded: setup.index))
        let number = Int(endpoint.number)
        switch request {
        case .echo:
            if setup.direction == .out { kept = data.bytes } else { data.bytes = kept }
        case .send: send(Int(setup.value), on: endpoint, endsTransfer: true)
        case .sendPart: send(Int(setup.value), on: endpoint, endsTransfer: false)
        case .halt: port.stall(endpoint)
        case .refuse: throw Stall()
        case .received:
            data.append(word: messages[number])
            data.append(word: bytes[number])
        case .selections:
            for count in selections { data.append(word: count) }
        case .hold:
            isHeld[number] = setup.value != 0
            if setup.value == 0 { letGo() }
        case .wake: wake()
        case .answer:
            data.append(contentsOf: (0..<Int(setup.value)).map(ReferenceDevice.pattern))
        }
    }

    private func send(_ count: Int, on endpoint: EndpointAddress, endsTransfer: Bool) {
        let message = (0..<count).map(ReferenceDevice.pattern)
        let port = port
        port.task { await port.send(message, on: endpoint, endsTransfer: endsTransfer) }
    }

    private func wake() {
        let port = port
        port.task {
            while !Task.isCancelled, !(await port.signalResume()) {
                await port.clock.wait(for: .milliseconds(1))
            }
        }
    }

    private func letGo() {
        let waiting = held
        held = []
        for resumption in waiting { resumption.resume() }
    }

    // MARK: State

    package func configured(_ value: UInt8) async { selections[0] += 1 }

    package func interfaceSelected(_ interface: UInt8, _ setting: UInt8) async {
        selections[1] += 1
        sourcePosition = 0
    }

    package func reset() async {
        selections[2] += 1
        for number in isHeld.indices { isHeld[number] = false }
        letGo()
    }

    package func unplugged() async { letGo() }
}

extension ControlData {
    mutating func append(word: UInt32) {
        for shift in [0, 8, 16, 24] as [UInt32] {
            append(UInt8(truncatingIfNeeded: word >> shift))
        }
    }
}
