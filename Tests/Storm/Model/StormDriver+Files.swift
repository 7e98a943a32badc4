import DriverFoundation

/// How a storm's driver has its device opened.
struct FileHabits {
    var dice: Dice
    let isTold: Bool
    let isExclusive: Bool
    /// What is open, by file; whether its client has closed it.
    var open: [ObjectIdentifier: Bool] = [:]

    init(_ dice: inout Dice) {
        self.dice = dice.split()
        isTold = dice.chance(50)
        isExclusive = dice.chance(15)
    }
}

/// Files: created, cleaned up, closed, each once and in that order (F-1…F-6).
extension StormDriver {
    func makeFiles() {
        device.isExclusive = files.isExclusive
        guard files.isTold else { return }
        device.files(
            for: self,
            create: { driver, file throws(DeviceError) in try await driver.create(file) },
            cleanup: { await $0.cleanUp($1) }, close: { await $0.close($1) })
    }

    private func wrong(_ text: String) { run.violate("\(device.attached.id): \(text)") }

    private func pause() async {
        if files.dice.chance(30) { await device.clock.wait(for: files.dice.moment(upTo: 30)) }
    }

    private func create(_ file: FileObject) async throws(DeviceError) {
        if files.open[ObjectIdentifier(file)] != nil { wrong("a file created twice (F-1)") }
        if files.isExclusive, !files.open.isEmpty { wrong("two files at once (DEV-6)") }
        await pause()
        if files.dice.chance(15) { throw DeviceError(.accessDenied, "Not for you.") }
        files.open[ObjectIdentifier(file)] = false
        run.openFiles += 1
    }

    private func cleanUp(_ file: FileObject) async {
        if files.open[ObjectIdentifier(file)] != false { wrong("a cleanup out of order (F-2)") }
        files.open[ObjectIdentifier(file)] = true
        await pause()
        file.cancelRequests()
    }

    private func close(_ file: FileObject) async {
        if files.open.removeValue(forKey: ObjectIdentifier(file)) != true {
            wrong("a close out of order (F-3)")
        }
        run.openFiles -= 1
        await pause()
    }

    /// A request comes from a file that is open.
    func checkFile(of request: borrowing Request) {
        guard files.isTold, let file = request.file, request.isFromAbove else { return }
        if files.open[ObjectIdentifier(file)] == nil { wrong("a request without an open (F-1)") }
    }
}

extension Request {
    /// Whether a program made it, and not a driver for its own device.
    fileprivate var isFromAbove: Bool { file != nil }
}
