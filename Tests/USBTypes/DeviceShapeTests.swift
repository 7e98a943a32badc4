import Testing
import USBTypes

/// The fields of whole devices, against what their bytes say by the specification's tables.
@Suite struct DeviceShapeTests {
    @Test("HID 1.11 §6.2.1: a keyboard's HID descriptors belong to their interfaces")
    func keyboard() throws {
        let keyboard = try ConfigurationDescriptor(bytes: DeviceShapes.keyboard)
        #expect(keyboard.value == 1 && keyboard.maxCurrent(at: .low) == 100)
        #expect(!keyboard.isSelfPowered && keyboard.supportsRemoteWakeup)
        #expect(keyboard.interfaces.map(\.number) == [0, 1])
        let settings = keyboard.alternateSettings
        #expect(settings.map(\.classCode) == [.bootKeyboard, .hid])
        #expect(try settings.map { try $0.hidDescriptor()?.reportLength } == [63, 52])
        #expect(try settings[0].hidDescriptor()?.hidVersion == 0x0111)
        let (interface, endpoint) = try #require(keyboard.endpoint(0x82))
        #expect(interface.number == 1 && endpoint.maxPacketSize == 5)
        #expect(endpoint.pollingInterval(at: .low) == .milliseconds(10))
        #expect(keyboard.validate(at: .low) == [])
    }

    @Test("USB 3.2 §9.6.4: an association names the interfaces of a serial function")
    func serial() throws {
        let serial = try ConfigurationDescriptor(bytes: DeviceShapes.serial)
        #expect(serial.isSelfPowered && serial.stringIndex == 4)
        #expect(serial.association(of: 1)?.classCode == .abstractControlModel)
        #expect(serial.association(of: 1)?.stringIndex == 5)
        #expect(serial.association(of: 2) == nil)
        let control = try #require(serial.interface(0)?.alternateSetting(0))
        #expect(control.descriptors.map(\.type) == Array(repeating: 0x24, count: 4))
        #expect(control.descriptors[1].payload == [1, 0, 1])
        #expect(control.endpoints.map(\.address) == [0x83])
        #expect(serial.interface(1)?.alternateSettings.first?.classCode == .communicationsData)
        #expect(serial.endpoint(0x81)?.endpoint.maxPacketSize == 512)
        #expect(serial.endpoint(0x01) == nil)
        #expect(serial.validate(at: .high, strings: [4, 5, 6]) == [])
    }

    @Test("USB 2.0 §9.6.5: alternate settings change which endpoints there are")
    func microphone() throws {
        let microphone = try ConfigurationDescriptor(bytes: DeviceShapes.microphone)
        let streaming = try #require(microphone.interface(1))
        #expect(streaming.alternateSettings.map(\.alternateSetting) == [0, 1])
        #expect(microphone.endpoint(0x81) == nil)
        #expect(microphone.endpoint(0x81, alternateSettings: [0: 1]) == nil)
        let found = try #require(microphone.endpoint(0x81, alternateSettings: [1: 1]))
        #expect(found.interface.alternateSetting == 1)
        #expect(found.endpoint.transferType == .isochronous)
        #expect(found.endpoint.extra == [0, 0] && found.endpoint.maxPacketSize == 96)
        #expect(found.endpoint.descriptors.map(\.type) == [.classSpecificEndpoint])
        #expect(microphone.validate(at: .full) == [])
    }

