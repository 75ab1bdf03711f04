import Glibc
import Testing

@testable import SuperviseTracer

@Suite("A tracee's memory")
struct TraceeMemoryTests {
    private let specimen: Specimen
    private let tree: ProcessTree
    private let memory: TraceeMemory
    private let slot: Int
    /// Six pages: plain, unmapped, PROT_NONE, write-only, read-only, unmapped.
    private let base: UInt64

    init() throws {
        specimen = try Specimen()
        tree = try #require(ProcessTree())
        slot = tree.addRoot(specimen.thread)
        memory = TraceeMemory(tree: tree)
        base = try specimen.number("memory")
    }

    /// What stands in the pages at an offset.
    private func content(_ offset: Int, _ count: Int) -> [UInt8] {
        (offset..<offset + count).map { UInt8($0 % 251) }
    }

    private func read(_ address: UInt64, _ count: Int) -> (MemoryRead, [UInt8]) {
        var bytes: [UInt8] = [1, 2, 3]
        let result = memory.readBytes(address, count: count, of: slot, into: &bytes)
        return (result, bytes)
    }

    @Test(
        "Is read up to the first byte that nobody can read",
        arguments: [
            (0, 16, 16), (100, 4096 - 100, 3996), (0, 4096, 4096), (4095, 1, 1),
            // Into the unmapped page, and from it.
            (4090, 16, 6), (0, 9000, 4096), (4095, 2, 1), (4096, 1, 0), (5000, 10_000, 0),
            // A tracer reads through protections, over three pages; then nothing is mapped.
            (8192, 12288, 12288), (8192, 20_000, 12288), (8192, 8, 8), (12288, 8, 8),
            (20480, 1, 0),
            (0, 0, 0), (4096, 0, 0),
        ])
    func bytes(offset: Int, count: Int, got: Int) {
        let (result, bytes) = read(base + UInt64(offset), count)
        #expect(result == .bytes(got))
        #expect(bytes == content(offset, got))
    }

    @Test(
        "Cannot be read where no program has any",
        arguments: [
            0, 1, 0x7fff_ffff_f000, 0x8000_0000_0000, 0xffff_ffff_8000_0000, .max - 1, .max,
        ] as [UInt64], [false, true])
    func nowhere(address: UInt64, looks: Bool) {
        if looks { tree.sharedMemory = 1 }
        let (result, bytes) = read(address, 8)
        #expect(result == .bytes(0))
        #expect(bytes == [])
        #expect(!memory.isAccessible(address, count: 8, of: slot))
    }

    @Test("Read for an address is at most as much as any call takes")
    func addresses() {
        for (length, got) in [(0, 0), (-1, 0), (.min, 0), (16, 16), (128, 128), (.max, 128)] {
            var address = AddressBytes()
            #expect(
                memory.readAddress(base, length: length, of: slot, into: &address) == .bytes(got))
            #expect(address.count == got)
            #expect((0..<got).allSatisfy { address.storage[$0] == UInt8($0) })
        }
        var address = AddressBytes()
        #expect(memory.readAddress(base + 4090, length: 16, of: slot, into: &address) == .bytes(6))
        #expect(address.count == 6)
    }

    /// Whether the kernel can tell, Linux 6.11.
    private var hasQuery: Bool {
        let answer = !memory.isAccessible(base + 4096, count: 1, of: slot)
        if !answer { print("skipped: the kernel has no PROCMAP_QUERY") }
        return answer
    }

    @Test(
        "Is accessible to the program as its pages say",
        arguments: [
            (0, 4096, true, true),
            (4095, 2, false, false),
            (4096, 1, false, false),
            (8192, 1, false, false),
            (8191, 2, false, false),
            // What can be written can be read, on x86.
            (12288, 4096, true, true),
            (12287, 2, false, false),
            (16384, 4096, true, false),
            (12288, 8192, true, false),
            (16384, 4097, false, false),
            (20479, 1, true, false),
            (4096, 0, true, true),
        ], [false, true])
    func access(row: (offset: Int, count: Int, readable: Bool, writable: Bool), looks: Bool) {
        guard hasQuery else { return }
        let (offset, count, readable, writable) = row
        let address = base + UInt64(offset)
        // What the read before has seen is not asked for again.
        if looks {
            tree.sharedMemory = 1
            _ = read(address, count)
        }
        #expect(memory.isAccessible(address, count: count, of: slot) == readable)
        #expect(
            memory.isAccessible(address, count: count, of: slot, forWriting: true) == writable)
    }

    @Test("Is the new program's after an exec, even one that nobody told of")
    func exec() throws {
        #expect(read(base, 4).1 == content(0, 4))
        try specimen.execute()
        let now = try specimen.number("memory")
        #expect(read(now, 4).1 == content(0, 4))
        #expect(memory.isAccessible(now, count: 4, of: slot))
    }

    /// By a thread's own number they can be read for as long as that thread lives.
    @Test("Has its mappings by the first thread's number, whoever asks first")
    func mappings() throws {
        let thread = tree.adopt(try specimen.id("thread"))
        let maps = try #require(memory.descriptors(of: thread)?.maps)
        let file = try #require(realpath("/proc/self/fd/\(maps)", nil))
        defer { free(file) }
        #expect(String(cString: file) == "/proc/\(specimen.thread.rawValue)/maps")
    }

    @Test("Is not there when the process is dead or gone")
    func dead() throws {
        #expect(read(base, 4).0 == .bytes(4))
        specimen.end()
        // Newer kernels do not open the memory of the dead, older ones show it empty.
        #expect([.hidden, .bytes(0)].contains(read(base, 4).0))
        let gone = tree.adopt(ThreadID(rawValue: 4_194_303))
        var bytes: [UInt8] = []
        #expect(memory.readBytes(base, count: 4, of: gone, into: &bytes) == .hidden)
        #expect(memory.readBytes(base, count: 4, of: 99, into: &bytes) == .hidden)
    }
}
