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
        5  jge 101, then x86-64.5
        6  jge 44, then x86-64.2
        7  jge 28, then x86-64.1
        8  jeq 13, then rt_sigaction.x86-64             ; rt_sigaction
        9  jeq 16, then ioctl, else allow               ; ioctl
    rt_sigaction.x86-64:
       10  load args[0].low
       11  jeq 5, else allow                            ; SIGTRAP
       12  load args[1].low
       13  jeq 0, else trace
       14  load args[1].high
       15  jeq 0, then allow, else trace
    x86-64.1:
       16  jeq 28, then madvise.x86-64                  ; madvise
       17  jeq 43, then allow                           ; accept
       18  jge 41, else allow
       19  jeq 41, then socket, else trace              ; socket; else connect
    madvise.x86-64:
       20  load args[2].low
       21  jeq 10, else allow                           ; MADV_DONTFORK
       22  load args[0].high
       23  jset 0x81ffffff, then trace                  ; beyond 4 GiB
       24  load args[0].low
       25  jgt 0x10fff, then trace
       26  jge 0x10000, then madvise.x86-64.1
       27  load args[1].high
       28  jeq 0, then madvise.i386.1, else EPERM
    madvise.x86-64.1:
       29  load args[1].low
       30  jeq 0, else EPERM
       31  load args[1].high
       32  jeq 0, then trace, else EPERM
    x86-64.2:
       33  jge 51, then x86-64.3
       34  jeq 46, then trace                           ; sendmsg
       35  jeq 44, then sendto.x86-64                   ; sendto
       36  jge 49, then trace, else allow               ; then bind, listen
    sendto.x86-64:
       37  load args[4].low
       38  jeq 0, else trace
       39  load args[4].high
       40  jeq 0, then allow, else trace
    x86-64.3:
       41  jge 54, then x86-64.4
       42  jeq 53, then socketpair, else allow          ; socketpair
    x86-64.4:
       43  jeq 54, then setsockopt                      ; setsockopt
       44  jeq 55, then getsockopt, else allow          ; getsockopt
    x86-64.5:
       45  jge 317, then x86-64.7
       46  jge 250, then x86-64.6
       47  jeq 157, then prctl                          ; prctl
       48  jeq 101, then trace                          ; ptrace
       49  jeq 249, else allow                          ; request_key
    request_key.x86-64:
       50  load args[2].low
       51  jeq 0, else EPERM
       52  load args[2].high
       53  jeq 0, then allow, else EPERM
    x86-64.6:
       54  jeq 307, then trace                          ; sendmmsg
       55  jge 310, else allow
       56  jge 312, then allow, else trace              ; else process_vm_readv, process_vm_writev
    x86-64.7:
       57  jge 428, then x86-64.8
       58  jeq 321, then EPERM                          ; bpf
       59  jeq 317, then seccomp                        ; seccomp
       60  jge 425, then EPERM, else allow              ; then io_uring_setup to io_uring_register
    x86-64.8:
       61  jeq 438, then trace                          ; pidfd_getfd
       62  jeq 440, then process_madvise, else allow    ; process_madvise
    ENOSYS:
       63  return ERRNO(ENOSYS)
    i386:
       64  load nr
       65  jge 347, then i386.4
       66  jge 103, then i386.2
       67  jge 54, then i386.1
       68  jeq 26, then trace                           ; ptrace
       69  jeq 48, else allow                           ; signal
    signal.i386:
       70  load args[0].low
       71  jeq 5, else allow                            ; SIGTRAP
       72  load args[1].low
       73  jeq 1, then trace, else allow                ; SIG_IGN
    i386.1:
       74  jeq 67, then sigaction.i386                  ; sigaction
       75  jeq 54, then ioctl                           ; ioctl
       76  jeq 102, else allow                          ; socketcall
    socketcall:
       77  load args[0].low
       78  jge 11, then socketcall.1
       79  jeq 8, then trace                            ; socketpair
       80  jeq 0, then allow
       81  jge 5, then allow, else trace                ; else socket to listen
    socketcall.1:
       82  jeq 20, then trace                           ; sendmmsg
       83  jeq 11, then trace                           ; sendto
       84  jge 14, else allow
       85  jge 17, then allow, else trace               ; else setsockopt to sendmsg
    ioctl:
       86  load args[1].low
       87  jge 0xaf01, then ioctl.2
       88  jge 0x5413, then ioctl.1
       89  jeq 1952, then EPERM                         ; IOCTL_VMCI_INIT_CONTEXT
       90  jeq 0x5412, then EPERM, else allow           ; TIOCSTI
    ioctl.1:
       91  jeq 0x541c, then EPERM                       ; TIOCLINUX
       92  jeq 0x5423, then EPERM, else allow           ; TIOCSETD
    ioctl.2:
       93  jge 0x40047439, then ioctl.3
       94  jeq 0x400454ca, then EPERM                   ; TUNSETIFF
       95  jeq 0xaf01, then EPERM                       ; VHOST_SET_OWNER
       96  jeq 0x40047438, then EPERM, else allow       ; PPPIOCATTCHAN
    ioctl.3:
       97  jeq 0x4004743d, then EPERM                   ; PPPIOCATTACH
       98  jeq 0xc004743e, then EPERM, else allow       ; PPPIOCNEWUNIT
    i386.2:
       99  jge 219, then i386.3
      100  jeq 172, then prctl                          ; prctl
      101  jeq 174, else allow                          ; rt_sigaction
    sigaction.i386:
      102  load args[0].low
      103  jeq 5, else allow                            ; SIGTRAP
      104  load args[1].low
      105  jeq 0, then allow, else trace
    prctl:
      106  load args[0].low
      107  jeq 35, then EPERM, else allow               ; PR_SET_MM
    i386.3:
      108  jeq 287, then request_key.i386               ; request_key
      109  jeq 345, then trace                          ; sendmmsg
      110  jeq 219, else allow                          ; madvise
    madvise.i386:
      111  load args[2].low
      112  jeq 10, else allow                           ; MADV_DONTFORK
      113  load args[0].low
      114  jgt 0x10fff, then trace
      115  jge 0x10000, then madvise.i386.2
    madvise.i386.1:
      116  load args[0].low
      117  tax
      118  load 0x10000
      119  sub x
      120  tax
      121  load args[1].low
      122  jgt x, then EPERM, else trace
    madvise.i386.2:
      123  load args[1].low
      124  jeq 0, then trace, else EPERM
    request_key.i386:
      125  load args[2].low
      126  jeq 0, then allow, else EPERM
    i386.4:
      127  jge 366, then i386.6
      128  jge 358, then i386.5
      129  jeq 354, then seccomp                        ; seccomp
      130  jeq 357, then EPERM                          ; bpf
      131  jge 349, then allow, else trace              ; else process_vm_readv, process_vm_writev
    seccomp:
      132  load args[0].low
      133  jeq 1, else allow                            ; SECCOMP_SET_MODE_FILTER
      134  load args[1].low
      135  jset 0x8, then EPERM, else allow             ; NEW_LISTENER
    i386.5:
      136  jeq 358, then allow
      137  jeq 359, then socket                         ; socket
      138  jeq 360, then socketpair                     ; socketpair
      139  jeq 365, then getsockopt                     ; getsockopt
      140  jge 364, then allow, else trace              ; else bind to listen
    getsockopt:
      141  load args[1].low
      142  jeq 132, else allow
      143  load args[2].low
      144  jeq 111, then EPERM, else allow
    socketpair:
      145  load args[1].low
      146  jset 0xfff7f7f0, then EINVAL                 ; unknown flags
      147  load args[0].low
      148  jeq 1, else trace                            ; family unix
      149  load args[1].low
      150  and 0xf
      151  jge 11, then trace, else allow
    socket:
      152  load args[1].low
      153  jset 0xfff7f7f0, then EINVAL                 ; unknown flags
      154  load args[0].low
      155  jeq 1, then socket.1                         ; family unix
      156  jge 46, then EAFNOSUPPORT
      157  load args[1].low
      158  and 0xf
      159  jge 11, then EINVAL, else EPERM
    EAFNOSUPPORT:
      160  return ERRNO(EAFNOSUPPORT)
    socket.1:
      161  load args[1].low
      162  and 0xf
      163  jge 11, else allow
    EINVAL:
      164  return ERRNO(EINVAL)
    i386.6:
      165  jge 425, then i386.8
      166  jeq 366, then setsockopt                     ; setsockopt
      167  jge 370, then i386.7
      168  jeq 369, else allow                          ; sendto
    sendto.i386:
      169  load args[4].low
      170  jeq 0, then allow, else trace
    i386.7:
      171  jeq 370, then trace, else allow              ; sendmsg
    setsockopt:
      172  load args[1].low
      173  jge 42, then setsockopt.10
      174  jeq 0, then setsockopt.5
      175  jeq 1, then setsockopt.4
      176  jeq 41, else allow
      177  load args[2].low
      178  jge 42, then setsockopt.2
      179  jge 20, then setsockopt.1
      180  jeq 2, then setsockopt.13
      181  jge 5, else allow
      182  jge 7, then allow, else setsockopt.13
    setsockopt.1:
      183  jeq 27, then setsockopt.13
      184  jeq 32, then setsockopt.13
      185  jeq 20, then setsockopt.13, else allow
    setsockopt.2:
      186  jge 50, then setsockopt.3
      187  jeq 46, then setsockopt.13
      188  jeq 48, then setsockopt.13, else setsockopt.8
    setsockopt.3:
      189  jeq 57, then setsockopt.13
      190  jeq 76, then setsockopt.13
      191  jeq 50, then setsockopt.13, else allow
    setsockopt.4:
      192  load args[2].low
      193  jeq 25, then setsockopt.13
      194  jeq 62, then setsockopt.13, else allow
    setsockopt.5:
      195  load args[2].low
      196  jge 41, then setsockopt.7
      197  jge 35, then setsockopt.6
      198  jeq 4, then setsockopt.13, else allow
    setsockopt.6:
      199  jeq 35, then setsockopt.13
      200  jeq 40, then allow
      201  jge 38, then setsockopt.13, else allow
    setsockopt.7:
      202  jge 48, then setsockopt.9
      203  jeq 46, then setsockopt.13
    setsockopt.8:
      204  jge 44, then allow, else setsockopt.13
    setsockopt.9:
      205  jeq 49, then allow
      206  jge 52, then allow, else setsockopt.13
    setsockopt.10:
      207  jeq 132, then setsockopt.11
      208  jeq 271, else allow
      209  load args[2].low
      210  jeq 135, then setsockopt.13, else allow
    setsockopt.11:
      211  load args[2].low
      212  jge 107, then setsockopt.12
      213  jeq 100, then setsockopt.13, else allow
    setsockopt.12:
      214  jeq 110, then setsockopt.13
      215  jeq 107, else allow
    setsockopt.13:
      216  load args[4].low
      217  jeq 0, then allow, else EPERM
    i386.8:
      218  jeq 438, then trace                          ; pidfd_getfd
      219  jeq 440, then process_madvise                ; process_madvise
      220  jge 428, then allow, else EPERM              ; else io_uring_setup to io_uring_register
    process_madvise:
      221  load args[3].low
      222  jeq 10, then EPERM                           ; MADV_DONTFORK
    allow:
      223  return ALLOW
    EPERM:
      224  return ERRNO(EPERM)
    trace:
      225  return TRACE(0x5356)

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
