#ifndef CSUPERVISE_PROC_H
#define CSUPERVISE_PROC_H

#include <stddef.h>
#include <sys/types.h>

/// Opens what has this name in /proc/THREAD, "" for that itself, and nothing that has been mounted over it.
///
/// A tracee that is root could mount a file of its own over /proc/PID/mem. EXDEV: it has.
int csupervise_open_of(int *descriptor, int flags, pid_t thread, const char *name);

struct statx;

/// The inode of a file and the device of its file system; the name, and the flags of `statx(2)`, say which.
///
/// Nothing is asked of the file system for it, which may be a server that a tracee has made.
int csupervise_identify(int directory, const char *name, int flags, struct statx *file);

/// What a link in a folder of /proc/THREAD leads to.
int csupervise_identify_link(pid_t thread, const char *folder, const char *name, struct statx *file);

/// The caller's /proc itself.
int csupervise_identify_proc(struct statx *directory);

/// Whether two that were identified are the same file.
int csupervise_is_one_file(const struct statx *one, const struct statx *other);

/// Moves a descriptor away from 0, 1 and 2, which are replaced where they are not kept.
///
/// They can be closed when the supervisor begins, and are given to what it opens first. Of -1, which no
/// descriptor is, the result is errno.
int csupervise_clear_standard(int *descriptor);

/// Whether a path without links leads, for us, to the file that a name in a directory is; 0 is yes.
///
/// The kernel tells the path of an object in the mount namespace that it was opened in. There the same
/// path can lead to another object than here, and a program can make such a namespace. EXDEV: it does.
int csupervise_check_path(const char *path, int directory, const char *name, int flags);

/// Starts a thread beside the tracer that is sent no signals and that nobody waits for; 0, or an errno value.
int csupervise_start_aside(void *(*run)(void *), void *argument);

/// Has a thread of its own call a function with a copy of its arguments, which are changed as it changes them,
/// and gives its result.
///
/// For what follows a path: a file system of a tracee's, or of a network, may never answer, and a kill does not
/// end that. EXDEV: there was no answer for a second, too many questions are unanswered, or there can be no thread.
int csupervise_ask_aside(int (*ask)(void *), void *arguments, size_t size);

/// Whether no message and no connection waits at an AF_UNIX socket, and with it no descriptor.
int csupervise_is_queue_empty(int socket);

#endif
