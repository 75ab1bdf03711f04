import SuperviseFilter
import SupervisePolicy
import Testing

@Suite("Calls that may receive a DNS answer")
struct NamesFilterTests {
    @Test(
        "stop where names are asked for and a resolver could be calling, and only there",
        arguments: [
            (.recvfrom, [3, 1, 2048, 0, 0x7fff_0000_0000, 1], true),
            (.recvfrom, [3, 1, 2048, 0, 1, 1], true),
            (.recvfrom, [3, 1, 2048, 0, 0, 1], false),
            (.recvmsg, [3, 1, 0], true), (.recvmmsg, [3, 1, 1, 0, 0], true),
            (.read, [3, 1, 1232], true), (.read, [3, 1, 4096], false), (.read, [3, 1, 0], false),
        ] as [(JudgedCall, [UInt64], Bool)])
    func stops(call: JudgedCall, arguments: [UInt64], isStopped: Bool) throws {
        for architecture in Architecture.allCases {
            for mode in FilterCompiler.Mode.allCases {
                var setup = Setup(mode: mode, watching: .everything)
                #expect(try setup.answer(call, architecture, arguments) == .allow)
                setup.tracesNames = true
                // A 32-bit pointer has no upper half.
                let isNull =
                    call == .recvfrom && architecture == .i386 && arguments[4] << 32 == 0
                #expect(
                    try setup.answer(call, architecture, arguments)
                        == (isStopped && !isNull ? .stop : .allow))
            }
        }
    }
}
