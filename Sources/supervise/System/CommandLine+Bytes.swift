import Glibc

extension CommandLine {
    /// The bytes of an option's value, NUL-terminated: a file's name need not be UTF-8.
    ///
    /// The parser has text, in which what is not is replaced; the argument that it came from has
    /// the bytes.
    static func bytes(of value: String) -> [CChar] {
        for index in 1..<max(Int(argc), 1) {
            guard let argument = unsafe unsafeArgv[index] else { break }
            let bytes = unsafe Array(
                UnsafeBufferPointer(start: argument, count: strlen(argument) + 1))
            let text = unsafe String(cString: argument)
            if text == "--" { break }
            for prefix in ["", "--log=", "-l=", "--learn="] where text == prefix + value {
                return Array(bytes.dropFirst(prefix.utf8.count))
            }
        }
        return value.utf8CString.map { $0 }
    }
}
