import SuperviseFilter
import SupervisePolicy

/// Opens the path of an AF_UNIX address so that it can lead nowhere else.
///
/// A deputy has descriptors and a working directory of its own. It opens the path (O_PATH), as the
/// caller would: in the caller's root and directory, with the caller's rights, links followed. What
/// it got is what is judged. Then it goes to its own directory of descriptors, where that object has
/// its number for a name, which nobody can make another object's; the call is given that name.
struct PathPinning {
    private enum Step { case path, descriptors, directory, done }

    private var step = Step.path
    private var object: Int64 = -1
    private var resolved: [UInt8]?
    private(set) var pinned: PinnedPath?

    /// The next call; nil where what the path leads to is known and held.
    mutating func next(
        after result: Int64?, _ path: [UInt8], _ deputy: Deputy,
        at thread: borrowing StoppedThread
    ) -> ErrandStep? {
        let calls = InjectedCalls(layouts: deputy.layouts)
        guard let result else {
            return deputy.address(of: path).map { .call(calls.openPath($0)) }
        }
        switch step {
        case .path:
            guard result >= 0 else { return fail(Int32(truncatingIfNeeded: -result)) }
            (object, resolved) = (result, deputy.object(result, at: thread.id))
            step = .descriptors
            return deputy.address(of: Array("/proc/thread-self/fd".utf8))
                .map { .call(calls.openPath($0)) } ?? fail()
        case .descriptors:
            // In a root without /proc, or with one that is not the tracer's.
            guard result >= 0, deputy.isDescriptors(result, of: thread.id) else { return fail() }
            step = .directory
            return .call(calls.changeDirectory(result))
        case .directory:
            guard result == 0, deputy.isInDescriptors(thread.id) else { return fail() }
            step = .done
            pinned = PinnedPath(error: 0, path: resolved, name: Array(String(object).utf8))
            return nil
        case .done:
            return nil
        }
    }

    /// The kernel's error for the path, or 0 where it cannot be held.
    private mutating func fail(_ error: Int32 = 0) -> ErrandStep? {
        step = .done
        pinned = PinnedPath(error: error, path: resolved, name: nil)
        return nil
    }

    /// The socket to wait for where the call would wait.
    func dependence(of call: JudgedCall, on socket: Int32) -> SocketDependence {
        SocketDependence(
            descriptor: socket, operation: call == .connect ? .connect : .send,
            path: resolved ?? [])
    }
}
