import SuperviseTestSupport
import Testing

/// The decision table of `network off`, profile `rlimit-network`, against the kernel.
@Suite("Network off: every row of the table, in every ABI")
struct TableOneTests {
    @Test("sockets", arguments: socketRows, Way.all)
    func sockets(row: Row, way: Way) async throws { try await compare(row, way) }

    @Test("addresses", arguments: addressRows, Way.all)
    func addresses(row: Row, way: Way) async throws { try await compare(row, way) }

    @Test("messages", arguments: messageRows, Way.all)
    func messages(row: Row, way: Way) async throws { try await compare(row, way) }

    @Test("other processes", arguments: tracingRows, Way.direct)
    func tracing(row: Row, way: Way) async throws { try await compare(row, way) }

    @Test("the same where every decision is logged", arguments: everything, Way.wide)
    func logged(row: Row, way: Way) async throws {
        try await compare(row, way, options: ["--log", "/dev/null", "--log-level", "all"])
    }

    static let everything = socketRows + addressRows + messageRows

    static let socketRows = [
        Row(
            "AF_UNIX sockets are the kernel's",
            [
                "socket(AF_UNIX,SOCK_STREAM)", "socket(AF_UNIX,SOCK_DGRAM|SOCK_CLOEXEC)",
                "socket(AF_UNIX,SOCK_SEQPACKET|SOCK_NONBLOCK)", "socket(AF_UNIX,SOCK_RAW)",
                "socket(AF_UNIX,SOCK_STREAM,1)", "socket(AF_UNIX,SOCK_STREAM,7)",
                "socket(AF_UNIX,SOCK_RDM)", "socket(AF_UNIX,0)",
                "socketpair(AF_UNIX,SOCK_STREAM)", "socketpair(AF_UNIX,SOCK_DGRAM|SOCK_CLOEXEC)",
                "socketpair(AF_UNIX,SOCK_SEQPACKET|SOCK_NONBLOCK)",
                "socketpair(AF_UNIX,SOCK_RDM)",
            ]),
        Row(
            "sockets of every other family are refused",
            [
                "socket(AF_INET,SOCK_STREAM) -> EPERM",
                "socket(AF_INET,SOCK_DGRAM|SOCK_CLOEXEC) -> EPERM",
                "socket(AF_INET6,SOCK_STREAM|SOCK_NONBLOCK) -> EPERM",
                "socket(AF_INET6,SOCK_DGRAM) -> EPERM",
                "socket(AF_INET,SOCK_STREAM,IPPROTO_MPTCP) -> EPERM",
                "socket(AF_NETLINK,SOCK_RAW,NETLINK_ROUTE) -> EPERM",
                "socket(AF_UNSPEC,SOCK_STREAM) -> EPERM", "socket(AF_INET,0) -> EPERM",
                "socketpair(AF_INET,SOCK_STREAM) -> EPERM",
                "socketpair(AF_INET6,SOCK_DGRAM) -> EPERM",
                "socketpair(AF_NETLINK,SOCK_RAW) -> EPERM",
                "socketpair(AF_UNSPEC,SOCK_STREAM) -> EPERM",
            ]),
        Row(
            "unknown families, types and flags come first",
            [
                "socket(46,SOCK_STREAM)", "socket(-1,SOCK_STREAM)", "socket(0x10002,SOCK_STREAM)",
                "socket(AF_MAX,SOCK_STREAM)", "socket(AF_INET,11)", "socket(AF_UNIX,11)",
                "socket(AF_INET,15)", "socket(AF_INET,SOCK_STREAM|0x100)", "socket(46,0x100)",
                "socket(46,15)", "socket(AF_UNIX,-1)", "socketpair(46,SOCK_STREAM)",
                "socketpair(-1,SOCK_STREAM)", "socketpair(AF_INET,11)",
                "socketpair(AF_INET,0x100)", "socketpair(46,15)", "socketpair(AF_UNIX,11)",
            ]),
        Row(
            "listen without an address binds, and is refused",
            holding: ["tcp", "tcp-listener", "tcp6"],
            [
                "s=socket(AF_UNIX,SOCK_STREAM)", "listen($s)", "d=socket(AF_UNIX,SOCK_DGRAM)",
                "listen($d)", "listen(20) -> EPERM", "listen(21)", "listen(22) -> EPERM",
            ]),
        Row(
            "what sockets already held can do is the kernel's",
            holding: ["tcp-waiting", "tcp-pair", "udp-pair"],
            [
                "a=accept(20)", "send(21,hello)", "recv($a)", "getsockopt($a,SOL_SOCKET,SO_TYPE)",
                "f=open(/etc/passwd)", "sendfile(22,$f,7)", "recv(23,7)", "w=pipe()",
                "write($w.1,spliced)", "splice($w.0,22,7)", "recv(23)", "write(22,abc)",
                "read(23)", "writev(22,defg)", "recvfrom(23)", "shutdown(22,SHUT_WR)", "recv(23)",
                "p=port(24)", "send(24,datagram)", "recvmsg(25,MSG_DONTWAIT)",
                "setsockopt(24,SOL_SOCKET,SO_BROADCAST,1)",
            ]),
    ]

