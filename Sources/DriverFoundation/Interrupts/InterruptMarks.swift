extension Mark {
    /// The values for a DPC were so many that its source stopped reading.
    static let interruptBacklogFull = Mark("interrupt source waits for its DPC")

    /// Those of interrupts.
    static let interrupts: [Mark] = [interruptBacklogFull]
}
