// does not conform to (the )?.?Sendable|non-Sendable
// DEV-9: what is kept with a request may go where the request goes
import DriverFoundation

final class Tally {
    var count = 0
}

struct Kept: RequestContext {
    var tally: Tally?  // must not compile
}
