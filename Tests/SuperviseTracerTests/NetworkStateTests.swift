import CSupervise
import Foundation
import SuperviseFilter
import SupervisePolicy
import Testing

@testable import SuperviseTracer

@Suite("Who has given the network up")
struct NetworkStateTests {
    private static let lowered = NetworkLimit(soft: 0, hard: 7)

    /// The slot of a thread.
    private func slot(_ thread: ThreadID, _ tree: ProcessTree) throws -> Int {
        try #require(tree.slot(of: thread))
    }

    /// What the process of a thread has given up.
    private func network(_ thread: ThreadID, _ tree: ProcessTree) throws -> ProcessNetwork {
        let process = try #require(tree.tracees[try slot(thread, tree)]?.process)
        return try #require(tree.processes[process]?.network)
    }

    /// Runs in a thread that has a filter of its own, as its process's others have not.
    private func withFilter(_ body: @escaping @Sendable (ThreadID) throws -> Void) throws {
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var result: Result<Void, any Error> = .success(())
        Thread.detachNewThread {
            let allow: [UInt64] = [0x7fff_0000_0000_0006]
            let error = allow.withUnsafeBytes {
                csupervise_set_no_new_privileges()
                    | csupervise_seccomp_install($0.baseAddress, 1)
            }
            result = Result {
                try #require(error == 0)
                let link = try FileManager.default.destinationOfSymbolicLink(
                    atPath: "/proc/thread-self")
                let number = try #require(link.split(separator: "/").last.flatMap { Int32($0) })
                try body(ThreadID(rawValue: number))
            }
            done.signal()
        }
        done.wait()
        try result.get()
    }

