import DriverFoundation

/// What was seen, in order, from any thread.
final class Notes<Element: Sendable>: @unchecked Sendable {
    // Sendable because `elements` is guarded by `lock`.
    private let lock = Lock()
    private var elements: [Element] = []

    func add(_ element: Element) { lock.withLock { elements.append(element) } }
    var all: [Element] { lock.withLock { () -> [Element] in elements } }
}
