import CLibUSB
import DriverRuntime
import Synchronization
import Testing
import USBBus
import USBTypes

@testable import LibUSBBus

/// The bus over a libusb of the tests' own. Descriptors come from no sysfs, so that devices have
/// none; what needs some runs in the stand-in.
@Suite struct LibUSBBusTests {
    private let calls = FakeLibUSB()

    private func makeBus() -> LibUSBBus {
        LibUSBBus(
            source: .hotplug, calls: calls,
            journal: KernelDriverJournal(folder: "/nonexistent", process: 1))
    }

    private func known(_ bus: LibUSBBus) async -> [AttachmentID] {
        await bus.loop.perform { bus.state.value.table.all.map(\.id) } ?? []
    }

    /// Waits until the loop has seen what was reported to it.
    private func settled(_ bus: LibUSBBus, until isDone: ([AttachmentID]) -> Bool) async {
        let deadline = Instant.monotonic.advanced(by: .seconds(5))
        while !isDone(await known(bus)), Instant.monotonic < deadline { await Task.yield() }
    }

    @Test("L15, L16: hotplug is registered once, before the loop's first event and before the list")
    func startsInOrder() async throws {
        let bus = makeBus()
        try await bus.start { _ in }
        let order = calls.seen("initialise", "registerHotplug", "devices")
        #expect(order == ["initialise", "registerHotplug", "devices"])
        await bus.stop()
        #expect(calls.seen("registerHotplug").count == 1)
    }

    @Test("L13: a device that is listed and reported twice arrives once; a replug is another stay")
    func collapsesDuplicates() async throws {
        let device = FakeLibUSB.device(1)
        calls.plug(device)
        let bus = makeBus()
        try await bus.start { _ in }
        calls.repeatArrival(device)
        await settled(bus) { !$0.isEmpty }
        await bus.rescan()
        #expect(await known(bus).map(\.rawValue) == [1])
        calls.unplug(device)
        await settled(bus) { $0.isEmpty }
        #expect(calls.held == 0)
        calls.plug(device)
        await settled(bus) { !$0.isEmpty }
        #expect(await known(bus).map(\.rawValue) == [2])
        await bus.stop()
        #expect(calls.held == 0)
    }

    @Test("L27: a rescan finds arrivals and departures that were not reported")
    func rescans() async throws {
        let bus = makeBus()
        try await bus.start { _ in }
        calls.plug(FakeLibUSB.device(1), reported: false)
        calls.plug(FakeLibUSB.device(2), reported: false)
        await bus.rescan()
        #expect(await known(bus).count == 2)
        await bus.stop()
        #expect(calls.held == 0)
    }

    @Test("L27: without hotplug the observer is told, with what to do")
    func reportsMissingHotplug() async throws {
        calls.order([LIBUSB_ERROR_NOT_SUPPORTED.rawValue], for: "registerHotplug")
        let text = Mailbox<String>()
        let bus = makeBus()
        try await bus.start { event in
            if case .discoveryUnavailable(let reason) = event { text.put(reason) }
        }
        #expect(text.value?.contains("udevd") == true)
        await bus.stop()
    }

    @Test("a start that fails says so, and the bus can be stopped all the same")
    func failsToStart() async {
        calls.order([LIBUSB_ERROR_OTHER.rawValue], for: "initialise")
        let bus = makeBus()
        await #expect(throws: BusError.self) { try await bus.start { _ in } }
        await bus.stop()
        #expect(calls.seen("exit").isEmpty)
    }

    @Test("L29: an interruption is nothing; other errors are counted")
    func countsEventErrors() async throws {
        calls.order(
            [
                LIBUSB_ERROR_INTERRUPTED.rawValue, LIBUSB_ERROR_IO.rawValue,
                LIBUSB_ERROR_IO.rawValue,
            ],
            for: "handleEvents")
        let bus = makeBus()
        try await bus.start { _ in }
        let deadline = Instant.monotonic.advanced(by: .seconds(5))
        while bus.eventErrors < 2, Instant.monotonic < deadline { await bus.rescan() }
        #expect(bus.eventErrors == 2)
        await bus.stop()
    }

    @Test("L24: deregistered before the end, the context ended last")
    func stopsInOrder() async throws {
        let bus = makeBus()
        try await bus.start { _ in }
        await bus.stop()
        #expect(calls.seen("deregisterHotplug", "exit") == ["deregisterHotplug", "exit"])
    }

    @Test("a second stop does nothing; calls after it return")
    func stopsTwice() async throws {
        calls.plug(FakeLibUSB.device(1))
        let bus = makeBus()
        try await bus.start { _ in }
        async let together: Void = bus.stop()
        await bus.stop()
        await together
        await bus.stop()
        await bus.rescan()
        do throws(BusError) {
            _ = try await bus.open(AttachmentID(rawValue: 1))
            Issue.record("a device of a stopped bus was opened")
        } catch { #expect(error.code == .deviceGone) }
        do throws(BusError) {
            try await bus.attach(0)
            Issue.record("a stopped bus took a device")
        } catch { #expect(error.code == .deviceGone) }
        #expect(calls.seen("exit").count == 1 && calls.held == 0)
    }
}

/// One value handed out of a callback.
private final class Mailbox<Value: Sendable>: @unchecked Sendable {
    private let lock = Lock()
    // Guarded by `lock`.
    private var stored: Value?
    var value: Value? { lock.withLock { stored } }
    func put(_ value: Value) { lock.withLock { stored = value } }
}
