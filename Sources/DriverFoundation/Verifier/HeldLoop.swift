/// Code that holds the loop, named (VF-14).
extension PlugAndPlay {
    /// Has the loop tell what holds it, unless somebody is told already. On the loop.
    func watchLoop() {
        guard let limit = verifier.options.heldLoopLimit, bus.loop.watch == nil else { return }
        bus.loop.watch = LoopWatch(limit: limit) { [weak self] scope, activity, held in
            self?.report(scope, activity, held)
        }
    }

    private func report(_ scope: Scope?, _ activity: StaticString?, _ held: Duration) {
        let name = scope?.name ?? bus.loop.name
        var problem = "held the loop for \(held)"
        if let activity {
            problem += " in \(activity)"
        } else if let callback = presentDevices.first(where: { $0.scope === scope })?
            .state.value.watch.running.last?.callback
        {
            problem += " while \(callback.rawValue) is under way"
        }
        verifier.report(
            "VF-14", name, problem,
            "everything else on the loop waits meanwhile; put long work into `concurrently { }`")
    }
}
