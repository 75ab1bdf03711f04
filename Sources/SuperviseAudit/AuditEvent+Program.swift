extension AuditEvent {
    /// The file that a process runs.
    public struct Program: Hashable, Sendable {
        /// The path as `/proc/PID/exe` gives it, at most 4096 bytes and of any value but NUL.
        public var path: [UInt8]
        /// The device that the file is on.
        public var device: Device
        /// The file's inode number on that device.
        public var inode: UInt64

        /// Makes the description of a program file.
        public init(path: [UInt8], device: Device, inode: UInt64) {
            self.path = path
            self.device = device
            self.inode = inode
        }
    }

    /// A device's two numbers, `makedev(3)`.
    public struct Device: Hashable, Sendable, CustomStringConvertible {
        /// The number of the driver or, for what is on no disk, 0.
        public var major: UInt32
        /// The number of the device among its driver's.
        public var minor: UInt32

        /// Makes a device number of its parts.
        public init(major: UInt32, minor: UInt32) {
            self.major = major
            self.minor = minor
        }

        /// Both numbers as the rule grammar writes them: `8:1`.
        public var description: String { "\(major):\(minor)" }
    }

    /// A process that started another.
    public struct Parent: Hashable, Sendable {
        /// The process.
        public var pid: Int32
        /// Its command line, its beginning where that is long; empty where it shows none.
        public var arguments: [[UInt8]]

        /// Makes the description of a process.
        public init(pid: Int32, arguments: [[UInt8]]) {
            self.pid = pid
            self.arguments = arguments
        }
    }

    /// One frame of a stack.
    public struct Frame: Hashable, Sendable {
        /// The path of the file mapped there, as `/proc/PID/maps` gives it.
        public var module: [UInt8]?
        /// The address in the module's own numbering, as `addr2line -e` takes it.
        public var offset: UInt64?
        /// The name of the function by the module's symbol table, readable where it was mangled.
        public var symbol: [UInt8]?
        /// The file of the source, as its compiler was told it, where there is debugging information.
        public var file: [UInt8]?
        /// The line in that file.
        public var line: UInt32?
        /// The address in the process: where this frame goes on.
        public var pc: UInt64

        /// Makes a frame; what could not be found out is left out.
        public init(
            module: [UInt8]? = nil, offset: UInt64? = nil, symbol: [UInt8]? = nil,
            file: [UInt8]? = nil, line: UInt32? = nil, pc: UInt64
        ) {
            self.module = module
            self.offset = offset
            self.symbol = symbol
            self.file = file
            self.line = line
            self.pc = pc
        }
    }
}

/// The last component of a path, or all of it where that is empty.
func baseName(_ path: [UInt8]) -> ArraySlice<UInt8> {
    guard let slash = path.lastIndex(of: UInt8(ascii: "/")), slash + 1 < path.endIndex else {
        return path[...]
    }
    return path[(slash + 1)...]
}
