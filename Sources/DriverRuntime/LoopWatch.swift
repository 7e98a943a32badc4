/// Who is told of code that holds a loop for long: everything else on it waits meanwhile.
///
/// It costs a look at the clock for each job.
package struct LoopWatch: Sendable {
    /// How long one job may take.
    package let limit: Duration
    /// Told which scope's job held the loop, what the code had said that it is, and for how long.
    package let report: @Sendable (Scope?, StaticString?, Duration) -> Void

    /// Makes a watch.
    package init(
        limit: Duration, report: @escaping @Sendable (Scope?, StaticString?, Duration) -> Void
    ) {
        self.limit = limit
        self.report = report
    }
}
