import DriverRuntime
import DriverSimulation

/// An actor of a scope, as drivers are, with a bug for seeds to find.
actor Account {
    private let scope: Scope
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe scope.asUnownedSerialExecutor()
    }
    private(set) var balance = 100

    init(in scope: Scope) { self.scope = scope }

    /// The classic mistake: what was checked before the `await` may be untrue after it.
    func withdraw(_ amount: Int, asking bank: Account) async {
        guard balance >= amount else { return }
        _ = await bank.balance
        balance -= amount
    }
}

struct Overdrawn: Error {}

/// Lets two tasks withdraw at once; `true` when the account was overdrawn.
@Sendable func overdraws(_ simulation: Simulation) async -> Bool {
    let account = Account(in: simulation.scope(named: "account"))
    let bank = Account(in: simulation.scope(named: "bank"))
    let tasks = ["left", "right"].map { name in
        simulation.scope(named: name).task { await account.withdraw(80, asking: bank) }
    }
    for task in tasks { await task.value }
    return await account.balance < 0
}
