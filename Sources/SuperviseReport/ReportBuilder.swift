import SuperviseAudit

/// Puts the lines of a log together.
struct ReportBuilder {
    private var processes: [Report.Process] = []
    private var calls: [Report.Call] = []
    private var stacks: [Report.Stack] = []
    private var origin: Timestamp?
    /// The places of the processes of a number, the oldest first.
    private var byNumber: [Int32: [Int]] = [:]
    /// The place of a call by its number, the latest of that number.
    private var bySeq: [UInt64: Int] = [:]
    private var stackPlaces: [Report.Stack: Int] = [:]
    /// Calls whose number another one has.
    private var sharingNumbers = 0
    private var hasAllowed = false

    enum Addition {
        case added, twice, unknown
    }

    mutating func add(_ line: LogLine) -> Addition {
        // Times count from the first line's; what came before it is shifted at the end.
        let start = origin ?? line.time
        guard let time = line.time.nanoseconds(since: start) else { return .unknown }
        origin = start
        if let decision = line.decision { return add(decision, of: line, at: time) }
        switch line.event {
        case "start": return addStart(line, at: time)
        case "exec":
            let place = process(line.pid, at: time)
            let arguments = line.arguments ?? []
            if processes[place].executed.last?.time == time { return .twice }
            processes[place].executed.append((time, line.program, arguments))
            processes[place].program = line.program ?? processes[place].program
            processes[place].arguments = arguments
        case "exit":
            let place = process(line.pid, at: time)
            guard processes[place].end == nil else { return .twice }
            processes[place].end = time
            processes[place].lastSeen = max(processes[place].lastSeen, time)
            processes[place].ending =
                line.signal.map { "signal \($0)" } ?? line.status.map { "exit \($0)" }
        default: return .unknown
        }
        return .added
    }

    private mutating func addStart(_ line: LogLine, at time: Int64) -> Addition {
        if let known = byNumber[line.pid]?.last, processes[known].start == time,
            processes[known].program == line.program
        {
            return .twice
        }
        var process = Report.Process(pid: line.pid, start: time, lastSeen: time)
        process.program = line.program
        process.arguments = line.arguments ?? []
        // The number may have been given to another process since.
        process.parent = line.parent.flatMap { number in
            let all = byNumber[number] ?? []
            return all.last { processes[$0].start <= time } ?? all.last
        }
        append(process)
        return .added
    }

    private mutating func append(_ process: Report.Process) {
        byNumber[process.pid, default: []].append(processes.count)
        processes.append(process)
    }

    /// The place of the process that has a number now; one that was not told of is added.
    private mutating func process(_ pid: Int32, at time: Int64) -> Int {
        if let place = byNumber[pid]?.last { return place }
        append(Report.Process(pid: pid, start: time, lastSeen: time))
        return processes.count - 1
    }

    // MARK: - Decisions

    private mutating func add(
        _ decision: LogLine.Decision, of line: LogLine, at time: Int64
    ) -> Addition {
        let known = bySeq[decision.seq]
        if decision.result == .returned, let known {
            let call = calls[known]
            if processes[call.process].pid == line.pid, call.tid == decision.tid {
                guard call.returned == nil else { return .twice }
                calls[known].returned = decision.returned
                calls[known].took = max(0, time - call.time)
                if !call.isRefused { calls[known].errno = decision.errno }
                return .added
            }
        }
        if let known {
            if calls[known].time == time, calls[known].tid == decision.tid { return .twice }
            sharingNumbers += 1
        }
        let place = caller(line, at: time)
        var call = Report.Call(
            time: time, seq: decision.seq, process: place, tid: decision.tid,
            program: line.program ?? decision.command, call: decision.call, abi: decision.abi,
            operation: decision.operation, protocolName: decision.protocolName,
            endpoint: decision.remote ?? decision.local, name: decision.name,
            result: decision.result, errno: decision.errno, returned: decision.returned,
            rule: decision.rule, place: decision.place)
        call.stack = stack(decision, line)
        hasAllowed = hasAllowed || call.result == .allowed
        processes[place].lastSeen = max(processes[place].lastSeen, time)
        if call.isRefused { processes[place].refused += 1 } else { processes[place].allowed += 1 }
        bySeq[decision.seq] = calls.count
        calls.append(call)
        return .added
    }

