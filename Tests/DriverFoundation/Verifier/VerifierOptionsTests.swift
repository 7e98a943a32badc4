import Glibc
import Testing

@testable import DriverFoundation

@Suite struct VerifierOptionsTests {
    @Test("VF-63: what is checked is chosen by a line of text, as in the environment")
    func text() throws {
        let options = try Verifier.Options(
            "callbackLimit=5000,heldLoopLimit=off,leakLimit=3,failEvery=7")
        #expect(options.callbackLimit == .seconds(5))
        #expect(options.heldLoopLimit == nil)
        #expect(options.leakLimit == 3)
        #expect(options.failure == .every(7))
        #expect(try Verifier.Options("heldLoopLimit=25").heldLoopLimit == .milliseconds(25))
        #expect(try Verifier.Options("").failure == .none)
        #expect(try Verifier.Options(fromEnvironment: "NOBODY_SETS_THIS").leakLimit == 0)
    }

    @Test("VF-63: the environment says what is checked")
    func environment() async {
        await #expect(processExitsWith: .success) {
            unsafe setenv("VERIFIED_HERE", "leakLimit=4,heldLoopLimit=off", 1)
            let options = try Verifier.Options(fromEnvironment: "VERIFIED_HERE")
            precondition(options.leakLimit == 4 && options.heldLoopLimit == nil)
            unsafe setenv("VERIFIED_HERE", "tea=1", 1)
            let wrong = try? Verifier.Options(fromEnvironment: "VERIFIED_HERE")
            precondition(wrong == nil)
        }
    }

    @Test(
        "VF-63: a part that is not understood is refused, and named",
        arguments: [
            "leakLimit", "leakLimit=", "leakLimit=-1", "leakLimit=x", "failEvery=0", "tea=1",
            "callbackLimit=0", "callbackLimit=99999999999999999999", "failEvery=off",
            "callbackLimit=5,=3",
        ])
    func refused(text: String) {
        let error = #expect(throws: DeviceError.self) { try Verifier.Options(text) }
        #expect(error?.code == .invalidRequest)
        let part = text.split(separator: ",").last ?? ""
        #expect(error?.message.contains("`\(part)`") == true)
    }
}
