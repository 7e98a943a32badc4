internal import USBTypes

/// What the path of a transfer reads and writes of its device; on the loop.
struct Flight {
    /// Transfers in flight by endpoint and direction.
    private var counts = InlineArray<32, Int32>(repeating: 0)
    /// Transfers in flight altogether.
    private(set) var total = 0
    /// Rises when an interface's endpoints change.
    var epoch: UInt32 = 0
    /// Whether transfers may begin.
    var isUsable = true

    /// An endpoint's place among the counts. Both directions of endpoint 0 are one.
    static func place(of endpoint: EndpointAddress, _ type: TransferType) -> Int {
        type == .control || endpoint.direction == .out
            ? Int(endpoint.number) : 16 + Int(endpoint.number)
    }

    @inline(__always)
    mutating func began(at place: Int) {
        counts[place] += 1
        total += 1
    }

    @inline(__always)
    mutating func ended(at place: Int) {
        counts[place] -= 1
        total -= 1
    }

    /// Whether nothing of an endpoint is in flight.
    func isIdle(_ endpoint: EndpointAddress) -> Bool {
        counts[Self.place(of: endpoint, .bulk)] == 0
    }
}
