/// What the parts of call-fuzzer share.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

/// Where the peers are: PEERS ports from `base_port` on, each with TCP and UDP, at 127.0.0.1, 127.0.0.2
/// and ::1; and PEERS AF_UNIX datagram sockets, paths `folder`/N and abstract names.
enum { PEERS = 3 };
extern unsigned base_port;
extern const char *folder;

/// A number below `count`, from the thread's own sequence.
unsigned choose(unsigned count);
extern __thread uint64_t random_state;

/// An address that the kernel may read.
struct address {
    unsigned length;
    _Alignas(8) unsigned char bytes[128];
};

void internet(struct address *address, uint32_t host, unsigned port);
void internet6(struct address *address, bool mapped, unsigned port);
void path(struct address *address, unsigned number);
void abstract(struct address *address, unsigned number);
/// Any address: of a peer, of nobody, unspecified, cut short.
void any_address(struct address *address);

/// Makes calls in `threads` threads for so long, and prints a line for each.
void make_calls(uint64_t seed, unsigned threads, unsigned milliseconds, int argc, char **argv);
/// Prints what arrives at the peers until `done` is closed by everyone.
void serve(int done);
/// Binds the peers; false where an address is taken.
bool open_peers(void);
