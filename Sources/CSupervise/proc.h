#ifndef CSUPERVISE_PROC_H
#define CSUPERVISE_PROC_H

/// Opens what is below /proc, and nothing that has been mounted over it.
///
/// A tracee that is root could mount a file of its own over /proc/PID/mem. EXDEV: it has.
__attribute__((format(printf, 3, 4)))
int csupervise_open_below(int *descriptor, int flags, const char *format, ...);

#endif
