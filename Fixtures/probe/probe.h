/// What the files of `probe` share. The little language is explained in main.c.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_ARGUMENTS = 8, MAX_NAME = 32, MAX_ADDRESS = 4096 };

/// Through which door of the kernel a call goes.
enum abi { ABI_X86_64, ABI_I386, ABI_SOCKETCALL, ABI_X32 };

/// The number of socketcall(2).
enum { SOCKETCALL = 102 };

struct call;

/// One step: a call with its arguments as text, or a call that has steps of its own.
struct step {
    const char *text;            ///< As written, for the line that is printed.
    char name[MAX_NAME];         ///< The variable that gets the result; empty without one.
    enum abi abi;                ///< The ABI in force for this step.
    enum abi default_abi;        ///< The ABI it would have without a prefix: needed by exec.
    int indent;
    const struct call *call;
    int count;
    const char *arguments[MAX_ARGUMENTS];
    int keyword_count;
    const char *keywords[MAX_ARGUMENTS];  ///< `key=value`
    struct step *body;           ///< First of its own steps.
    struct step *next;
};

/// The steps that are still to be run, innermost list first: what exec takes along.
struct frame {
    const struct step *rest;
    const struct frame *outer;
};

/// A system call made ready: registers, and where its results will be found in memory.
struct invocation {
    long number;
    int subcall;                 ///< Of socketcall(2); 0: the number is called directly.
    long arguments[6];
    unsigned ints;               ///< Bit n: argument n is 32 bits wide to the kernel.
    int count;
    uint8_t *output;             ///< Buffer, pair, limit, option, or array of headers.
    uint8_t *address;            ///< Where the kernel writes a socket address.
    uint8_t *address_length;
    long entries;                ///< Of an array of message headers.
};

/// How a result is printed, and what kind of variable it makes.
enum report {
    REPORT_NUMBER, REPORT_PID, REPORT_PAIR, REPORT_DATA, REPORT_DATA_FROM, REPORT_ADDRESS,
    REPORT_PORT, REPORT_NAMED_ADDRESS, REPORT_INT, REPORT_LIMIT, REPORT_LIMIT64, REPORT_COUNTS,
    REPORT_MESSAGE, REPORT_STATUS,
};

struct call {
    const char *name;
    int x86_64, i386;            ///< System-call numbers; -1: the step gives it, or there is none.
    int socketcall;              ///< The socketcall(2) subcall, 0: none.
    const char *signature;       ///< One letter for each argument, see calls.c.
    int required;                ///< Arguments that must be written.
    enum report report;
    const char *keywords;        ///< Space-separated names of the `key=value` arguments.
    const char *usage;           ///< For --list.
    void (*run)(const struct step *, const struct frame *);  ///< NULL: a system call.
};

enum variable_kind { VARIABLE_NUMBER, VARIABLE_PORT, VARIABLE_PID, VARIABLE_ADDRESS };

struct variable {
    char name[MAX_NAME];
    enum variable_kind kind;
    long value;
    uint8_t address[128];
    size_t length;
};

// main.c
extern bool garbage;
extern const char *checking;        ///< The step at fault, for refuse; NULL: none yet.
_Noreturn void refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

// language.c
struct step *parse_step(const char *text, enum abi abi, int indent);
void check_steps(const struct step *first);
bool abi_named(const char *name, size_t length, enum abi *abi);
const char *abi_name(enum abi abi);
const char *keyword(const struct step *step, const char *key);

// constants.c
bool constant_value(const char *name, size_t length, long *value);
void list_constants(void);
const char *signal_name(int number);

// values.c
struct variable *find_variable(const char *name, size_t length);
struct variable *set_variable(const char *name, enum variable_kind kind, long value);
const struct variable *variable_at(int index);
int variable_count(void);
void forget_variables(int count);
const char *name_of(enum variable_kind kind, long value);
long integer(const char *text);
void copy_text(const char *text, char *out, size_t size);
size_t decode_text(const char *text, uint8_t *out, size_t size);
size_t decode_hex(const char *text, uint8_t *out, size_t size);

// arena.c
enum placement { PLACE_PLAIN, PLACE_EDGE, PLACE_EDGE_NOACCESS };
void arena_map(void);
void arena_reset(void);
uint8_t *arena_take(size_t size);
uint8_t *arena_place(enum placement placement, const void *bytes, size_t length, long claimed);
enum placement take_placement(const char **text);
bool special_pointer(const char *text, size_t length, long *pointer);
long address_of(const void *arena_memory);
void put_word(uint8_t **at, enum abi abi, uint64_t value);
uint64_t get_word(const uint8_t **at, enum abi abi);
bool is_narrow(enum abi abi);

// addresses.c
bool is_address(const char *text);
void encode_address(const char *text, long *pointer, long *length);
char *print_address(const uint8_t *bytes, size_t length);
char *print_text(const uint8_t *bytes, size_t length);

// data.c
void encode_data(const char *text, long *pointer, long *length);
long encode_text(const char *text);
long encode_word(const char *text);
long encode_vectors(const struct step *step, const char *data, const char *count, long *length);
long encode_filter(const struct step *step, const char *text);

// messages.c
void encode_message(const struct step *step, const char *name, struct invocation *call);
void encode_messages(const struct step *step, const char *list, struct invocation *call);
void encode_reception(const struct step *step, struct invocation *call);
char *print_counts(const struct step *step, const struct invocation *call, long result);
char *print_message(const struct step *step, const struct invocation *call, long result, long *fd);

// invoke.c
long invoke(enum abi abi, const struct invocation *call);
long spoil(long value);

// calls.c
const struct call *find_call(const char *name, size_t length);
const struct call *raw_call(void);
void list_calls(void);
int maximum_arguments(const struct call *call);

// encode.c
void encode(const struct step *step, struct invocation *call);

// report.c
void emit(const struct step *step, const char *result);
void emit_after_exec(int indent, const char *text);
void report_result(const struct step *step, const struct invocation *call, long result);
char *print_result(long result);
char *print_status(int status);
char *format(const char *format, ...) __attribute__((format(printf, 1, 2)));

// process.c
void run_steps(const struct step *first, const struct frame *outer);
void run_clone(const struct step *step, const struct frame *frame);
void run_thread(const struct step *step, const struct frame *frame);
void run_fork_pause(const struct step *step, const struct frame *frame);
void run_exec(const struct step *step, const struct frame *frame);
void run_exit(const struct step *step, const struct frame *frame);
void run_sleep(const struct step *step, const struct frame *frame);
