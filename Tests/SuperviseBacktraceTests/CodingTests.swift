import SuperviseAudit
@testable import SuperviseBacktrace
import Testing

@Suite("What goes between the tracer and its helper")
struct CodingTests {
    static let stack = CallStack(
        frames: [
            AuditEvent.Frame(
                module: Array("/lib/a".utf8), offset: 1, symbol: Array("f".utf8),
                file: Array("f.c".utf8), line: 3, pc: 0x1001),
            AuditEvent.Frame(pc: .max),
            AuditEvent.Frame(module: Array("/lib/a".utf8), offset: 0, pc: 0x1000),
        ],
        arguments: [Array("a".utf8), []],
        parents: [AuditEvent.Parent(pid: 7, arguments: [[0xff, 0]])])

    private var bytes: [UInt8] {
        var writer = ByteWriter()
        CallStackCoding.write(Self.stack, to: &writer)
        return writer.bytes
    }

    @Test("A stack arrives as it was")
    func stack() {
        #expect(CallStackCoding.read(bytes[...]) == Self.stack)
    }

    @Test("A request arrives as it was")
    func request() {
        let caller = StoppedCaller(
            thread: 1, process: 2, root: -3, addressSpace: .max,
            registers: (0..<27).map { UInt64.max - $0 }, memory: 5, maps: 6)
        let request = StackRequest(number: 9, caller: caller)
        let arrived = StackRequest(request.bytes[...])
        #expect(arrived?.number == 9)
        #expect(arrived?.bytes == request.bytes)
    }

    @Test("An answer that is cut off is none")
    func cut() {
        for count in 0..<bytes.count { #expect(CallStackCoding.read(bytes[..<count]) == nil) }
    }

    @Test("Any answer is read without harm", arguments: 0..<64)
    func damaged(seed: UInt64) {
        var state = seed
        for _ in 0..<200 {
            var answer = bytes
            for _ in 0..<3 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                answer[Int(state >> 33) % answer.count] = UInt8(truncatingIfNeeded: state >> 24)
            }
            if let stack = CallStackCoding.read(answer[...]) {
                #expect(stack.frames.count <= 65_535)
            }
        }
    }
}
