import Glibc
import SuperviseTestSupport
import Testing

@testable import SuperviseTracer

/// A running `tracee` fixture, which is ended when the value is.
final class Specimen {
    let thread: ThreadID
    /// What it tells of itself.
    private(set) var facts: [String: UInt64] = [:]
    /// Its standard input and output.
    private let channel: Int32

    /// Starts one and waits until it has told its facts.
    init() throws {
        var ends: [Int32] = [-1, -1]
        // Closed in everything that other tests start: the end of input is to be one.
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        try #require(socketpair(AF_UNIX, type, 0, &ends) == 0)
        channel = ends[0]
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        var child: pid_t = 0
        let path = Programs.path("tracee")
        let error = path.withCString { name in
            var arguments = [UnsafeMutablePointer(mutating: name), nil]
            return posix_spawn(&child, name, &actions, nil, &arguments, environ)
        }
        close(ends[1])
        thread = ThreadID(rawValue: error == 0 ? child : 0)
        #expect(error == 0)
        readFacts()
    }

    deinit {
        end()
        if thread.rawValue > 0 { waitpid(thread.rawValue, nil, 0) }
        close(channel)
    }

    /// Kills it and waits until it is dead; its number stays taken until the value ends.
    func end() {
        guard thread.rawValue > 0 else { return }
        kill(thread.rawValue, SIGKILL)
        var information = siginfo_t()
        waitid(P_PID, id_t(thread.rawValue), &information, WEXITED | WNOWAIT)
    }

    /// Makes it execute itself and tell its facts anew.
    func execute() throws {
        facts = [:]
        try #require(write(channel, "exec\n", 5) == 5)
        readFacts()
    }

    /// A number it told.
    func number(_ name: String) throws -> UInt64 { try #require(facts[name]) }

    /// A descriptor it told.
    func descriptor(_ name: String) throws -> Int32 { Int32(try number(name)) }

    /// A thread or process it told.
    func id(_ name: String) throws -> ThreadID { ThreadID(rawValue: try descriptor(name)) }

    private func readFacts() {
        var line = ""
        var byte: UInt8 = 0
        while read(channel, &byte, 1) == 1 {
            guard byte == UInt8(ascii: "\n") else {
                line.unicodeScalars.append(Unicode.Scalar(byte))
                continue
            }
            if line == "ready" { return }
            let words = line.split(separator: " ")
            facts[String(words[0])] = UInt64(words[1])
            line = ""
        }
        Issue.record("the fixture ended before it was ready")
    }
}
