// Stacks of stopped threads, over libunwind's macros, and the process that takes them.
//
// Everything that is read here belongs to programs that nobody trusts: memory, mapped files, names.
// So all of it happens in a helper process that can do nothing but read (`cunwind_confine`), whose
// requests are answered within a time that the tracer chooses. The tracer itself calls only the
// functions of the first part.
//
// Functions that can fail return 0 or an errno *value*.

#ifndef CUNWIND_H
#define CUNWIND_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// MARK: - The helper process, from the tracer's side

/// Starts a process that shares nothing but one end of a SOCK_SEQPACKET pair; returns in both.
///
/// In the caller `*pidfd` is the process and `*channel` its own end. In the helper `*pidfd` is -1,
/// `*channel` the other end, and every other descriptor is closed. The helper is no child of the
/// caller unless that is the first process of a pid namespace, so that waits do not see it.
int cunwind_start_helper(int *pidfd, int *channel);
/// Ends the helper at once, and closes both descriptors.
void cunwind_end_helper(int pidfd, int channel);
/// Sends a message with two descriptors, without waiting.
int cunwind_send(int channel, const void *bytes, size_t count, int memory, int maps);
/// Receives a message, waiting so many milliseconds; ETIMEDOUT, or ECONNRESET where none will come.
int cunwind_receive(int channel, void *bytes, size_t capacity, int milliseconds, size_t *count);

// MARK: - The helper process, from within

/// Gives up all system calls but those that read, for ever. Fails rather than confine by half.
int cunwind_confine(void);
/// Receives a message and two descriptors; ECONNRESET when the tracer is gone.
int cunwind_accept(
    int channel, void *bytes, size_t capacity, size_t *count, int *memory, int *maps);
/// Sends a message.
int cunwind_answer(int channel, const void *bytes, size_t count);

/// The registers of struct user_regs_struct, in its order.
enum { CUNWIND_REGISTERS = 27, CUNWIND_RIP = 16, CUNWIND_CS = 17 };
/// The most frames that are followed.
enum { CUNWIND_FRAMES = 128 };

/// An address space that stacks are taken in, with what is remembered of it between stops.
struct cunwind_space;

/// Takes over descriptors of /proc/PID/mem and /proc/PID/maps; NULL where there is no memory.
struct cunwind_space *cunwind_open(int memory, int maps);
void cunwind_close(struct cunwind_space *space);

struct cunwind_frame {
    uint64_t pc;
    /// Whether `pc` itself was to be executed next; else it is the instruction after a call.
    int is_exact;
};

/// Takes the stack of a thread, innermost frame first; begins a new stop.
///
/// Registers of 32-bit code give one frame: libunwind is built for one architecture.
/// Returns the number of frames. However damaged the stack is, so many steps, reads and pages are
/// the most.
size_t cunwind_take(
    struct cunwind_space *space, const uint64_t registers[CUNWIND_REGISTERS],
    struct cunwind_frame frames[CUNWIND_FRAMES]);

struct cunwind_mapping {
    uint64_t start, end, offset, inode;
    uint32_t major, minor;
    /// What is to be added to an address in the file for one in memory; the file's header is at `base`.
    uint64_t bias, base;
    /// The file's dynamic section in memory; 0 where there is none.
    uint64_t dynamic;
    /// Whether `bias` and `dynamic` are known: an ELF header is mapped.
    int is_elf;
    /// Rises whenever something else is mapped there.
    uint64_t number;
    /// The path as /proc/PID/maps gives it, with its escapes; not NUL-terminated.
    const char *path;
    size_t path_length;
};

/// The mapping that holds an address at the current stop; 0 or ENOENT. `path` is valid until the
/// next stop.
int cunwind_mapping_at(
    struct cunwind_space *space, uint64_t address, struct cunwind_mapping *mapping);
/// Reads memory of the current stop; the number of bytes before the first unreadable one.
size_t cunwind_read(struct cunwind_space *space, uint64_t address, void *buffer, size_t count);

/// Opens a regular file for reading, without waiting for a writer of a pipe.
int cunwind_open_file(const char *path, int *descriptor);
struct cunwind_file {
    uint64_t size, inode, modified, changed;
    uint32_t major, minor;
};
void cunwind_close_file(int descriptor);
int cunwind_inspect_file(int descriptor, struct cunwind_file *file);
/// pread(2); the number of bytes before an end or an error.
size_t cunwind_read_file(int descriptor, uint64_t offset, void *buffer, size_t count);

/// The lines of a module's sources.
struct cunwind_lines;
/// Opens the debugging information of a file, which stays open; NULL where it has none.
///
/// Its own, or that which the system keeps for it under /usr/lib/debug by its build id.
struct cunwind_lines *cunwind_open_lines(int descriptor);
void cunwind_close_lines(struct cunwind_lines *lines);
/// The source of an address of the file's own numbering: how many bytes of its path are in `file`.
///
/// 0 where it is not known. Not NUL-terminated.
size_t cunwind_line_at(
    struct cunwind_lines *lines, uint64_t address, char *file, size_t capacity, uint32_t *number);

/// The readable form of a C++ or Swift symbol in at most `capacity` bytes; 0 where it is neither.
size_t cunwind_demangle(const char *symbol, char *buffer, size_t capacity);

/// CLOCK_MONOTONIC, in nanoseconds.
uint64_t cunwind_ticks(void);

#endif
