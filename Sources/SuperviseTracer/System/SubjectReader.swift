import CSupervise
import SuperviseAudit
import SupervisePolicy

/// Finds out what rules want to know of the thread that makes a call.
///
/// What the kernel does not tell stays nil, and what depends on it is refused.
struct SubjectReader {
    let tree: ProcessTree
    /// The policy's patterns for programs.
    let patterns: [Glob]

    /// Adds what is asked for to what is known of a caller.
    func read(_ needs: Needs, into subject: inout Subject, of caller: Caller) {
        if needs.contains(.program) {
            subject.program = program(of: caller).map(withNames)
        }
        if needs.contains(.ancestors) { subject.ancestors = ancestors(of: caller) }
        if needs.contains(.cgroups) {
            // Read at each call: whoever may write to a group's file may move the process.
            subject.cgroups = statusFile("cgroup", of: caller.thread).flatMap(Self.cgroups)
        }
        if !needs.isDisjoint(with: [.user, .groups]) {
            let credentials = statusFile("status", of: caller.thread).flatMap(FileCredentials.init)
            if needs.contains(.user) { subject.user = credentials?.user }
            if needs.contains(.groups) { subject.groups = credentials?.groups }
        }
    }

    // MARK: Programs

    private func program(of caller: Caller) -> AuditEvent.Program? {
        guard let process = tree.tracees[caller.slot]?.process else { return nil }
        // An exec that was lost leaves what was known of the former program in place.
        if tree.lostExec(of: caller.slot) != nil {
            return ProgramLookup(of: caller.thread).program
        }
        return tree.program(of: process, caller.thread)
    }

    private func ancestors(of caller: Caller) -> [Subject.Program]? {
        guard let process = tree.tracees[caller.slot]?.process,
            case .known(let last)? = tree.processes[process]?.lineage
        else { return nil }
        var programs: [Subject.Program] = []
        var next = last
        while let lineage = next {
            programs.append(withNames(lineage.program))
            next = lineage.earlier
        }
        return programs
    }

    /// A program with the names that lead to its very file now.
    private func withNames(_ program: AuditEvent.Program) -> Subject.Program {
        let file = FileIdentity(
            major: program.device.major, minor: program.device.minor, inode: program.inode)
        var names: [[UInt8]] = []
        for path in [program.path] + patterns.compactMap(\.literal)
        where !names.contains(path) && leads(path, to: file) {
            names.append(path)
        }
        for pattern in patterns where pattern.literal == nil {
            guard !names.contains(where: { pattern.matches($0) }) else { continue }
            // Found under another name: a hard link, or one that was renamed since.
            if let name = pattern.paths(where: { leads($0, to: file) }).first {
                names.append(name)
            }
        }
        return Subject.Program(file: file, names: names)
    }

    private func leads(_ path: [UInt8], to file: FileIdentity) -> Bool {
        // A path of /proc/PID/exe is none of bytes 0; the array ends with one.
        let terminated = path.map { CChar(bitPattern: $0) } + [0]
        return unsafe csupervise_leads_to(terminated, file.major, file.minor, file.inode) != 0
    }

    // MARK: Files of /proc

    private func statusFile(_ name: String, of thread: ThreadID) -> [UInt8]? {
        var size = 8192
        while size <= 1 << 22 {
            var bytes = [UInt8](repeating: 0, count: size)
            var length = 0
            // The function fills no more than it is told there is.
            let error = unsafe csupervise_read_status_file(
                thread.rawValue, name, &bytes, bytes.count, &length)
            guard error == 0 else { return nil }
            if length < size { return Array(bytes.prefix(length)) }
            size *= 4
        }
        return nil
    }

    /// The lines of `/proc/PID/cgroup`: `4:memory:/a`, `1:name=systemd:/b`, `0::/c`.
    static func cgroups(_ text: [UInt8]) -> [Subject.ControlGroup]? {
        var groups: [Subject.ControlGroup] = []
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(
                separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return nil }
            groups.append(.init(hierarchy: Array(fields[1]), path: Array(fields[2])))
        }
        return groups.isEmpty ? nil : groups
    }
}

/// The user and the groups that a thread acts as where it makes files and sockets.
///
/// The owner match looks at these credentials of the socket's maker (`f_cred->fsuid`), here they
/// are the caller's: the file-system ids, which are the effective ones unless `setfsuid(2)` said
/// otherwise.
struct FileCredentials: Equatable {
    var user: UInt32
    /// The file-system group, and the supplementary ones.
    var groups: [UInt32]

    /// Reads them from the text of `/proc/PID/status`; nil where it lacks them.
    init?(_ text: [UInt8]) {
        func numbers(_ key: String) -> [UInt32]? {
            // The thread's name, in a line before, has its newlines escaped.
            text.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: key.utf8) }?
                .dropFirst(key.utf8.count).split { $0 == UInt8(ascii: "\t") || $0 == 32 }
                .compactMap { UInt32(String(decoding: $0, as: UTF8.self)) }
        }
        // Real, effective, saved, and the file system's.
        guard let users = numbers("Uid:"), let groups = numbers("Gid:"), users.count == 4,
            groups.count == 4, let more = numbers("Groups:")
        else { return nil }
        user = users[3]
        self.groups = [groups[3]] + more.filter { $0 != groups[3] }
    }
}
