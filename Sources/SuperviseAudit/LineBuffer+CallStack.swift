extension LineBuffer {
    /// Appends a line for a place on a stack: its address, its function, its source, its module.
    mutating func append(_ frame: AuditEvent.Frame, indent: Int) {
        for _ in 0..<indent { append(UInt8(ascii: " ")) }
        append(hex: frame.pc)
        if let symbol = frame.symbol {
            append(UInt8(ascii: " "))
            append(escaping: symbol)
        }
        if let file = frame.file {
            append(" at ")
            append(escaping: file)
            if let line = frame.line {
                append(UInt8(ascii: ":"))
                append(decimal: UInt64(line))
            }
        }
        if let module = frame.module {
            append(" in ")
            append(escaping: module)
            if let offset = frame.offset {
                append(UInt8(ascii: "+"))
                append(hex: offset)
            }
        }
        append(UInt8(ascii: "\n"))
    }

    /// The most bytes of a command line that are shown.
    private static let commandLineBytes = 200

    /// Appends a line for a process by its command line; nothing where it shows none.
    ///
    /// Words are divided by spaces, whatever is in them; an empty one is `''`.
    mutating func appendCommandLine(_ arguments: [[UInt8]], _ introduction: String) {
        guard !arguments.isEmpty else { return }
        append(introduction)
        var line: [UInt8] = []
        for argument in arguments where line.count <= Self.commandLineBytes {
            if !line.isEmpty { line.append(UInt8(ascii: " ")) }
            line += argument.isEmpty ? Array("''".utf8) : argument
        }
        append(escaping: line.prefix(Self.commandLineBytes))
        if line.count > Self.commandLineBytes { append("...") }
        append(UInt8(ascii: "\n"))
    }
}

extension CallStack {
    /// Lines for the end of a run, each indented by six spaces: at most so many frames, the command
    /// line and the parents.
    func rendered(frames count: Int) -> String {
        var line = LineBuffer()
        for frame in frames.prefix(count) { line.append(frame, indent: 6) }
        if frames.count > count {
            line.append("      ... and \(frames.count - count) more\n")
        }
        line.appendCommandLine(arguments, "      by ")
        for parent in parents { line.appendCommandLine(parent.arguments, "      started by ") }
        return String(decoding: line.bytes, as: UTF8.self)
    }
}
