import SuperviseAudit
import SupervisePolicy

/// Collects what a sink writes.
final class CollectingWriter: LineWriter {
    private(set) var writes: [[UInt8]] = []
    /// What the next writes throw.
    var failure: SinkError?

    func write(_ bytes: [UInt8]) throws(SinkError) {
        if let failure { throw failure }
        writes.append(bytes)
    }

    var text: String { String(decoding: writes.joined(), as: UTF8.self) }
}

func bytes(_ text: String) -> [UInt8] {
    Array(text.utf8)
}

extension AuditEvent {
    /// The example of docs/events.md.
    static let example = AuditEvent(
        time: Timestamp(seconds: 1_795_237_620, nanoseconds: 123_456_789),
        seq: 17, pid: 4242, tid: 4243,
        program: Program(
            path: bytes("/usr/bin/curl"), device: Device(major: 8, minor: 1), inode: 1_835_102),
        command: bytes("curl"),
        call: "connect", operation: .connect, protocolName: "tcp", remote: "127.0.0.1:8080",
        result: .denied, errno: .notPermitted,
        rule: Reason(text: "network off", place: "profile"))

    /// The least that an event can be.
    static let minimal = AuditEvent(
        time: Timestamp(seconds: 0, nanoseconds: 0), seq: 0, pid: 1, tid: 1,
        call: "socket", operation: .create, result: .allowed)

    /// An event with every key.
    static let complete = AuditEvent(
        time: Timestamp(seconds: 1_795_237_620, nanoseconds: 5), seq: .max, pid: .max, tid: .max,
        program: Program(
            path: bytes("/opt/a b/тест"), device: Device(major: .max, minor: .max), inode: .max),
        command: bytes("worker \"1\""),
        call: "sendto", abi: .i386, operation: .send, protocolName: "udp",
        local: "10.0.0.1:5353", remote: "[fe80::1%2]:53", name: bytes("ns.example.org"),
        result: .wouldDeny,
        errno: ErrorNumber(rawValue: 111), returned: -111,
        rule: Reason(text: "deny(ECONNREFUSED) send udp", place: "policy.toml rules[3]"),
        backtrace: [
            Frame(
                module: bytes("/usr/lib/libc.so.6"), offset: 0x10e8b4, symbol: bytes("sendto"),
                file: bytes("socket/sendto.c"), line: 27, pc: 0x7f01_c2a4_e8b4),
            Frame(pc: .max),
            Frame(module: bytes("[vdso]"), offset: 0, pc: 0),
        ],
        arguments: [bytes("worker"), bytes("a b"), []],
        parents: [
            Parent(pid: 7, arguments: [bytes("make"), bytes("all")]), Parent(pid: 6, arguments: []),
        ])

    /// Bytes that end lines, obey terminals, turn the writing, are no UTF-8 or quote.
    static let hostileBytes: [UInt8] =
        bytes("a\"b\\c\n\u{1b}[2J\u{7f}\u{85}\u{202e}\u{2028}é") + [0xff, 0xc3, 0]
    /// The same, as `EscapedText` shows them.
    static let hostileShown =
        #"a"b\x5cc\x0a\x1b[2J\x7f\xc2\x85\xe2\x80\xae\xe2\x80\xa8é\xff\xc3\x00"#

    /// An event with such bytes wherever a traced program could put some.
    static let hostile = AuditEvent(
        time: Timestamp(seconds: 0, nanoseconds: 0), seq: 1, pid: 2, tid: 3,
        program: Program(
            path: bytes("/") + hostileBytes, device: Device(major: 0, minor: 0), inode: 0),
        command: hostileBytes,
        call: "connect", operation: .connect,
        // As decoded text that nobody escaped: what must still do no harm.
        protocolName: "p\n", local: "/l\"\u{1b}\\x0a", remote: "@r\"\u{202e}\\x00",
        name: hostileBytes, result: .denied, errno: ErrorNumber(rawValue: 4095), returned: nil,
        rule: Reason(text: "deny \"\n", place: "a\tb.toml"),
        backtrace: [
            Frame(
                module: hostileBytes, offset: 1, symbol: hostileBytes, file: hostileBytes, pc: 2)
        ],
        arguments: [hostileBytes],
        parents: [Parent(pid: 1, arguments: [hostileBytes])])

    /// A copy with changes.
    func with(_ change: (inout AuditEvent) -> Void) -> AuditEvent {
        var copy = self
        change(&copy)
        return copy
    }
}

extension ProcessEvent {
    /// The start of a process, with every key.
    static let start = ProcessEvent(
        time: Timestamp(seconds: 1_795_237_620, nanoseconds: 100_000_000), kind: .start,
        pid: 4242, parent: 4200,
        program: AuditEvent.Program(
            path: bytes("/usr/bin/curl"), device: AuditEvent.Device(major: 8, minor: 1),
            inode: 1_835_102),
        arguments: [bytes("curl"), bytes("-sS"), bytes("http://127.0.0.1:8080/")])

    /// Everything that a process can be told of.
    static let all: [ProcessEvent] = [
        .start,
        ProcessEvent(time: Timestamp(seconds: 0, nanoseconds: 0), kind: .start, pid: 1),
        ProcessEvent(
            time: Timestamp(seconds: 1, nanoseconds: 0), kind: .exec, pid: .max,
            program: ProcessEvent.start.program, arguments: []),
        ProcessEvent(
            time: Timestamp(seconds: 1_795_237_620, nanoseconds: 200_000_000),
            kind: .exit(status: 255), pid: 4242),
        ProcessEvent(
            time: Timestamp(seconds: 2, nanoseconds: 0), kind: .killed(signal: 9), pid: 4242),
        .hostile,
    ]

    /// One with bytes that do harm wherever a traced program could put some.
    static let hostile = ProcessEvent(
        time: Timestamp(seconds: 0, nanoseconds: 0), kind: .exec, pid: 2,
        program: AuditEvent.Program(
            path: bytes("/") + AuditEvent.hostileBytes,
            device: AuditEvent.Device(major: 0, minor: 0), inode: 0),
        arguments: [AuditEvent.hostileBytes, AuditEvent.hostileBytes])
}
