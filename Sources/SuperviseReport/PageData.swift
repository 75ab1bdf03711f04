import FoundationEssentials
import SuperviseAudit

/// What the page's program shows, in columns of numbers; text stands once, in `strings`.
struct PageData: Encodable {
    private(set) var strings: [String] = [""]
    private(set) var processes = Processes()
    private(set) var calls = Calls()
    private(set) var endpoints = Endpoints()
    private(set) var stacks: [Stack] = []
    /// Microseconds.
    let duration: Int64
    /// The moment that times count from.
    let start: String

    private var places: [String: Int] = ["": 0]

    /// A time of -1 is not known; a string of 0 is none.
    struct Processes: Encodable {
        var pid: [Int32] = [], parent: [Int] = [], depth: [Int] = [], below: [Int] = []
        var start: [Int64] = [], end: [Int64] = [], seen: [Int64] = []
        var label: [Int] = [], program: [Int] = [], line: [Int] = [], ending: [Int] = []
        /// Per process: time, program, command line of what it executed since it was told of.
        var executed: [[[Int64]]] = []
    }

    struct Calls: Encodable {
        var time: [Int64] = [], process: [Int] = [], tid: [Int32] = [], seq: [UInt64] = []
        var program: [Int] = [], call: [Int] = [], abi: [Int] = [], operation: [Int] = []
        var kind: [Int] = [], endpoint: [Int] = [], name: [Int] = []
        /// 0 allowed, 1 denied, 2 would be denied.
        var result: [Int] = []
        var errno: [Int] = [], returned: [Int64?] = [], took: [Int64] = []
        /// 1: let through, and failed in the kernel.
        var failed: [Int] = []
        var rule: [Int] = [], place: [Int] = [], stack: [Int] = []
    }

    struct Endpoints: Encodable {
        var operation: [Int] = [], kind: [Int] = [], endpoint: [Int] = [], name: [Int] = []
        var refused: [Int] = [], allowed: [Int] = [], failed: [Int] = []
        var first: [Int64] = [], last: [Int64] = [], programs: [Int] = []
    }

    struct Stack: Encodable {
        var frames: [Int], line: Int, parents: [Int]
    }

    private enum CodingKeys: CodingKey {
        case strings, processes, calls, endpoints, stacks, duration, start
    }

    init(_ report: Report) {
        duration = Self.microseconds(report.duration)
        start = report.start?.toTheSecond ?? ""
        for process in report.processes { add(process) }
        for call in report.calls { add(call) }
        for endpoint in report.endpoints { add(endpoint) }
        for stack in report.stacks {
            let frames = stack.frames.map { place(of: $0) }
            let parents = stack.parents.map { place(of: $0) }
            stacks.append(
                Stack(frames: frames, line: place(of: stack.commandLine), parents: parents))
        }
    }

    /// As JSON that is the same in any element of HTML: nothing in it can end one, or a string of a script.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        var text: [UInt8] = []
        var bytes = try encoder.encode(self)[...]
        text.reserveCapacity(bytes.count + bytes.count / 16)
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "<"): text += Array(#"\u003c"#.utf8)
            case UInt8(ascii: ">"): text += Array(#"\u003e"#.utf8)
            case UInt8(ascii: "&"): text += Array(#"\u0026"#.utf8)
            // U+2028 and U+2029, which end lines in older scripts.
            case 0xe2 where bytes.starts(with: [0x80, 0xa8]):
                text += Array(#"\u2028"#.utf8)
                bytes = bytes.dropFirst(2)
            case 0xe2 where bytes.starts(with: [0x80, 0xa9]):
                text += Array(#"\u2029"#.utf8)
                bytes = bytes.dropFirst(2)
            default: text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    // MARK: - Columns

    private mutating func place(of text: String?) -> Int {
        guard let text else { return 0 }
        if let place = places[text] { return place }
        places[text] = strings.count
        strings.append(text)
        return strings.count - 1
    }

    private static func microseconds(_ nanoseconds: Int64) -> Int64 { nanoseconds / 1_000 }

    private mutating func add(_ process: Report.Process) {
        processes.pid.append(process.pid)
        processes.parent.append(process.parent ?? -1)
        processes.depth.append(process.depth)
        processes.below.append(process.descendants)
        processes.start.append(Self.microseconds(process.start))
        processes.end.append(process.end.map(Self.microseconds) ?? -1)
        processes.seen.append(Self.microseconds(process.lastSeen))
        processes.label.append(place(of: process.label))
        processes.program.append(place(of: process.program))
        processes.line.append(place(of: process.commandLine))
        processes.ending.append(place(of: process.ending))
        var executed: [[Int64]] = []
        for (time, program, arguments) in process.executed {
            executed.append([
                Self.microseconds(time), Int64(place(of: program)),
                Int64(place(of: Report.line(arguments))),
            ])
        }
        processes.executed.append(executed)
    }

    private mutating func add(_ call: Report.Call) {
        calls.time.append(Self.microseconds(call.time))
        calls.process.append(call.process)
        calls.tid.append(call.tid)
        calls.seq.append(call.seq)
        calls.program.append(place(of: call.program))
        calls.call.append(place(of: call.call))
        calls.abi.append(place(of: call.abi))
        calls.operation.append(place(of: call.operation))
        calls.kind.append(place(of: call.protocolName))
        calls.endpoint.append(place(of: call.endpoint))
        calls.name.append(place(of: call.name))
        calls.result.append(call.result == .denied ? 1 : call.result == .wouldDeny ? 2 : 0)
        calls.errno.append(place(of: call.errno))
        calls.returned.append(call.returned)
        calls.failed.append(call.hasFailed ? 1 : 0)
        calls.took.append(call.took.map(Self.microseconds) ?? -1)
        calls.rule.append(place(of: call.rule))
        calls.place.append(place(of: call.place))
        calls.stack.append(call.stack ?? -1)
    }

    private mutating func add(_ endpoint: Report.Endpoint) {
        endpoints.operation.append(place(of: endpoint.operation))
        endpoints.kind.append(place(of: endpoint.protocolName))
        endpoints.endpoint.append(place(of: endpoint.endpoint))
        endpoints.name.append(place(of: endpoint.name))
        endpoints.refused.append(endpoint.refused)
        endpoints.allowed.append(endpoint.allowed)
        endpoints.failed.append(endpoint.failed)
        endpoints.first.append(Self.microseconds(endpoint.first))
        endpoints.last.append(Self.microseconds(endpoint.last))
        endpoints.programs.append(place(of: endpoint.programs.joined(separator: ", ")))
    }
}