    @Test("A child inherits the limit of its maker's process, and the flags of its maker")
    func inherited() throws {
        let specimen = try Specimen()
        let tree = try #require(ProcessTree())
        let (thread, child) = (try specimen.id("thread"), try specimen.id("child"))
        tree.addRoot(specimen.thread)
        #expect(!tree.hasGivenUp)
        tree.announce(thread, by: specimen.thread)
        tree.updateNetwork(process: 0) {
            $0.limit = Self.lowered
            $0.hasRing = true
            $0.hasListener = true
        }
        tree.updateNetwork(thread: try slot(thread, tree)) {
            $0.flags = .off
            $0.isArmed = true
        }
        tree.announce(child, by: thread)
        // Whoever shares a ring's memory has the thread of the kernel's that works by it.
        #expect(
            try network(child, tree)
                == ProcessNetwork(
                    limit: Self.lowered, isArmed: true, hasRing: true, hasListener: true))
        let own = try #require(tree.tracees[try slot(child, tree)]?.network)
        #expect(own.flags == .off && own.maker == .known)
        #expect(tree.tracees[try slot(specimen.thread, tree)]?.network.flags == [])
    }

    @Test("A child that was on its way when the filter came has what it was made with")
    func onItsWay() throws {
        let specimen = try Specimen()
        let (first, second) = (specimen.thread, try specimen.id("child"))
        defer { specimen.end() }
        try withFilter { maker in
            let tree = try #require(ProcessTree())
            tree.addRoot(maker)
            tree.updateNetwork(process: 0) {
                $0.limit = .off
                $0.formerLimit = .on
                $0.isArmed = true
            }
            // It lacks a filter that its maker has.
            tree.announce(first, by: maker)
            #expect(try network(first, tree) == ProcessNetwork())
            // There can be one such child at most: the kernel makes one at a time for each thread.
            tree.announce(second, by: maker)
            #expect(try network(second, tree) == ProcessNetwork(limit: .off, isArmed: true))
        }
    }

    @Test("A first stop lasts until the maker is known, where that matters")
    func awaited() throws {
        let specimen = try Specimen()
        let (thread, child) = (try specimen.id("thread"), try specimen.id("child"))
        let tree = try #require(ProcessTree())
        tree.addRoot(specimen.thread)
        // Nobody has given anything up: it goes on, and was made before anybody does.
        let early = tree.adopt(thread)
        #expect(!tree.mustAwaitOrigin(early))
        tree.updateNetwork(process: 0) { $0.limit = Self.lowered }
        #expect(!tree.mustAwaitOrigin(early))
        let late = tree.adopt(child)
        #expect(tree.mustAwaitOrigin(late))
        #expect(!tree.isNetworkOff(thread: late))
        tree.announce(child, by: specimen.thread)
        #expect(!tree.mustAwaitOrigin(late))
        #expect(tree.isNetworkOff(thread: late))
    }

    @Test("Whose maker is lost has the least that anybody has, until it is found after all")
    func lost() throws {
        let specimen = try Specimen()
        let child = try specimen.id("child")
        let tree = try #require(ProcessTree())
        tree.addRoot(specimen.thread)
        tree.updateNetwork(process: 0) { $0.limit = NetworkLimit(soft: 3, hard: 7) }
        tree.updateNetwork(thread: 0) { $0.flags = .off }
        let slot = tree.adopt(child)
        #expect(tree.mustAwaitOrigin(slot))
        tree.assumeStrictest(slot)
        #expect(!tree.mustAwaitOrigin(slot))
        #expect(try network(child, tree).limit == NetworkLimit(soft: 3, hard: 7))
        #expect(tree.isNetworkOff(thread: slot))
        tree.update(0) { $0.network.flags = [] }
        tree.announce(child, by: specimen.thread)
        #expect(!tree.isNetworkOff(thread: slot))
    }

    @Test("A process is off by its limit, or when all its threads are")
    func off() throws {
        let specimen = try Specimen()
        let tree = try #require(ProcessTree())
        tree.addRoot(specimen.thread)
        tree.announce(try specimen.id("thread"), by: specimen.thread)
        #expect(!tree.isNetworkOff(process: 0))
        tree.updateNetwork(thread: 0) { $0.flags = .off }
        #expect(!tree.isNetworkOff(process: 0))
        #expect(tree.isNetworkOff(thread: 0) && !tree.isNetworkOff(thread: 1))
        tree.updateNetwork(thread: 1) { $0.flags = .off }
        #expect(tree.isNetworkOff(process: 0))
        tree.updateNetwork(thread: 1) { $0.flags = [] }
        tree.updateNetwork(process: 0) { $0.limit = .off }
        #expect(tree.isNetworkOff(process: 0) && tree.isNetworkOff(thread: 1))
        // What is not known has nothing.
        #expect(tree.isNetworkOff(process: 9) && tree.isNetworkOff(thread: 9))
    }

    /// A form, a limit, and how it stands in memory.
    static let forms: [(LimitForm, NetworkLimit, [UInt8])] = [
        (.wide, NetworkLimit(soft: 1, hard: .max), [1] + zeros(7) + ones(8)),
        (.narrow, NetworkLimit(soft: 0x0102_0304, hard: .max), [4, 3, 2, 1] + ones(4)),
        (.narrow, .off, zeros(8)),
    ]

    private static func zeros(_ count: Int) -> [UInt8] { Array(repeating: 0, count: count) }
    private static func ones(_ count: Int) -> [UInt8] { Array(repeating: 255, count: count) }

    @Test("Limits are as wide as the call has them", arguments: forms)
    func form(form: LimitForm, limit: NetworkLimit, bytes: [UInt8]) {
        #expect(form.bytes(limit) == bytes)
        #expect(form.limit(bytes) == limit)
    }

    @Test("What a narrow form cannot tell is told as its greatest value")
    func cut() {
        let limit = NetworkLimit(soft: 0x1_0000_0000, hard: .max)
        #expect(LimitForm.narrow.bytes(limit) == Self.ones(8))
        #expect(LimitForm.old.bytes(limit) == [255, 255, 255, 127, 255, 255, 255, 127])
    }
}
