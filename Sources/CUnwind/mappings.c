// Which file is mapped where.
//
// A file's place is looked up once, in the text of /proc/PID/maps; at later stops PROCMAP_QUERY
// (Linux 6.11) says in half a microsecond that it is still there. Older kernels give the text anew.
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

// Only what the kernel calls things: nothing of that target is linked.
#include "../CSupervise/mapping.h"
#include "space.h"

/// A line of /proc/PID/maps.
struct line {
    uint64_t start, end, offset, inode;
    uint32_t major, minor;
    const char *path;
    size_t path_length;
};

enum { TEXT_LIMIT = 4 << 20, HEADERS_LIMIT = 64 };

static void read_text(struct cunwind_space *space)
{
    if (space->text_stop == space->stop) {
        return;
    }
    space->text_stop = space->stop;
    space->text_length = 0;
    static size_t capacity;
    static char *buffer;
    size_t used = 0;
    if (lseek(space->maps, 0, SEEK_SET) == -1) {
        return;
    }
    // One buffer serves all spaces; each keeps a copy as long as what it read.
    while (used < TEXT_LIMIT) {
        if (capacity - used < 65536) {
            char *larger = realloc(buffer, capacity * 2 + 131072);
            if (larger == NULL) {
                return;
            }
            buffer = larger;
            capacity = capacity * 2 + 131072;
        }
        ssize_t got = read(space->maps, buffer + used, capacity - used);
        if (got <= 0) {
            break;
        }
        used += (size_t)got;
    }
    char *copy = realloc(space->text, used + 1);
    if (copy == NULL) {
        return;
    }
    memcpy(copy, buffer, used);
    copy[used] = '\0';
    space->text = copy;
    space->text_length = used;
}

/// Takes the next line of the text; 0 at its end. The kernel writes newlines in paths as \012.
static int next_line(const char **text, struct line *line)
{
    const char *end = strchr(*text, '\n');
    if (end == NULL) {
        return 0;
    }
    char *at;
    line->start = strtoull(*text, &at, 16);
    line->end = strtoull(at + 1, &at, 16);
    // " rwxp "
    line->offset = strtoull(at + 6, &at, 16);
    line->major = (uint32_t)strtoul(at + 1, &at, 16);
    line->minor = (uint32_t)strtoul(at + 1, &at, 16);
    line->inode = strtoull(at + 1, &at, 10);
    while (at < end && *at == ' ') {
        at += 1;
    }
    line->path = at < end ? at : end;
    line->path_length = (size_t)(end - line->path);
    *text = end + 1;
    return 1;
}

static int is_same_file(const struct line *left, const struct known *right)
{
    return left->inode == right->inode && left->major == right->major
        && left->minor == right->minor;
}

/// Reads the header that is mapped at `known->base`, where it is one.
static void read_header(struct cunwind_space *space, struct known *known)
{
    Elf64_Ehdr header;
    if (cunwind_read(space, known->base, &header, sizeof header) != sizeof header
        || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64
        || header.e_phentsize != sizeof(Elf64_Phdr)) {
        return;
    }
    Elf64_Phdr parts[HEADERS_LIMIT];
    size_t count = header.e_phnum < HEADERS_LIMIT ? header.e_phnum : HEADERS_LIMIT;
    count = cunwind_read(space, known->base + header.e_phoff, parts, count * sizeof parts[0])
        / sizeof parts[0];
    uint64_t frames = 0;
    for (size_t index = 0; index < count; index += 1) {
        const Elf64_Phdr *part = &parts[index];
        // The part with the header in it says which address the file gives to its beginning.
        if (part->p_type == PT_LOAD && !known->is_elf && part->p_offset < 4096) {
            known->is_elf = 1;
            known->bias = known->base - (part->p_vaddr & ~4095ULL);
        } else if (part->p_type == PT_GNU_EH_FRAME) {
            frames = part->p_vaddr;
        } else if (part->p_type == PT_DYNAMIC) {
            known->dynamic = part->p_vaddr;
        }
    }
    if (!known->is_elf) {
        known->dynamic = 0;
        return;
    }
    if (known->dynamic != 0) {
        known->dynamic += known->bias;
    }
    if (frames == 0) {
        return;
    }
    // Version 1, two encoded numbers, and a table of pairs of 32 bits, relative to its beginning.
    frames += known->bias;
    unsigned char start[20];
    if (cunwind_read(space, frames, start, sizeof start) != sizeof start || start[0] != 1
        || start[3] != 0x3b) {
        return;
    }
    static const unsigned char widths[16]
        = {[2] = 2, [3] = 4, [4] = 8, [10] = 2, [11] = 4, [12] = 8};
    size_t count_at = 4 + (size_t)widths[start[1] & 15];
    size_t count_width = widths[start[2] & 15];
    if (count_at == 4 || count_width == 0) {
        return;
    }
    uint64_t entries = 0;
    memcpy(&entries, start + count_at, count_width);
    known->entries = entries;
    known->table_header = frames;
    known->table = frames + count_at + count_width;
}

