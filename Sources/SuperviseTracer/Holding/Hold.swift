import SupervisePolicy

/// What becomes of a judged call. `Release` is the one place that carries it out.
enum Hold: Equatable {
    /// The kernel makes the call as it is.
    case run
    /// The call is not made and fails with this error.
    case fail(ErrorNumber)
    /// The kernel makes the call with changed registers, which get their values back afterwards.
    case runChanged([RegisterValue], restoring: [RegisterValue])
    /// The kernel makes a `sendmmsg(2)` of so many entries only, fewer than the call's own.
    case runEntries(Int)
    /// The tree is to end: a decision could not be logged.
    case stop
}

/// Lets judged calls go on: the only place where one is released.
enum Release {
    /// Carries out what was decided.
    ///
    /// - Parameters:
    ///   - hold: What becomes of the call.
    ///   - thread: The thread at its seccomp stop.
    ///   - slot: The thread's slot.
    ///   - tree: The tree that the thread belongs to.
    static func carryOut(
        _ hold: Hold, _ thread: consuming StoppedThread, slot: Int, in tree: ProcessTree
    ) {
        switch hold {
        case .run:
            thread.resume()
        case .fail(let error):
            fail(consume thread, error)
        case .runChanged(let values, let former):
            for value in values { thread.write(value.value, to: value.register) }
            tree.update(slot) { $0.phase = .inCall(restoring: former) }
            thread.resumeToSyscallExit()
        case .runEntries:
            // Turned into a change of registers by the judge, which knows where the number is.
            fail(consume thread, .notPermitted)
        case .stop:
            thread.abandon()
        }
    }

    /// Answers in the kernel's stead: number -1 makes it skip the call and return what rax holds.
    ///
    /// The number is written first: a thread that dies in between has made no call.
    static func fail(_ thread: consuming StoppedThread, _ error: ErrorNumber) {
        thread.write(UInt64(bitPattern: -1), to: .originalRax)
        thread.write(UInt64(bitPattern: -Int64(error.rawValue)), to: .rax)
        thread.resume()
    }
}
