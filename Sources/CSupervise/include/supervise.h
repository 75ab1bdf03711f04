/* What a program can ask of the supervisor that it runs under: to give up the network, for a time or
 * for good.
 *
 *     #include <sys/resource.h>
 *     #include <supervise.h>
 *
 *     struct rlimit off = {0, 0};
 *     if (setrlimit(RLIMIT_NETWORK, &off) == -1) ...
 *
 * or, for the calling thread alone and what it starts from then on,
 *
 *     #include <sys/prctl.h>
 *
 *     if (prctl(PR_SET_NETWORK, PR_NETWORK_OFF, 0, 0, 0) == -1) ...
 *
 * Both are calls of their own right, of which the C library need know nothing. The kernel has
 * neither: without `supervise` they fail with EINVAL, and a program can tell so whether it is
 * supervised. What is refused afterwards, and what goes on to work, is in docs/limits.md.
 *
 * This header needs no other and no library. */

#ifndef SUPERVISE_H
#define SUPERVISE_H

/* A resource of getrlimit(2), setrlimit(2) and prlimit(2): one limit for each process, shared by its
 * threads, inherited by its children and kept when it executes a program. The network is off where
 * the soft value is 0. Lowering the hard value is for good, unless one has CAP_SYS_RESOURCE.
 *
 * EBUSY: the process holds something that would go on without asking: an io_uring that it made, or
 * a seccomp listener; or a thread of it has a seccomp filter that its others do not have. */
#ifndef RLIMIT_NETWORK
#define RLIMIT_NETWORK 16
#endif

/* Options of prctl(2): flags that each thread has for itself, copied to the threads and processes
 * that it makes, and kept when it executes a program. They can be set and never cleared: EPERM.
 * The second argument of PR_SET_NETWORK is the flags; PR_GET_NETWORK returns them. */
#define PR_SET_NETWORK 0x534e0001
#define PR_GET_NETWORK 0x534e0002
/* The network is off. */
#define PR_NETWORK_OFF 1

#endif
