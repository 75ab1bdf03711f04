import SuperviseTestSupport
import Testing

/// The decision table of `network off`, profile `rlimit-network`, against the kernel.
@Suite("Network off: every row of the table, in every ABI")
struct TableOneTests {
    @Test("sockets", arguments: socketRows, Way.all)
    func sockets(row: Row, way: Way) async throws { try await compare(row, way) }

    @Test("addresses", arguments: addressRows, Way.all)
    func addresses(row: Row, way: Way) async throws { try await compare(row, way) }

    @Test("messages", arguments: messageRows, Way.all)
    func messages(row: Row, way: Way) async throws { try await compare(row, way) }

    @Test("other processes", arguments: tracingRows, Way.direct)
    func tracing(row: Row, way: Way) async throws { try await compare(row, way) }

    @Test("the same where every decision is logged", arguments: everything, Way.wide)
    func logged(row: Row, way: Way) async throws {
        try await compare(row, way, options: ["--log", "/dev/null", "--log-level", "all"])
    }

    @Test("the same where a filter guards the page", arguments: memoryRows, Way.all)
    func guarded(row: Row, way: Way) async throws {
        try await compare(row, way, options: ["--page-guard", "ranges"])
    }

    /// What is decided by memory, and so made with sealed arguments.
    static let memoryRows = addressRows + messageRows
    static let everything = socketRows + addressRows + messageRows

    static let socketRows = Row.table("network-off", "sockets")
    static let addressRows = Row.table("network-off", "addresses")
    static let messageRows = Row.table("network-off", "messages")
    static let tracingRows = Row.table("network-off", "other processes")
}
