/// What a rule asks of the process that makes a call.
public enum Qualifier: Hashable, Sendable {
    /// It runs this program.
    case program(ProgramPattern)
    /// It descends from a process that runs this program.
    case ancestor(ProgramPattern)
    /// It is in this control group; the hierarchy is empty for version 2.
    case cgroup(hierarchy: [UInt8], Glob)
    /// Its effective user is this one.
    case user(Account)
    /// Its effective group or one of its supplementary groups is this one.
    case group(Account)

    /// What has to be known of a process to tell.
    public var needs: Needs {
        switch self {
        case .program: .program
        case .ancestor: .ancestors
        case .cgroup: .cgroups
        case .user: .user
        case .group: .groups
        }
    }

    /// Whether it holds of a subject, nil where that cannot be told.
    public func holds(of subject: Subject) -> Bool? {
        switch self {
        case .program(let pattern): subject.program.map(pattern.matches)
        case .ancestor(let pattern): subject.ancestors?.contains(where: pattern.matches)
        case .cgroup(let hierarchy, let glob):
            subject.cgroups?.contains { $0.hierarchy == hierarchy && glob.matches($0.path) }
        case .user(let account): subject.user.map { $0 == account.number }
        case .group(let account): subject.groups?.contains(account.number)
        }
    }
}

/// Which programs a qualifier means.
public enum ProgramPattern: Hashable, Sendable {
    /// Those that a fitting path leads to.
    case named(Glob)
    /// The one file.
    case file(FileIdentity)

    /// Whether a program is one of them.
    public func matches(_ program: Subject.Program) -> Bool {
        switch self {
        case .named(let glob): program.names.contains { glob.matches($0) }
        case .file(let file): program.file == file
        }
    }
}

/// A user or a group, by its number and, where the rule had it, its name.
public struct Account: Hashable, Sendable {
    /// The number.
    public var number: UInt32
    /// The name that it was given by.
    public var name: String?

    /// Makes an account of its number and name.
    public init(number: UInt32, name: String? = nil) {
        self.number = number
        self.name = name
    }
}
