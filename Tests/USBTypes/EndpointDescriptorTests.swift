import Testing
import USBTypes

@Suite struct EndpointDescriptorTests {
    @Test("USB 2.0 table 9-13: the polling interval's unit depends on type and speed")
    func pollingInterval() {
        func interval(_ raw: UInt8, _ type: TransferType, _ speed: Speed) -> Duration? {
            EndpointDescriptor(0x81, type, maxPacketSize: 8, interval: raw)
                .pollingInterval(at: speed)
        }
        #expect(interval(255, .interrupt, .low) == .milliseconds(255))
        #expect(interval(10, .interrupt, .full) == .milliseconds(10))
        #expect(interval(0, .interrupt, .full) == nil)
        #expect(interval(1, .interrupt, .high) == .microseconds(125))
        #expect(interval(16, .interrupt, .super) == .microseconds(4_096_000))
        #expect(interval(0, .interrupt, .high) == nil)
        #expect(interval(17, .interrupt, .superPlus) == nil)
        #expect(interval(4, .isochronous, .full) == .milliseconds(8))
        #expect(interval(4, .isochronous, .high) == .milliseconds(1))
        #expect(interval(4, .isochronous, .low) == nil)
        for speed in Speed.allCases {
            #expect(interval(4, .bulk, speed) == nil && interval(4, .control, speed) == nil)
        }
    }

    @Test("USB 2.0 §9.6.6: an interval is the longest that is short enough")
    func poll() {
        func interval(_ duration: Duration, _ type: TransferType, _ speed: Speed) -> UInt8 {
            var endpoint = EndpointDescriptor(0x81, type, maxPacketSize: 8)
            endpoint.poll(every: duration, at: speed)
            return endpoint.interval
        }
        #expect(interval(.milliseconds(10), .interrupt, .full) == 10)
        #expect(interval(.milliseconds(10), .interrupt, .high) == 7)
        #expect(interval(.milliseconds(8), .interrupt, .high) == 7)
        #expect(interval(.milliseconds(5), .interrupt, .low) == 10)
        #expect(interval(.seconds(1), .interrupt, .low) == 255)
        #expect(interval(.seconds(60), .interrupt, .super) == 16)
        #expect(interval(.zero, .interrupt, .super) == 1)
        #expect(interval(.milliseconds(9), .isochronous, .full) == 4)
        #expect(interval(.milliseconds(9), .bulk, .high) == 0)
    }

    @Test("USB 2.0 §9.6.6: wMaxPacketSize is a size and a number of transactions")
    func packetSize() throws {
        let video = try EndpointDescriptor(bytes: [7, 5, 0x82, 5, 0x20, 0x13, 1])
        #expect(video.maxPacketSize == 800 && video.transactionsPerMicroframe == 3)
        #expect(video.address == EndpointAddress(number: 2, .in))
        #expect(
            EndpointDescriptor(
                0x82, .isochronous, maxPacketSize: 800, transactionsPerMicroframe: 3, interval: 1
            ).rawMaxPacketSize == 0x1320)
    }
}