static void forget(struct cunwind_space *space, size_t index)
{
    unw_flush_cache(space->unwinding, 0, 0);
    free(space->known[index].path);
    space->known_count -= 1;
    space->known[index] = space->known[space->known_count];
}

void known_forget(struct cunwind_space *space)
{
    while (space->known_count > 0) {
        forget(space, space->known_count - 1);
    }
}

/// Looks an address up in the text and remembers what is there.
static struct known *discover(struct cunwind_space *space, uint64_t address)
{
    read_text(space);
    if (space->text_length == 0) {
        return NULL;
    }
    struct line line;
    struct known found = {0};
    const char *text = space->text;
    while (next_line(&text, &line)) {
        if (address >= line.start && address < line.end) {
            found.start = line.start;
            found.end = line.end;
            found.offset = line.offset;
            found.inode = line.inode;
            found.major = line.major;
            found.minor = line.minor;
            found.path = malloc(line.path_length + 1);
            if (found.path == NULL) {
                return NULL;
            }
            memcpy(found.path, line.path, line.path_length);
            found.path_length = line.path_length;
            break;
        }
    }
    if (found.end == 0) {
        return NULL;
    }
    if (found.inode == 0) {
        // Of what is no file only the kernel's own page of code has a header.
        found.base = found.path_length == 6 && memcmp(found.path, "[vdso]", 6) == 0 ? found.start : 0;
    } else {
        for (text = space->text; next_line(&text, &line) && line.start <= found.start;) {
            if (line.offset == 0 && is_same_file(&line, &found)) {
                found.base = line.start;
            }
        }
    }
    if (found.base != 0) {
        read_header(space, &found);
    }
    if (space->known_count == KNOWN_LIMIT) {
        known_forget(space);
    }
    struct known *larger = realloc(space->known, (space->known_count + 1) * sizeof found);
    if (larger == NULL) {
        free(found.path);
        return NULL;
    }
    space->known = larger;
    space->numbers += 1;
    found.number = space->numbers;
    found.stop = space->stop;
    space->known[space->known_count] = found;
    space->known_count += 1;
    return &space->known[space->known_count - 1];
}

/// Whether the kernel still has there what it had.
static int is_there(struct cunwind_space *space, const struct known *known)
{
    struct mapping_query query = {.size = sizeof query, .query_address = known->start};
    if (ioctl(space->maps, MAPPING_QUERY, &query) == 0) {
        return query.start == known->start && query.end == known->end
            && query.offset == known->offset && query.inode == known->inode
            && query.device_major == known->major && query.device_minor == known->minor;
    }
    if (errno == ENOENT) {
        return 0;
    }
    read_text(space);
    struct line line;
    const char *text = space->text;
    while (space->text_length > 0 && next_line(&text, &line) && line.start <= known->start) {
        if (line.start == known->start) {
            return line.end == known->end && line.offset == known->offset
                && is_same_file(&line, known);
        }
    }
    return 0;
}

struct known *known_at(struct cunwind_space *space, uint64_t address)
{
    for (size_t index = 0; index < space->known_count; index += 1) {
        struct known *known = &space->known[index];
        if (address < known->start || address >= known->end) {
            continue;
        }
        if (known->stop == space->stop || is_there(space, known)) {
            known->stop = space->stop;
            return known;
        }
        forget(space, index);
        break;
    }
    return discover(space, address);
}

int cunwind_mapping_at(
    struct cunwind_space *space, uint64_t address, struct cunwind_mapping *mapping)
{
    const struct known *known = known_at(space, address);
    if (known == NULL) {
        return ENOENT;
    }
    *mapping = (struct cunwind_mapping){
        .start = known->start, .end = known->end, .offset = known->offset, .inode = known->inode,
        .major = known->major, .minor = known->minor, .bias = known->bias, .base = known->base,
        .dynamic = known->dynamic, .is_elf = known->is_elf, .number = known->number,
        .path = known->path, .path_length = known->path_length,
    };
    return 0;
}