    @Test("USB 3.2 §9.6.7: companions belong to their endpoints")
    func storage() throws {
        let storage = try ConfigurationDescriptor(bytes: DeviceShapes.storage)
        #expect(storage.maxCurrent(at: .super) == 896)
        let settings = try #require(storage.interface(0)).alternateSettings
        #expect(settings.map(\.classCode) == [.bulkOnlyStorage, .attachedSCSI])
        #expect(settings[0].endpoints.map { $0.companion?.maxBurst } == [15, 15])
        #expect(settings[1].endpoints.map { $0.companion?.maxStreams } == [32, 32, 32, 0])
        #expect(
            settings[1].endpoints.map(\.descriptors.first?.payload) == [
                [3, 0], [4, 0], [2, 0], nil,
            ])
        #expect(storage.validate(at: .super) == [])
    }

    @Test("USB 3.2 §9.6.2: a BOS lists what the device can do")
    func bos() throws {
        let bos = try BOSDescriptor(bytes: DeviceShapes.bos)
        #expect(bos.bytes == DeviceShapes.bos && bos.validate() == [])
        let made: [DeviceCapability] = [
            .usb2Extension(USB2ExtensionCapability(attributes: 6)),
            .superSpeed(SuperSpeedCapability(u2ExitLatency: 2047)),
            .containerID(ContainerIDCapability(0x0011_2233_4455_6677_8899_AABB_CCDD_EEFF)),
            .superSpeedPlus(
                SuperSpeedPlusCapability(
                    attributes: 0, functionality: 0x1100,
                    sublinkSpeeds: [0x000A_4030, 0x000A_40B0])),
            .platform(.webUSB(vendorCode: 0x22, landingPage: 1)),
            .platform(.microsoftOS20(setLength: 178, vendorCode: 0x21)),
            .unknown(UnknownDescriptor(.deviceCapability, [0x0D, 1])),
        ]
        #expect(bos.capabilities == made)
        #expect(BOSDescriptor(made).bytes == DeviceShapes.bos)
        #expect(USBUUID.webUSB.description == "3408b638-09a9-47a0-8bfd-a0768815b665")
        #expect(USBUUID(rawValue: 0xF).description == "00000000-0000-0000-0000-00000000000f")
    }

    @Test("USB 2.0 §9.6.1: a device says what it is")
    func device() throws {
        let device = try DeviceDescriptor(bytes: DeviceShapes.device)
        #expect(
            device
                == DeviceDescriptor(
                    usbVersion: 0x0210, classCode: .interfaceAssociation, vendorID: 0x1209,
                    productID: 0x7057, release: 0x0103, manufacturerIndex: 1, productIndex: 2,
                    serialNumberIndex: 3))
        #expect(device.bytes == DeviceShapes.device)
        #expect(device.usbVersion.description == "2.10" && device.release.description == "1.03")
        #expect(device.classCode.description == "ef/02/01")
        #expect(
            DeviceQualifierDescriptor(of: device).bytes == [10, 6, 16, 2, 0xEF, 2, 1, 64, 1, 0])
        let superSpeed = DeviceDescriptor(maxPacketSize0: 9, vendorID: 1, productID: 1)
        #expect(superSpeed.controlPacketSize(at: .super) == 512)
    }

    @Test("USB 2.0 §9.6.7: strings are UTF-16, of 126 code units at most")
    func strings() throws {
        #expect(try StringDescriptor(bytes: DeviceShapes.string).string == "T🙐r")
        #expect(StringDescriptor("T🙐r")?.bytes == DeviceShapes.string)
        #expect(StringDescriptor(String(repeating: "x", count: 126))?.bytes.count == 254)
        #expect(StringDescriptor(String(repeating: "x", count: 127)) == nil)
        #expect(StringDescriptor(String(repeating: "🙐", count: 64)) == nil)
        let unpaired = try StringDescriptor(bytes: [4, 3, 0x3D, 0xD8])
        #expect(unpaired.string == "\u{FFFD}" && unpaired.codeUnits == [0xD83D])
        let odd = try StringDescriptor(bytes: [5, 3, 0x41, 0, 0x42])
        #expect(odd.string == "A" && odd.bytes == [5, 3, 0x41, 0, 0x42])
        let languages = try LanguageListDescriptor(bytes: [6, 3, 9, 4, 7, 4])
        #expect(languages.languages == [.englishUnitedStates, 0x0407])
    }

    @Test("USB 2.0 §9.6: settings of an interface that others stand between are found")
    func scattered() throws {
        func setting(_ number: UInt8, _ alternate: UInt8) -> ConfigurationDescriptor.Item {
            .interface(
                InterfaceDescriptor(
                    number: number, alternateSetting: alternate, classCode: .vendorSpecific))
        }
        let written = ConfigurationDescriptor(items: [setting(0, 0), setting(1, 0), setting(0, 1)])
        let read = try ConfigurationDescriptor(bytes: written.bytes)
        #expect(read == written && read.interfaceCount == 2)
        #expect(read.interfaces.map(\.number) == [0, 1])
        #expect(read.interface(0)?.alternateSettings.map(\.alternateSetting) == [0, 1])
        #expect(read.validate(at: .full).map(\.rule) == [.alternateSettingOrder])
    }
}
