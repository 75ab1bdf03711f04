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
        5  jge 102, then x86-64.5
        6  jge 45, then x86-64.3
        7  jge 29, then x86-64.1
        8  jeq 16, then ioctl                           ; ioctl
        9  jeq 28, else allow                           ; madvise
    madvise.x86-64:
       10  load args[2].low
       11  jeq 10, else allow                           ; MADV_DONTFORK
       12  load args[0].high
       13  jset 0x81ffffff, then trace                  ; beyond 4 GiB
       14  load args[0].low
       15  jgt 0x10fff, then trace
       16  jge 0x10000, then madvise.x86-64.1
       17  load args[1].high
       18  jeq 0, then madvise.i386.1, else EPERM
    madvise.x86-64.1:
       19  load args[1].low
       20  jeq 0, else EPERM
       21  load args[1].high
       22  jeq 0, then trace, else EPERM
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
       31  jge 53, then x86-64.4
       32  jeq 46, then trace                           ; sendmsg
       33  jge 49, else allow
       34  jge 51, then allow, else trace               ; else bind, listen
    x86-64.4:
       35  jeq 53, then socketpair                      ; socketpair
       36  jeq 54, then setsockopt                      ; setsockopt
       37  jeq 55, then getsockopt                      ; getsockopt
       38  jeq 101, then trace, else allow              ; ptrace
    x86-64.5:
       39  jge 317, then x86-64.7
       40  jge 250, then x86-64.6
       41  jeq 157, then prctl                          ; prctl
       42  jeq 249, else allow                          ; request_key
    request_key.x86-64:
       43  load args[2].low
       44  jeq 0, else EPERM
       45  load args[2].high
       46  jeq 0, then allow, else EPERM
    x86-64.6:
       47  jeq 307, then trace                          ; sendmmsg
       48  jge 310, else allow
       49  jge 312, then allow, else trace              ; else process_vm_readv, process_vm_writev
    x86-64.7:
       50  jge 428, then i386.9
       51  jeq 321, then EPERM                          ; bpf
       52  jeq 317, then seccomp, else i386.8           ; seccomp
    ENOSYS:
       53  return ERRNO(ENOSYS)
    i386:
       54  load nr
       55  jge 355, then i386.4
       56  jge 219, then i386.2
       57  jge 55, then i386.1
       58  jeq 26, then trace                           ; ptrace
       59  jeq 54, else allow                           ; ioctl
    ioctl:
       60  load args[1].low
       61  jge 0x5423, then ioctl.2
       62  jge 0x5412, then ioctl.1
       63  jeq 1952, then EPERM, else allow             ; IOCTL_VMCI_INIT_CONTEXT
    ioctl.1:
       64  jeq 0x541c, then EPERM                       ; TIOCLINUX
       65  jeq 0x5412, then EPERM, else allow           ; TIOCSTI
    ioctl.2:
       66  jge 0x400454ca, then ioctl.3
       67  jeq 0xaf01, then EPERM                       ; VHOST_SET_OWNER
       68  jeq 0x5423, then EPERM, else allow           ; TIOCSETD
    ioctl.3:
       69  jeq 0xc004743e, then EPERM                   ; PPPIOCNEWUNIT
       70  jeq 0x400454ca, then EPERM, else allow       ; TUNSETIFF
    i386.1:
       71  jeq 102, then socketcall                     ; socketcall
       72  jeq 172, else allow                          ; prctl
    prctl:
       73  load args[0].low
       74  jeq 35, then EPERM, else allow               ; PR_SET_MM
    socketcall:
       75  load args[0].low
       76  jge 11, then socketcall.1
       77  jeq 8, then trace                            ; socketpair
       78  jeq 0, then allow
       79  jge 5, then allow, else trace                ; else socket to listen
    socketcall.1:
       80  jeq 20, then trace                           ; sendmmsg
       81  jeq 11, then trace                           ; sendto
       82  jge 14, else allow
       83  jge 17, then allow, else trace               ; else setsockopt to sendmsg
    i386.2:
       84  jge 345, then i386.3
       85  jeq 287, then request_key.i386               ; request_key
       86  jeq 219, else allow                          ; madvise
    madvise.i386:
       87  load args[2].low
       88  jeq 10, else allow                           ; MADV_DONTFORK
       89  load args[0].low
       90  jgt 0x10fff, then trace
       91  jge 0x10000, then madvise.i386.2
    madvise.i386.1:
       92  load args[0].low
       93  tax
       94  load 0x10000
       95  sub x
       96  tax
       97  load args[1].low
       98  jgt x, then EPERM, else trace
    madvise.i386.2:
       99  load args[1].low
      100  jeq 0, then trace, else EPERM
    request_key.i386:
      101  load args[2].low
      102  jeq 0, then allow, else EPERM
    i386.3:
      103  jeq 346, then allow
      104  jeq 354, then seccomp                        ; seccomp
      105  jge 349, then allow, else trace              ; else sendmmsg to process_vm_writev
    seccomp:
      106  load args[0].low
      107  jeq 1, else allow                            ; SECCOMP_SET_MODE_FILTER
      108  load args[1].low
      109  jset 0x8, then EPERM, else allow             ; NEW_LISTENER
    i386.4:
      110  jge 367, then i386.6
      111  jge 360, then i386.5
      112  jeq 357, then EPERM                          ; bpf
      113  jeq 359, else allow                          ; socket
    socket:
      114  load args[1].low
      115  jset 0xfff7f7f0, then EINVAL                 ; unknown flags
      116  load args[0].low
      117  jeq 1, then socket.1                         ; family unix
      118  jge 46, then EAFNOSUPPORT
      119  load args[1].low
      120  and 0xf
      121  jge 11, then EINVAL, else EPERM
    EAFNOSUPPORT:
      122  return ERRNO(EAFNOSUPPORT)
    socket.1:
      123  load args[1].low
      124  and 0xf
      125  jge 11, then EINVAL, else allow
    i386.5:
      126  jeq 360, then socketpair                     ; socketpair
      127  jeq 366, then setsockopt                     ; setsockopt
      128  jge 364, else trace                          ; else bind to listen
      129  jeq 364, then allow                          ; accept4, else getsockopt
    getsockopt:
      130  load args[1].low
      131  jeq 132, else allow
      132  load args[2].low
      133  jeq 111, then EPERM, else allow
    setsockopt:
      134  load args[1].low
      135  jge 42, then setsockopt.10
      136  jeq 0, then setsockopt.5
      137  jeq 1, then setsockopt.4
      138  jeq 41, else allow
      139  load args[2].low
      140  jge 42, then setsockopt.2
      141  jge 20, then setsockopt.1
      142  jeq 2, then setsockopt.13
      143  jge 5, else allow
      144  jge 7, then allow, else setsockopt.13
    setsockopt.1:
      145  jeq 27, then setsockopt.13
      146  jeq 32, then setsockopt.13
      147  jeq 20, then setsockopt.13, else allow
    setsockopt.2:
      148  jge 50, then setsockopt.3
      149  jeq 46, then setsockopt.13
      150  jeq 48, then setsockopt.13, else setsockopt.8
    setsockopt.3:
      151  jeq 57, then setsockopt.13
      152  jeq 76, then setsockopt.13
      153  jeq 50, then setsockopt.13, else allow
    setsockopt.4:
      154  load args[2].low
      155  jeq 25, then setsockopt.13
      156  jeq 62, then setsockopt.13, else allow
    setsockopt.5:
      157  load args[2].low
      158  jge 41, then setsockopt.7
      159  jge 35, then setsockopt.6
      160  jeq 4, then setsockopt.13, else allow
    setsockopt.6:
      161  jeq 35, then setsockopt.13
      162  jeq 40, then allow
      163  jge 38, then setsockopt.13, else allow
    setsockopt.7:
      164  jge 48, then setsockopt.9
      165  jeq 46, then setsockopt.13
    setsockopt.8:
      166  jge 44, then allow, else setsockopt.13
    setsockopt.9:
      167  jeq 49, then allow
      168  jge 51, then allow, else setsockopt.13
    setsockopt.10:
      169  jeq 132, then setsockopt.11
      170  jeq 271, else allow
      171  load args[2].low
      172  jeq 135, then setsockopt.13, else allow
    setsockopt.11:
      173  load args[2].low
      174  jge 107, then setsockopt.12
      175  jeq 100, then setsockopt.13, else allow
    setsockopt.12:
      176  jeq 110, then setsockopt.13
      177  jeq 107, else allow
    setsockopt.13:
      178  load args[4].low
      179  jeq 0, then allow, else EPERM
    socketpair:
      180  load args[1].low
      181  jset 0xfff7f7f0, then EINVAL                 ; unknown flags
      182  load args[0].low
      183  jeq 1, else trace                            ; family unix
      184  load args[1].low
      185  and 0xf
      186  jge 11, then trace, else allow
    EINVAL:
      187  return ERRNO(EINVAL)
    i386.6:
      188  jge 428, then i386.9
      189  jge 370, then i386.7
      190  jeq 369, else allow                          ; sendto
    sendto.i386:
      191  load args[4].low
      192  jeq 0, then allow, else trace
    i386.7:
      193  jeq 370, then trace                          ; sendmsg
    i386.8:
      194  jge 425, then EPERM, else allow              ; then io_uring_setup to io_uring_register
    i386.9:
      195  jeq 438, then trace                          ; pidfd_getfd
      196  jeq 440, else allow                          ; process_madvise
    process_madvise:
      197  load args[3].low
      198  jeq 10, then EPERM                           ; MADV_DONTFORK
    allow:
      199  return ALLOW
    EPERM:
      200  return ERRNO(EPERM)
    trace:
      201  return TRACE(0x5356)

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
