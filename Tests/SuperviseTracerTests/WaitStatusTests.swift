import Glibc
import Testing

@testable import SuperviseTracer

@Suite("A status word")
struct WaitStatusTests {
    /// The macros of `<sys/wait.h>`, letter by letter.
    private enum Macros {
        static func termsig(_ status: Int32) -> Int32 { status & 0x7f }
        static func exitstatus(_ status: Int32) -> Int32 { (status & 0xff00) >> 8 }
        static func ifexited(_ status: Int32) -> Bool { termsig(status) == 0 }
        static func ifsignaled(_ status: Int32) -> Bool {
            Int8(truncatingIfNeeded: (status & 0x7f) + 1) >> 1 > 0
        }
        static func ifstopped(_ status: Int32) -> Bool { status & 0xff == 0x7f }
    }

    @Test(
        "Says how a thread ended or why it stopped",
        arguments: [
            (0x0000, .exited(0)), (0x0100, .exited(1)), (0xff00, .exited(255)),
            (0x0009, .killed(signal: 9)), (0x008b, .killed(signal: 11)),
            (0x0040, .killed(signal: 64)),
            (0x137f, .stopped(.signal(19))), (0x0a7f, .stopped(.signal(10))),
            (0x407f, .stopped(.signal(64))),
            // SIGTRAP by itself is the program's own, a breakpoint for instance.
            (0x057f, .stopped(.signal(5))), (0x857f, .stopped(.syscallExit)),
            (0x0001_057f, .stopped(.newTracee)), (0x0002_057f, .stopped(.newTracee)),
            (0x0003_057f, .stopped(.newTracee)), (0x0004_057f, .stopped(.exec)),
            (0x0005_057f, .stopped(.trap)), (0x0006_057f, .stopped(.exit)),
            (0x0007_057f, .stopped(.seccomp)), (0x0008_057f, .stopped(.trap)),
            (0x0080_057f, .stopped(.trap)), (0x0080_127f, .stopped(.trap)),
            (0x0080_137f, .stopped(.groupStop)), (0x0080_147f, .stopped(.groupStop)),
            (0x0080_157f, .stopped(.groupStop)), (0x0080_167f, .stopped(.groupStop)),
            (0x0080_177f, .stopped(.trap)),
        ] as [(UInt32, WaitStatus)])
    func table(word: UInt32, status: WaitStatus) {
        #expect(WaitStatus(word: word) == status)
    }

    @Test("Agrees with the macros of wait.h, for every low word")
    func lowWords() {
        for word in UInt32(0)...0xffff {
            let status = Int32(word)
            let expected: WaitStatus =
                if Macros.ifexited(status) {
                    .exited(Macros.exitstatus(status))
                } else if Macros.ifstopped(status) {
                    Macros.exitstatus(status) == SIGTRAP | 0x80
                        ? .stopped(.syscallExit) : .stopped(.signal(Macros.exitstatus(status)))
                } else {
                    // WCOREDUMP with signal 127 is neither to the macros. The kernel says it to
                    // those only who ask for WCONTINUED.
                    .killed(signal: Macros.termsig(status))
                }
            if Macros.ifsignaled(status) { #expect(expected == .killed(signal: status & 0x7f)) }
            guard WaitStatus(word: word) == expected else {
                Issue.record("\(String(word, radix: 16)): \(WaitStatus(word: word))")
                return
            }
        }
    }

    @Test("With an event is a stop, whatever the event")
    func events() {
        for event in UInt32(1)...0xffff {
            let reason: StopReason =
                switch event {
                case 1, 2, 3: .newTracee
                case 4: .exec
                case 6: .exit
                case 7: .seccomp
                default: .trap
                }
            guard WaitStatus(word: event << 16 | 0x057f) == .stopped(reason) else {
                Issue.record("event \(event)")
                return
            }
        }
    }
}
