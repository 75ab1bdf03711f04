import Glibc
import Testing

@testable import SuperviseTracer

@Suite("The process tree")
struct ProcessTreeTests {
    /// The threads of each process, by their numbers, in the order of their places.
    private func threads(_ tree: ProcessTree) -> [[Int32]] {
        tree.processes.slots.map { process in
            tree.threads(of: process).compactMap { tree.tracees[$0]?.thread.rawValue }
        }
    }

    private func id(_ number: Int32) -> ThreadID { ThreadID(rawValue: number) }

    @Test("Asks the kernel whether a number is a thread of a process")
    func isThreadOf() throws {
        let specimen = try Specimen()
        let leader = specimen.thread
        #expect(isThread(leader, of: leader))
        #expect(isThread(try specimen.id("thread"), of: leader))
        #expect(isThread(try specimen.id("own-table"), of: leader))
        #expect(!isThread(try specimen.id("child"), of: leader))
        #expect(!isThread(leader, of: try specimen.id("child")))
        #expect(!isThread(leader, of: try specimen.id("thread")))
        #expect(!isThread(id(4_194_303), of: leader))
        #expect(SuperviseTracer.leader(of: try specimen.id("thread")) == leader)
        #expect(SuperviseTracer.leader(of: try specimen.id("child")) == (try specimen.id("child")))
        #expect(SuperviseTracer.leader(of: id(4_194_303)) == nil)
    }

