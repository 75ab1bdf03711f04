// What the files of this target share.
#ifndef CUNWIND_SPACE_H
#define CUNWIND_SPACE_H

#include <libunwind-x86_64.h>

#include "CUnwind.h"

/// A mapping of an ELF file that a stack went through.
struct known {
    uint64_t start, end, offset, inode;
    uint32_t major, minor;
    /// The stop in which it was last seen to be there.
    uint64_t stop;
    uint64_t number;
    uint64_t bias, base, dynamic;
    /// The binary search table of .eh_frame_hdr, and its header; 0 where there is none.
    uint64_t table, table_header, entries;
    int is_elf;
    char *path;
    size_t path_length;
};

enum { KNOWN_LIMIT = 512 };

struct cunwind_space {
    int memory, maps;
    unw_addr_space_t unwinding;
    /// Told apart from other spaces in the page cache.
    uint64_t number;
    uint64_t stop;
    const uint64_t *registers;
    /// What may still be read at this stop.
    uint64_t words_left, pages_left;
    struct known *known;
    size_t known_count;
    uint64_t numbers;
    /// The text of /proc/PID/maps at `text_stop`.
    char *text;
    size_t text_length;
    uint64_t text_stop;
};

/// The mapping that holds an address, seen to be there at this stop; NULL where nothing is mapped.
struct known *known_at(struct cunwind_space *space, uint64_t address);
void known_forget(struct cunwind_space *space);

#endif
