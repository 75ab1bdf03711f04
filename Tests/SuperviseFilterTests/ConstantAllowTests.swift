import SuperviseFilter
import SupervisePolicy
import Testing

/// What the kernel does when a filter is installed: it follows the program for every number, and
/// where number and architecture alone lead to ALLOW, sets a bit that later calls find instead of
/// running the filter (`seccomp_is_const_allow` in `kernel/seccomp.c`).
@Suite("The kernel finds by itself that a call which is not judged is always allowed")
struct ConstantAllowTests {
    /// What the kernel's emulation says, nil where it gives up.
    private func emulate(
        _ instructions: [Instruction], _ number: UInt32, _ architecture: UInt32
    ) -> Bool? {
        var register: UInt32 = 0
        var index = 0
        while index < instructions.count {
            let instruction = instructions[index]
            let k = instruction.k
            func branch(_ holds: Bool) { index += Int(holds ? instruction.jt : instruction.jf) }
            switch instruction.code {
            case 0x20 where k == 0: register = number
            case 0x20 where k == 4: register = architecture
            case 0x06: return k == 0x7fff_0000
            case 0x05: index += Int(k)
            case 0x15: branch(register == k)
            case 0x35: branch(register >= k)
            case 0x25: branch(register > k)
            case 0x45: branch(register & k != 0)
            case 0x54: register &= k
            default: return nil
            }
            index += 1
        }
        return nil
    }

    @Test(
        "For both ABIs, in every mode, with either guard of the page",
        arguments: Setup.filtering.flatMap { setup in
            FilterCompiler.PageGuard.allCases.map { guarding in
                var setup = setup
                setup.page = AddressWindow(start: 0x10000)
                setup.guarding = guarding
                return setup
            }
        }, Architecture.allCases)
    func constant(setup: Setup, architecture: Architecture) throws {
        let program = try #require(try setup.compile())
        var judged: [UInt32] = []
        for number in UInt32(0)..<1024
        where emulate(program.instructions, number, architecture.auditValue) != true {
            judged.append(number)
        }
        let holdsSideDoors = setup.policy.restricts && setup.mode == .enforce
        let expected = architecture.table.entries
            .filter {
                holdsSideDoors
                    || ![.bpf, .requestKey, .ioctl, .setsockopt, .getsockopt].contains($0.call)
            }
            .filter { setup.guarding == .ranges || !$0.call.isPageGuard }
            .filter { !LimitFilterTests.calls.contains($0.call) }
            .filter { !$0.call.receives }
            // Only rules that refuse peers need them.
            .filter { $0.call != .accept && $0.call != .accept4 }
            .map(\.number)
        #expect(judged == expected)
    }

    @Test("Other architectures and x32 are refused by number too")
    func strangers() throws {
        let program = try #require(try Setup().compile())
        #expect(emulate(program.instructions, 1, 0xc000_00b7) == false)
        #expect(emulate(program.instructions, 0x4000_0001, 0xc000_003e) == false)
    }
}
