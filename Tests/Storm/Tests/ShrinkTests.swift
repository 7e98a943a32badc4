import DriverRuntime
import DriverSimulation
import StormModel
import Testing

@Suite struct ShrinkTests {
    @Test(
        "a failing storm shrinks to a quarter and less, and replays from one line",
        .disabled(if: Simulation.leavesSeedsOut))
    func shrinks() throws {
        let fault = StormSurvey.planted("a cancel is lost while the request is queued")
        let first = try #require(
            (0..<100).map(StormCase.init(seed:)).first {
                Storm.attempt($0, planted: fault).failure != nil
            })
        let whole = Storm.attempt(first, planted: fault)
        var shrinker = StormShrinker(first, limit: 300) { Storm.attempt($0, planted: fault) }
        let fails = shrinker.run()
        #expect(fails)
        print("shrunk from \(whole.moves.count) moves to \(shrinker.count): \(shrinker.smallest)")
        #expect(shrinker.count * 4 < whole.moves.count)
        // The line that is printed is all that a replay needs.
        let line = shrinker.smallest.description
        let replayed = try #require(StormCase(line))
        #expect(replayed == shrinker.smallest)
        #expect(Storm.attempt(replayed, planted: fault).failure == shrinker.failure)
        // What is left fails for the mistake's sake.
        #expect(Storm.attempt(replayed).failure == nil)
    }

    @Test(
        "a failing storm that traps shrinks in processes of its own",
        .disabled(if: Simulation.leavesSeedsOut))
    func shrinksTraps() throws {
        let name = "a purge completes a request twice"
        let program = try #require(StormProcess.besideThisOne)
        func attempt(_ storm: StormCase) -> StormShrinker.Attempt {
            StormProcess.attempt(storm, planted: name, program: program)
        }
        let first = try #require(
            (0..<100).map(StormCase.init(seed:)).first { attempt($0).failure != nil })
        var shrinker = StormShrinker(first, limit: 600, attempt)
        let fails = shrinker.run()
        #expect(fails)
        print("shrunk in processes to \(shrinker.count): \(shrinker.smallest)")
        #expect(shrinker.failure.contains("a request was completed twice"))
    }

    @Test("a storm's line reads as it was written, and nothing else does")
    func lines() {
        for line in ["7", "7@9", "7@9:for=20,client0,client0.1,hand0", "18446744073709551615:a"] {
            #expect(StormCase(line)?.description == line)
        }
        for line in ["", "x", "7@", "7@x", "1@2@3", "7:for=x", "-1", "7@:a"] {
            #expect(StormCase(line) == nil, "\(line)")
        }
    }

    @Test("a shrinker leaves nothing out without which a storm does not fail")
    func minimal() {
        // Fails when both of two moves are made, after at least 40 ms.
        let all = (0..<64).map { "client\($0 % 4).\($0)" } + (0..<4).map { "client\($0)" }
        var shrinker = StormShrinker(StormCase(seed: 1)) { storm in
            let made = all.filter { move in
                storm.kept.map { $0.contains(move) && $0.contains(String(move.prefix(7))) } ?? true
            }
            let time = storm.milliseconds ?? 1000
            let isFailing = made.contains("client1.5") && made.contains("client2.38") && time >= 40
            return StormShrinker.Attempt(
                failure: isFailing ? "both, \(made.count)" : nil, moves: made, milliseconds: 1000)
        }
        let fails = shrinker.run()
        #expect(fails)
        #expect(
            shrinker.smallest.description
                == "1:for=62,client1,client1.5,client2,client2.38")
    }
}
