/// Settings in text files under a folder: one file for each key (DRV-5, DEV-19).
///
/// A file is replaced as a whole: written beside the old one, brought to the disk, then renamed. A
/// program that is killed leaves the old values or the new ones.
///
/// Threading: any. Files are read and written on the global pool, away from every loop.
public struct FileSettings: SettingsStore {
    /// The folder; made with the first key that is kept.
    public let folder: String

    /// The largest file that is read, in bytes.
    public static let sizeLimit = 1 << 20

    /// Settings under a folder.
    public init(folder: String) { self.folder = folder }

    /// The values of a key.
    public func load(_ path: SettingsPath) async throws(DeviceError) -> SettingsTable? {
        let place = place(of: path)
        let result = await withTaskExecutorPreference(globalConcurrentExecutor) {
            Self.read(place.folder + "/" + place.file)
        }
        return try result.get()
    }

    /// Replaces all values of a key.
    public func save(_ table: SettingsTable?, to path: SettingsPath) async throws(DeviceError) {
        let place = place(of: path)
        let result = await withTaskExecutorPreference(globalConcurrentExecutor) {
            () -> Result<Void, DeviceError> in
            do throws(DeviceError) {
                guard let table else { return .success(try StoredFile.remove(place)) }
                return .success(
                    try StoredFile.replace(place, Array(SettingsText.encode(table).utf8)))
            } catch { return .failure(error) }
        }
        try result.get()
    }

    private static func read(_ file: String) -> Result<SettingsTable?, DeviceError> {
        do throws(DeviceError) {
            guard let bytes = try StoredFile.bytes(file, limit: sizeLimit) else {
                return .success(nil)
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw DeviceError(.failed, "Settings file \(file) is no text.")
            }
            do { return .success(try SettingsText.decode(text)) } catch {
                throw DeviceError(
                    .failed, "Settings file \(file), line \(error.line): \(error.text).")
            }
        } catch { return .failure(error) }
    }

    /// The folder and the name of a key's file. Names from devices may be anything: no part of them
    /// reaches the file system as it is.
    private func place(of path: SettingsPath) -> StoredFile.Place {
        let names = path.names.map(Self.fileName)
        return StoredFile.Place(
            folder: ([folder] + names.dropLast()).joined(separator: "/"),
            file: (names.last ?? "root") + ".settings")
    }

    private static func fileName(_ name: String) -> String {
        let escaped = name.isEmpty ? "%" : SettingsText.escaped(name)
        guard escaped.utf8.count > 200 else { return escaped }
        // A file's name has at most 255 bytes: what is cut off is told apart by a hash (FNV-1a).
        let hash = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        return escaped.prefix(180) + "%" + String(hash, radix: 16)
    }
}
