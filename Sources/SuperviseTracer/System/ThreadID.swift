/// The number of a thread in the tracer's pid namespace; a process has that of its first thread.
struct ThreadID: RawRepresentable, Hashable, Sendable {
    let rawValue: Int32

    init(rawValue: Int32) {
        self.rawValue = rawValue
    }
}
