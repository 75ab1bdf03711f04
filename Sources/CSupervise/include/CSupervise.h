// What Swift cannot call by itself: variadic functions, system calls without a wrapper, fork, and
// constants that are newer than the headers.
//
// Every function that can fail returns 0 or an errno *value*, so that nothing reads `errno` after
// something else has changed it. Functions that the kernel restarts after a signal (EINTR) say so.

#ifndef CSUPERVISE_H
#define CSUPERVISE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "supervise.h"

// MARK: - ptrace(2)

// PTRACE_O_*: what a tracee reports. PTRACE_O_EXITKILL ends it when its tracer dies.
enum {
    CSUPERVISE_O_SYSGOOD = 1 << 0,
    CSUPERVISE_O_FORK = 1 << 1,
    CSUPERVISE_O_VFORK = 1 << 2,
    CSUPERVISE_O_CLONE = 1 << 3,
    CSUPERVISE_O_EXEC = 1 << 4,
    CSUPERVISE_O_EXIT = 1 << 6,
    CSUPERVISE_O_SECCOMP = 1 << 7,
    CSUPERVISE_O_EXITKILL = 1 << 20,
};

/// struct ptrace_syscall_info (Linux 5.3) of a seccomp stop, with the array spelled out.
struct csupervise_syscall_info {
    uint8_t op;
    uint8_t pad[3];
    uint32_t arch;
    uint64_t instruction_pointer;
    uint64_t stack_pointer;
    uint64_t number;
    uint64_t argument0, argument1, argument2, argument3, argument4, argument5;
    uint32_t data;
    uint32_t reserved;
};

/// struct user_regs_struct of x86-64: a tracee's registers, of 32-bit programs too.
struct csupervise_registers {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint64_t orig_rax, rip, cs, eflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
};

int csupervise_ptrace_seize(pid_t thread, unsigned options);
int csupervise_ptrace_set_options(pid_t thread, unsigned options);
/// PTRACE_CONT, delivering `signal` if it is not 0.
int csupervise_ptrace_continue(pid_t thread, int signal);
/// PTRACE_SYSCALL: as above, and stop when the call under way has been made.
int csupervise_ptrace_continue_to_exit(pid_t thread, int signal);
/// PTRACE_SINGLESTEP: make one instruction, or the call that is under way, and stop with SIGTRAP.
int csupervise_ptrace_step(pid_t thread, int signal);
/// PTRACE_LISTEN: stay in the group-stop, but hear of its end.
int csupervise_ptrace_listen(pid_t thread);
int csupervise_ptrace_interrupt(pid_t thread);
int csupervise_ptrace_event_message(pid_t thread, unsigned long *message);
int csupervise_ptrace_syscall_info(pid_t thread, struct csupervise_syscall_info *info);
int csupervise_ptrace_get_registers(pid_t thread, struct csupervise_registers *registers);
int csupervise_ptrace_set_registers(pid_t thread, const struct csupervise_registers *registers);
/// PTRACE_POKEUSER at an offset into struct csupervise_registers.
int csupervise_ptrace_poke_register(pid_t thread, size_t offset, uint64_t value);

/// PTRACE_GETSIGMASK and PTRACE_SETSIGMASK: the blocked signals, one bit each.
int csupervise_ptrace_get_signal_mask(pid_t thread, uint64_t *mask);
int csupervise_ptrace_set_signal_mask(pid_t thread, uint64_t mask);

/// PTRACE_GETSIGINFO of the SIGTRAP at whose stop a thread is: whether its code is none of kill(2) and its
/// like, and what is at the place of si_addr.
int csupervise_ptrace_trap(pid_t thread, int *is_fault, uint64_t *address);

/// Looks at the next tracee that changed its state, which stays to be taken with the same answer.
///
/// `*thread` is 0 when `block` is 0 and none has. `*ended` says whether it is dead. ECHILD: no
/// tracee is left. Goes on after EINTR. waitid(P_ALL) with WNOWAIT.
int csupervise_wait_peek(int block, pid_t *thread, int *ended);
/// Nanoseconds of CLOCK_MONOTONIC.
int64_t csupervise_monotonic(void);
/// Whether this thread may run on more than one core. sched_getaffinity(2); where that fails, it may.
int csupervise_has_several_cores(void);
/// Lets some dozens of nanoseconds pass without a system call.
void csupervise_pause(void);
/// Whether a thread is a tracee of this process, or a child, dead or alive; takes no change of it.
int csupervise_is_traced(pid_t thread);
/// Takes the state change of a tracee, as a status word of wait4(2); reaps it if it has ended.
///
/// `*thread` is 0 where the change is no more: a stopped tracee was killed. Never blocks.
int csupervise_wait_take(pid_t *thread, int ended, int *status);

