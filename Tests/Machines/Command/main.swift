import MachineModel

let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let tables = Tables()
let clock = ContinuousClock()
var exploration = Exploration(tables)
let time = clock.measure {
    exploration.run(
        from: Life(outside: arguments.first ?? 2, failures: arguments.count > 1 ? arguments[1] : 1), most: 2)
}
for finding in exploration.findings { print(finding) }
print("\(exploration.states) states, \(exploration.transitions) transitions, \(exploration.ends) ends, \(time)")
print("rows \(tables.rows.count), existing \(tables.rows.filter { $0.kind != .forbidden }.count), used \(exploration.uses.filter { $0 > 0 }.count)")
if arguments.count > 2 {
    for row in tables.rows.indices where tables.rows[row].kind != .forbidden && exploration.uses[row] == 0 {
        print("dead", tables.place(of: row).name)
    }
}
