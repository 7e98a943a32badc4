import DriverRuntime
import Testing
import USBTypes
import VirtualUSB

private actor Described: VirtualDevice {
    nonisolated let port: DevicePort
    nonisolated let description: DeviceDescription
    init(port: DevicePort, _ description: DeviceDescription) {
        self.port = port
        self.description = description
    }
}

@Suite struct DescriptionTests {
    @Test("packet sizes and intervals follow the speed, and every speed's device is a good one")
    func speeds() throws {
        for (speed, bulk, interval) in [
            (Speed.full, 64, 10), (.high, 512, 7), (.super, 1024, 7),
        ] as [(Speed, Int, UInt8)] {
            let description = DeviceDescription(
                vendor: 1, product: 2, name: "x", speed: speed
            ) {
                Interface(.vendorSpecific) {
                    Endpoint.bulkOut(0x01)
                    Endpoint.interruptIn(0x82, maxPacketSize: 8)
                }
            }
            #expect(description.problems() == [])
            let endpoints = description.configurations[0].alternateSettings[0].endpoints
            #expect(endpoints[0].maxPacketSize == bulk)
            #expect(endpoints[1].interval == interval)
            #expect((endpoints[0].companion != nil) == (speed == .super))
            #expect((description.bos != nil) == (speed == .super))
        }
    }

    @Test("a wrong description is refused at the plug, with what is wrong, unless it is on purpose")
    func wrong() async throws {
        var description = DeviceDescription(vendor: 1, product: 2, speed: .low) {
            Interface(.bulkIn(0x81, maxPacketSize: 64), .bulkIn(0x81))
        }
        let bus = VirtualBus()
        do {
            let wrong = description
            _ = try await bus.plug { Described(port: $0, wrong) }
            Issue.record("A low-speed bulk device was plugged in.")
        } catch {
            #expect(error.problems.count >= 2)
        }
        description.isCheckedWhenPlugged = false
        description.overrides = [DescriptorOverride(.device, bytes: [0xFF, 1])]
        let allowed = description
        let plugged = try await bus.plug { Described(port: $0, allowed) }
        await plugged.unplug()
        await bus.stop()
    }

    @Test("settings and configurations are numbered in their order; equal texts share an index")
    func layout() throws {
        let description = DeviceDescription(
            vendor: 1, product: 2, manufacturer: "M", name: "N", serial: "M"
        ) {
            DeviceConfiguration(name: "one") {
                Interface(.vendorSpecific, name: "N") {
                    Endpoint.bulkIn(0x81)
                    AlternateSetting { Endpoint.bulkOut(0x01) }
                    AlternateSetting()
                }
                Interface(.vendorSpecific)
            }
            DeviceConfiguration { Interface(.vendorSpecific) }
        }
        #expect(description.problems() == [])
        #expect(description.strings == ["M", "N", "one"])
        #expect(description.configurations.map(\.value) == [1, 2])
        let settings = description.configurations[0].alternateSettings
        #expect(settings.map(\.number) == [0, 0, 0, 1])
        #expect(settings.map(\.alternateSetting) == [0, 1, 2, 0])
        #expect(description.device.configurationCount == 2)
    }
}
