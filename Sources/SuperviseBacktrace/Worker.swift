import SuperviseAudit

/// What the helper process does: takes stacks and names their places.
final class Worker {
    private var spaces: [UInt64: Space] = [:]
    private var modules = ModuleCache()
    private var uses: UInt64 = 0

    /// The most address spaces that are remembered.
    private static let spaceLimit = 64
    /// The most bytes of an answer that frames may take.
    private static let answerLimit = 96 << 10

    /// An address space and what is known of it.
    private final class Space {
        let traced: TracedSpace
        let lineage: Lineage
        var mapped: [UInt64: (path: [UInt8], module: Module)] = [:]
        var used: UInt64 = 0

        init(_ traced: TracedSpace, _ lineage: Lineage) {
            self.traced = traced
            self.lineage = lineage
        }
    }

    /// Answers requests until the tracer is gone.
    func serve(_ channel: HelperChannel) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while let (count, memory, maps) = channel.accept(into: &buffer) {
            guard let request = StackRequest(buffer[..<count]) else {
                closeDescriptor(memory)
                closeDescriptor(maps)
                continue
            }
            let space = space(of: request.caller, memory: memory, maps: maps)
            var writer = ByteWriter()
            writer.append(request.number)
            if let space { CallStackCoding.write(stack(request.caller, space), to: &writer) }
            guard channel.answer(writer.bytes) else { return }
        }
    }

    private func space(of caller: StoppedCaller, memory: Int32, maps: Int32) -> Space? {
        uses += 1
        if let known = spaces[caller.addressSpace] {
            closeDescriptor(memory)
            closeDescriptor(maps)
            known.used = uses
            return known
        }
        guard let traced = TracedSpace(memory: memory, maps: maps) else { return nil }
        if spaces.count >= Self.spaceLimit,
            let oldest = spaces.min(by: { $0.value.used < $1.value.used })?.key
        {
            spaces[oldest] = nil
        }
        let space = Space(traced, Lineage(of: caller.process, root: caller.root))
        space.used = uses
        spaces[caller.addressSpace] = space
        return space
    }

    private func stack(_ caller: StoppedCaller, _ space: Space) -> CallStack {
        var size = 0
        let frames = space.traced.take(caller.registers).map { place in
            // A call is the last instruction before the place that it returns to.
            let address = place.isExact ? place.pc : place.pc &- 1
            guard let mapping = space.traced.mapping(at: address) else {
                return AuditEvent.Frame(pc: place.pc)
            }
            let mapped = mapped(mapping, at: address, caller.thread, space)
            var frame = AuditEvent.Frame(
                module: mapped.path.isEmpty || size > Self.answerLimit ? nil : mapped.path,
                pc: place.pc)
            if mapping.isELF {
                frame.offset = place.pc &- mapping.bias
                if size <= Self.answerLimit {
                    let found = mapped.module.place(at: address &- mapping.bias)
                    (frame.symbol, frame.file, frame.line) = (found.symbol, found.file, found.line)
                }
            }
            let texts = [frame.module, frame.symbol, frame.file]
            size += texts.reduce(32) { $0 + ($1?.count ?? 0) }
            return frame
        }
        return CallStack(
            frames: frames, arguments: space.lineage.arguments, parents: space.lineage.parents)
    }

    private func mapped(
        _ mapping: TracedSpace.Mapping, at address: UInt64, _ thread: Int32, _ space: Space
    ) -> (path: [UInt8], module: Module) {
        if let known = space.mapped[mapping.number] { return known }
        if space.mapped.count > 1024 { space.mapped.removeAll() }
        let path = unescapedMapPath(space.traced.path(at: address))
        let module = modules.module(mapping, path: path, of: thread, in: space.traced)
        space.mapped[mapping.number] = (path, module)
        return (path, module)
    }
}
