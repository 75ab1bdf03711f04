import SuperviseFilter
import SupervisePolicy
import Testing

@Suite("Compiled filters, whole")
struct ListingTests {
    @Test("The default: network off, nothing watched, a sealed page")
    func networkOff() throws {
        let program = try #require(try Setup(page: AddressWindow(start: 0x10000)).compile())
        #expect(Disassembler.withNames.listing(of: program) == networkOffListing)
    }

    @Test("Everything watched, nothing refused")
    func watching() throws {
        let setup = Setup(policy: Policy(network: .on), mode: .audit, watching: .everything)
        let program = try #require(try setup.compile())
        #expect(Disassembler.withNames.listing(of: program) == watchingListing)
    }
}

private let networkOffListing = """
    start:
        0  load arch
        1  jeq 0x40000003, then i386                    ; i386
        2  jeq 0xc000003e, else ENOSYS                  ; x86-64
    x86-64:
        3  load nr
        4  jset 0x40000000, then ENOSYS                 ; x32
        5  jge 157, then x86-64.5
        6  jge 45, then x86-64.3
        7  jge 29, then x86-64.1
        8  jeq 16, then ioctl                           ; ioctl
        9  jeq 28, else allow                           ; madvise
    madvise.x86-64:
       10  load args[2].low
       11  jeq 10, else allow                           ; MADV_DONTFORK
       12  load args[0].high
       13  jset 0x81ffffff, then allow                  ; beyond 4 GiB
       14  load args[0].low
       15  jgt 0x10fff, then allow
       16  jge 0x10000, then madvise.x86-64.1
       17  load args[1].high
       18  jeq 0, then madvise.i386.1, else EPERM
    madvise.x86-64.1:
       19  load args[1].low
       20  jeq 0, else EPERM
       21  load args[1].high
       22  jeq 0, then allow, else EPERM
    x86-64.1:
       23  jeq 44, then sendto.x86-64                   ; sendto
       24  jge 42, then x86-64.2
       25  jeq 41, then socket, else allow              ; socket
    x86-64.2:
       26  jeq 42, then trace, else allow               ; connect
    sendto.x86-64:
       27  load args[4].low
       28  jeq 0, else trace
       29  load args[4].high
       30  jeq 0, then allow, else trace
    x86-64.3:
       31  jge 51, then x86-64.4
       32  jeq 46, then trace                           ; sendmsg
       33  jge 49, then trace, else allow               ; then bind, listen
    x86-64.4:
       34  jeq 53, then socketpair                      ; socketpair
       35  jeq 101, then trace, else allow              ; ptrace
    x86-64.5:
       36  jge 318, then x86-64.7
       37  jge 307, then x86-64.6
       38  jeq 249, then request_key.x86-64             ; request_key
       39  jeq 157, then prctl, else allow              ; prctl
    request_key.x86-64:
       40  load args[2].low
       41  jeq 0, else EPERM
       42  load args[2].high
       43  jeq 0, then allow, else EPERM
    x86-64.6:
       44  jeq 307, then trace                          ; sendmmsg
       45  jeq 317, then seccomp                        ; seccomp
       46  jge 310, else allow
       47  jge 312, then allow, else trace              ; else process_vm_readv, process_vm_writev
    x86-64.7:
       48  jge 428, then i386.8
       49  jeq 321, then EPERM, else i386.7             ; bpf
    ENOSYS:
       50  return ERRNO(ENOSYS)
    i386:
       51  load nr
       52  jge 354, then i386.4
       53  jge 173, then i386.2
       54  jge 55, then i386.1
       55  jeq 26, then trace                           ; ptrace
       56  jeq 54, else allow                           ; ioctl
    ioctl:
       57  load args[1].low
       58  jge 0x5423, then ioctl.2
       59  jge 0x5412, then ioctl.1
       60  jeq 1952, then EPERM, else allow             ; IOCTL_VMCI_INIT_CONTEXT
    ioctl.1:
       61  jeq 0x541c, then EPERM                       ; TIOCLINUX
       62  jeq 0x5412, then EPERM, else allow           ; TIOCSTI
    ioctl.2:
       63  jge 0x400454ca, then ioctl.3
       64  jeq 0xaf01, then EPERM                       ; VHOST_SET_OWNER
       65  jeq 0x5423, then EPERM, else allow           ; TIOCSETD
    ioctl.3:
       66  jeq 0xc004743e, then EPERM                   ; PPPIOCNEWUNIT
       67  jeq 0x400454ca, then EPERM, else allow       ; TUNSETIFF
    i386.1:
       68  jeq 102, then socketcall                     ; socketcall
       69  jeq 172, else allow                          ; prctl
    prctl:
       70  load args[0].low
       71  jeq 35, then EPERM, else allow               ; PR_SET_MM
    socketcall:
       72  load args[0].low
       73  jge 11, then socketcall.1
       74  jeq 8, then trace                            ; socketpair
       75  jeq 0, then allow
       76  jge 5, then allow, else trace                ; else socket to listen
    socketcall.1:
       77  jeq 16, then trace                           ; sendmsg
       78  jeq 20, then trace                           ; sendmmsg
       79  jeq 11, then trace, else allow               ; sendto
    i386.2:
       80  jge 288, then i386.3
       81  jeq 219, then madvise.i386                   ; madvise
       82  jeq 287, else allow                          ; request_key
    request_key.i386:
       83  load args[2].low
       84  jeq 0, then allow, else EPERM
    madvise.i386:
       85  load args[2].low
       86  jeq 10, else allow                           ; MADV_DONTFORK
       87  load args[0].low
       88  jgt 0x10fff, then allow
       89  jge 0x10000, then madvise.i386.2
    madvise.i386.1:
       90  load args[0].low
       91  tax
       92  load 0x10000
       93  sub x
       94  tax
       95  load args[1].low
       96  jgt x, then EPERM, else allow
    madvise.i386.2:
       97  load args[1].low
       98  jeq 0, then allow, else EPERM
    i386.3:
       99  jeq 345, then trace                          ; sendmmsg
      100  jge 347, else allow
      101  jge 349, then allow, else trace              ; else process_vm_readv, process_vm_writev
    i386.4:
      102  jge 369, then i386.6
      103  jge 359, then i386.5
      104  jeq 357, then EPERM                          ; bpf
      105  jeq 354, else allow                          ; seccomp
    seccomp:
      106  load args[0].low
      107  jeq 1, else allow                            ; SECCOMP_SET_MODE_FILTER
      108  load args[1].low
      109  jset 0x8, then EPERM, else allow             ; NEW_LISTENER
    i386.5:
      110  jeq 359, then socket                         ; socket
      111  jeq 360, then socketpair                     ; socketpair
      112  jge 364, then allow, else trace              ; else bind to listen
    socketpair:
      113  load args[1].low
      114  jset 0xfff7f7f0, then EINVAL                 ; unknown flags
      115  load args[0].low
      116  jeq 1, else trace                            ; family unix
      117  load args[1].low
      118  and 0xf
      119  jge 11, then trace, else allow
    socket:
      120  load args[1].low
      121  jset 0xfff7f7f0, then EINVAL                 ; unknown flags
      122  load args[0].low
      123  jeq 1, then socket.1                         ; family unix
      124  jge 46, then EAFNOSUPPORT
      125  load args[1].low
      126  and 0xf
      127  jge 11, then EINVAL, else EPERM
    EAFNOSUPPORT:
      128  return ERRNO(EAFNOSUPPORT)
    socket.1:
      129  load args[1].low
      130  and 0xf
      131  jge 11, else allow
    EINVAL:
      132  return ERRNO(EINVAL)
    i386.6:
      133  jge 428, then i386.8
      134  jeq 369, then sendto.i386                    ; sendto
      135  jeq 370, then trace                          ; sendmsg
    i386.7:
      136  jge 425, then EPERM, else allow              ; then io_uring_setup to io_uring_register
    sendto.i386:
      137  load args[4].low
      138  jeq 0, then allow, else trace
    i386.8:
      139  jeq 438, then trace                          ; pidfd_getfd
      140  jeq 440, else allow                          ; process_madvise
    process_madvise:
      141  load args[3].low
      142  jeq 10, then EPERM                           ; MADV_DONTFORK
    allow:
      143  return ALLOW
    EPERM:
      144  return ERRNO(EPERM)
    trace:
      145  return TRACE(0x5356)

    """

