import SupervisePolicy

/// Writes each event as one JSON object on a line of its own.
///
/// The keys and their order are those of `docs/events.md`, the schema is `docs/events.schema.json`.
/// Each line is one call of the writer.
public final class JSONLinesSink: AuditSink {
    private var writer: any LineWriter
    private var line = LineBuffer()
    private var clock = TimestampText()

    /// Makes a sink that writes to `writer`.
    public init(writer: any LineWriter) {
        self.writer = writer
    }

    /// Writes the event's line.
    public func record(_ event: AuditEvent) throws(SinkError) {
        line.removeAll()
        line.append("{\"time\":\"")
        clock.append(event.time, fractionDigits: 9, to: &line)
        line.append("\",\"seq\":")
        line.append(decimal: event.seq)
        line.append(event)
        line.append("}\n")
        try writer.write(line.bytes)
    }

    /// It does.
    public var wantsProcesses: Bool { true }

    /// Writes the event's line.
    public func record(_ event: ProcessEvent) throws(SinkError) {
        line.removeAll()
        line.append("{\"time\":\"")
        clock.append(event.time, fractionDigits: 9, to: &line)
        line.append("\",\"event\":\"")
        line.append(event.kind.word)
        line.append("\"")
        line.append(event)
        line.append("}\n")
        try writer.write(line.bytes)
    }
}

extension LineBuffer {
    /// Appends the members of an event that follow its `time` and `seq`.
    fileprivate mutating func append(_ event: AuditEvent) {
        append(",\"pid\":")
        append(decimal: Int64(event.pid))
        append(",\"tid\":")
        append(decimal: Int64(event.tid))
        append(event.program)
        if let command = event.command {
            append(",\"command\":")
            append(jsonEscaping: command)
        }
        append(",\"call\":", text: event.call)
        append(",\"abi\":", text: event.abi.rawValue)
        append(",\"operation\":", text: event.operation.rawValue)
        append(",\"protocol\":", text: event.protocolName)
        append(",\"local\":", text: event.local)
        append(",\"remote\":", text: event.remote)
        if let name = event.name {
            append(",\"name\":")
            append(jsonEscaping: name)
        }
        append(",\"result\":", text: event.result.rawValue)
        append(",\"errno\":", text: event.errno?.description)
        if let returned = event.returned {
            append(",\"returned\":")
            append(decimal: returned)
        }
        if let rule = event.rule {
            append(",\"rule\":{\"text\":", text: rule.text)
            append(",\"place\":", text: rule.place)
            append(UInt8(ascii: "}"))
        }
        if let backtrace = event.backtrace {
            append(",\"backtrace\":")
            array(backtrace) { $0.append($1) }
        }
        append(arguments: event.arguments)
        if let parents = event.parents {
            append(",\"parents\":")
            array(parents) { line, parent in
                line.append("{\"pid\":")
                line.append(decimal: Int64(parent.pid))
                line.append(",\"arguments\":")
                line.array(parent.arguments) { $0.append(jsonEscaping: $1) }
                line.append(UInt8(ascii: "}"))
            }
        }
    }

    /// Appends the members of a process's event that follow its `time` and `event`.
    fileprivate mutating func append(_ event: ProcessEvent) {
        append(",\"pid\":")
        append(decimal: Int64(event.pid))
        if let parent = event.parent {
            append(",\"parent\":")
            append(decimal: Int64(parent))
        }
        append(event.program)
        append(arguments: event.arguments)
        switch event.kind {
        case .start, .exec: break
        case .exit(let status):
            append(",\"status\":")
            append(decimal: Int64(status))
        case .killed(let signal):
            append(",\"signal\":")
            append(decimal: Int64(signal))
        }
    }

    private mutating func append(_ program: AuditEvent.Program?) {
        guard let program else { return }
        append(",\"program\":{\"path\":")
        append(jsonEscaping: program.path)
        append(",\"device\":\"")
        append(decimal: UInt64(program.device.major))
        append(UInt8(ascii: ":"))
        append(decimal: UInt64(program.device.minor))
        append("\",\"inode\":")
        append(decimal: program.inode)
        append(UInt8(ascii: "}"))
    }

    private mutating func append(arguments: [[UInt8]]?) {
        guard let arguments else { return }
        append(",\"arguments\":")
        array(arguments) { $0.append(jsonEscaping: $1) }
    }

    /// Appends an array, each element by `body`.
    private mutating func array<Element>(
        _ elements: [Element], _ body: (inout LineBuffer, Element) -> Void
    ) {
        append(UInt8(ascii: "["))
        for index in elements.indices {
            if index > 0 { append(UInt8(ascii: ",")) }
            body(&self, elements[index])
        }
        append(UInt8(ascii: "]"))
    }

    private mutating func append(_ frame: AuditEvent.Frame) {
        append(UInt8(ascii: "{"))
        if let module = frame.module {
            append("\"module\":")
            append(jsonEscaping: module)
            append(UInt8(ascii: ","))
        }
        if let offset = frame.offset {
            append("\"offset\":\"")
            append(hex: offset)
            append("\",")
        }
        if let symbol = frame.symbol {
            append("\"symbol\":")
            append(jsonEscaping: symbol)
            append(UInt8(ascii: ","))
        }
        if let file = frame.file {
            append("\"file\":")
            append(jsonEscaping: file)
            append(UInt8(ascii: ","))
        }
        if let line = frame.line {
            append("\"line\":")
            append(decimal: UInt64(line))
            append(UInt8(ascii: ","))
        }
        append("\"pc\":\"")
        append(hex: frame.pc)
        append("\"}")
    }

    /// Appends a member, or nothing where it has no value.
    private mutating func append(_ key: String, text: String?) {
        guard let text else { return }
        append(key)
        append(jsonRechecking: text)
    }
}
