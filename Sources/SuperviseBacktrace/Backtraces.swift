public import SuperviseAudit

/// Takes the stacks of stopped threads, in a process of its own.
///
/// That process is started by the first stack that is asked for. It can only read, it is given one
/// second a stack, and it may die: whatever a program does to its own memory and files, so that
/// reading them takes for ever or goes wrong, costs that program its backtraces and nothing else.
public final class Backtraces: StackSource {
    private var helper: Helper?
    private var number: UInt64 = 0
    /// Address spaces that had no answer: they are not asked about again.
    private var given: Set<UInt64> = []
    /// How often there was none; after `patience` times there is no helper any more.
    private var failures = 0
    private var buffer: [UInt8] = []
    /// Stacks by the bytes that they came in, so that equal ones share their memory.
    private var stacks: [[UInt8]: CallStack] = [:]

    private let milliseconds: Int32
    private static let patience = 64
    private static let stackLimit = 4096
    private static let answerLimit = 256 << 10

    /// Makes a source that has started nothing yet.
    ///
    /// - Parameter milliseconds: How long a stack may take. The first one of a large module takes
    ///   longest, since its symbols are read.
    public init(milliseconds: Int32 = 1_000) {
        self.milliseconds = milliseconds
    }

    /// The stack of a thread at its call, nil where there was no answer in time.
    public func stack(of caller: StoppedCaller) -> CallStack? {
        guard !given.contains(caller.addressSpace) else { return nil }
        number += 1
        guard let helper = ask(StackRequest(number: number, caller: caller), caller) else {
            return nil
        }
        guard let count = helper.receive(into: &buffer, milliseconds: milliseconds), count >= 8,
            buffer.number(at: 0, as: UInt64.self) == number
        else {
            end(helper)
            given.insert(caller.addressSpace)
            return nil
        }
        let answer = Array(buffer[8..<count])
        if let known = stacks[answer] { return known }
        let stack = CallStackCoding.read(answer[...])
        if stacks.count >= Self.stackLimit { stacks.removeAll() }
        if let stack { stacks[answer] = stack }
        return stack
    }

    /// The helper, which was asked; nil where there is none any more.
    private func ask(_ request: StackRequest, _ caller: StoppedCaller) -> Helper? {
        // One that has died since its last answer did not do so of this request.
        for _ in 0..<2 {
            if helper == nil, failures < Self.patience {
                buffer = [UInt8](repeating: 0, count: Self.answerLimit)
                helper = Helper { Worker().serve($0) }
            }
            guard let helper else { return nil }
            if helper.send(request.bytes, memory: caller.memory, maps: caller.maps) {
                return helper
            }
            end(helper)
        }
        return nil
    }

    private func end(_ helper: Helper) {
        helper.end()
        self.helper = nil
        failures += 1
    }

    /// How many different stacks are kept.
    var stackCount: Int { stacks.count }

    deinit { helper?.end() }
}