// MARK: - Other processes

/// fork(2); `*child` is 0 in the child.
int csupervise_fork(pid_t *child);
/// Forks a child that starts `*grandchild` in a new session and ends, and waits for that end.
///
/// Returns in the grandchild too, with `*grandchild` 0. The caller gets no SIGCHLD, pending or
/// delivered, whatever its disposition and mask. Nothing but the grandchild is left, and it is no
/// child of the caller's, though that be a child subreaper.
int csupervise_fork_detached(pid_t *grandchild);
/// pidfd_open(2), close-on-exec (Linux 5.3), for the leader of a thread group.
int csupervise_pidfd_open(pid_t process, int *descriptor);
/// pidfd_open(2) with PIDFD_THREAD (Linux 6.9), for any thread. EINVAL on older kernels.
int csupervise_pidfd_open_thread(pid_t thread, int *descriptor);
/// A number that the kernel gives to no other thread or process, ever (Linux 6.9): that of its pidfd.
///
/// ENOTSUP: this kernel has none.
int csupervise_task_identity(pid_t thread, uint64_t *identity);
/// When a thread began, in hundredths of a second since the machine did, as /proc/THREAD/stat says.
int csupervise_start_time(pid_t thread, uint64_t *hundredths);
/// The present time in the same unit, by the same clock.
uint64_t csupervise_hundredths(void);
/// pidfd_getfd(2), close-on-exec (Linux 5.6).
int csupervise_pidfd_getfd(int pidfd, int target, int *descriptor);
/// Closes a copy of a tracee's descriptor without waiting for what close(2) waits for.
///
/// That is who serves the file's system (FUSE asks to flush it), or the peer of a socket that lingers where
/// the tracee has closed its own. A thread of the supervisor's waits for them.
void csupervise_close_copy(int descriptor);
/// Whether `thread` belongs to the thread group `process`: tgkill(2) with signal 0.
int csupervise_is_thread_of(pid_t thread, pid_t process);
/// kill(2).
int csupervise_kill(pid_t process, int signal);

/// Opens /proc, close-on-exec, from where all of the following are found from then on.
///
/// What anybody mounts over its files later is not followed: EXDEV. The descriptor is to stay open.
int csupervise_proc_open(int *descriptor);
/// Opens /proc/THREAD/mem for reading and writing, close-on-exec.
int csupervise_open_memory(pid_t thread, int *descriptor);
/// Opens /proc/THREAD/maps, close-on-exec.
int csupervise_open_maps(pid_t thread, int *descriptor);

struct csupervise_program {
    unsigned major, minor;
    uint64_t inode;
    size_t length;
    char path[4096];
};

/// The file that `thread` runs: stat(2) and readlink(2) of /proc/THREAD/exe.
int csupervise_program_of(pid_t thread, struct csupervise_program *program);
/// Whether a path leads to that file now, 1 is yes; it is looked up as the caller sees it.
int csupervise_leads_to(const char *path, unsigned driver, unsigned unit, uint64_t inode);
/// Reads a file of /proc/THREAD, at most `size` bytes; `*length` is how many there were.
int csupervise_read_status_file(
    pid_t thread, const char *name, void *buffer, size_t size, size_t *length);
/// The path without links that an AF_UNIX name leads a thread to, as the caller sees it.
///
/// `is_new`: the name is to be made, so its last part is taken as it is. `*is_our_root` says whether
/// the thread has the caller's root. EXDEV: it cannot be told, since the thread sees other files
/// under these names, or the path goes through a link of /proc. Other errors are the kernel's for
/// the name.
int csupervise_resolve_name(
    pid_t thread, const char *path, int is_new, char resolved[static 4096], int *is_our_root);
