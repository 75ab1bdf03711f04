// What the parts of this program share.
#pragma once

#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

enum abi { WIDE, NARROW, MULTIPLEXED };

/// Everything that calls point to: below 4 GiB, for 32-bit calls, and shared with children.
struct arena {
    /// The same name, as a path and abstract: what a pointer is flipped between.
    struct sockaddr_un good, bad;
    /// What a byte is flipped in.
    struct sockaddr_un address;
    union {
        struct mmsghdr wide;
        uint32_t narrow[16];
    } message;
    union {
        struct iovec wide;
        uint32_t narrow[2];
    } vector;
    char byte[16];
    /// The arguments of socketcall(2), and which of them is flipped; 0: none.
    uint32_t words[6];
    int flips_argument;
    atomic_bool finished;
    /// What the flipper writes to, how wide, and what.
    void *place;
    int width;
    uint64_t values[2];
};

/// Makes a call; -1 and errno, or for the i386 ABI a negative error, where it fails.
long invoke(struct arena *arena, enum abi abi, const char *call, const long *arguments);

/// Fills in the message.
void set_message(struct arena *arena, enum abi abi, void *name, unsigned length);

/// Starts changing the arena's place all the time, by the means of that name.
void start_flipping(struct arena *arena, const char *means);
