import CSupervise
import SystemPackage

/// What tells a thread from all others that have its number before or after it.
///
/// The kernel tells a tracer nothing of the end of a process whose first thread is replaced by a thread
/// that has no tracer (`CLONE_UNTRACED`) and executes a program; nor does it tell what the number of a
/// thread becomes that executes one itself. Such a number can be another's without a word.
enum Identity {
    /// A number that no other has, ever (Linux 6.9).
    case number(UInt64)
    /// It was there at this time, in hundredths of a second since the machine began; who began later is
    /// another one.
    case since(UInt64)
}

extension ProcessTree {
    /// Notes who a thread is that stands at its first stop; once.
    func noteIdentity(_ slot: Int) {
        guard let tracee = tracees[slot], tracee.identity == nil else { return }
        let identity = number(of: tracee.thread).map { Identity.number($0) }
        update(slot) { $0.identity = identity ?? .since(csupervise_hundredths()) }
    }

    /// Whether the number of a thread that has begun is another's, or nobody's, by now.
    ///
    /// Also where that cannot be told.
    func isGone(_ slot: Int) -> Bool {
        guard let tracee = tracees[slot] else { return true }
        switch tracee.identity {
        case nil: return false
        case .number(let number)?: return self.number(of: tracee.thread) != number
        case .since(let time)?:
            var start: UInt64 = 0
            return unsafe csupervise_start_time(tracee.thread.rawValue, &start) != 0
                || start > time
        }
    }

    private func number(of thread: ThreadID) -> UInt64? {
        guard usesThreadPidfds else { return nil }
        for _ in 0..<2 {
            var number: UInt64 = 0
            switch unsafe csupervise_task_identity(thread.rawValue, &number) {
            case 0: return number
            case Errno.tooManyOpenFiles.rawValue: releaseDescriptors(but: thread)
            default: return nil
            }
        }
        return nil
    }
}