/// The thread's name, /proc/THREAD/comm without its newline, NUL-terminated.
int csupervise_thread_name(pid_t thread, char name[static 64]);
/// The number of a thread's process, and of its parent, in the caller's pid namespace.
int csupervise_process_of(pid_t thread, pid_t *process, pid_t *parent);
/// The number of a thread's process as that process sees it itself, in its own pid namespace.
///
/// `*same_namespace` says whether that is the caller's namespace.
int csupervise_own_number(pid_t thread, pid_t *process, int *same_namespace);
/// Whether a thread's process ignores a signal, one of the first 31.
int csupervise_ignores_signal(pid_t thread, int signal, int *ignores);
/// How many seccomp filters a thread is under, 0 for the caller (Linux 5.9); ENOENT where the kernel does not tell.
int csupervise_filter_count(pid_t thread, int *count);
/// Whether a thread is in the caller's network namespace; 0 also where that cannot be told.
int csupervise_shares_network(pid_t thread);
/// The process that a pidfd in `thread`'s descriptor table stands for; 0 when it has ended.
///
/// EBADF: no such descriptor, or it is not a pidfd.
int csupervise_pidfd_target(pid_t thread, int descriptor, pid_t *process);
/// Whether a descriptor of `thread` and one of the caller's are the same file.
int csupervise_is_same_file(pid_t thread, int theirs, int ours);
/// A descriptor that is a socket.
struct csupervise_held_socket {
    int number;
    uint64_t inode;
};
/// The sockets among a thread's descriptors: the first `room` of them, and how many there are.
int csupervise_list_sockets(
    pid_t thread, struct csupervise_held_socket *sockets, size_t room, size_t *count);
/// Whether a thread has a socket among its descriptors, by the number of the socket's inode.
///
/// -1 where the kernel does not tell; 0 for a thread that is gone.
int csupervise_holds_socket(pid_t thread, uint64_t inode);
/// Whether a thread has an io_uring among its descriptors; -1 and 0 as above.
int csupervise_holds_ring(pid_t thread);
/// Whether two threads are known to share their descriptors.
int csupervise_shares_descriptors(pid_t one, pid_t other);
/// The number of the inode of one of the caller's descriptors.
int csupervise_inode(int descriptor, uint64_t *inode);

struct csupervise_credentials {
    /// Real, effective and saved.
    uint32_t user[3], group[3];
    /// The effective ones, one bit each.
    uint64_t capabilities;
    /// The inode of the user namespace that they hold in; 0 where that is not told.
    uint64_t user_namespace;
};

/// PROC_USER_INIT_INO: the inode of the first user namespace.
enum { CSUPERVISE_FIRST_USER_NAMESPACE = 0xEFFFFFFDU, CSUPERVISE_CAP_SYS_RESOURCE = 24 };

/// A thread's credentials, from /proc/THREAD/status.
int csupervise_credentials_of(pid_t thread, struct csupervise_credentials *credentials);
/// The path of what `thread`'s descriptor stands for, NUL-terminated, as the caller sees it.
///
/// EXDEV: under that path the caller sees something else, or nothing.
int csupervise_descriptor_path(pid_t thread, int descriptor, char path[static 4097]);
/// Whether `thread`'s descriptor is /proc/PROCESS/task/THREAD/fd of the caller's /proc, in a mount where
/// nobody but who may mount in the caller's own mount namespace can put anything over its links.
int csupervise_is_descriptor_directory(pid_t process, pid_t thread, int descriptor);
/// Whether that directory is `thread`'s working directory.
int csupervise_is_in_descriptor_directory(pid_t process, pid_t thread);

// MARK: - This process

/// Gives the network up for good, RLIMIT_NETWORK. EINVAL: no supervisor.
int csupervise_give_network_up(void);

