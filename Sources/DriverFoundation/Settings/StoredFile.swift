internal import Glibc

/// Files that are replaced as a whole. Everything here blocks: not for a loop's thread.
enum StoredFile {
    /// A file in a folder.
    struct Place: Hashable, Sendable {
        let folder: String
        let file: String
        var path: String { folder + "/" + file }
    }

    /// A file's bytes; `nil` when there is none.
    static func bytes(_ path: String, limit: Int) throws(DeviceError) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw error("read", path)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe read(descriptor, &block, block.count)
            if count < 0 && errno == EINTR { continue }
            if count < 0 { throw error("read", path) }
            if count == 0 { return bytes }
            bytes += block.prefix(count)
            if bytes.count > limit {
                throw DeviceError(.failed, "\(path) has more than \(limit) bytes.")
            }
        }
    }

    /// Replaces a file, or makes it and its folders: after a crash the old bytes or the new ones
    /// are there.
    static func replace(_ place: Place, _ bytes: [UInt8]) throws(DeviceError) {
        try makeFolder(place.folder)
        let beside = place.path + ".new"
        let descriptor = unsafe open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        if descriptor < 0 { throw error("write", beside) }
        defer { close(descriptor) }
        try write(bytes, to: descriptor, beside)
        if fsync(descriptor) != 0 { throw error("write", beside) }
        if unsafe rename(beside, place.path) != 0 { throw error("replace", place.path) }
        syncFolder(place.folder)
    }

    /// Removes a file; does nothing when there is none.
    static func remove(_ place: Place) throws(DeviceError) {
        if unsafe unlink(place.path) != 0, errno != ENOENT, errno != ENOTDIR {
            throw error("remove", place.path)
        }
        syncFolder(place.folder)
    }

    /// Writes all of `bytes` where the descriptor stands.
    static func write(
        _ bytes: [UInt8], to descriptor: Int32, _ path: String
    ) throws(DeviceError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { throw error("write", path) }
            rest = rest.dropFirst(count)
        }
    }

    /// Makes a folder and those it is in.
    static func makeFolder(_ path: String) throws(DeviceError) {
        var end = path.startIndex
        while end < path.endIndex {
            end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
            if unsafe mkdir(String(path[..<end]), 0o700) != 0, errno != EEXIST, errno != EISDIR {
                throw error("make", path)
            }
        }
    }

    /// Without this a rename may not survive a loss of power; where a file system cannot, so be it.
    private static func syncFolder(_ path: String) {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// What the last system call failed with.
    static func error(_ verb: String, _ path: String) -> DeviceError {
        let number = errno
        let code: DeviceError.Code = number == EACCES || number == EPERM ? .accessDenied : .failed
        let reason = unsafe String(cString: strerror(number))
        return DeviceError(code, "Cannot \(verb) \(path): \(reason).")
    }
}
