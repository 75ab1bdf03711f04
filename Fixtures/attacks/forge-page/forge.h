// What the parts of this program share.
#pragma once

#include <stddef.h>

/// Where the supervisor's page can be, and its size.
#define FIRST_PLACE 0x7e000000UL
#define PLACE_COUNT 16
#define PAGE_SIZE_OF_SUPERVISOR (1UL << 20)

/// Makes a judged call with a harmless address.
void make_judged_call(void);

/// Where the page is mapped; NULL where it is not.
void *find_page(void);

/// Maps memory of this program where the page can be, as far as there is room, filled with the
/// abstract address, and makes judged calls with a path of the same length. How many reached the
/// abstract name: one or more where the kernel reads this memory for what was judged.
int forge(void);

/// Fills memory of the page's size with the abstract address, in each place where the supervisor could have
/// put what it has judged.
void fill(char *memory);

/// Has memory of this program stand where the page would, that is like the page but for its contents.
int run_look_alike(void);
int run_attached(const char *id);

/// Has a process without a page take over the number of one that had it and has vanished.
int run_number(void);

/// Has the supervisor take calls for made that were sent to the program itself.
int run_dispatch(void);

/// Maps a file whose path says in /proc/PID/smaps that the page is sealed; -1 where that failed.
int map_long_path(void);

/// Has one process take the page away that another one, which shares its memory, has found.
int run_sharing(void);
int run_shared_in_vain(void);

/// Has two processes that share their memory map the page over the same reservation.
int run_reserved(void);

/// Runs a way of getting rid of the page, or of having the supervisor believe in one.
int run_way(const char *way);
/// As above, for ways that begin before the program's first judged call; -1: no such way.
int run_without_page(const char *way);
int run_fresh(const char *way, char **words);

/// Natively there is no page: this is one of the program's own, of the same kind.
extern int has_own_page;
