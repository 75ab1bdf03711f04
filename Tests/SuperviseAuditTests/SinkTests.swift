import SuperviseAudit
import SupervisePolicy
import Testing

@Suite("Sinks of sinks")
struct SinkTests {
    @Test(
        "A level lets its results through and no others",
        arguments: [
            (.denied, [.denied, .wouldDeny]),
            (.all, [.allowed, .denied, .wouldDeny, .returned]),
        ] as [(LogLevel, [AuditEvent.Outcome])])
    func level(level: LogLevel, through: [AuditEvent.Outcome]) throws {
        let memory = InMemorySink()
        let filter = LevelFilter(level, memory)
        for result in AuditEvent.Outcome.allCases {
            try filter.record(.example.with { $0.result = result })
        }
        #expect(memory.events == through.map { result in .example.with { $0.result = result } })
    }

    @Test("A level hands on the failure of its sink, for events that it lets through")
    func levelFailure() throws {
        let memory = InMemorySink()
        let failure = SinkError(destination: "log", error: ErrorNumber(rawValue: 32))
        memory.failure = failure
        let filter = LevelFilter(.denied, memory)
        try filter.record(.minimal)
        #expect(throws: failure) { try filter.record(.example) }
    }

    @Test("Every sink gets the event, also behind one that fails; the first failure is told")
    func multiplex() throws {
        let sinks = (0..<4).map { _ in InMemorySink() }
        let multiplex = MultiplexSink(sinks)
        try multiplex.record(.minimal)
        let first = SinkError(destination: "first", error: ErrorNumber(rawValue: 28))
        sinks[1].failure = first
        sinks[2].failure = SinkError(destination: "second", error: ErrorNumber(rawValue: 32))
        #expect(throws: first) { try multiplex.record(.example) }
        #expect(
            sinks.map(\.events) == [
                [.minimal, .example], [.minimal], [.minimal], [.minimal, .example],
            ])
    }

    @Test("What becomes of processes goes through every level, to the sinks that want it")
    func processes() throws {
        let memory = InMemorySink()
        let writer = CollectingWriter()
        let multiplex = MultiplexSink([
            LevelFilter(.denied, memory), TextSink(writer: writer, color: false),
        ])
        #expect(multiplex.wantsProcesses)
        try multiplex.record(ProcessEvent.start)
        #expect(memory.processes == [.start] && writer.writes.isEmpty)
        #expect(!MultiplexSink([TextSink(writer: writer, color: false)]).wantsProcesses)
    }

    @Test("Losses are counted, told of once, and end when the sink takes events again")
    func losses() {
        let memory = InMemorySink()
        var told: [SinkError] = []
        var isHeard = false
        let counting = LossCountingSink(memory) {
            if isHeard { told.append($0) }
            return isHeard
        }
        counting.record(.example)
        let first = SinkError(destination: "log", error: ErrorNumber(rawValue: 28))
        memory.failure = first
        counting.record(.example)
        isHeard = true
        counting.record(.example)
        memory.failure = SinkError(destination: "log", error: ErrorNumber(rawValue: 32))
        counting.record(.minimal)
        counting.record(ProcessEvent.start)
        memory.failure = nil
        counting.record(.minimal)
        #expect(told == [first] && counting.lost == 4)
        #expect(memory.events == [.example, .minimal] && memory.processes.isEmpty)
    }

    @Test("No sinks are a sink that drops everything")
    func nothing() throws {
        try MultiplexSink([]).record(.example)
    }

    @Test(
        "The words of the command line are the levels' names",
        arguments: [("denied", .denied), ("all", .all), ("some", nil)] as [(String, LogLevel?)])
    func names(name: String, level: LogLevel?) {
        #expect(LogLevel(rawValue: name) == level)
    }
}
