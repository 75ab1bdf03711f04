import SuperviseAudit

/// A program that led to a process, and those that led to that program.
///
/// A process's lineage are the programs of those that made it, as they ran then, and those that it
/// ran itself before. So neither a parent's end, nor `execve(2)`, nor being handed to another parent
/// takes a program out of it.
final class Lineage {
    let program: AuditEvent.Program
    let earlier: Lineage?
    /// How many programs there are.
    let count: Int

    /// The most programs that are remembered; a process with more is one of unknown origin.
    static let limit = 1024

    init(_ program: AuditEvent.Program, after earlier: Lineage?) {
        self.program = program
        self.earlier = earlier
        count = (earlier?.count ?? 0) + 1
    }

    /// Whether the file is one of them.
    func contains(_ program: AuditEvent.Program) -> Bool {
        var next: Lineage? = self
        while let lineage = next {
            let other = lineage.program
            if other.device == program.device, other.inode == program.inode,
                other.path == program.path
            {
                return true
            }
            next = lineage.earlier
        }
        return false
    }
}

/// What is known of the programs that led to a process.
enum LineageState {
    /// Nothing: the kernel did not tell, or its maker is not known yet.
    case unknown
    /// The latest of them, and through it all.
    case known(Lineage?)

    /// The same with one program more.
    func adding(_ lookup: ProgramLookup) -> LineageState {
        guard case .known(let last) = self, case .known(let program) = lookup else {
            return .unknown
        }
        if let last, last.contains(program) { return self }
        guard (last?.count ?? 0) < Lineage.limit else { return .unknown }
        return .known(Lineage(program, after: last))
    }

    /// The programs that a thread's parent and its parents run now, as far as its user may know.
    init(above thread: ThreadID) {
        var programs: [AuditEvent.Program] = []
        var next = thread.rawValue
        while next > 1, programs.count < Lineage.limit,
            let parent = processAndParent(of: next)?.parent, parent > 0
        {
            if let program = ProgramLookup(of: ThreadID(rawValue: parent)).program {
                programs.append(program)
            }
            next = parent
        }
        self = .known(
            programs.reversed().reduce(Lineage?.none) { last, program in
                last?.contains(program) == true ? last : Lineage(program, after: last)
            })
    }
}

extension ProcessTree {
    /// The program of a process, looked up once for each that it executes.
    func program(of process: Int, _ thread: ThreadID) -> AuditEvent.Program? {
        lookUpProgram(of: process, thread).program
    }

    /// As above, with what is known where it is none.
    @discardableResult
    func lookUpProgram(of process: Int, _ thread: ThreadID) -> ProgramLookup {
        if let known = processes[process]?.program, !known.isUnknown { return known }
        let found = ProgramLookup(of: thread)
        updateProcess(process) { $0.program = found }
        return found
    }
}
