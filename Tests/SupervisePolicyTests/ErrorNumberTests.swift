import Glibc
import SupervisePolicy
import Testing

@Suite("An error number")
struct ErrorNumberTests {
    /// The C library's own name for a number, nil where it has none.
    ///
    /// Swift does not see `strerrorname_np(3)` in the headers, so it is looked up by its name.
    private static let libraryNames: [Int32: String] = {
        typealias Function = @convention(c) (Int32) -> UnsafePointer<CChar>?
        guard let symbol = dlsym(nil, "strerrorname_np") else { return [:] }
        let name = unsafeBitCast(symbol, to: Function.self)
        return (Int32(1)...4095).reduce(into: [:]) { names, number in
            names[number] = name(number).map { String(cString: $0) }
        }
    }()

    private func libraryName(_ number: Int32) -> String? { Self.libraryNames[number] }

    @Test("Has the C library's name, for every number there can be")
    func names() {
        #expect(Self.libraryNames.count > 130)
        for number in Int32(1)...4095 {
            // The library calls 95 by its newer name; the kernel's own is the usual one.
            let library = libraryName(number).map { $0 == "ENOTSUP" ? "EOPNOTSUPP" : $0 }
            #expect(ErrorNumber(rawValue: number).description == library ?? String(number))
        }
    }

    @Test("Is found by its name, in capitals or not")
    func backAgain() {
        for number in Int32(1)...4095 {
            guard let name = libraryName(number) else { continue }
            #expect(ErrorNumber(name: name) == ErrorNumber(rawValue: number), "\(name)")
            #expect(ErrorNumber(name: name.lowercased())?.rawValue == number, "\(name)")
        }
    }

    @Test(
        "Is that of errno.h",
        arguments: [
            (.notPermitted, EPERM), (.noSuchProcess, ESRCH), (.badFileDescriptor, EBADF),
            (.badAddress, EFAULT), (.invalidArgument, EINVAL), (.noFunction, ENOSYS),
            (.notSocket, ENOTSOCK), (.messageSize, EMSGSIZE),
            (.addressFamilyNotSupported, EAFNOSUPPORT), (.noBufferSpace, ENOBUFS),
        ] as [(ErrorNumber, Int32)])
    func constants(error: ErrorNumber, number: Int32) {
        #expect(error.rawValue == number)
    }

    @Test(
        "Has one usual name where errno.h has two",
        arguments: [
            ("EWOULDBLOCK", EWOULDBLOCK, "EAGAIN"), ("EDEADLOCK", EDEADLK, "EDEADLK"),
            ("ENOTSUP", ENOTSUP, "EOPNOTSUPP"),
        ] as [(String, Int32, String)])
    func aliases(name: String, number: Int32, usual: String) {
        #expect(ErrorNumber(name: name)?.rawValue == number)
        #expect(ErrorNumber(name: name)?.description == usual)
    }

    @Test(
        "Is not found by what is no name",
        arguments: ["", "1", "EPERM ", "PERM", "ENONE", "ERESTARTSYS", "EPERM\0", "ÉPERM"])
    func unknown(name: String) {
        #expect(ErrorNumber(name: name) == nil)
    }

    @Test("Beyond the names is shown as a number", arguments: [0, -1, 41, 58, 134, 512, .max])
    func numbers(number: Int32) {
        #expect(ErrorNumber(rawValue: number).description == String(number))
    }
}
