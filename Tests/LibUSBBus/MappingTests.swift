import CLibUSB
import Glibc
import Testing
import USBBus
import USBTypes

@testable import LibUSBBus

@Suite struct MappingTests {
    @Test("L10: an end with no bytes that was asked for is a cancel; one that was not is a packet")
    func mapsStatuses() {
        func status(
            _ native: libusb_transfer_status, cancelled: Bool = false, isEmpty: Bool = false,
            excess: Bool = false
        ) -> TransferStatus {
            StatusMap.status(native, cancelled: cancelled, isEmpty: isEmpty, excess: excess)
        }
        #expect(status(LIBUSB_TRANSFER_COMPLETED) == .completed)
        #expect(status(LIBUSB_TRANSFER_COMPLETED, isEmpty: true) == .completed)
        #expect(status(LIBUSB_TRANSFER_COMPLETED, cancelled: true, isEmpty: true) == .cancelled)
        #expect(status(LIBUSB_TRANSFER_COMPLETED, cancelled: true) == .completed)
        #expect(status(LIBUSB_TRANSFER_COMPLETED, excess: true) == .overflow)
        #expect(status(LIBUSB_TRANSFER_CANCELLED) == .cancelled)
        #expect(status(LIBUSB_TRANSFER_STALL) == .stalled)
        #expect(status(LIBUSB_TRANSFER_OVERFLOW) == .overflow)
        #expect(status(LIBUSB_TRANSFER_NO_DEVICE) == .deviceGone)
        #expect(status(LIBUSB_TRANSFER_ERROR) == .failed)
        #expect(status(libusb_transfer_status(99)) == .failed)
    }

    @Test("#25: a permission error names the node, its owner and mode, and the rule that helps")
    func diagnosesAccess() {
        let diagnosis = AccessDiagnosis(
            node: "/dev/bus/usb/001/007", owner: "root", group: "root", mode: 0o664)
        let error = diagnosis.error(vendor: 0x1209, product: 0x0057, native: -3)
        #expect(error.code == .accessDenied)
        for part in [
            "/dev/bus/usb/001/007", "root:root", "0664", "ATTR{idVendor}==\"1209\"",
            "ATTR{idProduct}==\"0057\"", "uaccess", "udevadm control --reload",
        ] {
            #expect(error.message.contains(part), "\(part) is missing")
        }
        #expect(AccessDiagnosis(node: "/nonexistent") == nil)
    }

    @Test("errors say what was tried, why not, and libusb's name for it")
    func writesErrors() {
        let error = StatusMap.error(-6, "claim interface 2", hint: "Try again.")
        #expect(error.code == .busy && error.native == -6)
        #expect(
            error.message
                == "Cannot claim interface 2: somebody else holds it (LIBUSB_ERROR_BUSY)."
                + " Try again."
        )
    }

    @Test("L28: descriptors from the kernel are read whatever they hold")
    func readsBlobs() {
        var random = SystemRandomNumberGenerator()
        let device: [UInt8] = [18, 1, 0, 2, 0, 0, 0, 64, 9, 18, 0x57, 0x70, 0, 1, 0, 0, 0, 2]
        let first: [UInt8] = [9, 2, 18, 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, 0, 255, 0, 0, 0]
        let bad: [UInt8] = [9, 2, 12, 0, 1, 2, 0, 0x80, 50, 9, 4, 0]
        let blob = DescriptorBlob(device + bad + first)
        #expect(blob?.configurations.map(\.value) == [1])
        #expect(DescriptorBlob([]) == nil)
        #expect(DescriptorBlob(Array(device.prefix(17))) == nil)
        for _ in 0..<2_000 {
            let count = Int.random(in: 0...80, using: &random)
            let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(DescriptorBlob(device + noise)?.device.vendorID == 0x1209)
            _ = DescriptorBlob(noise)
        }
    }

    @Test("L26: the budget names the kernel's limit")
    func namesLimit() throws {
        let budget = MemoryBudget(limit: 1 << 20)
        try budget.reserve(1 << 19, for: 0x81)
        do throws(BusError) {
            try budget.reserve(1 << 20, for: 0x81)
            Issue.record("more than the limit was given")
        } catch {
            #expect(error.code == .outOfMemory)
            #expect(error.message.contains("usbfs_memory_mb"))
            #expect(error.message.contains("1 MiB"))
        }
        budget.free(1 << 19)
        #expect(budget.inUse == 0)
    }
}

