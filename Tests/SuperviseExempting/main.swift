// Runs a command with the network off but for the sockets of some protocols.
//
// Usage: supervise-exempting PROTOCOL[,PROTOCOL] COMMAND [ARG...]
//
// What begins with a slash is no protocol but an AF_UNIX path that is refused.
//
// For tests: what depends on a call's socket is seen where some sockets may and others may not.

import Glibc
import SuperviseAudit
import SuperviseFilter
import SupervisePolicy
import SuperviseTracer

let protocols = CommandLine.arguments.dropFirst().first.map {
    Set($0.split(separator: ",").map(String.init))
}
let profile = Profile(
    name: "exempting", exemptNames: [.path, .unnamed], tracing: .never,
    exemptProtocols: (protocols ?? []).filter { !$0.hasPrefix("/") },
    refusedPaths: Set((protocols ?? []).filter { $0.hasPrefix("/") }.map { Array($0.utf8) }))
let supervisor = Supervisor(
    policy: Policy(profile: profile), watching: .nothing, sink: InMemorySink(),
    keptDescriptors: [], landlockABI: 0, commandEnded: {})
guard protocols != nil, let command = Command(lastArguments: CommandLine.arguments.count - 2) else {
    exit(64)
}
_ = try supervisor.run(command, filter: try supervisor.filter())
_exit(0)