int csupervise_set_dumpable(int dumpable);
int csupervise_set_no_new_privileges(void);
/// PR_SET_PTRACER: lets `tracer` attach under Yama's ptrace_scope 1; 0 takes it back.
///
/// EINVAL where the kernel has no Yama, which then forbids nothing.
int csupervise_set_ptracer(pid_t tracer);
int csupervise_set_name(const char *name);
/// Closes every descriptor but the `count` given ones.
int csupervise_close_all_but(const int *keep, size_t count);
/// Opens /dev/null as descriptors 0, 1 and 2.
int csupervise_null_standard_streams(void);
/// Ignores what other processes send, SIGPIPE and SIGXFSZ too, with an empty mask.
///
/// A signal to all of a user's processes is for the supervised ones to answer, and they could not
/// if their tracer died of it.
void csupervise_ignore_signals(void);
/// Raises the soft limits of open files and processor time to the hard ones.
void csupervise_raise_limits(void);
/// Whether /proc tells of the caller's own pid namespace: 0, ESRCH where it is another's.
int csupervise_check_proc(void);
/// Passes signals that a process sends to this one on to `process`, from their handler.
///
/// Those of the terminal (si_code > 0) reach `process` by themselves.
void csupervise_forward_signals(pid_t process);
/// Installs a seccomp filter of `count` struct sock_filter (SECCOMP_SET_MODE_FILTER).
int csupervise_seccomp_install(const void *instructions, size_t count);
/// Whether the kernel has seccomp filters and the action of that number.
int csupervise_seccomp_has_action(uint32_t action);
/// The version of Landlock that the kernel offers; 0 where it has none.
int csupervise_landlock_abi(void);
/// CSUPERVISE_LANDLOCK_*: the access to TCP ports (ABI 4) and the scope (ABI 6) that a domain takes.
enum {
    CSUPERVISE_LANDLOCK_BIND_TCP = 1 << 0,
    CSUPERVISE_LANDLOCK_CONNECT_TCP = 1 << 1,
    CSUPERVISE_LANDLOCK_ABSTRACT_NAMES = 1 << 0,
};
/// A range of TCP ports, both ends included.
struct csupervise_ports {
    uint16_t first, last;
};
/// Puts the calling thread into a Landlock domain that has none of the given access, but for the `network`
/// access to the ports of `count` ranges.
///
/// Takes a microsecond and 100 bytes of kernel memory for each port.
/// ENOMSG: nothing is given. E2BIG: the thread is in 16 domains already.
int csupervise_landlock_enter(
    uint64_t network, uint64_t scoped, const struct csupervise_ports *ports, size_t count);
/// Closes the io_uring descriptors that exec would leave open, and tells their numbers.
///
/// `*count` is how many there were, of which the first `capacity` are in `closed`.
int csupervise_close_rings(int *closed, size_t capacity, size_t *count);
/// Writes a text, and waits so long for its reader to take it.
///
/// Whoever wrote into a pipe before can have filled it, and who reads it may wait for something else. A
/// thread then goes on with the writing. To be called once.
void csupervise_tell(int descriptor, const void *bytes, size_t size, int milliseconds);
/// Waits so long, for ever with -1, until what was to be told is written, or cannot be.
void csupervise_await_told(int milliseconds);
/// Whether exec would leave an io_uring open. Also where that cannot be told.
int csupervise_inherits_ring(void);
/// Whether exec would leave a socket open that may take a name of any family for one of its own: a raw
/// IPv4 socket, or one of neither IP nor AF_UNIX. Also where that cannot be told.
int csupervise_inherits_any_family(void);
/// Whether exec would leave a datagram socket of IP open that has no port. Also where that cannot be told.
int csupervise_inherits_portless(void);
/// Puts new sockets, which hear nothing, in the place of those.
///
/// The kernel gives them a port at the first send, with or without a destination, which no filter sees.
/// Theirs stay as they are for the others that have them.
int csupervise_deafen_portless(void);
/// A connected pair of close-on-exec AF_UNIX sockets, none of them 0, 1 or 2.
int csupervise_channel(int descriptors[2]);
/// Runs `path` as execvp(3) looks it up, without its shell for files of no known format.
///
/// Returns the error; EACCES where some candidate could not be run and none was found.
int csupervise_execute(const char *file, char *const *arguments, char *const *environment);
char **csupervise_environment(void);

// MARK: - Files

/// Writes a file under a temporary name, and renames it to `name` in one step; its mode and owner are
/// those of the file that it replaces. Without a name it is only tried, and removed again.
int csupervise_replace_file(
    int directory, const char *name, const char *temporary, const void *bytes, size_t size);

// MARK: - Sockets and memory

struct csupervise_socket {
    int domain, type, protocol, listening;
};

