import SuperviseAudit

/// What a log tells of a process, known from its start until it and all that it made have gone.
///
/// Told only when the log has a decision of it or of a process below it.
final class Biography {
    let process: ThreadID
    private let start: Timestamp
    /// The process that made it: as a number, and until it is told of what is known of it.
    private var makerNumber: Int32?
    private var maker: Biography?
    /// How many there are above it.
    private var depth = 0
    /// What it runs; nil where nobody has looked since it executed a program.
    var image: Image?
    private(set) var isTold = false
    /// How it ended, where that came before it was told of.
    var end: ProcessEvent?
    /// Whether it is known who made it.
    var hasMaker: Bool { makerNumber != nil }

    /// A program with a command line, shared by a process and what it makes.
    final class Image {
        let program: AuditEvent.Program?
        let arguments: [[UInt8]]

        init(program: AuditEvent.Program?, arguments: [[UInt8]]) {
            self.program = program
            self.arguments = arguments
        }
    }

    /// The most bytes of a command line that are kept.
    static let commandLineBytes = 512
    /// The most processes above one that are kept, and so taken apart in one go.
    private static let depthLimit = 1024

    /// Begins the story of a process that was made just now.
    init(of process: ThreadID) {
        self.process = process
        start = .now
    }

    /// Notes who made it, once.
    func note(_ maker: Biography) {
        guard makerNumber == nil, maker !== self else { return }
        makerNumber = maker.process.rawValue
        if image == nil { image = maker.image }
        guard !maker.isTold, maker.depth < Self.depthLimit else { return }
        self.maker = maker
        depth = maker.depth + 1
    }

    /// Those that are to be told of for its sake, the first of the tree first, and it itself.
    var untold: [Biography] {
        var all: [Biography] = []
        var next: Biography? = self
        while let biography = next, !biography.isTold {
            all.append(biography)
            next = biography.maker
        }
        return all.reversed()
    }

    /// What there is to tell of it up to now, which is not told again.
    func tell() -> [ProcessEvent] {
        isTold = true
        maker = nil
        depth = 0
        var told = event(.start, at: start, image)
        told.parent = makerNumber
        return [told] + (end.map { [$0] } ?? [])
    }

    /// An event of it.
    func event(_ kind: ProcessEvent.Kind, at time: Timestamp, _ image: Image? = nil) -> ProcessEvent
    {
        ProcessEvent(
            time: time, kind: kind, pid: process.rawValue, program: image?.program,
            arguments: image?.arguments)
    }
}

extension ProcessTree {
    /// Notes who made the process of a slot.
    func noteMaker(_ maker: ThreadID, of slot: Int) {
        guard let makerSlot = self.slot(of: maker), let process = tracees[slot]?.process,
            let makerProcess = tracees[makerSlot]?.process, process != makerProcess,
            let biography = processes[makerProcess]?.biography
        else { return }
        processes[process]?.biography?.note(biography)
    }
}

extension Timestamp {
    /// The time of day.
    static var now: Timestamp {
        let time = SuperviseTracer.now()
        return Timestamp(seconds: time.seconds, nanoseconds: time.nanoseconds)
    }
}
