import CSupervise
import Glibc

/// Files and folders, as little of them as the harness needs.
enum Files {
    /// The names in a folder; none where it cannot be read.
    static func list(_ folder: String) -> [String] {
        guard let directory = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            // The kernel ends the name with a NUL within the record.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// A file's text; nil where it cannot be read.
    static func read(_ path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            if count == -1, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return String(decoding: text, as: UTF8.self) }
            text += buffer[..<count]
        }
    }

    /// Writes a new file, which others may read.
    static func write(_ text: String, to path: String) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        // A regular file takes all at once; a full disk shows when the file is used.
        _ = unsafe Glibc.write(descriptor, bytes, bytes.count)
    }

    /// Makes an empty folder of this process's own; nil where it cannot be made.
    static func makeFolder(in parent: String) -> String? {
        var template = Array("\(parent)/selftest-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { return nil }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes a folder and all in it.
    ///
    /// Links are removed, not followed.
    static func remove(_ folder: String) {
        for name in list(folder) {
            let path = folder + "/" + name
            if unsafe unlink(path) == -1 { remove(path) }
        }
        unsafe rmdir(folder)
    }

    /// Where temporary files go.
    static var temporaryFolder: String {
        unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    static func canRun(_ path: String) -> Bool {
        unsafe access(path, X_OK) == 0 && !isFolder(path)
    }

    /// The file that this process runs.
    static func executable() -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Whether the kernel shows what one thread alone has open, since Linux 6.9.
func kernelShowsThreads() -> Bool {
    var pidfd: Int32 = -1
    guard unsafe csupervise_pidfd_open_thread(getpid(), &pidfd) == 0 else { return false }
    close(pidfd)
    return true
}

/// Whether the kernel tells quickly which memory a program may use, since Linux 6.11.
func kernelTellsMappings() -> Bool { csupervise_tells_mappings() != 0 }
