import Glibc
import SupervisePolicy
import SystemPackage

/// A descriptor that text for people goes to.
struct StandardStream {
    let descriptor: Int32

    static let output = StandardStream(descriptor: 1)
    static let error = StandardStream(descriptor: 2)

    /// Writes text as far as that is possible; there is nobody to tell where it is not.
    func write(_ text: String) {
        _ = try? FileDescriptor(rawValue: descriptor).writeAll(text.utf8)
    }

    /// A second descriptor of the stream, away from the standard ones and closed by exec.
    ///
    /// nil where the stream is closed.
    func duplicate() -> StandardStream? {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 10)
        return copy == -1 ? nil : StandardStream(descriptor: copy)
    }
}

/// The name of an error: `EACCES`.
func errorName(_ error: Errno) -> String {
    ErrorNumber(rawValue: error.rawValue).description
}
