import SupervisePolicy

/// Writes each event as a line for people to read.
///
/// Time, process, program, call, protocol, address (and its name), result, and after two spaces the rule and
/// where it stands. A missing protocol or address is a `-`. The frames of a backtrace, the command
/// line and the parents follow on lines that begin with four spaces. Each event is one call of the
/// writer.
public final class TextSink: AuditSink {
    private var writer: any LineWriter
    private let color: Bool
    private var line = LineBuffer()
    private var clock = TimestampText()

    /// Makes a sink that writes to `writer`, with the result in colour where `color` says so.
    public init(writer: any LineWriter, color: Bool) {
        self.writer = writer
        self.color = color
    }

    /// Writes the event's line.
    public func record(_ event: AuditEvent) throws(SinkError) {
        line.removeAll()
        clock.append(event.time, fractionDigits: 6, to: &line)
        line.append(event, color: color)
        try writer.write(line.bytes)
    }
}

extension LineBuffer {
    /// Appends what follows the time.
    fileprivate mutating func append(_ event: AuditEvent, color: Bool) {
        append(UInt8(ascii: " "))
        var digits = LineBuffer()
        digits.append(decimal: Int64(event.pid))
        for _ in digits.bytes.count..<max(digits.bytes.count, 7) { append(UInt8(ascii: " ")) }
        append(contentsOf: digits.bytes)

        append(UInt8(ascii: " "))
        column(width: 15) { line in
            if let program = event.program {
                line.append(escaping: baseName(program.path))
            } else if let command = event.command {
                line.append(escaping: command)
            } else {
                line.append("-")
            }
        }
        column(width: 8) { line in
            line.append(event.call)
            if event.abi == .i386 { line.append("/i386") }
        }
        column(width: 7) { $0.append(rechecking: event.protocolName ?? "-") }
        column(width: 21) { line in
            line.append(rechecking: event.endpoint ?? "-")
            if let name = event.name {
                line.append(" (")
                line.append(escaping: name)
                line.append(UInt8(ascii: ")"))
            }
        }
        appendResult(of: event, color: color)
        if let rule = event.rule {
            append(UInt8(ascii: " "))
            if color { append(TerminalColor.dim.rawValue) }
            append(rechecking: rule.text)
            append(" @ ")
            append(rechecking: rule.place)
            if color { append(TerminalColor.reset) }
        }
        trimSpaces()
        append(UInt8(ascii: "\n"))
        for frame in event.backtrace ?? [] { append(frame, indent: 4) }
        appendCommandLine(event.arguments ?? [], "    by ")
        for parent in event.parents ?? [] {
            appendCommandLine(parent.arguments, "    started by ")
        }
    }

    private mutating func appendResult(of event: AuditEvent, color: Bool) {
        let sequence = color ? TerminalColor(event.result) : nil
        if let sequence { append(sequence.rawValue) }
        append(event.result.rawValue)
        if sequence != nil { append(TerminalColor.reset) }
        column(width: 17 - event.result.rawValue.utf8.count) { line in
            if let errno = event.errno {
                line.append(UInt8(ascii: " "))
                line.append(errno.description)
            }
            if let returned = event.returned {
                line.append(" = ")
                line.append(decimal: returned)
            }
        }
    }

    /// Appends what `body` does, spaces up to `width`, and one more.
    private mutating func column(width: Int, _ body: (inout LineBuffer) -> Void) {
        let start = bytes.count
        body(&self)
        pad(from: start, to: width)
        append(UInt8(ascii: " "))
    }
}
