import Foundation
import Testing

/// What the samples promise of their drivers, counted on the sources themselves.
@Suite struct DriverLengthTests {
    private static let samples = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Samples")

    private func lines(of path: String) throws -> [String] {
        try String(contentsOf: Self.samples.appending(path: path), encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    private func code(in lines: [String]) -> [String] {
        lines.filter { line in
            let text = line.drop { $0 == " " }
            return !text.isEmpty && !text.hasPrefix("//")
        }
    }

    @Test(
        "SEED-3: each part of the toaster family has the README's count of lines, below WDF's",
        arguments: [
            ("ToasterBus.swift", 53, 756), ("StaticToasterBus.swift", 28, 653),
            ("SimpleToaster.swift", 20, 144), ("FeaturedToaster.swift", 61, 968),
            ("ToasterFamily.swift", 30, 70), ("GenericFilter.swift", 15, 189),
            ("SidebandFilter.swift", 26, 281),
        ])
    func family(file: String, count: Int, original: Int) throws {
        let lines = code(in: try lines(of: "ToasterBus/Drivers/\(file)"))
        #expect(lines.count == count)
        #expect(count < original)
        let readme = try self.lines(of: "../README.md")
        #expect(
            readme.contains {
                $0.hasSuffix("(Samples/ToasterBus/Drivers/\(file)) | \(count) | \(original) |")
            })
    }

    @Test(
        "SEED-3: a driver has at most so many lines of 100 columns, blank ones and comments apart",
        arguments: [("Toaster", 60), ("Keyboard", 120), ("Hotplug", 60)])
    func length(sample: String, limit: Int) throws {
        let folder = Self.samples.appending(path: "\(sample)/Driver")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path())
        let lines = try files.flatMap { try self.lines(of: "\(sample)/Driver/\($0)") }
        let code = self.code(in: lines)
        #expect(!code.isEmpty && code.count <= limit, "\(code.count) lines")
        #expect(lines.allSatisfy { $0.count <= 100 })
        #expect(!lines.contains { $0.contains("/*") }, "a block comment would not be counted out")
    }

    @Test(
        "each part of a sample imports the one module that it is for",
        arguments: [
            ("Toaster/Driver", ["DriverFoundation"]), ("Keyboard/Driver", ["DriverFoundation"]),
            ("Hotplug/Driver", ["DriverFoundation"]), ("Toaster/Client", ["DriverClient"]),
            ("Keyboard/Client", ["DriverClient"]),
            ("Toaster/Device", ["USBTypes", "VirtualUSB"]),
            ("Keyboard/Device", ["USBTypes", "VirtualUSB"]),
        ])
    func imports(folder: String, allowed: [String]) throws {
        let path = Self.samples.appending(path: folder).path()
        let files = try FileManager.default.contentsOfDirectory(atPath: path)
        let imports = try files.flatMap { try lines(of: "\(folder)/\($0)") }.compactMap { line in
            line.hasPrefix("import ") || line.hasPrefix("public import ")
                ? line.split(separator: " ").last.map(String.init) : nil
        }
        #expect(!imports.isEmpty && Set(imports).isSubset(of: allowed), "\(imports)")
    }
}
