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
        case .processMemory(_, let flags) where flags != 0:
            // EINVAL by the registers alone.
            .run
        case .processMemory(let process, _):
            judgeTarget(target(process, caller), caller)
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
        guard case .run = hold, case .success(.itself) = found, policy.restricts else {
            return hold
        }
        return .runOther(InjectedCalls(layouts: caller.layouts).duplicate(descriptor))
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

    private func judgeTarget(_ target: Result<TraceTarget, KernelError>, _ caller: Caller) -> Hold {
        switch target {
        case .failure(let error): .fail(error.number)
        case .success(let target): decide(.trace(target), caller)
        }
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
        guard policy.network == .off, !isOffForAll else { return true }
        return tree.tracees[slot].map { tree.isNetworkOff(process: $0.process) } ?? false
    }

    /// Who the process is that has a number in the tracer's own namespace.
    private func target(
        ofOurs process: ThreadID, _ caller: Caller
    ) -> Result<TraceTarget, KernelError> {
        if let slot = tree.slot(of: process) {
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
