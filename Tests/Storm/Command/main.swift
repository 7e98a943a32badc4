import DriverRuntime
import DriverSimulation
import Glibc
import StormModel

// storm FIRST END: each seed from FIRST up to END, twice; the marks at the end.
// storm --replay CASE: one storm, and its log. CASE is a seed, or what --shrink printed.
// storm --shrink CASE: leaves out of a failing storm whatever it fails without.
// --planted FAULT: the framework makes this mistake. --attempt CASE: for --shrink.
// storm --faults: the mistakes that can be planted, a line each.
// storm --search FAULT END: the seeds up to END until one finds the mistake; then it fails.

func usage() -> Never {
    print("usage: storm FIRST END | storm --replay CASE | storm --shrink CASE [--planted FAULT]")
    print("       storm --faults | storm --search FAULT END")
    exit(64)
}

func fail(_ error: any Error, showing isLogShown: Bool) -> Never {
    let lines = (error as? StormViolation)?.lines ?? (error as? SimulationError)?.lines ?? []
    if isLogShown { for line in lines { print(line) } }
    print(error)
    exit(1)
}

func survey(_ seeds: Range<UInt64>) {
    do {
        let survey = try StormSurvey.run(seeds) { StormProcess.put("seed \($0)") }
        for line in survey.report { print(line) }
    } catch { fail(error, showing: false) }
}

func replay(_ storm: StormCase, planted: String?) {
    do {
        let outcome = try Storm.run(storm, planted: StormSurvey.planted(planted), isVerbose: true)
        for line in outcome.lines { print(line) }
    } catch { fail(error, showing: true) }
}

func shrink(_ storm: StormCase, planted: String?) {
    let program = "/proc/self/exe"
    let path = unsafe String(cString: realpath(program, nil))
    var shrinker = StormShrinker(storm) {
        StormProcess.attempt($0, planted: planted, program: path)
    }
    guard shrinker.run() else {
        print("it does not fail: \(storm)")
        exit(1)
    }
    let switches = planted.map { " --planted '\($0)'" } ?? ""
    print("shrunk to \(shrinker.count) moves in \(shrinker.tries) tries: \(shrinker.failure)")
    print("replay with Tests/run storm --replay '\(shrinker.smallest)'" + switches)
}

var arguments = Array(CommandLine.arguments.dropFirst())
var planted: String?
if let index = arguments.firstIndex(of: "--planted"), index + 1 < arguments.count {
    planted = arguments[index + 1]
    arguments.removeSubrange(index...(index + 1))
}
if arguments == ["--faults"] {
    for fault in StormSurvey.faults { print(fault.name) }
    exit(0)
}
if arguments.count == 3, arguments[0] == "--search", let end = UInt64(arguments[2]) {
    guard !StormSurvey.planted(arguments[1]).isEmpty else { usage() }
    StormSurvey.search(for: arguments[1], in: 0..<end)
    exit(0)
}
guard arguments.count == 2 else { usage() }
switch (arguments[0], StormCase(arguments[1])) {
case ("--replay", let storm?): replay(storm, planted: planted)
case ("--shrink", let storm?): shrink(storm, planted: planted)
case ("--attempt", let storm?): StormProcess.perform(storm, planted: planted)
default:
    guard let first = UInt64(arguments[0]), let end = UInt64(arguments[1]), first < end else {
        usage()
    }
    survey(first..<end)
}