    /// The place of the process that a decision is about, with what its line tells of it.
    private mutating func caller(_ line: LogLine, at time: Int64) -> Int {
        let isNew = byNumber[line.pid] == nil
        let place = process(line.pid, at: time)
        if processes[place].program == nil { processes[place].program = line.program }
        if processes[place].arguments.isEmpty {
            processes[place].arguments = line.arguments ?? []
        }
        guard isNew, let parents = line.parents else { return place }
        // A log without lines of processes has their chain with each stack.
        var child = place
        for parent in parents {
            let isNewParent = byNumber[parent.pid] == nil
            let above = process(parent.pid, at: time)
            if above == child { break }
            processes[child].parent = above
            guard isNewParent else { break }
            processes[above].program = parent.arguments.first.map(lastComponent)
            processes[above].arguments = parent.arguments
            child = above
        }
        return place
    }

    private mutating func stack(_ decision: LogLine.Decision, _ line: LogLine) -> Int? {
        guard let frames = decision.backtrace else { return nil }
        let stack = Report.Stack(
            frames: frames.map(\.text), commandLine: Report.line(line.arguments ?? []),
            parents: (line.parents ?? []).map { Report.line($0.arguments) })
        if let place = stackPlaces[stack] { return place }
        stackPlaces[stack] = stacks.count
        stacks.append(stack)
        return stacks.count - 1
    }

    // MARK: - The whole

    /// The report on all lines that were added.
    func report() -> Report {
        var report = Report()
        guard let origin else { return report }
        (report.processes, report.calls) = Self.inTreeOrder(processes, calls)
        report.stacks = stacks
        // What a process's first line tells can be earlier than the log's.
        let first = min(
            processes.map(\.start).min() ?? .max, calls.map(\.time).min() ?? .max)
        let last = max(
            processes.map { max($0.lastSeen, $0.end ?? 0, $0.executed.last?.time ?? 0) }.max() ?? 0,
            calls.map { $0.time + ($0.took ?? 0) }.max() ?? 0)
        report.start = origin.adding(nanoseconds: first)
        report.duration = last - first
        for index in report.processes.indices { report.processes[index].shift(by: -first) }
        for index in report.calls.indices { report.calls[index].time -= first }
        report.endpoints = Self.endpoints(of: report.calls)
        report.remarks = remarks
        return report
    }

    private var remarks: [String] {
        var all: [String] = []
        if sharingNumbers > 0 {
            all.append(
                sharingNumbers == 1
                    ? "A call has the number of another: is this the log of more than one run?"
                    : "\(sharingNumbers) calls have numbers of others: is this the log of more than one run?"
            )
        }
        // A log of refusals alone has such gaps by nature.
        if hasAllowed, sharingNumbers == 0, let last = bySeq.keys.max(),
            let first = bySeq.keys.min()
        {
            let missing = last - first + 1 - UInt64(bySeq.count)
            if missing > 0, missing <= UInt64(Int32.max) {
                all.append(
                    missing == 1
                        ? "A number between those of the calls is missing: an event was lost."
                        : "\(missing) numbers between those of the calls are missing: events were lost."
                )
            }
        }
        return all
    }
}

extension LogLine.Frame {
    /// The frame as one line, as logs in text have it.
    var text: String {
        var text = pc
        if let symbol { text += " \(symbol)" }
        if let file { text += " at \(file)" + (line.map { ":\($0)" } ?? "") }
        if let module { text += " in \(module)" + (offset.map { "+\($0)" } ?? "") }
        return text
    }
}

extension Report.Process {
    fileprivate mutating func shift(by nanoseconds: Int64) {
        start += nanoseconds
        lastSeen += nanoseconds
        end = end.map { $0 + nanoseconds }
        for index in executed.indices { executed[index].time += nanoseconds }
    }
}