    static let addressRows = [
        Row(
            "a bad descriptor or a file comes first", holding: ["udp"],
            [
                "bind(77,in:127.0.0.1:9)", "bind(-1,in:127.0.0.1:9)", "connect(77,in:127.0.0.1:9)",
                "bind(0,in:127.0.0.1:9)", "connect(0,in:127.0.0.1:9)", "connect(77,unix:x)",
                "bind(77,abstract:x)", "connect(0,abstract:x)", "listen(77)", "listen(0)",
                "listen(-1,5)",
            ]),
        Row(
            "families other than AF_UNIX are refused",
            holding: ["udp", "tcp", "udp6", "udp-bound"],
            ["p=port(23)", "connect(20,in:127.0.0.1:$p) -> EPERM", "s=socket(AF_UNIX,SOCK_DGRAM)"]
                + ["20", "21", "22", "$s"].flatMap { socket in
                    [
                        "connect(\(socket),in:127.0.0.1:9) -> EPERM",
                        "connect(\(socket),in6:::1:9) -> EPERM",
                        "connect(\(socket),family:AF_NETLINK) -> EPERM",
                        "connect(\(socket),family:77) -> EPERM",
                        "connect(\(socket),unspec) -> EPERM",
                        "connect(\(socket),in:127.0.0.1:9#2) -> EPERM",
                        "bind(\(socket),in:127.0.0.1:0) -> EPERM",
                        "bind(\(socket),in6:::1:0) -> EPERM",
                        "bind(\(socket),unspec) -> EPERM",
                        "bind(\(socket),unspec:0.0.0.0:0) -> EPERM",
                        "bind(\(socket),family:AF_VSOCK) -> EPERM",
                    ]
                }),
        Row(
            "AF_UNIX paths are the kernel's",
            [
                "s=socket(AF_UNIX,SOCK_STREAM)", "bind($s,unix:stream)", "getsockname($s)",
                "listen($s)", "c=socket(AF_UNIX,SOCK_STREAM)", "connect($c,unix:stream)",
                "a=accept($s)", "write($c,abc)", "read($a,3)", "connect($c,unix:stream)",
                "d=socket(AF_UNIX,SOCK_DGRAM)", "bind($d,unix:datagram)",
                "e=socket(AF_UNIX,SOCK_DGRAM)", "connect($e,unix:datagram)", "send($e,hello)",
                "recv($d)", "q=socket(AF_UNIX,SOCK_SEQPACKET)", "bind($q,unix:packet)",
                "listen($q,5)", "r=socket(AF_UNIX,SOCK_SEQPACKET)", "connect($r,unix:packet)",
                "bind($e,unix:nowhere/x)", "connect($e,unix:missing)", "bind($q,unix:stream)",
            ]),
        Row(
            "AF_UNIX autobind is the kernel's", holding: ["udp"],
            [
                "s=socket(AF_UNIX,SOCK_STREAM)", "bind($s,autobind)",
                "d=socket(AF_UNIX,SOCK_DGRAM)", "bind($d,autobind)", "connect($d,autobind)",
                "bind(20,autobind)", "bind(20,unix:p)", "connect(20,unix:p)",
            ]),
        Row(
            "AF_UNIX abstract names are refused",
            holding: ["abstract-listener", "abstract-datagram"],
            [
                "s=socket(AF_UNIX,SOCK_STREAM)", "l=address(20)", "connect($s,$l) -> EPERM",
                "d=socket(AF_UNIX,SOCK_DGRAM)", "a=address(21)", "connect($d,$a) -> EPERM",
                "connect($d,abstract:nobody-there) -> EPERM", "connect($s,hex:010000) -> EPERM",
                "bind($d,abstract:supervise-table-one-$d) -> EPERM",
            ]),
    ]

