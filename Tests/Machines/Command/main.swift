import MachineModel

let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let tables = Tables()
let clock = ContinuousClock()
if CommandLine.arguments.contains("mutants") {
    let outside = arguments.first ?? 2, failures = arguments.count > 1 ? arguments[1] : 1
    var time = clock.now
    let hunt = MutantHunt(tables, from: Life(outside: outside, failures: failures), small: Life(outside: 1, failures: 1))
    let mutants = hunt.mutants()
    print("\(hunt.exploration.states) states, \(mutants.count) mutants, \(clock.now - time)")
    let equivalence = Equivalence(tables, isUsed: hunt.exploration.uses.map { $0 > 0 })
    var equivalent = 0
    var killed = 0, survived = 0, undecided = 0
    time = clock.now
    for mutant in mutants {
        let start = clock.now
        let verdict = hunt.verdict(on: mutant)
        let used = clock.now - start
        switch verdict {
        case .killed(let rule):
            killed += 1
            if let reason = equivalence.reason(for: mutant) { print("WRONG", reason, rule.rawValue, mutant.name(in: tables)) }
        case .survived where equivalence.reason(for: mutant) != nil: equivalent += 1
        case .survived: survived += 1; print("survivor", mutant.name(in: tables))
        case .undecided: undecided += 1; print("undecided", mutant.name(in: tables))
        }
        if used > .seconds(1) { print("slow", used, mutant.name(in: tables), verdict) }
    }
    print("\(equivalent) equivalent, \(killed) killed, \(survived) survived, \(undecided) undecided, \(clock.now - time)")
} else {
var exploration = Exploration(tables)
let time = clock.measure {
    exploration.run(
        from: Life(outside: arguments.first ?? 2, failures: arguments.count > 1 ? arguments[1] : 1), most: 2)
}
for finding in exploration.findings { print(finding) }
print("\(exploration.states) states, \(exploration.transitions) transitions, \(exploration.ends) ends, \(time)")
print("rows \(tables.rows.count), existing \(tables.rows.filter { $0.kind != .forbidden }.count), used \(exploration.uses.filter { $0 > 0 }.count)")
let endless = clock.measure { print("endless", Endlessness.isPossible(in: tables, from: Life(outside: 2, failures: 1))) }
print(endless)
if arguments.count > 2 {
    for row in tables.rows.indices where tables.rows[row].kind != .forbidden && exploration.uses[row] == 0 {
        print("dead", tables.place(of: row).name)
    }
}
}