/// SO_DOMAIN, SO_TYPE, SO_PROTOCOL and SO_ACCEPTCONN. ENOTSOCK, or EBADF for an O_PATH descriptor.
int csupervise_socket_inspect(int descriptor, struct csupervise_socket *socket);
/// The DNS answer that a UDP socket receives next, its first `size` bytes, which it keeps.
///
/// EPROTOTYPE: another kind of socket, or not from port 53. EAGAIN: nothing is there, or an error is,
/// which is left for the program. EBUSY: the program peeks itself (SO_PEEK_OFF).
int csupervise_peek_answer(int descriptor, void *buffer, size_t size, size_t *length);
/// SO_SNDTIMEO, or SO_RCVTIMEO, in milliseconds, rounded up; 0 where there is none.
int csupervise_timeout(int descriptor, int of_sending);
/// Resets a connection, whoever has it: connect(2) to AF_UNSPEC with SO_LINGER of no time, or where the
/// protocol does not know that, shutdown(2).
void csupervise_reset(int descriptor);
/// Whether a TCP socket is connecting and not yet connected; also where it listens, or is connected and has no
/// room for more to send.
int csupervise_is_connecting(int descriptor);
/// Attaches a filter of `count` struct sock_filter to a socket, which then keeps it for good.
///
/// 0 too where it has this very filter already; EPERM where another one is locked.
int csupervise_filter_packets(int descriptor, const void *instructions, size_t count);
/// bind(2).
int csupervise_bind(int descriptor, const void *address, size_t length);
/// bind(2), with the port to be chosen when it is needed (IP_BIND_ADDRESS_NO_PORT).
int csupervise_bind_source(int descriptor, const void *address, size_t length);
/// Sets IPV6_V6ONLY where it is not set. ENOPROTOOPT or EINVAL: not an IPv6 socket, or bound already.
int csupervise_make_ipv6_only(int descriptor);
/// getsockname(2): the socket's own address, and how many bytes of it there are.
int csupervise_socket_name(int descriptor, uint8_t name[static 128], size_t *length);
/// getpeername(2), the same for the socket's peer; ENOTCONN where it has none.
int csupervise_peer_name(int descriptor, uint8_t name[static 128], size_t *length);
/// pread(2) until `count` bytes, an end or an error; `*done` is what was read.
int csupervise_read_at(int descriptor, void *buffer, size_t count, uint64_t offset, size_t *done);
enum { CSUPERVISE_READABLE = 1, CSUPERVISE_WRITABLE = 2 };

/// PROCMAP_QUERY (Linux 6.11) on a /proc/PID/maps descriptor: the mapping that holds `address`.
///
/// `*access` gets CSUPERVISE_READABLE and CSUPERVISE_WRITABLE, `*end` the mapping's end.
/// ENOENT: nothing is mapped there. ENOTTY: the kernel does not have the query.
int csupervise_query_mapping(int maps, uint64_t address, int *access, uint64_t *end);
/// Whether the kernel has it.
int csupervise_tells_mappings(void);

/// Whether to read this memory may take as long as somebody's file server likes.
///
/// So it is where a mapping is of a file on a file system without a device, but for the kernel's
/// shared memory, whose st_dev is given. 0 where the kernel cannot tell. `*access` gets what all of
/// the memory allows, as csupervise_query_mapping, or -1 where that was not found out.
int csupervise_may_block(
    int maps, uint64_t address, uint64_t count, uint64_t shared_memory, int *access);

/// Whether these bytes are of the stack that the kernel made for the program (`[stack]`), readable and
/// writable.
///
/// 0 also where the kernel cannot tell.
int csupervise_is_stack(int maps, uint64_t address, uint64_t count);

// MARK: - The sealed page

struct csupervise_sealed_memory {
    void *writable;
    size_t size;
    int descriptor;
    uint64_t device, inode;
};

/// Makes memory that only this process can write, and a read-only descriptor of it.
///
/// A memfd, mapped writable here and then sealed with F_SEAL_FUTURE_WRITE (Linux 5.1), SHRINK,
/// GROW and SEAL: no other mapping of it can ever be written, whoever holds a descriptor.
int csupervise_sealed_memory_create(size_t size, struct csupervise_sealed_memory *memory);
/// Whether the kernel has mseal(2) (Linux 6.10).
int csupervise_has_mseal(void);
/// Whether the mapping at `address` is that memory from its start, shared, whole and read-only.
///
/// By PROCMAP_QUERY (Linux 6.11), or from the lines of /proc/PID/maps.
int csupervise_is_sealed_mapping(
    int maps, uint64_t address, const struct csupervise_sealed_memory *memory);
