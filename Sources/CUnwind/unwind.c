// libunwind with its readers replaced.
//
// Its own for ptrace, libunwind-ptrace, read memory a word a call and map the files that the
// program names into the reader, which a file cut short then kills. These read the tables out of
// the traced process itself, where they are mapped whatever has become of the file, its path or
// the mount namespace.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "space.h"

// What libunwind exports, but its headers do not declare.
int UNW_OBJ(dwarf_search_unwind_table)(
    unw_addr_space_t, unw_word_t, unw_dyn_info_t *, unw_proc_info_t *, int, void *);

// libunwind resumes its own process by this, which is in another archive and never called here.
__attribute__((weak)) int _Ux86_64_setcontext(const void *context)
{
    (void)context;
    abort();
}

enum { WORDS_LIMIT = 1 << 18, PAGES_LIMIT = 2048 };

static int access_memory(
    unw_addr_space_t unwinding, unw_word_t address, unw_word_t *word, int write, void *argument)
{
    struct cunwind_space *space = argument;
    (void)unwinding;
    if (write || space->words_left == 0) {
        return -UNW_EINVAL;
    }
    // Whatever a table says to do, it cannot do more of it than this.
    space->words_left -= 1;
    return cunwind_read(space, address, word, sizeof *word) == sizeof *word ? 0 : -UNW_EINVAL;
}

static int access_register(
    unw_addr_space_t unwinding, unw_regnum_t number, unw_word_t *value, int write, void *argument)
{
    // Places in struct user_regs_struct of libunwind's registers: rax, rdx, rcx, rbx, rsi, rdi, rbp,
    // rsp, r8 to r15, rip.
    static const unsigned char places[]
        = {10, 12, 11, 5, 13, 14, 4, 19, 9, 8, 7, 6, 3, 2, 1, 0, 16};
    const struct cunwind_space *space = argument;
    (void)unwinding;
    if (write || number < 0 || (size_t)number >= sizeof places) {
        return -UNW_EBADREG;
    }
    *value = space->registers[places[number]];
    return 0;
}

static int access_float(
    unw_addr_space_t unwinding, unw_regnum_t number, unw_fpreg_t *value, int write, void *argument)
{
    (void)unwinding, (void)number, (void)value, (void)write, (void)argument;
    return -UNW_EBADREG;
}

static int find_procedure(
    unw_addr_space_t unwinding, unw_word_t pc, unw_proc_info_t *procedure, int full, void *argument)
{
    const struct known *known = known_at(argument, pc);
    if (known == NULL || known->table == 0) {
        return -UNW_ENOINFO;
    }
    unw_dyn_info_t tables = {
        .start_ip = known->start, .end_ip = known->end, .gp = 0,
        .format = UNW_INFO_FORMAT_REMOTE_TABLE,
    };
    tables.u.rti.segbase = known->table_header;
    tables.u.rti.table_data = known->table;
    tables.u.rti.table_len = known->entries;
    return UNW_OBJ(dwarf_search_unwind_table)(
        unwinding, pc, &tables, procedure, full, argument);
}

static void put_procedure(unw_addr_space_t unwinding, unw_proc_info_t *procedure, void *argument)
{
    (void)unwinding, (void)procedure, (void)argument;
}

static int no_dynamic_list(unw_addr_space_t unwinding, unw_word_t *list, void *argument)
{
    (void)unwinding, (void)list, (void)argument;
    return -UNW_ENOINFO;
}

static int no_resume(unw_addr_space_t unwinding, unw_cursor_t *cursor, void *argument)
{
    (void)unwinding, (void)cursor, (void)argument;
    return -UNW_EINVAL;
}

static int no_name(
    unw_addr_space_t unwinding, unw_word_t pc, char *name, size_t size, unw_word_t *offset,
    void *argument)
{
    (void)unwinding, (void)pc, (void)name, (void)size, (void)offset, (void)argument;
    return -UNW_ENOINFO;
}

struct cunwind_space *cunwind_open(int memory, int maps)
{
    static uint64_t numbers;
    unw_accessors_t accessors = {
        .find_proc_info = find_procedure,
        .put_unwind_info = put_procedure,
        .get_dyn_info_list_addr = no_dynamic_list,
        .access_mem = access_memory,
        .access_reg = access_register,
        .access_fpreg = access_float,
        .resume = no_resume,
        .get_proc_name = no_name,
    };
    struct cunwind_space *space = calloc(1, sizeof *space);
    if (space == NULL) {
        return NULL;
    }
    space->unwinding = unw_create_addr_space(&accessors, 0);
    if (space->unwinding == NULL) {
        free(space);
        return NULL;
    }
    unw_set_caching_policy(space->unwinding, UNW_CACHE_GLOBAL);
    numbers += 1;
    space->number = numbers;
    space->memory = memory;
    space->maps = maps;
    return space;
}

void cunwind_close(struct cunwind_space *space)
{
    known_forget(space);
    free(space->known);
    free(space->text);
    unw_destroy_addr_space(space->unwinding);
    close(space->memory);
    close(space->maps);
    free(space);
}

size_t cunwind_take(
    struct cunwind_space *space, const uint64_t registers[CUNWIND_REGISTERS],
    struct cunwind_frame frames[CUNWIND_FRAMES])
{
    space->stop += 1;
    space->words_left = WORDS_LIMIT;
    space->pages_left = PAGES_LIMIT;
    space->registers = registers;
    frames[0].pc = registers[CUNWIND_RIP];
    frames[0].is_exact = 1;
    // The selector of 64-bit code.
    if (registers[CUNWIND_CS] != 0x33) {
        return 1;
    }
    unw_cursor_t cursor;
    if (unw_init_remote(&cursor, space->unwinding, space) != 0) {
        return 1;
    }
    size_t count = 1;
    while (count < CUNWIND_FRAMES) {
        unw_word_t pc;
        // What was learned of a place is void where something else is mapped by now.
        known_at(space, frames[count - 1].pc);
        int is_signal = unw_is_signal_frame(&cursor) > 0;
        if (unw_step(&cursor) <= 0 || unw_get_reg(&cursor, UNW_REG_IP, &pc) != 0 || pc == 0) {
            break;
        }
        frames[count].pc = pc;
        frames[count].is_exact = is_signal;
        count += 1;
    }
    return count;
}

uint64_t cunwind_ticks(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}
