import CSupervise

/// What is to be run: a program's name, its arguments and its environment, as the kernel takes
/// them, byte for byte.
///
/// The vectors live as long as the process.
@safe
public struct Command {
    let arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    /// The command that the last `count` of this process's arguments make.
    ///
    /// nil where there are none. The bytes are those the process was started with; they need not
    /// be UTF-8.
    public init?(lastArguments count: Int) {
        let all = Int(CommandLine.argc)
        guard count > 0, count < all else { return nil }
        // The vector ends with a null pointer, as execve wants it.
        unsafe arguments = CommandLine.unsafeArgv + (all - count)
    }

    /// The bytes of the program's name.
    public var name: [UInt8] {
        guard let first = unsafe arguments[0] else { return [] }
        var bytes: [UInt8] = []
        var index = 0
        while unsafe first[index] != 0 {
            unsafe bytes.append(UInt8(bitPattern: first[index]))
            index += 1
        }
        return bytes
    }
}