/// Whether all memory below 4 GiB is one reservation that nobody may access.
///
/// By the first line of /proc/PID/maps. Programs with pointers of 32 bits among those of 64 (V8's
/// sandbox) keep a mistaken one from pointing anywhere that way.
int csupervise_is_low_memory_reserved(int maps);
/// Whether the mapping that begins at `address` in a thread's memory is sealed, by mseal(2), and
/// whether children get it. /proc/THREAD/smaps; ENOENT: there is no such mapping.
int csupervise_mapping_fate(pid_t thread, uint64_t address, int *sealed, int *inherited);
/// Puts a descriptor into the receive queue of an AF_UNIX datagram socket, for SCM_RIGHTS.
///
/// The socket has no name yet, or one that this function gave it; it is connected to itself then. An error
/// for every other one.
int csupervise_queue_descriptor(int socket, int descriptor);
/// pwrite(2) of all of `count` bytes.
int csupervise_write_at(int descriptor, const void *buffer, size_t count, uint64_t offset);
/// Raises a process's soft limit of open files by `extra`, the hard one with it where it must be, and
/// tells the former ones.
///
/// EPERM: it must be, and `beyond_hard` is 0, or the caller may not.
int csupervise_raise_limit_of(
    pid_t process, uint64_t extra, int beyond_hard, uint64_t *soft, uint64_t *hard);
/// Sets a process's limits of open files.
int csupervise_set_limit_of(pid_t process, uint64_t soft, uint64_t hard);

// MARK: - The courier: a socket to which tracees that hide from their tracer send what they must show

struct csupervise_courier_name {
    unsigned length;
    unsigned char bytes[32];
};

/// Makes an AF_UNIX datagram socket with an abstract name, and sends it over a socket pair, as its only
/// descriptor.
int csupervise_courier_send(int channel);
/// Takes what `csupervise_courier_send` sent, without waiting.
int csupervise_courier_take(int channel, int *courier, struct csupervise_courier_name *name);
/// Takes the next message, without waiting; `*descriptor` is one that came along, or -1.
int csupervise_courier_receive(
    int socket, void *buffer, size_t size, size_t *length, int *descriptor);
// MARK: - Children

/// Starts a program by its path, in a process group of its own and in that working directory, with
/// nothing to read; gives its number and the reading ends of its output and errors.
///
/// Threads may do so at the same time: no child inherits another's pipes.
int csupervise_spawn(
    char *const arguments[], const char *directory, pid_t *process, int *output, int *error);

// MARK: - The machine

/// Whether the caller may look into processes that are not dumpable: CAP_SYS_PTRACE.
int csupervise_may_trace_all(void);

/// What the kernel offers, found by trying; 1 is yes.
struct csupervise_features {
    /// PTRACE_SEIZE of a child: 0 or an error.
    int tracing_error;
    int syscall_info, seccomp_trace, pidfd_getfd, pidfd_thread, mseal, mapping_query;
    int io_uring, i386, may_trace_all;
    int landlock_abi;
    /// Whether a filter from before hands judged calls to a listener.
    int intercepted;
    /// Settings of /proc/sys; -1 where there is none.
    int yama_scope, unprivileged_userfaultfd, io_uring_disabled;
};

/// Whether a filter from before hands judged calls to a listener, which goes before a tracer: they would
/// be made, or answered, and the tracer not asked. Also where that cannot be told.
///
/// A system call where there is no filter yet, else a child that tries, for two seconds at most; the
/// caller gets no SIGCHLD. What a filter takes by its arguments only is not found.
int csupervise_is_intercepted(void);

/// Tries what doors are held by; starts three children and ends them.
void csupervise_probe(struct csupervise_features *features);

/// net.core.optmem_max: the most memory that a message's control data may take, and its default
/// where it cannot be read.
uint64_t csupervise_option_memory_limit(void);
/// CLOCK_REALTIME.
void csupervise_now(int64_t *seconds, int32_t *nanoseconds);

#endif
