/// Who asks: what rules may want to know of a process.
///
/// What is nil is not known. A policy says by ``Policy/answer(to:by:)`` what it needs to know for a
/// request; nothing else has to be found out.
public struct Subject: Hashable, Sendable {
    /// The program that the process runs.
    public var program: Program?
    /// The programs of its parents, grandparents and so on within the tree.
    public var ancestors: [Program]?
    /// The control groups that it is in.
    public var cgroups: [ControlGroup]?
    /// Its effective user.
    public var user: UInt32?
    /// Its effective and its supplementary groups.
    public var groups: [UInt32]?

    /// Makes a subject of what is known of it.
    public init(
        program: Program? = nil, ancestors: [Program]? = nil, cgroups: [ControlGroup]? = nil,
        user: UInt32? = nil, groups: [UInt32]? = nil
    ) {
        self.program = program
        self.ancestors = ancestors
        self.cgroups = cgroups
        self.user = user
        self.groups = groups
    }

    /// Nothing is known.
    public static let unknown = Subject()

    /// An executable file.
    public struct Program: Hashable, Sendable {
        /// The file's identity.
        public var file: FileIdentity
        /// The paths that lead to this very file now.
        ///
        /// That is the path it was executed by, where it still leads there, and each of the
        /// policy's ``Policy/programPatterns`` that does.
        public var names: [[UInt8]]

        /// Makes a program of its identity and names.
        public init(file: FileIdentity, names: [[UInt8]]) {
            self.file = file
            self.names = names
        }
    }

    /// A control group's path in a hierarchy.
    public struct ControlGroup: Hashable, Sendable {
        /// The hierarchy's controller list or name (`cpu,cpuacct`, `name=systemd`), empty for
        /// version 2.
        public var hierarchy: [UInt8]
        /// The path below the hierarchy's root.
        public var path: [UInt8]

        /// Makes a control group of its hierarchy and path, as `/proc/PID/cgroup` has them.
        public init(hierarchy: [UInt8] = [], path: [UInt8]) {
            self.hierarchy = hierarchy
            self.path = path
        }
    }
}

/// A file, whatever its names: the device that it is on, `makedev(3)`, and its inode there.
public struct FileIdentity: Hashable, Sendable {
    /// The number of the device's driver.
    public var major: UInt32
    /// The number of the device among its driver's.
    public var minor: UInt32
    /// The number of the file on the device.
    public var inode: UInt64

    /// Makes an identity of its numbers.
    public init(major: UInt32, minor: UInt32, inode: UInt64) {
        self.major = major
        self.minor = minor
        self.inode = inode
    }
}

/// What has to be known before a request can be decided.
public struct Needs: OptionSet, Hashable, Sendable {
    /// One bit each.
    public let rawValue: UInt8

    /// Makes a set of its bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// ``Subject/program``.
    public static let program = Needs(rawValue: 1)
    /// ``Subject/ancestors``.
    public static let ancestors = Needs(rawValue: 2)
    /// ``Subject/cgroups``.
    public static let cgroups = Needs(rawValue: 4)
    /// ``Subject/user``.
    public static let user = Needs(rawValue: 8)
    /// ``Subject/groups``.
    public static let groups = Needs(rawValue: 16)
    /// The socket's kind: ``SocketState/unknown`` is not enough.
    public static let socket = Needs(rawValue: 32)
    /// The socket's local address: ``LocalName/unknown`` is not enough.
    public static let local = Needs(rawValue: 64)

    /// All that is a subject's.
    public static let subject: Needs = [.program, .ancestors, .cgroups, .user, .groups]
}
