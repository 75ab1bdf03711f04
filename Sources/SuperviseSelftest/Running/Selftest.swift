import Dispatch
import Glibc
import Synchronization

/// The decision tables, run against the kernel of this machine.
public struct Selftest: Sendable {
    /// What is asked for.
    public struct Options: Sendable {
        /// Only runs with this profile; nil for all.
        public var profile: String?
        /// Only cases whose name this pattern matches.
        public var pattern = "*"
        /// The folder of the cases; nil for the project's own.
        public var folder: String?
        /// How each case is watched and held, which is to make no difference.
        public var ways = [Variant.Way.plain]
        /// Options of `supervise` for each run.
        public var more: [String] = []
        /// How long a run may take.
        public var seconds = 30
        /// Whether the first failure is enough: what has not begun by then is skipped.
        public var untilFailure = false

        /// Makes options that ask for everything once.
        public init() {}
    }

    /// A case and its runs.
    struct Item: Sendable {
        var entry: SemanticsCase
        var runs: [(variant: Variant, result: CaseRun.Result)]
    }

    private let programs: Programs
    private let cases: [SemanticsCase]
    private let options: Options

    /// Finds the programs and reads the cases.
    public init(_ options: Options) throws(CaseError) {
        programs = try Programs.find()
        let folder: String
        if let given = options.folder { folder = given } else { folder = try programs.cases() }
        let glob = Glob(options.pattern)
        cases = try SemanticsFile.load(folder: folder).filter { entry in
            glob.matches(entry.name)
                && (options.profile.map { entry.profiles.contains($0) } ?? true)
        }
        self.options = options
    }

    /// The names of the runs that `run` would make, a line each.
    public var listing: String {
        cases.flatMap { entry in
            variants(of: entry).map { "\(entry.name) \($0.name): \(entry.title)\n" }
        }.joined()
    }

    private func variants(of entry: SemanticsCase) -> [Variant] {
        entry.variants(profile: options.profile, ways: options.ways)
    }

    /// Runs all, as many at a time as there are processors.
    ///
    /// - Parameter progress: Told when runs ended: how many, of how many, and their case.
    /// - Returns: What came of each.
    /// - Throws: Where there is no place for temporary files.
    public func run(
        progress: @escaping @Sendable (Int, Int, String) -> Void
    ) throws(CaseError) -> SelftestReport {
        guard let folder = Files.makeFolder(in: Files.temporaryFolder) else {
            throw CaseError("no folder can be made in \(Files.temporaryFolder)")
        }
        defer { Files.remove(folder) }
        let machine = Machine(programs: programs, folder: folder)
        // Runs of one case and ABI share the native run.
        let groups = cases.indices.flatMap { index in
            ABI.allCases.map { abi in
                (index, variants(of: cases[index]).filter { $0.abi == abi })
            }.filter { !$0.1.isEmpty }
        }
        let total = groups.reduce(0) { $0 + $1.1.count }
        let ended = Mutex(0)
        let hasFailed = Mutex(false)
        let results = Mutex(
            [[(variant: Variant, result: CaseRun.Result)]](
                repeating: [], count: groups.count))
        DispatchQueue.concurrentPerform(iterations: groups.count) { number in
            let (index, variants) = groups[number]
            let entry =
                machine.tellsAccess ? cases[index] : cases[index].leavingOut("noaccess")
            let found: [(variant: Variant, result: CaseRun.Result)]
            let isOver = options.untilFailure && hasFailed.withLock { $0 }
            if let reason = isOver ? "a case has failed" : machine.lacks(entry, variants[0].abi) {
                found = variants.map { ($0, .skipped(reason)) }
            } else {
                found = CaseRun(
                    entry: entry, programs: programs, folder: folder, options: options.more,
                    limit: options.seconds
                ).run(variants)
            }
            results.withLock { $0[number] = found }
            if found.contains(where: { if case .failed = $0.result { true } else { false } }) {
                hasFailed.withLock { $0 = true }
            }
            let count = ended.withLock { count in
                count += variants.count
                return count
            }
            progress(count, total, entry.name)
        }
        let all = results.withLock { $0 }
        return SelftestReport(
            items: cases.indices.map { index in
                Item(
                    entry: cases[index],
                    runs: zip(groups, all).filter { $0.0.0 == index }.flatMap { $0.1 })
            })
    }
}

/// What this machine and user can run.
private struct Machine: Sendable {
    private let isRoot = geteuid() == 0
    private let missingNarrow: String?
    /// Whether the kernel tells the supervisor quickly which memory a program may use, since Linux
    /// 6.11; before, what may not be used is taken for what may.
    let tellsAccess = kernelTellsMappings()

    init(programs: Programs, folder: String) {
        let seen = Child.run(
            [programs.probe, "--abi", "i386", "getuid()"], in: folder, seconds: 10)
        // Where 32-bit calls are not compiled in, or turned off, they are faults.
        missingNarrow = seen.end == .exited(0) ? nil : "this kernel has no 32-bit calls"
    }

    /// Why a case cannot be run; nil where it can.
    func lacks(_ entry: SemanticsCase, _ abi: ABI) -> String? {
        if entry.needs.contains(.root), !isRoot { return "only root can run it" }
        if entry.needs.contains(.user), isRoot { return "root cannot run it" }
        if entry.needs.contains(.connections), !isRoot, !kernelShowsThreads() {
            return "before Linux 6.9 only root can run it"
        }
        if entry.needs.contains(.threads), !kernelShowsThreads() {
            return "before Linux 6.9 such a listener cannot be guarded"
        }
        return abi == .x86_64 ? nil : missingNarrow
    }
}
