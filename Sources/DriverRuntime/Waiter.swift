/// Where a loop's thread waits when it has nothing to run: the seam between the runtime and the
/// source of its events.
///
/// `LibUSBBus` brings libusb's own event handling, ``PollWaiter`` waits for descriptors, and the
/// simulation's waiter moves virtual time. A waiter also tells the time, so that one object decides
/// what a loop can see of the world.
public protocol Waiter: AnyObject, Sendable {
    /// The present time on this waiter's clock. Any thread.
    var now: Instant { get }

    /// Waits until `deadline` (`nil`: for ever), until ``wake()`` was called since the last wait,
    /// or until at least one event was handled; a deadline that has passed means: handle what is
    /// there and return. Called on the loop's thread only. Handlers of events run inside this call.
    func wait(until deadline: Instant?)

    /// Ends the present wait, or the next one if none is running. Any thread; never blocks.
    func wake()
}
