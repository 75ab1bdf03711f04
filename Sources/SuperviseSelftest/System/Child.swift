import CSupervise
import Glibc

/// What a finished process left behind.
struct Finished: Equatable, Sendable {
    var output = ""
    var error = ""
    var end = End.exited(0)

    /// How it ended.
    enum End: Equatable, Sendable, CustomStringConvertible {
        case exited(Int32)
        case killed(Int32)
        /// It took too long and was killed.
        case hung

        var description: String {
            switch self {
            case .exited(let status): "exit status \(status)"
            case .killed(let signal): "killed by signal \(signal)"
            case .hung: "hung"
            }
        }
    }

    /// A process that never was.
    static func notStarted(_ why: String) -> Finished {
        Finished(error: "not started: \(why)\n", end: .exited(127))
    }
}

/// A process that is run to its end, its output read.
enum Child {
    /// Runs a program, in a process group of its own, with nothing to read.
    ///
    /// - Parameters:
    ///   - arguments: The program's path and its arguments.
    ///   - directory: Its working directory.
    ///   - seconds: How long it may take; its group is killed then.
    /// - Returns: All that it wrote, and how it ended.
    static func run(_ arguments: [String], in directory: String, seconds: Int) -> Finished {
        // A null pointer ends the list; the texts live until the call returns.
        var words = unsafe arguments.map { unsafe strdup($0) }
        unsafe words.append(nil)
        defer { unsafe words.forEach { unsafe free($0) } }
        var (pid, output, error) = (pid_t(0), Int32(-1), Int32(-1))
        let failure = unsafe csupervise_spawn(words, directory, &pid, &output, &error)
        guard failure == 0 else { return .notStarted("\(arguments[0]): error \(failure)") }
        defer {
            close(output)
            close(error)
        }

        var texts: [[UInt8]] = [[], []]
        let inTime = collect([output, error], into: &texts, until: now() + seconds * 1000)
        if !inTime { kill(-pid, SIGKILL) }
        var status: Int32 = 0
        while unsafe waitpid(pid, &status, 0) == -1, errno == EINTR {}
        let end: Finished.End =
            !inTime
            ? .hung : status & 0x7f == 0 ? .exited(status >> 8 & 0xff) : .killed(status & 0x7f)
        return Finished(
            output: String(decoding: texts[0], as: UTF8.self),
            error: String(decoding: texts[1], as: UTF8.self), end: end)
    }

    /// Reads descriptors until all have ended; false when time is up before.
    private static func collect(
        _ descriptors: [Int32], into texts: inout [[UInt8]], until deadline: Int
    ) -> Bool {
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var buffer = [UInt8](repeating: 0, count: 65536)
        while polled.contains(where: { $0.fd >= 0 }) {
            let left = deadline - now()
            guard left > 0 else { return false }
            guard unsafe poll(&polled, nfds_t(polled.count), Int32(left)) > 0 else { continue }
            for index in polled.indices where polled[index].revents != 0 {
                let count = unsafe read(polled[index].fd, &buffer, buffer.count)
                if count > 0 {
                    texts[index] += buffer[..<count]
                } else if count == 0 || errno != EINTR {
                    // Negative: not polled any more.
                    polled[index].fd = -1
                }
            }
        }
        return true
    }

    /// Milliseconds since some moment.
    private static func now() -> Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}
