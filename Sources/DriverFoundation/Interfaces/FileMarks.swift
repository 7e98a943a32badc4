package import DriverRuntime

extension Mark {
    /// A file was closed while its driver was still deciding about the open.
    static let closedWhileCreating = Mark("file closed while it is created")
    /// A driver refused an open.
    static let openRefusedByDriver = Mark("open refused by the driver")
    /// A second open of an exclusive device was refused.
    static let openRefusedAsSecond = Mark("second open of an exclusive device")

    /// Those of files.
    package static let files: [Mark] = [
        closedWhileCreating, openRefusedByDriver, openRefusedAsSecond,
    ]
}
