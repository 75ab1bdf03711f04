import SuperviseFilter
import SupervisePolicy

/// A call about RLIMIT_NETWORK or the flags of PR_SET_NETWORK, the same for both ABIs.
enum LimitCall {
    /// Changes the limit of a process and tells the former one; nil: does not.
    ///
    /// The process's number is one of the caller's pid namespace, 0 the caller itself.
    case limit(process: Int32, new: UInt64?, old: UInt64?, LimitForm)
    case setFlags(NetworkFlags)
    case getFlags

    /// nil where the call is about something else.
    init?(_ call: JudgedCall, _ arguments: Arguments, _ layouts: MemoryLayouts) {
        let arguments = layouts.word == 8 ? arguments : arguments.narrowed
        let form: LimitForm = layouts.word == 8 ? .wide : .narrow
        switch (call, arguments.unsigned(0)) {
        case (.getrlimit, NetworkNumber.limit):
            self = .limit(process: 0, new: nil, old: arguments.wide(1), form)
        case (.oldGetrlimit, NetworkNumber.limit):
            self = .limit(process: 0, new: nil, old: arguments.wide(1), .old)
        case (.setrlimit, NetworkNumber.limit):
            self = .limit(process: 0, new: arguments.wide(1), old: nil, form)
        case (.prlimit64, _) where arguments.unsigned(1) == NetworkNumber.limit:
            let (new, old) = (arguments.wide(2), arguments.wide(3))
            self = .limit(
                process: arguments.int(0), new: new == 0 ? nil : new, old: old == 0 ? nil : old,
                .wide)
        case (.prctl, NetworkNumber.setFlags):
            // `unsigned long`: on i386 the lower half.
            self = .setFlags(NetworkFlags(rawValue: arguments.wide(1)))
        case (.prctl, NetworkNumber.getFlags): self = .getFlags
        default: return nil
        }
    }
}

/// How a call has a limit in memory.
struct LimitForm {
    /// Bytes of each of the two values.
    var width: Int
    /// The greatest value that can be told; all above is told as this.
    var greatest: UInt64

    /// `struct rlimit` of x86-64, and `struct rlimit64` of either ABI.
    static let wide = LimitForm(width: 8, greatest: .max)
    /// `struct compat_rlimit`: COMPAT_RLIM_INFINITY is the greatest.
    static let narrow = LimitForm(width: 4, greatest: 0xffff_ffff)
    /// As i386's first `getrlimit` tells it.
    static let old = LimitForm(width: 4, greatest: 0x7fff_ffff)

    /// Bytes of the two.
    var size: Int { 2 * width }

    /// A limit as it stands in memory.
    func bytes(_ limit: NetworkLimit) -> [UInt8] {
        littleEndian(min(limit.soft, greatest), width)
            + littleEndian(min(limit.hard, greatest), width)
    }

    /// The limit that stands in memory.
    func limit(_ bytes: [UInt8]) -> NetworkLimit {
        func value(_ offset: Int) -> UInt64 {
            let value = bytes[offset..<(offset + width)].reversed().reduce(UInt64(0)) {
                $0 << 8 | UInt64($1)
            }
            return value == greatest ? NetworkLimit.infinity : value
        }
        guard bytes.count == size else { return .off }
        return NetworkLimit(soft: value(0), hard: value(width))
    }
}
