// Memory of a stopped thread's process, by whole pages, each read at most once a stop.
#define _GNU_SOURCE
#include <string.h>
#include <unistd.h>

#include "space.h"

enum { PAGE = 4096, PAGES = 1024 };

/// Where a page is kept: `bytes` holds `space`'s page at `address` as of `stop`.
struct page {
    uint64_t space, stop, address;
    int is_readable;
    unsigned char bytes[PAGE];
};

static struct page pages[PAGES];

static const unsigned char *page_at(struct cunwind_space *space, uint64_t address)
{
    struct page *page = &pages[(address / PAGE ^ address / PAGE / PAGES) % PAGES];
    if (page->space != space->number || page->stop != space->stop || page->address != address) {
        if (space->pages_left == 0) {
            return NULL;
        }
        space->pages_left -= 1;
        page->space = space->number;
        page->stop = space->stop;
        page->address = address;
        page->is_readable = pread(space->memory, page->bytes, PAGE, (off_t)address) == PAGE;
    }
    return page->is_readable ? page->bytes : NULL;
}

size_t cunwind_read(struct cunwind_space *space, uint64_t address, void *buffer, size_t count)
{
    size_t done = 0;
    while (done < count) {
        uint64_t from = address + done;
        size_t within = from % PAGE;
        // Where the sum runs over, and in the kernel's half, pread would take it for negative.
        if (from < address || from > INT64_MAX) {
            break;
        }
        const unsigned char *bytes = page_at(space, from - within);
        if (bytes == NULL) {
            break;
        }
        size_t part = PAGE - within < count - done ? PAGE - within : count - done;
        memcpy((char *)buffer + done, bytes + within, part);
        done += part;
    }
    return done;
}
