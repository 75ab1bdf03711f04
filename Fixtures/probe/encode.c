/// From a step's arguments to the registers of its call.
#include <string.h>
#include <sys/resource.h>

#include "probe.h"

enum { OUTPUT_SIZE = 256, BUFFER_SIZE = 4096, ADDRESS_SIZE = 128, BPF_SIZE = 128 };

/// The step's next written argument; NULL when there is none left.
struct reader {
    const struct step *step;
    int next;
};

static const char *take(struct reader *reader) {
    const struct step *step = reader->step;
    return reader->next < step->count ? step->arguments[reader->next++] : NULL;
}

static void push(struct invocation *call, long value) { call->arguments[call->count++] = value; }

static void push_int(struct invocation *call, long value) {
    call->ints |= 1u << call->count;
    push(call, value);
}

static void push_option_to_set(struct invocation *call, const char *text) {
    long pointer, length, value;
    if (special_pointer(text, strcspn(text, "#"), &pointer) || is_address(text)) {
        encode_address(text, &pointer, &length);
    } else if (!strncmp(text, "data:", 5)) {
        encode_data(text + 5, &pointer, &length);
    } else {
        value = integer(text);
        pointer = address_of(arena_place(PLACE_PLAIN, &value, length = sizeof(int), 0));
    }
    push(call, pointer);
    push_int(call, length);
}

/// `SOFT,HARD`, `bad`, or `-` for none.
static void push_limits(struct invocation *call, struct reader *reader, enum abi abi) {
    const char *soft = take(reader);
    long pointer;
    if (!soft || !strcmp(soft, "-")) {
        push(call, 0);
        return;
    }
    if (special_pointer(soft, strlen(soft), &pointer)) {
        push(call, pointer);
        return;
    }
    const char *hard = take(reader);
    if (!hard) {
        refuse("%s: a soft limit needs a hard one", reader->step->text);
    }
    uint8_t *limits = arena_take(2 * sizeof(uint64_t)), *at = limits;
    put_word(&at, abi, (uint64_t)integer(soft));
    put_word(&at, abi, (uint64_t)integer(hard));
    push(call, address_of(limits));
}

/// An iovec of one, at the address that a step names or at one that is mapped in every probe.
static void push_vector(struct invocation *call, enum abi abi, long base, long length) {
    uint8_t *vector = arena_take(2 * sizeof(uint64_t)), *at = vector;
    put_word(&at, abi, (uint64_t)base);
    put_word(&at, abi, (uint64_t)length);
    push(call, address_of(vector));
    push(call, 1);
}

static void push_buffer(struct invocation *call, const char *text) {
    long pointer, length = BUFFER_SIZE;
    if (text && special_pointer(text, strlen(text), &pointer)) {
        push(call, pointer);
    } else {
        length = text ? integer(text) : length;
        call->output = arena_take((size_t)length);
        push(call, address_of(call->output));
    }
    push(call, length);
}

static void push_address_to_fill(struct invocation *call) {
    uint32_t size = ADDRESS_SIZE;
    call->address = arena_take(ADDRESS_SIZE);
    call->address_length = arena_place(PLACE_PLAIN, &size, sizeof size, 0);
    push(call, address_of(call->address));
    push(call, address_of(call->address_length));
}

/// Pointer and length of what a text describes; null and 0 without the text.
static void push_pair(
    struct invocation *call, const char *text, void (*encoder)(const char *, long *, long *),
    bool length_is_int) {
    long pointer = 0, length = 0;
    if (text) {
        encoder(text, &pointer, &length);
    }
    push(call, pointer);
    if (length_is_int) {
        push_int(call, length);
    } else {
        push(call, length);
    }
}

/// The registers of one letter of the signature (calls.c).
static void encode_letter(char letter, struct reader *reader, struct invocation *call) {
    const struct step *step = reader->step;
    const char *text;
    long length, pointer;
    switch (letter) {
    case 'i':
        text = take(reader);
        push_int(call, text ? integer(text) : 0);
        break;
    case 'w':
        text = take(reader);
        push(call, text ? encode_word(text) : 0);
        break;
    case 'n':
        call->number = integer(take(reader));
        break;
    case 'N':
        push(call, 0);
        break;
    case '4':
        push_int(call, 4);
        break;
    case 'P':
        text = take(reader);
        push(call, text ? encode_text(text) : 0);
        break;
    case 'A':
        push_pair(call, take(reader), encode_address, true);
        break;
    case 'D':
        push_pair(call, take(reader), encode_data, false);
        break;
    case 'V':
        text = take(reader);
        push(call, encode_vectors(step, text, keyword(step, "iov"), &length));
        push(call, length);
        break;
    case 'B':
        push_buffer(call, take(reader));
        break;
    case 'a':
        push_address_to_fill(call);
        break;
    case 'o':
    case 'k':
        call->output = arena_take(OUTPUT_SIZE);
        push(call, address_of(call->output));
        break;
    case 'g':
        length = sizeof(int);
        call->output = arena_take(OUTPUT_SIZE);
        push(call, address_of(call->output));
        push(call, address_of(arena_place(PLACE_PLAIN, &length, sizeof(int), 0)));
        break;
    case 'S':
        push_option_to_set(call, take(reader));
        break;
    case 'L':
        push_limits(call, reader, step->abi);
        break;
    case 'K':
        push_limits(call, reader, ABI_X86_64);
        break;
    case 'x':
        push_vector(call, step->abi, address_of(arena_take(8)), 8);
        break;
    case 'y':
        text = take(reader);
        pointer = text ? encode_word(text) : address_of(arena_take(8));
        push_vector(call, step->abi, pointer, 8);
        break;
    case 'F':
        text = take(reader);
        push(call, text ? encode_filter(step, text) : 0);
        break;
    case 'b':
        text = take(reader);
        push(call, text ? encode_word(text) : address_of(arena_take(BPF_SIZE)));
        push_int(call, BPF_SIZE);
        break;
    case 'M':
        encode_message(step, take(reader), call);
        break;
    case 'U':
        encode_messages(step, take(reader), call);
        break;
    case 'R':
        encode_reception(step, call);
        break;
    default:  // `{`: its steps are encoded when their turn comes.
        break;
    }
}

void encode(const struct step *step, struct invocation *call) {
    const struct call *described = step->call;
    struct reader reader = {.step = step};
    *call = (struct invocation){0};
    call->number = is_narrow(step->abi) ? described->i386 : described->x86_64;
    call->subcall = step->abi == ABI_SOCKETCALL ? described->socketcall : 0;
    for (const char *letter = described->signature; *letter; letter++) {
        encode_letter(*letter, &reader, call);
    }
}
