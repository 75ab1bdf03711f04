import FoundationEssentials
import SuperviseAudit
import SupervisePolicy

/// A line of a JSON log, as far as a report shows it: `docs/events.md`.
///
/// What is not known is passed over, since later versions may say more. All text is escaped again: a log
/// may have been made by anybody.
struct LogLine: Decodable {
    var time: Timestamp
    var pid: Int32
    /// What became of a process; nil in the line of a decision.
    var event: String?
    var parent: Int32?
    var status: Int32?
    var signal: Int32?
    var program: String?
    var arguments: [String]?
    var parents: [Parent]?
    var decision: Decision?

    /// What a decision has beside.
    struct Decision {
        var seq: UInt64
        var tid: Int32
        var command: String?
        var call: String
        var abi: String
        var operation: String
        var protocolName: String?
        var local: String?
        var remote: String?
        var name: String?
        var result: AuditEvent.Outcome
        var errno: String?
        var returned: Int64?
        var rule: String?
        var place: String?
        var backtrace: [Frame]?
    }

    /// A process that led to it.
    struct Parent: Decodable {
        var pid: Int32
        var arguments: [String]

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Key.self)
            pid = try values.decode(Int32.self, forKey: .pid)
            arguments = try values.texts(.arguments) ?? []
        }
    }

    /// A place on a stack.
    struct Frame: Decodable, Hashable {
        var pc: String
        var symbol: String?
        var file: String?
        var line: UInt32?
        var module: String?
        var offset: String?

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Key.self)
            pc = try values.text(.pc) ?? "?"
            symbol = try values.text(.symbol)
            file = try values.text(.file)
            line = try values.decodeIfPresent(UInt32.self, forKey: .line)
            module = try values.text(.module)
            offset = try values.text(.offset)
        }
    }

    fileprivate enum Key: String, CodingKey {
        case time, pid, event, parent, status, signal, program, arguments, parents, seq, tid,
            command
        case call, abi, operation, local, remote, name, result, errno, returned, rule, backtrace
        case path, text, place, symbol, file, line, module, offset, pc
        case protocolName = "protocol"
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        guard let time = Timestamp(parsing: try values.decode(String.self, forKey: .time)) else {
            throw DecodingError.dataCorruptedError(
                forKey: .time, in: values, debugDescription: "no time")
        }
        self.time = time
        pid = try values.decode(Int32.self, forKey: .pid)
        event = try values.text(.event)
        if values.contains(.program) {
            program = try values.nestedContainer(keyedBy: Key.self, forKey: .program).text(.path)
        }
        arguments = try values.texts(.arguments)
        guard event == nil else {
            parent = try values.decodeIfPresent(Int32.self, forKey: .parent)
            status = try values.decodeIfPresent(Int32.self, forKey: .status)
            signal = try values.decodeIfPresent(Int32.self, forKey: .signal)
            return
        }
        parents = try values.decodeIfPresent([Parent].self, forKey: .parents)
        decision = try Decision(values)
    }
}

extension LogLine.Decision {
    fileprivate init(_ values: KeyedDecodingContainer<LogLine.Key>) throws {
        guard
            let result = AuditEvent.Outcome(
                rawValue: try values.decode(String.self, forKey: .result))
        else {
            throw DecodingError.dataCorruptedError(
                forKey: .result, in: values, debugDescription: "no result")
        }
        self.result = result
        seq = try values.decode(UInt64.self, forKey: .seq)
        tid = try values.decodeIfPresent(Int32.self, forKey: .tid) ?? 0
        command = try values.text(.command)
        call = try values.text(.call) ?? "?"
        abi = try values.text(.abi) ?? "?"
        operation = try values.text(.operation) ?? "?"
        protocolName = try values.text(.protocolName)
        local = try values.text(.local)
        remote = try values.text(.remote)
        // Told by some versions only.
        name = try? values.text(.name)
        errno = try values.text(.errno)
        returned = try values.decodeIfPresent(Int64.self, forKey: .returned)
        if values.contains(.rule) {
            let words = try values.nestedContainer(keyedBy: LogLine.Key.self, forKey: .rule)
            rule = try words.text(.text)
            place = try words.text(.place)
        }
        backtrace = try values.decodeIfPresent([LogLine.Frame].self, forKey: .backtrace)
    }
}

extension KeyedDecodingContainer {
    /// Text that nobody has to be trusted with.
    fileprivate func text(_ key: Key) throws -> String? {
        try decodeIfPresent(String.self, forKey: key).map { EscapedText.recheck($0) }
    }

    fileprivate func texts(_ key: Key) throws -> [String]? {
        try decodeIfPresent([String].self, forKey: key)?.map { EscapedText.recheck($0) }
    }
}
