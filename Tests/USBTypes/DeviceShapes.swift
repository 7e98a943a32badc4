/// Descriptors in the shapes that real devices have, put together for these tests.
enum DeviceShapes {
    /// Boot keyboard with a second HID interface for media keys, low speed.
    static let keyboard: [UInt8] = [
        9, 2, 59, 0, 2, 1, 0, 0xA0, 50,
        9, 4, 0, 0, 1, 3, 1, 1, 0,
        9, 0x21, 0x11, 1, 0, 1, 0x22, 63, 0,
        7, 5, 0x81, 3, 8, 0, 10,
        9, 4, 1, 0, 1, 3, 0, 0, 0,
        9, 0x21, 0x11, 1, 0, 1, 0x22, 52, 0,
        7, 5, 0x82, 3, 5, 0, 10,
    ]

    /// A serial port as a function of two interfaces, and a vendor's own interface, high speed.
    static let serial: [UInt8] = [
        9, 2, 98, 0, 3, 1, 4, 0xC0, 0,
        8, 11, 0, 2, 2, 2, 1, 5,
        9, 4, 0, 0, 1, 2, 2, 1, 5,
        5, 0x24, 0, 0x10, 1,
        5, 0x24, 1, 0, 1,
        4, 0x24, 2, 2,
        5, 0x24, 6, 0, 1,
        7, 5, 0x83, 3, 8, 0, 9,
        9, 4, 1, 0, 2, 10, 0, 0, 0,
        7, 5, 0x02, 2, 0, 2, 0,
        7, 5, 0x81, 2, 0, 2, 0,
        9, 4, 2, 0, 2, 0xFF, 0, 0, 6,
        7, 5, 0x04, 2, 0, 2, 0,
        7, 5, 0x85, 2, 0, 2, 0,
    ]

    /// A microphone: audio control, and streaming with an empty default setting, full speed. Its
    /// endpoint has two bytes more than other classes' and a class-specific descriptor behind.
    static let microphone: [UInt8] = [
        9, 2, 100, 0, 2, 1, 0, 0x80, 50,
        9, 4, 0, 0, 0, 1, 1, 0, 0,
        9, 0x24, 1, 0, 1, 30, 0, 1, 1,
        12, 0x24, 2, 1, 1, 2, 0, 1, 0, 0, 0, 0,
        9, 0x24, 3, 2, 1, 1, 0, 1, 0,
        9, 4, 1, 0, 0, 1, 2, 0, 0,
        9, 4, 1, 1, 1, 1, 2, 0, 0,
        7, 0x24, 1, 2, 1, 1, 0,
        11, 0x24, 2, 1, 1, 2, 16, 1, 0x80, 0xBB, 0,
        9, 5, 0x81, 5, 96, 0, 1, 0, 0,
        7, 0x25, 1, 0, 0, 0, 0,
    ]

    /// Storage over bulk-only transport or, in setting 1, USB Attached SCSI; SuperSpeed.
    static let storage: [UInt8] = [
        9, 2, 117, 0, 1, 1, 0, 0x80, 112,
        9, 4, 0, 0, 2, 8, 6, 0x50, 0,
        7, 5, 0x81, 2, 0, 4, 0,
        6, 0x30, 15, 0, 0, 0,
        7, 5, 0x02, 2, 0, 4, 0,
        6, 0x30, 15, 0, 0, 0,
        9, 4, 0, 1, 4, 8, 6, 0x62, 0,
        7, 5, 0x81, 2, 0, 4, 0,
        6, 0x30, 15, 5, 0, 0,
        4, 0x24, 3, 0,
        7, 5, 0x02, 2, 0, 4, 0,
        6, 0x30, 15, 5, 0, 0,
        4, 0x24, 4, 0,
        7, 5, 0x83, 2, 0, 4, 0,
        6, 0x30, 15, 5, 0, 0,
        4, 0x24, 2, 0,
        7, 5, 0x04, 2, 0, 4, 0,
        // The fourth pipe has no bursts.
        6, 0x30, 0, 0, 0, 0,
        // Its usage descriptor is missing, as devices have been seen to do.
    ]

    static let device: [UInt8] = [
        18, 1, 0x10, 2, 0xEF, 2, 1, 64, 0x09, 0x12, 0x57, 0x70, 0x03, 0x01, 1, 2, 3, 1,
    ]

    /// Each capability that is known, and one that is not.
    static let bos: [UInt8] = [
        5, 15, 118, 0, 7,
        7, 16, 2, 0x06, 0, 0, 0,
        10, 16, 3, 0, 0x0E, 0, 1, 10, 0xFF, 7,
        20, 16, 4, 0,
        0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,
        0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF,
        20, 16, 0x0A, 0, 1, 0, 0, 0, 0, 0x11, 0, 0,
        0x30, 0x40, 0x0A, 0, 0xB0, 0x40, 0x0A, 0,
        24, 16, 5, 0,
        0x38, 0xB6, 0x08, 0x34, 0xA9, 0x09, 0xA0, 0x47,
        0x8B, 0xFD, 0xA0, 0x76, 0x88, 0x15, 0xB6, 0x65,
        0, 1, 0x22, 1,
        28, 16, 5, 0,
        0xDF, 0x60, 0xDD, 0xD8, 0x89, 0x45, 0xC7, 0x4C,
        0x9C, 0xD2, 0x65, 0x9D, 0x9E, 0x64, 0x8A, 0x9F,
        0, 0, 3, 6, 0xB2, 0, 0x21, 0,
        4, 16, 0x0D, 1,
    ]

    static let string: [UInt8] = [10, 3, 0x54, 0, 0x3D, 0xD8, 0x50, 0xDE, 0x72, 0]

    static let configurations = [keyboard, serial, microphone, storage]
    static let all = configurations + [device, bos, string]
}