    @Test("Puts what is announced where it belongs: threads to their process, children apart")
    func announced() throws {
        let specimen = try Specimen()
        let tree = try #require(ProcessTree())
        let (thread, child) = (try specimen.id("thread"), try specimen.id("child"))
        tree.addRoot(specimen.thread)
        tree.announce(thread, by: specimen.thread)
        tree.announce(child, by: thread)
        tree.announce(try specimen.id("own-table"), by: thread)
        #expect(
            threads(tree) == [
                [
                    specimen.thread.rawValue, thread.rawValue,
                    try specimen.id("own-table").rawValue,
                ],
                [child.rawValue],
            ])
        #expect(tree.processes.slots.map { tree.processes[$0]?.threads } == [3, 1])
        #expect(
            tree.processes.slots.map { tree.processes[$0]?.leader } == [specimen.thread, child])
    }

    @Test("Knows nobody whom the tracer does not trace, though a former one had the number")
    func untraced() throws {
        let specimen = try Specimen()
        let tree = try #require(ProcessTree())
        tree.addRoot(specimen.thread)
        tree.isTraced = isTraced
        tree.announce(try specimen.id("thread"), by: specimen.thread)
        #expect(threads(tree) == [[specimen.thread.rawValue]])
        // A child of the caller's can be told as a tracee can.
        #expect(isTraced(specimen.thread))
    }

    @Test("Puts what stops before it is announced where it belongs, and only once")
    func adopted() throws {
        let specimen = try Specimen()
        let tree = try #require(ProcessTree())
        let (thread, child) = (try specimen.id("thread"), try specimen.id("child"))
        tree.addRoot(specimen.thread)
        let slot = tree.adopt(thread)
        #expect(tree.slot(of: thread) == slot)
        _ = tree.adopt(child)
        tree.announce(thread, by: specimen.thread)
        tree.announce(child, by: specimen.thread)
        #expect(
            threads(tree) == [[specimen.thread.rawValue, thread.rawValue], [child.rawValue]])
    }

    @Test(
        "Gives a child that is announced late its maker's filters, and its page unless it executed a program",
        arguments: [false, true])
    func announcedLate(executes: Bool) throws {
        let tree = try #require(ProcessTree())
        let (maker, child) = (id(4_000_000), id(4_000_001))
        let slot = tree.addRoot(maker)
        let process = try #require(tree.tracees[slot]?.process)
        tree.updateProcess(process) {
            $0.mayInject = false
            $0.hasOwnFilters = true
            $0.page = .mapped(0x7e00_0000)
            $0.hidItself = true
        }
        tree.update(slot) { $0.hasSeenPage = true }
        let adopted = tree.adopt(child)
        let made = try #require(tree.tracees[adopted]?.process)
        if executes { tree.executed(child, former: child) }
        tree.announce(child, by: maker)
        let known = try #require(tree.processes[made])
        #expect(!known.mayInject)
        #expect(known.hasOwnFilters == true)
        #expect(known.page == (executes ? .none : .mapped(0x7e00_0000)))
        #expect(known.hidItself == !executes)
    }

    @Test("Does not add who has died before being announced")
    func earlyDeath() throws {
        let specimen = try Specimen()
        let child = try specimen.id("child")
        let tree = try #require(ProcessTree())
        tree.addRoot(specimen.thread)
        for _ in 0..<100 { tree.remove(id(4_000_001)) }
        for _ in 0..<101 { tree.announce(id(4_000_001), by: specimen.thread) }
        #expect(threads(tree) == [[specimen.thread.rawValue]])
        // Nor whose number nobody has, whatever was told of it.
        tree.announce(id(4_000_002), by: specimen.thread)
        #expect(threads(tree) == [[specimen.thread.rawValue]])
        tree.announce(child, by: specimen.thread)
        #expect(threads(tree) == [[specimen.thread.rawValue], [child.rawValue]])
    }

    /// A tree with a process that has the page and hides nothing, its filters known.
    private func treeWithPage(_ specimen: Specimen) throws -> ProcessTree {
        let tree = try #require(ProcessTree(keepsLineage: true))
        let slot = tree.addRoot(specimen.thread)
        tree.update(slot) { $0.hasSeenPage = true }
        tree.updateProcess(0) { $0.page = .mapped(0x7e00_0000) }
        return tree
    }

    /// What is known of the process of a thread.
    private func known(_ thread: ThreadID, _ tree: ProcessTree) throws -> Process {
        let slot = try #require(tree.slot(of: thread))
        let process = try #require(tree.tracees[slot]?.process)
        return try #require(tree.processes[process])
    }

    /// One that had the number ended before its maker's event, unknown or at its first stop by then; the
    /// next one is announced at first, or stops.
    @Test(
        "Gives nothing of a maker's to one that may be another's", arguments: [false, true],
        [false, true])
    func doubtful(formerStopped: Bool, stopsFirst: Bool) throws {
        let specimen = try Specimen()
        let child = try specimen.id("child")
        let tree = try treeWithPage(specimen)
        if formerStopped { _ = tree.adopt(child) }
        tree.remove(child)
        if stopsFirst { _ = tree.adopt(child) }
        tree.announce(child, by: specimen.thread)
        let found = try known(child, tree)
        #expect(found.page == .none && found.hasOwnFilters == true && found.hidItself)
        #expect(found.isAnnounced)
        guard case .unknown = found.lineage else {
            Issue.record("a lineage that may be another's")
            return
        }
        // What comes later changes nothing.
        tree.announce(child, by: specimen.thread)
        #expect(try known(child, tree).page == .none)
    }

    @Test("Believes the second of two events no more than the first, before the first stop")
    func twice() throws {
        let specimen = try Specimen()
        let child = try specimen.id("child")
        let tree = try treeWithPage(specimen)
        tree.announce(child, by: specimen.thread)
        #expect(try known(child, tree).page == .mapped(0x7e00_0000))
        tree.announce(child, by: specimen.thread)
        #expect(try known(child, tree).page == .none)
    }

    @Test("Takes an event about one that has begun and was told of for a former one's")
    func late() throws {
        let specimen = try Specimen()
        let child = try specimen.id("child")
        let tree = try treeWithPage(specimen)
        tree.announce(child, by: specimen.thread)
        let slot = try #require(tree.slot(of: child))
        tree.noteIdentity(slot)
        tree.announce(child, by: specimen.thread)
        #expect(try known(child, tree).page == .mapped(0x7e00_0000))
    }

    @Test("Tells who has begun from whoever else has the number", arguments: [true, false])
    func identities(pidfds: Bool) throws {
        let specimen = try Specimen()
        let (thread, child) = (try specimen.id("thread"), try specimen.id("child"))
        let tree = try #require(ProcessTree())
        tree.usesThreadPidfds = pidfds
        tree.addRoot(specimen.thread)
        tree.announce(thread, by: specimen.thread)
        tree.announce(child, by: specimen.thread)
        let slots = try [specimen.thread, thread, child].map { try #require(tree.slot(of: $0)) }
        for slot in slots { tree.noteIdentity(slot) }
        #expect(slots.map(tree.isGone) == [false, false, false])
        for slot in slots { tree.update(slot) { $0.identity = .number(1) } }
        #expect(slots.map(tree.isGone) == [true, true, true])
        for slot in slots { tree.update(slot) { $0.identity = .since(1) } }
        #expect(slots.map(tree.isGone) == [true, true, true])
        // Nobody has begun that was not seen at a stop.
        for slot in slots { tree.update(slot) { $0.identity = nil } }
        #expect(slots.map(tree.isGone) == [false, false, false])
    }

    @Test("Does not take out who has a thread's former number by the time its exec is told")
    func formerNumber() throws {
        let specimen = try Specimen()
        let child = try specimen.id("child")
        let tree = try #require(ProcessTree())
        tree.addRoot(specimen.thread)
        tree.announce(child, by: specimen.thread)
        tree.executed(specimen.thread, former: child)
        #expect(threads(tree) == [[specimen.thread.rawValue], [child.rawValue]])
    }

    @Test("Takes a process out with its leader, whatever took over the leader's number unseen")
    func lostExecs() throws {
        let specimen = try Specimen()
        let tree = try #require(ProcessTree())
        let (thread, child) = (try specimen.id("thread"), try specimen.id("child"))
        tree.addRoot(specimen.thread)
        tree.announce(thread, by: specimen.thread)
        tree.announce(child, by: specimen.thread)
        let lost = try #require(tree.slot(of: thread))
        #expect(tree.lostSisters(of: thread) == [])
        #expect(tree.lostSisters(of: child) == [])
        #expect(tree.lostSisters(of: specimen.thread) == [lost])
        tree.takeOut(lost)
        #expect(tree.slot(of: thread) == nil && tree.lostSisters(of: specimen.thread) == [])
        tree.remove(specimen.thread)
        #expect(threads(tree) == [[child.rawValue]])
    }

    @Test("Takes a process out with its last thread, and gives its places to others")
    func removal() throws {
        let specimen = try Specimen()
        let tree = try #require(ProcessTree())
        let (thread, child) = (try specimen.id("thread"), try specimen.id("child"))
        tree.addRoot(specimen.thread)
        let slot = tree.adopt(thread)
        tree.remove(specimen.thread)
        #expect(threads(tree) == [[thread.rawValue]])
        #expect(tree.slot(of: specimen.thread) == nil)
        tree.update(slot) { $0.phase = .awaitingPage }
        tree.remove(thread)
        #expect(threads(tree) == [])
        #expect(tree.tracees.count == 0 && tree.processes.count == 0)
        // What the former holder of a place was doing is no concern of the next one.
        #expect(tree.adopt(child) == slot)
        guard case .running = tree.tracees[slot]?.phase else {
            Issue.record("a new tracee is in the call of the former one")
            return
        }
    }

    @Test("Follows an exec by the leader: everything that was known of the program is dropped")
    func execByLeader() throws {
        let specimen = try Specimen()
        let tree = try #require(ProcessTree())
        let slot = tree.addRoot(specimen.thread)
        var bytes: [UInt8] = []
        _ = TraceeMemory(tree: tree).readBytes(
            try specimen.number("memory"), count: 1, of: slot, into: &bytes)
        _ = TraceeSockets(tree: tree).look(at: 0, of: slot)
        #expect(tree.processes[0]?.memory != nil)
        #expect(tree.tracees[slot]?.pidfd != nil)
        tree.update(slot) { $0.phase = .awaitingPage }
        tree.executed(specimen.thread, former: specimen.thread)
        #expect(tree.processes[0]?.memory == nil)
        #expect(tree.tracees[slot]?.pidfd == nil)
        guard case .running? = tree.tracees[slot]?.phase else {
            Issue.record("still in the former program's call")
            return
        }
        #expect(threads(tree) == [[specimen.thread.rawValue]])
    }

    @Test("Follows an exec by another thread, which takes over its leader's number and place")
    func execByThread() throws {
        let specimen = try Specimen()
        let tree = try #require(ProcessTree())
        let thread = try specimen.id("thread")
        let slot = tree.addRoot(specimen.thread)
        tree.announce(thread, by: specimen.thread)
        tree.executed(specimen.thread, former: thread)
        #expect(threads(tree) == [[specimen.thread.rawValue]])
        #expect(tree.slot(of: specimen.thread) == slot)
        #expect(tree.slot(of: thread) == nil)
        // The other threads are gone too, and told one by one; the former number is free.
        tree.announce(thread, by: specimen.thread)
        #expect(threads(tree) == [[specimen.thread.rawValue, thread.rawValue]])
    }

    @Test("Closes what others hold open, and nothing of the one that needs more")
    func releasing() throws {
        let (first, second) = (try Specimen(), try Specimen())
        let tree = try #require(ProcessTree())
        let slots = [tree.addRoot(first.thread), tree.adopt(second.thread)]
        let (memory, sockets) = (TraceeMemory(tree: tree), TraceeSockets(tree: tree))
        for (slot, specimen) in zip(slots, [first, second]) {
            var bytes: [UInt8] = []
            _ = memory.readBytes(
                try specimen.number("memory"), count: 1, of: slot, into: &bytes)
            _ = sockets.look(at: 0, of: slot)
        }
        tree.releaseDescriptors(but: first.thread)
        #expect(slots.map { tree.tracees[$0]?.pidfd == nil } == [false, true])
        #expect(slots.map { tree.processes[$0]?.memory == nil } == [false, true])
        // It is opened again when it is needed again.
        var bytes: [UInt8] = []
        #expect(
            memory.readBytes(try second.number("memory"), count: 1, of: slots[1], into: &bytes)
                == .bytes(1))
        #expect(
            sockets.look(at: try second.descriptor("tcp"), of: slots[1])
                == sockets.look(at: try first.descriptor("tcp"), of: slots[0]))
    }
}
