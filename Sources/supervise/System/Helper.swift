import Glibc
import SystemPackage

/// The programs that belong to `supervise` and are not it.
enum Helper {
    /// Becomes such a program, with so many of this process's last arguments, byte for byte.
    ///
    /// Looked for where `make install` puts it, then beside this program, where a build has it.
    ///
    /// - Returns: Only where it cannot be run; ENOENT where it is in neither place.
    static func execute(_ name: String, lastArguments count: Int) -> Errno {
        var own = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = unsafe readlink("/proc/self/exe", &own, own.count)
        guard length > 0 else { return Errno(rawValue: errno) }
        let folder = own[..<length].split(separator: CChar(bitPattern: UInt8(ascii: "/")))
            .dropLast().map(Array.init)
        func path(_ folders: [[CChar]]) -> [CChar] {
            let slash = [CChar(bitPattern: UInt8(ascii: "/"))]
            return folders.flatMap { slash + $0 } + slash + name.utf8CString
        }
        let libexec = ["libexec", "supervise"].map { Array($0.utf8CString.dropLast()) }
        var failure = Errno.noSuchFileOrDirectory
        for candidate in [path(folder.dropLast() + libexec), path(Array(folder))] {
            execute(candidate, name, lastArguments: count)
            if errno != ENOENT, errno != ENOTDIR { failure = Errno(rawValue: errno) }
        }
        return failure
    }

    private static func execute(_ path: [CChar], _ name: String, lastArguments count: Int) {
        var first = name.utf8CString.map { $0 }
        let all = Int(CommandLine.argc)
        unsafe first.withUnsafeMutableBufferPointer { own in
            // The vector of this process ends with a null pointer, as execve wants it.
            var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [own.baseAddress]
            for index in max(1, all - count)...all {
                unsafe arguments.append(CommandLine.unsafeArgv[index])
            }
            unsafe _ = execv(path, arguments)
        }
    }
}
