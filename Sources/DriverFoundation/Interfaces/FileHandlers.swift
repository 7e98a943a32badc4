/// Whether a file may be opened: throwing refuses, and the error is the client's. Runs on the
/// device's scope, and may await.
public typealias FileCreateHandler<Driver: Actor> =
    @Sendable (isolated Driver, FileObject) async throws(DeviceError) -> Void

/// What a driver does when a file is cleaned up or closed. Runs on the device's scope, and may
/// await.
public typealias FileHandler<Driver: Actor> = @Sendable (isolated Driver, FileObject) async -> Void

/// One driver's handlers for files, bound to it.
struct FileHandlers: Sendable {
    var create: (@Sendable (FileObject) async throws(DeviceError) -> Void)?
    var cleanup: (@Sendable (FileObject) async -> Void)?
    var close: (@Sendable (FileObject) async -> Void)?

    init<Driver: Actor>(
        for driver: Driver, _ create: FileCreateHandler<Driver>?, _ cleanup: FileHandler<Driver>?,
        _ close: FileHandler<Driver>?
    ) {
        if let create {
            self.create = { [unowned driver] file throws(DeviceError) in
                try await create(driver, file)
            }
        }
        if let cleanup { self.cleanup = { [unowned driver] in await cleanup(driver, $0) } }
        if let close { self.close = { [unowned driver] in await close(driver, $0) } }
    }
}

/// How a device is opened.
struct FileAccess: Sendable {
    private var entries: [(level: ObjectIdentifier, handlers: FileHandlers)] = []
    var isExclusive = false
    /// The holders that agreed to a removal which has neither taken place nor been given up.
    var asked: [any FileHolder] = []

    /// Those of the stack's drivers, uppermost first: the order in which each is called.
    var handlers: [FileHandlers] { entries.map(\.handlers) }

    /// Sets those of a level's driver, in place of earlier ones. Levels are added from the bottom
    /// to the top.
    mutating func set(_ handlers: FileHandlers, of level: DeviceLevel) {
        let key = ObjectIdentifier(level)
        if let place = entries.firstIndex(where: { $0.level == key }) {
            entries[place].handlers = handlers
        } else {
            entries.insert((key, handlers), at: 0)
        }
    }

    /// A driver that is not in the stack after all hears nothing.
    mutating func removeHandlers(of level: DeviceLevel) {
        entries.removeAll { $0.level == ObjectIdentifier(level) }
    }
}

extension Device {
    /// Has the driver told of each open of its device (F-1, DEV-8).
    ///
    /// `create`: asked before the file can be used; when it throws the open fails with that error,
    /// and neither `cleanup` nor `close` is called for it (F-6). Without: every open succeeds.
    /// `cleanup`: its client has closed the file. Afterwards the file's requests that wait in
    /// queues are cancelled; those that the driver owns stay its duty (F-2), for example by
    /// ``FileObject/cancelRequests()``. Without: the framework cancels those too.
    /// `close`: every request of the file was completed (F-3). Then its contexts go (F-7).
    ///
    /// Call it once, in `init`; a second call replaces the handlers. Handlers of different files
    /// may run at the same time; those of one file come one after the other.
    public func files<Driver: Actor>(
        for driver: isolated Driver, create: FileCreateHandler<Driver>? = nil,
        cleanup: FileHandler<Driver>? = nil, close: FileHandler<Driver>? = nil
    ) {
        state.value.fileAccess.set(
            FileHandlers(for: driver, create, cleanup, close), of: functionLevel)
    }

    /// Whether only one file may be open at a time; a second open is refused with `.accessDenied`
    /// until the first is closed (DEV-6). Set it in the driver's `init`.
    public var isExclusive: Bool {
        get { state.value.fileAccess.isExclusive }
        set { state.value.fileAccess.isExclusive = newValue }
    }
}

/// A device as an enabled interface sees it.
extension Device: InterfacePort {
    /// F-1: an open; F-5: refused before the device has started and once it is going.
    public func open(_ opening: FileOpening) async throws(DeviceError) -> any FilePort {
        let answer = await loop.wait(ifEnded: Result.failure(DeviceError.removed)) {
            [self] answer in begin(opening, answer)
        }
        return FileEnd(try answer.get())
    }

    private func begin(
        _ opening: FileOpening, _ answer: Resumption<Result<FileObject, DeviceError>>
    ) {
        guard isOpenToClients else {
            loop.reach(.openedWhenGoing)
            return answer.resume(returning: .failure(.removed))
        }
        if state.value.fileAccess.isExclusive, !state.value.files.isEmpty {
            loop.reach(.openRefusedAsSecond)
            let error = DeviceError(
                .accessDenied, "\(name) is open, and can be opened only once (DEV-6).")
            return answer.resume(returning: .failure(error))
        }
        let file = FileObject(opening, of: self)
        state.value.files.append(file)
        let handlers = state.value.fileAccess.handlers.compactMap(\.create)
        if handlers.isEmpty {
            file.created()
            return answer.resume(returning: .success(file))
        }
        scope.task {
            do throws(DeviceError) {
                for handler in handlers { try await handler(file) }
                file.created()
                // The device may have gone meanwhile, and have taken its files along.
                let isOpen = file.state.value.phase == .open
                answer.resume(returning: isOpen ? .success(file) : .failure(.removed))
            } catch {
                self.loop.reach(.openRefusedByDriver)
                file.refused()
                answer.resume(returning: .failure(error))
            }
        }
    }
}
