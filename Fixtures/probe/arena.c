/// The memory that the probe hands to the kernel.
///
/// All of it lies below 4 GiB, where i386 calls can point, at fixed places that neither mmap with
/// MAP_32BIT (from 1 GiB up) nor mmap without a hint (from the stack down) chooses by itself: what
/// is meant to be unmapped stays unmapped, whoever maps something meanwhile.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "probe.h"

#define ARENA ((uint8_t *)0x20000000)
#define EDGES ((uint8_t *)0x30000000)
enum { ARENA_SIZE = 8 << 20, PAGE = 4096, EDGE_COUNT = 8 };

/// Below the lowest address that mmap may use (vm.mmap_min_addr), so never mapped.
enum { BAD_POINTER = 0x1000 };

static size_t used;
static int edges_used;

static void map(uint8_t *at, size_t size, int protection) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE;
    if (mmap(at, size, protection, flags, -1, 0) != at) {
        perror("probe: cannot map the arena");
        exit(3);
    }
}

/// Pairs of pages: even edges have nothing behind them, odd ones a page without access.
static uint8_t *edge_page(int index) { return EDGES + (size_t)index * 4 * PAGE; }

void arena_map(void) {
    map(ARENA, ARENA_SIZE, PROT_READ | PROT_WRITE);
    for (int i = 0; i < EDGE_COUNT; i++) {
        map(edge_page(i), PAGE, PROT_READ | PROT_WRITE);
        if (i % 2) {
            map(edge_page(i) + PAGE, PAGE, PROT_NONE);
        }
    }
}

/// Forgets what the step before has placed.
void arena_reset(void) {
    memset(ARENA, 0, used);
    used = 0;
    edges_used = 0;
}

/// `size` zero bytes; the bytes behind them are zero and readable too.
uint8_t *arena_take(size_t size) {
    size_t rounded = (size + 15) & ~(size_t)15;
    if (size > ARENA_SIZE || used + rounded > ARENA_SIZE) {
        refuse("a step needs more than %d bytes of memory", ARENA_SIZE);
    }
    uint8_t *memory = ARENA + used;
    used += rounded;
    return memory;
}

/// Copies bytes to a place where `claimed` of them are readable, or to an edge.
uint8_t *arena_place(enum placement placement, const void *bytes, size_t length, long claimed) {
    if (placement == PLACE_PLAIN) {
        size_t size = length;
        if (claimed > (long)length && claimed <= MAX_ADDRESS) {
            size = (size_t)claimed;
        }
        uint8_t *memory = arena_take(size);
        memcpy(memory, bytes, length);
        return memory;
    }
    int index = 2 * edges_used++ + (placement == PLACE_EDGE_NOACCESS);
    if (index >= EDGE_COUNT || length > PAGE) {
        refuse("a step has too many edges, or one of more than a page");
    }
    uint8_t *memory = edge_page(index) + PAGE - length;
    memcpy(memory, bytes, length);
    return memory;
}

/// Reads the prefix that asks for an edge.
enum placement take_placement(const char **text) {
    if (!strncmp(*text, "edge:", 5)) {
        *text += 5;
        return PLACE_EDGE;
    }
    if (!strncmp(*text, "edge-noaccess:", 14)) {
        *text += 14;
        return PLACE_EDGE_NOACCESS;
    }
    return PLACE_PLAIN;
}

bool special_pointer(const char *text, size_t length, long *pointer) {
    if (length == 4 && !strncmp(text, "null", 4)) {
        *pointer = 0;
    } else if (length == 3 && !strncmp(text, "bad", 3)) {
        *pointer = BAD_POINTER;
    } else if (length == 8 && !strncmp(text, "noaccess", 8)) {
        *pointer = address_of(edge_page(1) + PAGE);
    } else {
        return false;
    }
    return true;
}

long address_of(const void *arena_memory) { return (long)(uintptr_t)arena_memory; }

bool is_narrow(enum abi abi) { return abi == ABI_I386 || abi == ABI_SOCKETCALL; }

/// Appends a field of a structure. In msghdr, mmsghdr, iovec and sock_fprog every field is as wide
/// as a pointer in both ABIs, the int ones by their padding.
void put_word(uint8_t **at, enum abi abi, uint64_t value) {
    size_t width = is_narrow(abi) ? 4 : 8;
    memcpy(*at, &value, width);
    *at += width;
}

uint64_t get_word(const uint8_t **at, enum abi abi) {
    size_t width = is_narrow(abi) ? 4 : 8;
    uint64_t value = 0;
    memcpy(&value, *at, width);
    *at += width;
    return value;
}