    static let messageRows = [
        Row(
            "without a destination they are the kernel's",
            holding: ["udp", "tcp", "udp-pair", "tcp-pair"],
            [
                "sendto(20,hi)", "sendto(21,hi)", "sendmsg(20)", "sendmsg(21)",
                "sendmmsg(20,[-;-])",
                "send(22,one)", "sendmsg(22)", "sendmmsg(22,[-;-])", "recv(23)", "recv(23)",
                "recv(23)", "recv(23)", "sendmsg(22,in:127.0.0.1:9,0,namelen=0)", "recv(23)",
                "send(24,hi)", "sendmsg(24)", "sendmmsg(24,[-;-;-])", "recv(25)",
                "sendmsg(20,null,0,namelen=16)", "sendto(20,hi,0,null#16)", "sendmmsg(20,[])",
                "sendto(77,hi)", "sendto(0,hi)", "sendmsg(77)", "sendmsg(0)",
            ]),
        Row(
            "with a destination they are refused on sockets that are not AF_UNIX",
            holding: ["udp", "tcp", "udp-pair", "tcp-pair", "udp-bound"],
            ["p=port(26)", "sendto(20,hi,0,in:127.0.0.1:$p) -> EPERM"]
                + ["20", "21", "22", "24"].flatMap { socket in
                    [
                        "sendto(\(socket),hi,0,in:127.0.0.1:9) -> EPERM",
                        "sendmsg(\(socket),in:127.0.0.1:9) -> EPERM",
                        "sendmmsg(\(socket),[in:127.0.0.1:9]) -> EPERM",
                        "sendto(\(socket),hi,0,unspec:127.0.0.1:9) -> EPERM",
                        "sendto(\(socket),hi,0,unix:x) -> EPERM",
                        "sendto(\(socket),hi,MSG_FASTOPEN,in:127.0.0.1:9) -> EPERM",
                    ]
                }),
        Row(
            "AF_UNIX datagrams go to paths, not to abstract names", holding: ["abstract-datagram"],
            [
                "r=socket(AF_UNIX,SOCK_DGRAM)", "bind($r,unix:there)",
                "d=socket(AF_UNIX,SOCK_DGRAM)", "sendto($d,one,0,unix:there)",
                "sendmsg($d,unix:there)", "sendmmsg($d,[unix:there;unix:there])", "recv($r)",
                "recv($r)", "recv($r)", "recv($r)", "sendto($d,x,0,unix:missing)",
                "sendto($d,x,0,in:127.0.0.1:9)", "sendto($d,x,0,autobind)", "a=address(20)",
                "sendto($d,x,0,$a) -> EPERM", "sendmsg($d,$a) -> EPERM",
                "sendmmsg($d,[$a;unix:there]) -> EPERM",
            ]),
        Row(
            "AF_UNIX streams with a destination are the kernel's",
            [
                "p=socketpair(AF_UNIX,SOCK_STREAM)", "sendto($p.0,hi,0,unix:x)",
                "sendto($p.0,hi,0,abstract:x)", "sendto($p.0,hi,0,in:127.0.0.1:9)",
                "sendmsg($p.0,abstract:x)", "sendmmsg($p.0,[abstract:x])",
                "s=socket(AF_UNIX,SOCK_STREAM)", "sendto($s,hi,0,abstract:x)",
                "q=socketpair(AF_UNIX,SOCK_SEQPACKET)", "sendto($q.0,hi,0,abstract:x)",
                "recv($q.1)",
            ]),
        Row(
            "sendmmsg sends what comes before the refused entry",
            holding: ["udp-bound", "udp", "udp-pair", "abstract-datagram"],
            [
                "p=port(20)", "a=address(24)",
                "sendmmsg(22,[-;-;in:127.0.0.1:$p;-]) -> 2 [5 5 - -]", "recv(23)", "recv(23)",
                "sendmmsg(21,[in:127.0.0.1:$p;-]) -> EPERM", "r=socket(AF_UNIX,SOCK_DGRAM)",
                "bind($r,unix:there)", "d=socket(AF_UNIX,SOCK_DGRAM)",
                "sendmmsg($d,[unix:there;unix:there;$a;unix:there]) -> 2 [5 5 - -]", "recv($r)",
                "recv($r)", "sendmmsg($d,[unix:there;unix:missing;$a])",
                "sendmmsg($d,[unix:missing;$a])", "sendmmsg($d,[unix:there;bad;unix:there])",
                "sendmmsg($d,[bad;$a])",
            ]),
    ]

    static let tracingRows = [
        Row(
            "reaching into another process is refused",
            [
                "c=fork-pause()", "process_vm_readv(self)", "process_vm_readv($c) -> EPERM",
                "process_vm_writev($c) -> EPERM", "process_vm_readv($c,bad) -> EPERM",
                "process_vm_readv(99999999)", "process_vm_writev(-1)", "process_vm_readv(0)",
                "s=pidfd_open(self)", "pidfd_getfd($s,1)", "f=pidfd_open($c)",
                "pidfd_getfd($f,77) -> EPERM", "pidfd_getfd(77,1)", "pidfd_getfd(0,1)",
                "pidfd_getfd($f,1,1)", "g=pidfd_getfd($f,1) -> EPERM",
                "in-child(process_vm_readv(parent))", "in-thread(process_vm_readv(self))",
                "kill($c,SIGKILL)", "wait4($c)", "pidfd_getfd($f,1)",
            ], inside: ["process_vm_readv(parent)": "EPERM"]),
        Row(
            "ptrace finds no target",
            [
                "c=fork-pause()", "ptrace(PTRACE_SEIZE,99999999)", "ptrace(PTRACE_ATTACH,99999999)",
                "ptrace(PTRACE_SEIZE,self)", "ptrace(PTRACE_ATTACH,self)",
                "ptrace(PTRACE_PEEKDATA,$c,0)", "ptrace(PTRACE_CONT,parent)", "ptrace(999,$c)",
                "ptrace(PTRACE_SEIZE,$c,1)", "ptrace(PTRACE_SEIZE,$c,0,0x40000000)",
                "ptrace(PTRACE_SEIZE,99999999,1)", "ptrace(PTRACE_SEIZE,$c) -> EPERM",
            ]),
        Row(
            "PTRACE_ATTACH is refused",
            ["c=fork-pause()", "ptrace(PTRACE_ATTACH,$c) -> EPERM", "kill($c,SIGKILL)"]),
    ]
}