private let watchingListing = """
    start:
       0  load arch
       1  jeq 0x40000003, then i386                     ; i386
       2  jeq 0xc000003e, else ENOSYS                   ; x86-64
    x86-64:
       3  load nr
       4  jset 0x40000000, then ENOSYS                  ; x32
       5  jge 157, then x86-64.4
       6  jge 47, then x86-64.2
       7  jge 43, then x86-64.1
       8  jeq 42, then trace                            ; connect
       9  jge 41, then socket, else allow               ; then socket
    x86-64.1:
      10  jeq 44, then sendto.x86-64                    ; sendto
      11  jeq 46, then trace, else allow                ; sendmsg
    sendto.x86-64:
      12  load args[4].low
      13  jeq 0, else trace
      14  load args[4].high
      15  jeq 0, then allow, else trace
    x86-64.2:
      16  jge 53, then x86-64.3
      17  jge 49, else allow
      18  jge 51, then allow, else trace                ; else bind, listen
    x86-64.3:
      19  jeq 101, then trace                           ; ptrace
      20  jeq 53, then socketpair, else allow           ; socketpair
    x86-64.4:
      21  jge 318, then i386.4
      22  jge 308, then x86-64.5
      23  jeq 157, then prctl                           ; prctl
      24  jeq 307, then trace, else allow               ; sendmmsg
    x86-64.5:
      25  jeq 317, then seccomp                         ; seccomp
      26  jge 310, else allow
      27  jge 312, then allow, else trace               ; else process_vm_readv, process_vm_writev
    ENOSYS:
      28  return ERRNO(ENOSYS)
    i386:
      29  load nr
      30  jge 359, then i386.3
      31  jge 173, then i386.1
      32  jeq 26, then trace                            ; ptrace
      33  jeq 102, then socketcall                      ; socketcall
      34  jeq 172, else allow                           ; prctl
    prctl:
      35  load args[0].low
      36  jeq 35, then EPERM, else allow                ; PR_SET_MM
    socketcall:
      37  load args[0].low
      38  jge 11, then socketcall.1
      39  jeq 8, then trace                             ; socketpair
      40  jeq 0, then allow
      41  jge 5, then allow, else trace                 ; else socket to listen
    socketcall.1:
      42  jeq 16, then trace                            ; sendmsg
      43  jeq 20, then trace                            ; sendmmsg
      44  jeq 11, then trace, else allow                ; sendto
    i386.1:
      45  jge 347, then i386.2
      46  jeq 345, then trace, else allow               ; sendmmsg
    i386.2:
      47  jeq 354, then seccomp                         ; seccomp
      48  jge 349, then allow, else trace               ; else process_vm_readv, process_vm_writev
    seccomp:
      49  load args[0].low
      50  jeq 1, else allow                             ; SECCOMP_SET_MODE_FILTER
      51  load args[1].low
      52  jset 0x8, then EPERM, else allow              ; NEW_LISTENER
    i386.3:
      53  jge 371, then i386.4
      54  jeq 359, then socket                          ; socket
      55  jeq 360, then socketpair                      ; socketpair
      56  jeq 370, then trace                           ; sendmsg
      57  jge 364, else trace                           ; else bind to listen
      58  jge 369, else allow                           ; then sendto
    sendto.i386:
      59  load args[4].low
      60  jeq 0, then allow, else trace
    socketpair:
      61  load args[1].low
      62  jset 0xfff7f7f0, then EINVAL, else trace      ; unknown flags
    socket:
      63  load args[1].low
      64  jset 0xfff7f7f0, then EINVAL                  ; unknown flags
      65  load args[0].low
      66  jge 46, then EAFNOSUPPORT
      67  load args[1].low
      68  and 0xf
      69  jge 11, then EINVAL, else trace
    EAFNOSUPPORT:
      70  return ERRNO(EAFNOSUPPORT)
    EINVAL:
      71  return ERRNO(EINVAL)
    i386.4:
      72  jge 438, then i386.5
      73  jge 425, else allow
      74  jge 428, then allow, else EPERM               ; else io_uring_setup to io_uring_register
    i386.5:
      75  jeq 440, then process_madvise                 ; process_madvise
      76  jeq 438, else allow                           ; pidfd_getfd
    trace:
      77  return TRACE(0x5356)
    process_madvise:
      78  load args[3].low
      79  jeq 10, then EPERM                            ; MADV_DONTFORK
    allow:
      80  return ALLOW
    EPERM:
      81  return ERRNO(EPERM)

    """