@Suite struct KernelDriverJournalTests {
    private let folder: String

    init() {
        var template = Array("/tmp/journal-XXXXXX".utf8CString)
        folder = unsafe String(cString: mkdtemp(&template))
    }

    private static let note = KernelDriverJournal.Note(
        device: "1-2.4", vendor: 0x1209, product: 0x7003, interface: 1, driver: "usbhid")

    @Test("L21: what a process took is on disk as long as it has it")
    func keepsNotes() {
        let journal = KernelDriverJournal(folder: folder, process: 7)
        journal.add(Self.note)
        let path = folder + "/driver-foundation-detached.7"
        #expect(SystemFile.text(path) == "1-2.4 4617 28675 1 usbhid")
        journal.remove(Self.note)
        #expect(!SystemFile.exists(path))
        unsafe rmdir(folder)
    }

    @Test("L21: the living keep theirs; what the dead left is taken once")
    func takesAbandoned() {
        let living = KernelDriverJournal(folder: folder, process: 7)
        living.add(Self.note)
        var dead: KernelDriverJournal? = KernelDriverJournal(folder: folder, process: 8)
        dead?.add(Self.note)
        dead = nil
        let next = KernelDriverJournal(folder: folder, process: 9)
        #expect(next.takeAbandoned().drivers == [Self.note])
        #expect(next.takeAbandoned() == KernelDriverJournal.Abandoned())
        living.remove(Self.note)
        unsafe rmdir(folder)
    }

    @Test("U-17: what was changed of a device's power is on disk until it is put back")
    func keepsPower() {
        let note = KernelDriverJournal.PowerNote(
            device: "3-1", vendor: 0x1209, product: 0x7004,
            settings: .init(control: "on", delay: 2000))
        var dead: KernelDriverJournal? = KernelDriverJournal(folder: folder, process: 8)
        dead?.add(Self.note)
        dead?.add(note)
        dead?.remove(Self.note)
        #expect(
            SystemFile.text(folder + "/driver-foundation-detached.8")
                == "power 3-1 4617 28676 on 2000")
        dead = nil
        let abandoned = KernelDriverJournal(folder: folder, process: 9).takeAbandoned()
        #expect(abandoned == KernelDriverJournal.Abandoned(power: [note]))
        for line in ["", "power 3-1 1 2 on", "power 3-1 1 70000 on 0", "power 3-1 1 2 on x"] {
            #expect(KernelDriverJournal.PowerNote(line: line[...]) == nil)
        }
        unsafe rmdir(folder)
    }

    @Test("a line that is none is passed over")
    func readsLines() {
        #expect(KernelDriverJournal.Note(line: "1-2 1 2 3 usb hid")?.driver == "usb hid")
        for line in ["", "1-2", "1-2 70000 1 1 x", "1-2 a b c d", "1-2 1 2 300 x"] {
            #expect(KernelDriverJournal.Note(line: line[...]) == nil)
        }
    }
}

@Suite struct AttachmentTableTests {
    @Test("L13: whoever left while a list was made does not come back by it, nor leaves who came")
    func mergesLists() {
        var table = AttachmentTable<Int>()
        let first = table.arrive(1)
        let mark = table.beginListing()
        #expect(table.depart(1)?.id == first)
        let second = table.arrive(2)
        let (arrived, departed) = table.merge([1, 3], since: mark)
        #expect(arrived.map(\.key) == [3])
        #expect(departed.isEmpty)
        #expect(table.all.map(\.key) == [2, 3])
        let later = table.beginListing()
        #expect(table.merge([3], since: later).departed.map(\.id) == [second])
    }

    @Test("L13: a key that is used again is another stay, also during a listing")
    func reusesKeys() {
        var table = AttachmentTable<Int>()
        let first = table.arrive(1)
        let mark = table.beginListing()
        _ = table.depart(1)
        let second = table.arrive(1)
        #expect(first != second)
        #expect(table.merge([1], since: mark).arrived.isEmpty)
        #expect(table.all.map(\.id) == [second])
    }
}
