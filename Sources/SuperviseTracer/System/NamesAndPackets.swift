import CSupervise
import SuperviseFilter
import SystemPackage

/// The path without links that an AF_UNIX name leads a thread to, as the tracer sees it, and whether
/// the thread has the tracer's root.
///
/// A name that is new is to be made: its last part is taken as it is. EXDEV: it cannot be told.
func resolveName(
    _ path: [UInt8], isNew: Bool, for thread: ThreadID
) -> Result<(path: [UInt8], isOurRoot: Bool), Errno> {
    let terminated = path.map { CChar(bitPattern: $0) } + [0]
    var resolved = [CChar](repeating: 0, count: 4096)
    var isOurRoot: Int32 = 0
    // The array is as long as the function asks for, and ends with a NUL.
    let error = unsafe csupervise_resolve_name(
        thread.rawValue, terminated, isNew ? 1 : 0, &resolved, &isOurRoot)
    guard error == 0 else { return .failure(Errno(rawValue: error)) }
    let name = resolved.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return .success((name, isOurRoot != 0))
}

/// Attaches a filter to a socket, which then keeps it; 0, or the kernel's error.
func filterPackets(of socket: Int32, by instructions: [Instruction]) -> Int32 {
    unsafe instructions.withUnsafeBytes {
        // Instruction has the layout of struct sock_filter.
        unsafe csupervise_filter_packets(socket, $0.baseAddress, instructions.count)
    }
}

/// The process of a thread, and that process's parent; nil where the kernel does not tell.
func processAndParent(of thread: Int32) -> (process: Int32, parent: Int32)? {
    var (process, parent): (Int32, Int32) = (0, 0)
    // Two numbers, which the function fills.
    guard unsafe csupervise_process_of(thread, &process, &parent) == 0 else { return nil }
    return (process, parent)
}
