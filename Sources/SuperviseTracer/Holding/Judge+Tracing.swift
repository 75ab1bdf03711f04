import SupervisePolicy

extension Judge {
    /// PTRACE_O_MASK: the options that PTRACE_SEIZE takes.
    private static let seizeOptions: UInt64 = 0x0030_00ff

    /// `ptrace(2)`, `process_vm_readv(2)`, `process_vm_writev(2)`, `pidfd_getfd(2)`.
    func judgeTracing(_ call: NetworkCall, _ caller: Caller) -> Hold {
        switch call {
        case .ptrace(0x4206, _, let address, let data)
        where address != 0 || data & ~Self.seizeOptions != 0:
            // EIO by the registers alone, after ESRCH.
            .run
        case .ptrace(let request, let process, _, _):
            judgePtrace(request, process, caller)
        case .processMemory(_, _, _, let flags) where flags != 0:
            // EINVAL by the registers alone.
            .run
        case .processMemory(let process, let local, let remote, _):
            judgeTarget(target(process, caller), caller) {
                self.vectorsResult(local, remote, caller)
            }
        case .pidfdGetfd(_, _, let flags) where flags != 0:
            .run
        case .pidfdGetfd(let pidfd, let descriptor, _):
            judgePidfd(pidfd, descriptor, caller)
        default:
            .run
        }
    }

    /// The number may stand for another pidfd a moment later, so what is aimed at the caller's own
    /// process is made as a call that names none.
    private func judgePidfd(_ pidfd: Int32, _ descriptor: Int32, _ caller: Caller) -> Hold {
        let found = pidfdTarget(of: caller.thread, pidfd).flatMap { target(ofOurs: $0, caller) }
        let hold = judgeTarget(found, caller)
        guard case .run = hold, policy.restricts else { return hold }
        if case .success(.itself) = found {
            return .runOther(InjectedCalls(layouts: caller.layouts).duplicate(descriptor))
        }
        // A deputy has connections among its descriptors whose peers have yet to be judged.
        guard case .success = found, refusesPeers, !recorder.isAuditing else { return hold }
        return .fail(refuse("taking descriptors where peers are refused"))
    }

    /// PTRACE_ATTACH and PTRACE_SEIZE reach for a process; the other requests need one that was
    /// reached, which the kernel tells itself (ESRCH), and PTRACE_TRACEME finds the caller traced
    /// already (EPERM).
    private func judgePtrace(_ request: UInt64, _ process: Int32, _ caller: Caller) -> Hold {
        guard request == 16 || request == 0x4206 else { return .run }
        let target = target(process, caller)
        let hold = judgeTarget(target, caller)
        // A process of the tree has its tracer, so the kernel would answer EPERM. It is not asked:
        // the number could be another process's by then, one that nobody watches.
        guard case .run = hold, policy.restricts, !recorder.isAuditing else { return hold }
        return .fail(.notPermitted)
    }

    private func judgeTarget(
        _ target: Result<TraceTarget, KernelError>, _ caller: Caller,
        earlier: () -> ErrorNumber? = { nil }
    ) -> Hold {
        switch target {
        case .failure(let error): .fail(earlier() ?? error.number)
        case .success(let target): decide(.trace(target), caller, earlier: earlier)
        }
    }

    /// What `process_vm_rw` returns before it looks for the process: an error, or nothing copied.
    private func vectorsResult(
        _ local: Vectors, _ remote: Vectors, _ caller: Caller
    ) -> ErrorNumber? {
        let nothing = ErrorNumber(rawValue: 0)
        switch total(of: local, caller, isLocal: true) {
        case .failure(let error): return error.number
        case .success(0): return nothing
        case .success: break
        }
        switch total(of: remote, caller, isLocal: false) {
        case .failure(let error): return error.number
        case .success(0): return nothing
        case .success: return nil
        }
    }

    /// `import_iovec`, and for what is not the caller's own memory `iovec_from_user`: whether
    /// the vectors name any bytes.
    private func total(
        of vectors: Vectors, _ caller: Caller, isLocal: Bool
    ) -> Result<UInt64, KernelError> {
        guard vectors.count > 0 else { return .success(0) }
        guard vectors.count <= UInt64(Self.mostEntries) else {
            return .failure(KernelError(number: .invalidArgument))
        }
        var bytes: [UInt8] = []
        let layouts = caller.layouts
        let size = Int(vectors.count) * layouts.vector
        let read = memory.readBytes(vectors.pointer, count: size, of: caller.slot, into: &bytes)
        guard read == .bytes(size),
            memory.isAccessible(vectors.pointer, count: size, of: caller.slot)
        else { return .failure(KernelError(number: .badAddress)) }
        let decoder = MessageHeaderDecoder(layouts: layouts)
        let all = stride(from: 0, to: size, by: layouts.vector).map { offset in
            (
                pointer: decoder.word(bytes, at: offset),
                length: decoder.word(bytes, at: offset + layouts.word)
            )
        }
        // ssize_t of the ABI: a negative length.
        if all.contains(where: { $0.length >> UInt64(8 * layouts.word - 1) != 0 }) {
            return .failure(KernelError(number: .invalidArgument))
        }
        if isLocal, !all.allSatisfy({ isUserRange($0.pointer, $0.length, caller) }) {
            return .failure(KernelError(number: .badAddress))
        }
        return .success(all.reduce(0) { $0 | $1.length })
    }

    /// Who the process is that a caller gives by its number.
    private func target(_ process: Int32, _ caller: Caller) -> Result<TraceTarget, KernelError> {
        guard let own = ownNumber(of: caller.thread) else { return .success(.outside) }
        if own.number == process { return .success(.itself) }
        // A caller in a pid namespace of its own means somebody else by the same number.
        guard own.isInOurNamespace else { return .success(.outside) }
        return target(ofOurs: ThreadID(rawValue: process), caller)
    }

    /// Whether another process has every restriction that a caller has: all its threads, since
    /// they share what is traced.
    private func hasRestrictions(_ slot: Int, of caller: Caller) -> Bool {
        guard tree.isNetworkOff(thread: caller.slot) else { return true }
        return tree.tracees[slot].map { tree.isNetworkOff(process: $0.process) } ?? false
    }

    /// Who the process is that has a number in the tracer's own namespace.
    private func target(
        ofOurs process: ThreadID, _ caller: Caller
    ) -> Result<TraceTarget, KernelError> {
        // Who had the number may be gone without a word.
        if let slot = tree.slot(of: process), !tree.isGone(slot) {
            let isOwn = tree.tracees[slot]?.process == tree.tracees[caller.slot]?.process
            if isOwn { return .success(.itself) }
            return .success(hasRestrictions(slot, of: caller) ? .inTree : .lessRestricted)
        }
        return process.rawValue > 0 && exists(process)
            ? .success(.outside) : .failure(KernelError(number: .noSuchProcess))
    }
}

/// An error that the kernel would give before it came to the policy.
struct KernelError: Error {
    let number: ErrorNumber
}
