import SupervisePolicy

/// What a comparison's constant means, for listings.
///
/// Kept as what it is about and made into text only when it is emitted: the many notes of
/// comparisons that are then found to be equal cost nothing.
struct Note: Equatable, Sendable {
    /// What the constant is.
    var constant: Meaning?
    /// What holds where the comparison does.
    var then: Meaning?
    /// What holds where it does not.
    var otherwise: Meaning?

    /// The note in one line, nil where there is nothing to say.
    var text: String? {
        var result = constant?.text ?? ""
        if let text = then?.text { result += (result.isEmpty ? "" : "; ") + "then " + text }
        if let text = otherwise?.text { result += (result.isEmpty ? "" : "; ") + "else " + text }
        return result.isEmpty ? nil : result
    }
}

extension Note {
    /// A note on the constant alone.
    init(_ constant: Meaning.Constant) {
        self.init(constant: Meaning(.constant(constant)))
    }
}

/// What one or more neighbouring values of a word mean.
struct Meaning: Equatable, Sendable {
    /// The meaning of one value.
    enum Name: Equatable, Sendable {
        case call(JudgedCall)
        case family(AddressFamily)
        case `protocol`(String)
        case constant(Constant)

        var text: String {
            switch self {
            case .call(let call): call.name
            case .family(let family): "family \(family.name)"
            case .protocol(let name): name
            case .constant(let constant): constant.rawValue
            }
        }
    }

    /// A constant of the kernel's headers, or what a group of bits is.
    enum Constant: String, Sendable {
        case x32
        case unknownFlags = "unknown flags"
        case beyondWindow = "beyond 4 GiB"
        case setModeFilter = "SECCOMP_SET_MODE_FILTER"
        case newListener = "NEW_LISTENER"
        case insertInput = "TIOCSTI"
        case consoleControl = "TIOCLINUX"
        case setDiscipline = "TIOCSETD"
        case setTunnel = "TUNSETIFF"
        case newUnit = "PPPIOCNEWUNIT"
        case attachUnit = "PPPIOCATTACH"
        case attachChannel = "PPPIOCATTCHAN"
        case setOwner = "VHOST_SET_OWNER"
        case initializeContext = "IOCTL_VMCI_INIT_CONTEXT"
        case setDumpable = "PR_SET_DUMPABLE"
        case setMemoryMap = "PR_SET_MM"
        case setSeccomp = "PR_SET_SECCOMP"
        case networkLimit = "RLIMIT_NETWORK"
        case setNetwork = "PR_SET_NETWORK"
        case getNetwork = "PR_GET_NETWORK"
        case fastOpen = "MSG_FASTOPEN"
        case dontFork = "MADV_DONTFORK"
        case trap = "SIGTRAP"
        case ignore = "SIG_IGN"
        case mapFixed = "MAP_FIXED"
        case remapFixed = "MREMAP_FIXED"
        case sharedAttach = "SHMAT"
        case attachOver = "SHM_REMAP"
        case smallPages = "no multiple of 2 MiB"
        case largePages = "no multiple of 1 GiB"
        case setModeStrict = "SECCOMP_SET_MODE_STRICT"
    }

    private var count: UInt16 = 1
    private var first: Name
    private var last: Name

    /// The meaning of one value.
    init(_ name: Name) {
        first = name
        last = name
    }

    /// Goes on with the meaning of the values that follow.
    mutating func append(_ other: Meaning) {
        count &+= other.count
        last = other.last
    }

    /// The meaning in words, nil where there are too many values to say anything.
    var text: String? {
        switch count {
        case 1: first.text
        case 2: "\(first.text), \(last.text)"
        case 3, 4: "\(first.text) to \(last.text)"
        default: nil
        }
    }
}
