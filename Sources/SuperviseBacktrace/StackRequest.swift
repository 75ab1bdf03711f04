import SuperviseAudit

/// The tracer's question; the descriptors go beside it.
struct StackRequest {
    /// The answer has the same.
    var number: UInt64
    var caller: StoppedCaller

    init(number: UInt64, caller: StoppedCaller) {
        self.number = number
        self.caller = caller
    }

    init?(_ bytes: ArraySlice<UInt8>) {
        var reader = ByteReader(bytes)
        guard let number = reader.number(UInt64.self), let space = reader.number(UInt64.self),
            let thread = reader.number(Int32.self), let process = reader.number(Int32.self),
            let root = reader.number(Int32.self)
        else { return nil }
        var registers: [UInt64] = []
        while let register = reader.number(UInt64.self) { registers.append(register) }
        self.number = number
        caller = StoppedCaller(
            thread: thread, process: process, root: root, addressSpace: space,
            registers: registers, memory: -1, maps: -1)
    }

    var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.append(number)
        writer.append(caller.addressSpace)
        writer.append(caller.thread)
        writer.append(caller.process)
        writer.append(caller.root)
        for register in caller.registers { writer.append(register) }
        return writer.bytes
    }
}

/// How a stack goes from the helper to the tracer.
///
/// The helper has read what attackers wrote, and may be theirs: its answer is checked like theirs.
enum CallStackCoding {
    private static let none = UInt16.max

    static func write(_ stack: CallStack, to writer: inout ByteWriter) {
        var modules: [[UInt8]] = []
        var numbers: [[UInt8]: UInt16] = [:]
        for module in stack.frames.compactMap(\.module) where numbers[module] == nil {
            numbers[module] = UInt16(modules.count)
            modules.append(module)
        }
        writer.append(UInt16(modules.count))
        for module in modules { writer.append(module) }
        writer.append(UInt16(stack.frames.count))
        for frame in stack.frames {
            writer.append(frame.pc)
            writer.append(frame.module.flatMap { numbers[$0] } ?? none)
            writer.append(UInt8(frame.offset == nil ? 0 : 1))
            writer.append(frame.offset ?? 0)
            writer.append(UInt8(frame.symbol == nil ? 0 : 1))
            writer.append(frame.symbol ?? [])
            writer.append(frame.file ?? [])
            writer.append(frame.line ?? 0)
        }
        write(stack.arguments, to: &writer)
        writer.append(UInt16(stack.parents.count))
        for parent in stack.parents {
            writer.append(parent.pid)
            write(parent.arguments, to: &writer)
        }
    }

    private static func write(_ texts: [[UInt8]], to writer: inout ByteWriter) {
        writer.append(UInt16(min(texts.count, Int(UInt16.max))))
        for text in texts.prefix(Int(UInt16.max)) { writer.append(text) }
    }

    /// nil where the answer is none, or has no such form.
    static func read(_ bytes: ArraySlice<UInt8>) -> CallStack? {
        var reader = ByteReader(bytes)
        guard let modules = readTexts(&reader), let count = reader.number(UInt16.self) else {
            return nil
        }
        var stack = CallStack(frames: [])
        for _ in 0..<count {
            guard let pc = reader.number(UInt64.self), let module = reader.number(UInt16.self),
                let hasOffset = reader.number(UInt8.self),
                let offset = reader.number(UInt64.self),
                let hasSymbol = reader.number(UInt8.self), let symbol = reader.text(),
                let file = reader.text(), let line = reader.number(UInt32.self)
            else { return nil }
            stack.frames.append(
                AuditEvent.Frame(
                    module: modules.indices.contains(Int(module)) ? modules[Int(module)] : nil,
                    offset: hasOffset == 0 ? nil : offset,
                    symbol: hasSymbol == 0 ? nil : symbol, file: file.isEmpty ? nil : file,
                    line: line == 0 ? nil : line, pc: pc))
        }
        guard let arguments = readTexts(&reader), let parents = reader.number(UInt16.self) else {
            return nil
        }
        stack.arguments = arguments
        for _ in 0..<parents {
            guard let pid = reader.number(Int32.self), let arguments = readTexts(&reader) else {
                return nil
            }
            stack.parents.append(AuditEvent.Parent(pid: pid, arguments: arguments))
        }
        return stack
    }

    private static func readTexts(_ reader: inout ByteReader) -> [[UInt8]]? {
        guard let count = reader.number(UInt16.self) else { return nil }
        var texts: [[UInt8]] = []
        for _ in 0..<count {
            guard let text = reader.text() else { return nil }
            texts.append(text)
        }
        return texts
    }
}
