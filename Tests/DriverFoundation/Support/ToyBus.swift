@testable import DriverFoundation

/// A bus driver without hardware: its test plugs children in and pulls them.
actor ToyBus: FunctionDriver {
    static let matches: [DeviceMatch] = []

    nonisolated let device: Device
    private(set) var list: ChildList<Int, String>?
    /// What the driver was asked, in order.
    private(set) var asked: [String] = []
    /// What a child's creation throws, by its number, as often as it stands there.
    var refusals: [Int: [DeviceError.Code]] = [:]
    /// What to do to a child before it is made.
    var settle: (@Sendable (inout ChildDevice) -> Void)?
    /// What each scan reports.
    var found: [Int] = []
    var wantsAgain = true
    var takenFromChildren: RequestQueue?

    init(device: Device) async throws(DeviceError) {
        self.device = device
        device.register(.toyBus)
        list = device.childList(
            of: Int.self, at: String.self, for: self, scan: { await $0.scan() },
            reenumerated: { bus, number in
                bus.asked.append("again \(number)")
                return bus.wantsAgain
            },
            reportedMissing: { bus, number in bus.asked.append("missing \(number)") },
            create: { bus, number, address throws(DeviceError) in
                try bus.create(number, address)
            })
        takenFromChildren = device.queue(.manual)
    }

    func enterD0(from previous: PowerState) async throws(DeviceError) { asked.append("enterD0") }

    private func scan() async {
        asked.append("scan")
        list?.beginScan()
        for number in found { list?.addOrUpdate(number, at: "slot \(number)") }
        list?.endScan()
    }

    private func create(_ number: Int, _ address: String) throws(DeviceError) -> ChildDevice {
        asked.append("create \(number)")
        if var codes = refusals[number], !codes.isEmpty {
            let code = codes.removeFirst()
            refusals[number] = codes
            throw DeviceError(code)
        }
        var child = ChildDevice(
            DeviceIdentity(
                name: "toy \(number)", instanceID: "\(number)",
                hardwareIDs: ["toy:\(number)", "toy"]))
        child.parentQueue = takenFromChildren
        settle?(&child)
        return child
    }

    func plug(_ number: Int, at address: String = "slot") {
        list?.addOrUpdate(number, at: address)
    }

    /// How many children hold a power reference on the bus.
    nonisolated var heldByChildren: Int {
        device.children.filter { $0.state.value.family.parentPower?.since != nil }.count
    }

    func note(_ text: String) { asked.append(text) }

    func pull(_ number: Int) { list?.updateMissing(number) }

    /// Has `body` run on the bus's scope.
    func run<Value: Sendable>(
        _ body: @Sendable (isolated ToyBus) async throws -> Value
    ) async rethrows -> Value {
        try await body(self)
    }
}

/// The driver of the bus's children: offers the interface `.toy`.
actor Toy: FunctionDriver {
    static let matches: [DeviceMatch] = [.hardwareID("toy")]

    nonisolated let device: Device

    init(device: Device) async throws(DeviceError) {
        self.device = device
        device.register(.toy)
        device.queue(.parallel(limit: 4), for: self, write: { $0.take($1) })
    }

    private func take(_ request: consuming Request) {
        let count = request.input.byteCount
        request.complete(count)
    }
}

extension DeviceInterfaceClass {
    static let toyBus: DeviceInterfaceClass = "org.driver-foundation.test.toy-bus"
    static let toy: DeviceInterfaceClass = "org.driver-foundation.test.toy"
}

extension Bench {
    /// Loads a toy bus and returns its driver, started.
    func toyBus() async throws -> ToyBus {
        let device = await plugAndPlay.addRoot(ToyBus.self)
        await journal.wait(for: .started, of: "ToyBus")
        guard let bus = device?.state.value.driver as? ToyBus else {
            throw Surprise("the bus has no driver")
        }
        return bus
    }

    /// Plugs a toy in and returns its device, started.
    func toy(_ number: Int, in bus: ToyBus) async throws -> Device {
        await bus.plug(number)
        await journal.wait(for: .started, of: "toy \(number)")
        guard let device = journal.device(named: "toy \(number)") else {
            throw Surprise("toy \(number) has no device")
        }
        return device
    }
}
