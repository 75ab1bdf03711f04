import SupervisePolicy

extension LineBuffer {
    /// Appends a line for a place on a stack: its address, its function, its module.
    mutating func append(_ frame: AuditEvent.Frame, indent: Int) {
        for _ in 0..<indent { append(UInt8(ascii: " ")) }
        append(hex: frame.pc)
        if let symbol = frame.symbol {
            append(UInt8(ascii: " "))
            append(escaping: symbol)
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
