import SupervisePolicy

/// Puts the filter of those who have given the network up on a thread, or on all of its process; and
/// the calling thread into a Landlock domain where it is for good.
///
/// `seccomp(SECCOMP_SET_MODE_FILTER)`, with SECCOMP_FILTER_FLAG_TSYNC for all threads: the kernel
/// puts it on each of them or on none, also on those that are being made. The domain is a second
/// wall: where it cannot be entered, the call is none the worse.
final class Arming: Errand {
    /// What is to be done.
    struct Parts {
        /// The filter, nil where it is there already; else whether all threads get it.
        var filterForAll: Bool?
        /// A domain.
        var domain: Bool
    }

    private enum Step {
        case filter, ruleset, domain, close
    }

    private let place: UInt32
    private let parts: Parts
    private let finish: () -> Int64
    private var step = Step.filter
    private var formerCount: Int32?
    private var ruleset: Int64 = -1

    /// An errand that calls `finish` when all is there, which gives the thread's own call its result.
    ///
    /// `place` is where the page is mapped, with the filter and the domain's attributes in it.
    init(
        _ registers: Registers, mask: UInt64, _ layouts: MemoryLayouts, mappedAt place: UInt32,
        _ parts: Parts, finish: @escaping () -> Int64
    ) {
        self.place = place
        self.parts = parts
        self.finish = finish
        super.init(registers, mask: mask, layouts)
    }

    override func next(after result: Int64?, at thread: borrowing StoppedThread) -> ErrandStep {
        guard let result else {
            guard let forAll = parts.filterForAll else { return enterDomain() }
            formerCount = filterCount(of: thread.id)
            return .call(
                RawCall(
                    layouts.word == 8 ? 317 : 354, 1, forAll ? 1 : 0,
                    SealedPage.filterHeader(mappedAt: place, layouts)))
        }
        switch step {
        case .filter:
            // The number of a thread: it has a filter that the caller does not have.
            if result > 0 { return .finish(-Int64(ErrorNumber.busy.rawValue)) }
            if result < 0 { return .finish(result) }
            // A filter of the program's own may have answered 0 without anything being installed.
            if let formerCount, let count = filterCount(of: thread.id), count <= formerCount {
                return .finish(-Int64(ErrorNumber.notPermitted.rawValue))
            }
            return enterDomain()
        case .ruleset:
            guard result >= 0 else { return .finish(finish()) }
            ruleset = result
            step = .domain
            // landlock_restrict_self(2); these numbers are the same in both ABIs.
            return .call(RawCall(446, UInt64(result), 0))
        case .domain:
            step = .close
            return .call(InjectedCalls(layouts: layouts).close(ruleset))
        case .close: return .finish(finish())
        }
    }

    /// Begins to enter the domain, if one is to be entered.
    private func enterDomain() -> ErrandStep {
        guard parts.domain else { return .finish(finish()) }
        step = .ruleset
        // landlock_create_ruleset(2).
        return .call(
            RawCall(444, SealedPage.ruleset(mappedAt: place), SealedPage.rulesetSize, 0))
    }
}
