// Source lines by elfutils' libdw, the reader of debugging information that comes with most systems.
#define _GNU_SOURCE
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CUnwind.h"

/// Addresses that a compilation unit has code at.
struct span {
    uint64_t start, end;
    Dwarf_Off unit;
};

struct cunwind_lines {
    Dwarf *information;
    /// An own descriptor, of the file with the debugging information where that is another one.
    int descriptor;
    struct span *spans;
    size_t count;
};

enum { SPAN_LIMIT = 1 << 20 };

static int compare(const void *left, const void *right)
{
    const struct span *a = left, *b = right;
    return a->start < b->start ? -1 : a->start > b->start;
}

/// Lists where the units have code: not all compilers write the section that would say so.
static void list_spans(struct cunwind_lines *lines)
{
    Dwarf_CU *unit = NULL;
    Dwarf_Die die;
    size_t capacity = 0;
    while (dwarf_get_units(lines->information, unit, &unit, NULL, NULL, &die, NULL) == 0) {
        Dwarf_Addr base, start, end;
        ptrdiff_t next = 0;
        while ((next = dwarf_ranges(&die, next, &base, &start, &end)) > 0) {
            if (lines->count == capacity) {
                capacity = capacity * 2 + 64;
                struct span *larger = capacity > SPAN_LIMIT
                    ? NULL : realloc(lines->spans, capacity * sizeof *larger);
                if (larger == NULL) {
                    return;
                }
                lines->spans = larger;
            }
            lines->spans[lines->count] = (struct span){start, end, dwarf_dieoffset(&die)};
            lines->count += 1;
        }
    }
    if (lines->count > 0) {
        qsort(lines->spans, lines->count, sizeof lines->spans[0], compare);
    }
}

/// Opens the file with the debugging information of a build, where the system keeps them.
static int open_separate(int descriptor)
{
    Elf *file = elf_begin(descriptor, ELF_C_READ, NULL);
    const unsigned char *build = NULL;
    ssize_t length = file == NULL ? -1 : dwelf_elf_gnu_build_id(file, (const void **)&build);
    int separate = -1;
    if (length > 1 && length <= 64) {
        char path[192] = "/usr/lib/debug/.build-id/";
        size_t end = strlen(path);
        for (ssize_t index = 0; index < length; index += 1) {
            end += (size_t)snprintf(
                path + end, sizeof path - end, index == 0 ? "%02x/" : "%02x", build[index]);
        }
        snprintf(path + end, sizeof path - end, ".debug");
        cunwind_open_file(path, &separate);
    }
    elf_end(file);
    return separate;
}

struct cunwind_lines *cunwind_open_lines(int descriptor)
{
    elf_version(EV_CURRENT);
    struct cunwind_lines *lines = calloc(1, sizeof *lines);
    if (lines == NULL) {
        return NULL;
    }
    lines->descriptor = -1;
    lines->information = dwarf_begin(descriptor, DWARF_C_READ);
    if (lines->information == NULL && (lines->descriptor = open_separate(descriptor)) != -1) {
        lines->information = dwarf_begin(lines->descriptor, DWARF_C_READ);
    }
    if (lines->information == NULL) {
        cunwind_close_lines(lines);
        return NULL;
    }
    list_spans(lines);
    return lines;
}

void cunwind_close_lines(struct cunwind_lines *lines)
{
    dwarf_end(lines->information);
    cunwind_close_file(lines->descriptor);
    free(lines->spans);
    free(lines);
}

size_t cunwind_line_at(
    struct cunwind_lines *lines, uint64_t address, char *file, size_t capacity, uint32_t *number)
{
    size_t low = 0, high = lines->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (lines->spans[middle].start <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Dwarf_Die unit;
    int line = 0;
    if (low == 0 || address >= lines->spans[low - 1].end
        || dwarf_offdie(lines->information, lines->spans[low - 1].unit, &unit) == NULL) {
        return 0;
    }
    Dwarf_Line *place = dwarf_getsrc_die(&unit, address);
    const char *path = place == NULL ? NULL : dwarf_linesrc(place, NULL, NULL);
    if (path == NULL || dwarf_lineno(place, &line) != 0 || line <= 0) {
        return 0;
    }
    size_t count = strnlen(path, capacity);
    memcpy(file, path, count);
    *number = (uint32_t)line;
    return count;
}
