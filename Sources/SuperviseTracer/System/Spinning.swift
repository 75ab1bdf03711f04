/// When to look for the next stop again and again instead of sleeping until it comes.
///
/// To wake a core that has gone idle takes several times what a stop does, above all on a virtual
/// machine. So while stops come closely, the tracer does not sleep between them. Each look that was
/// in vain costs `longest` at most, and is paid for by a stop: with 1,000 stops a second that all come
/// at the wrong time a twentieth of a core, and nothing where there are none. Where it is in vain more
/// than once in a row, because tracee and tracer have one core between them or the machine is busy, it
/// is left off for twice as many stops each time; where the tracer has no more than one core, it never begins.
struct Spinning: Equatable {
    /// How long to look, in nanoseconds, and what a close stop is.
    static let longest: Int64 = 50_000
    /// For how many stops it is left off at most.
    static let mostSkipped = 1024

    /// Whether there is a core for the tracee while the tracer looks.
    let isOfUse: Bool
    private var isClose = false
    private var skips = 0
    private var toSkip = 0

    init(isOfUse: Bool = true) { self.isOfUse = isOfUse }

    /// Whether to look for the next stop.
    mutating func mayBegin() -> Bool {
        guard isOfUse, isClose else { return false }
        guard toSkip == 0 else {
            toSkip -= 1
            return false
        }
        return true
    }

    /// A look is over.
    mutating func ended(found: Bool) {
        if found {
            skips = 0
        } else {
            skips = min(max(1, skips * 2), Self.mostSkipped)
            toSkip = skips
        }
    }

    /// A stop came after so many nanoseconds of sleep.
    mutating func waited(_ nanoseconds: Int64) {
        isClose = nanoseconds < Self.longest
    }
}
