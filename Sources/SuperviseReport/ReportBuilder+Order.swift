extension ReportBuilder {
    /// The processes, each followed by those that it made, by their starts; and the calls, with the places
    /// that their processes have then.
    static func inTreeOrder(
        _ processes: [Report.Process], _ calls: [Report.Call]
    ) -> (processes: [Report.Process], calls: [Report.Call]) {
        var below = [[Int]](repeating: [], count: processes.count)
        var roots: [Int] = []
        for (place, process) in processes.enumerated() {
            // One of a forged log could lead in a circle: then nothing of it is below a root.
            if let parent = process.parent, parent != place {
                below[parent].append(place)
            } else {
                roots.append(place)
            }
        }
        func sorted(_ places: [Int]) -> [Int] {
            places.sorted { (processes[$0].start, $0) < (processes[$1].start, $1) }
        }
        var ordered: [Report.Process] = []
        var newPlace = [Int?](repeating: nil, count: processes.count)
        func visit(_ root: Int) {
            var waiting: [(place: Int, parent: Int?, depth: Int)] = [(root, nil, 0)]
            while let next = waiting.popLast() {
                guard newPlace[next.place] == nil else { continue }
                newPlace[next.place] = ordered.count
                var process = processes[next.place]
                process.parent = next.parent
                process.depth = next.depth
                ordered.append(process)
                for child in sorted(below[next.place]).reversed() {
                    waiting.append((child, newPlace[next.place], next.depth + 1))
                }
            }
        }
        for root in sorted(roots) { visit(root) }
        for place in processes.indices where newPlace[place] == nil { visit(place) }
        for place in ordered.indices.reversed() {
            guard let parent = ordered[place].parent else { continue }
            ordered[parent].descendants += ordered[place].descendants + 1
            ordered[parent].lastSeen = max(ordered[parent].lastSeen, ordered[place].lastSeen)
        }
        let moved = calls.map { call in
            var call = call
            call.process = newPlace[call.process] ?? 0
            return call
        }
        return (ordered, moved)
    }

    /// What was asked for, the most refused first, then the most asked for.
    static func endpoints(of calls: [Report.Call]) -> [Report.Endpoint] {
        struct Key: Hashable {
            var operation: String
            var protocolName: String?
            var endpoint: String?
        }
        var places: [Key: Int] = [:]
        var all: [Report.Endpoint] = []
        for call in calls {
            let key = Key(
                operation: call.operation, protocolName: call.protocolName, endpoint: call.endpoint)
            let place = places[key] ?? all.count
            if place == all.count {
                places[key] = place
                all.append(
                    Report.Endpoint(
                        operation: call.operation, protocolName: call.protocolName,
                        endpoint: call.endpoint, first: call.time, last: call.time))
            }
            all[place].add(call)
        }
        return all.enumerated().sorted {
            ($1.element.refused, $1.element.allowed, $0.offset)
                < ($0.element.refused, $0.element.allowed, $1.offset)
        }.map(\.element)
    }
}

extension Report.Endpoint {
    /// The most programs that are named.
    private static let programLimit = 8

    fileprivate mutating func add(_ call: Report.Call) {
        if call.isRefused { refused += 1 } else { allowed += 1 }
        if call.hasFailed { failed += 1 }
        first = min(first, call.time)
        last = max(last, call.time)
        name = name ?? call.name
        let program = call.program.map(lastComponent) ?? "?"
        if programs.count < Self.programLimit, !programs.contains(program) {
            programs.append(program)
        }
    }
}
