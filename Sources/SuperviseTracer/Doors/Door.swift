/// A way around the policy, and whether a kernel lets `supervise` hold it.
///
/// `docs/threat-model.md` says what each is and what remains open where it is held.
public struct Door: Hashable, Sendable {
    /// Whether it is held.
    public enum State: String, Hashable, Sendable {
        /// Nothing of the tree gets through.
        case held
        /// The kernel lacks what it takes.
        case open
        /// The kernel has no such way, for the user that asks.
        case notNeeded = "not needed"
    }

    /// What it is.
    public let name: String
    /// Whether it is held.
    public let state: State
    /// The features of the kernel that say so.
    public let reason: String

    /// Every door, in the order of `docs/threat-model.md`'s table.
    public static func all(with kernel: KernelFeatures) -> [Door] {
        KernelDoors(kernel: kernel).all
    }
}

/// What the features of a kernel mean for each door.
private struct KernelDoors {
    let kernel: KernelFeatures

    var all: [Door] {
        [
            arguments, descriptors, rings, i386,
            filtered("x32 numbers, unknown architectures"),
            filtered("garbage in the upper halves of registers"),
            filtered("own filters with a listener (NEW_LISTENER)"),
            filtersFromBefore,
            judged("own filters with forged data"),
            filtered("children without a tracer (CLONE_UNTRACED)"),
            blockingMemory,
            filtered("PR_SET_MM, MADV_DONTFORK on the sealed page"),
            filtered("keys for the terminal (TIOCSTI, TIOCLINUX)"),
            filtered("bpf test runs, tun devices"),
            filtered("other devices that are network cards (PPP, TIOCSETD)"),
            filtered("devices of virtual machines (vhost, VMCI)"),
            filtered("keys that others make (request_key)"),
            inheritedRings,
            judged("ptrace and its like on an outside process"),
            outsideMemory,
            judged("killing the supervisor", by: "PTRACE_O_EXITKILL"),
            sockets,
            filtered("protocols with side doors (SCTP)"),
            Door(name: "setuid programs", state: .held, reason: "no_new_privs"),
        ]
    }

    /// What is missing for calls to be stopped at all.
    private var missingForStops: String? {
        if !kernel.hasSeccompTrace { return "no seccomp RET_TRACE" }
        if let error = kernel.tracingError {
            let yama = kernel.yamaScope.map { ", Yama ptrace_scope \($0)" } ?? ""
            return "ptrace: \(error)\(yama)"
        }
        return kernel.hasSyscallInfo ? nil : "no PTRACE_GET_SYSCALL_INFO: Linux 5.3 or later has it"
    }

    /// A door that the filter shuts by itself.
    private func filtered(_ name: String) -> Door {
        kernel.hasSeccompTrace
            ? Door(name: name, state: .held, reason: "seccomp")
            : Door(name: name, state: .open, reason: "no seccomp RET_TRACE")
    }

    /// A door that stops hold, if the kernel has something more.
    private func judged(
        _ name: String, by reason: String = "seccomp RET_TRACE, PTRACE_GET_SYSCALL_INFO",
        lacking missing: String? = nil
    ) -> Door {
        if let missing = missingForStops ?? missing {
            return Door(name: name, state: .open, reason: missing)
        }
        return Door(name: name, state: .held, reason: reason)
    }

    private var arguments: Door {
        judged(
            "arguments that change after the check",
            by: (kernel.hasSealing ? "mseal, " : "no mseal: the filter guards the page, ")
                + (kernel.hasMappingQuery ? "PROCMAP_QUERY" : "no PROCMAP_QUERY: maps is read"),
            lacking: nil)
    }

    /// Copies of descriptors: whose thread it is counts where it has a table of its own.
    private var copies: String {
        "pidfd_getfd, "
            + (kernel.hasThreadDescriptors
                ? "PIDFD_THREAD" : "no PIDFD_THREAD: a thread's own table is refused")
    }

    private var missingForCopies: String? {
        kernel.hasDescriptorCopies ? nil : "no pidfd_getfd: Linux 5.6 or later has it"
    }

    private var descriptors: Door {
        // See "Descriptors that change after the check" in docs/threat-model.md.
        judged(
            "descriptors that change after the check", by: copies,
            lacking: missingForCopies)
    }

    private var sockets: Door {
        judged("sockets inherited or received", by: copies, lacking: missingForCopies)
    }

    /// The setting of io_uring; nil where the kernel lets nobody make a ring.
    private var ringSetting: String? {
        guard kernel.hasRings, kernel.ringsDisabled != 2 else { return nil }
        return kernel.ringsDisabled.map { "kernel.io_uring_disabled \($0)" } ?? "io_uring is on"
    }

    private var noRings: String {
        kernel.hasRings ? "kernel.io_uring_disabled 2" : "the kernel has no io_uring"
    }

    private var rings: Door {
        let name = "io_uring"
        guard let ringSetting else {
            return Door(name: name, state: .notNeeded, reason: noRings)
        }
        let door = filtered(name)
        return Door(name: name, state: door.state, reason: "\(door.reason); \(ringSetting)")
    }

    /// A ring may be older than the setting that forbids to make one.
    private var inheritedRings: Door {
        kernel.hasRings
            ? Door(name: "inherited io_uring descriptors", state: .held, reason: "closed at start")
            : Door(
                name: "inherited io_uring descriptors", state: .notNeeded, reason: noRings)
    }

    /// Where it is open no command is run.
    private var filtersFromBefore: Door {
        let name = "filters from before with a listener (USER_NOTIF)"
        return kernel.isIntercepted
            ? Door(name: name, state: .open, reason: "network calls go to another program first")
            : filtered(name)
    }

    private var i386: Door {
        let name = "32-bit calls (int 0x80, socketcall)"
        guard kernel.hasI386 else {
            return Door(name: name, state: .notNeeded, reason: "i386 emulation is off")
        }
        let door = filtered(name)
        return Door(name: name, state: door.state, reason: "\(door.reason); i386 emulation is on")
    }

    private var blockingMemory: Door {
        let setting = kernel.unprivilegedUserfaultfd.map { "vm.unprivileged_userfaultfd \($0)" }
        return Door(
            name: "memory that blocks its reader", state: .held,
            reason: "reads of /proc/PID/mem; " + (setting ?? "no userfaultfd"))
    }

    /// What no system call can be judged by: opening a file of `/proc`.
    private var outsideMemory: Door {
        let name = "/proc/PID/mem and its like of an outside process"
        let abi = kernel.landlockABI
        let landlock = abi == 0 ? "no Landlock" : "Landlock ABI \(abi)"
        let yama = kernel.yamaScope.map { "Yama ptrace_scope \($0)" } ?? "no Yama"
        if abi >= LandlockDomain.firstABI {
            return Door(name: name, state: .held, reason: "\(landlock); \(yama)")
        }
        if let scope = kernel.yamaScope, scope >= 3 {
            return Door(name: name, state: .held, reason: "\(yama); \(landlock)")
        }
        let needed =
            "\(landlock), ABI \(LandlockDomain.firstABI) (Linux 6.7, lsm=landlock) is needed; "
        // Yama lets a process open what descends from it, which is in the tree, and root anything.
        // Who makes a user namespace has every capability over the processes in it, so scopes 1 and 2
        // do not count there.
        let isLeft = (kernel.yamaScope ?? 0) >= 1 && !kernel.mayTraceAll
        return Door(
            name: name, state: .open,
            reason: needed + yama
                + (isLeft ? " leaves processes in user namespaces of the same user" : ""))
    }
}
