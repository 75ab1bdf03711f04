/// The structures of sendmsg, sendmmsg and recvmsg: 64-bit ones, or i386 ones (msghdr 28 bytes,
/// mmsghdr 32, iovec 8, cmsghdr 12).
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "probe.h"

enum { HEADER_WORDS = 7, ENTRY_WORDS = 8, MAX_ENTRIES = 64, BUFFER_SIZE = 4096, SHOWN = 64 };
enum { NAME_SIZE = 128, CONTROL_SIZE = 256 };
static const uint32_t NOT_SENT = UINT32_MAX;

struct header {
    long name, name_length, vectors, vector_count, control, control_length, flags;
};

static size_t word_size(enum abi abi) { return is_narrow(abi) ? 4 : 8; }

/// An int field; its padding is garbage when that was asked for.
static void put_int(uint8_t **at, enum abi abi, long value) {
    put_word(at, abi, (uint64_t)(is_narrow(abi) ? value : spoil(value)));
}

static void put_header(uint8_t **at, enum abi abi, const struct header *header) {
    put_word(at, abi, (uint64_t)header->name);
    put_int(at, abi, header->name_length);
    put_word(at, abi, (uint64_t)header->vectors);
    put_word(at, abi, (uint64_t)header->vector_count);
    put_word(at, abi, (uint64_t)header->control);
    put_word(at, abi, (uint64_t)header->control_length);
    put_int(at, abi, header->flags);
}

static struct header get_header(const uint8_t **at, enum abi abi) {
    struct header header;
    header.name = (long)get_word(at, abi);
    header.name_length = (int32_t)get_word(at, abi);
    header.vectors = (long)get_word(at, abi);
    header.vector_count = (long)get_word(at, abi);
    header.control = (long)get_word(at, abi);
    header.control_length = (long)get_word(at, abi);
    header.flags = (int32_t)get_word(at, abi);
    return header;
}

static void encode_control(const struct step *step, struct header *header) {
    const char *text = keyword(step, "control");
    uint8_t bytes[MAX_ADDRESS];
    if (text && !strncmp(text, "rights:", 7)) {
        int32_t item[3] = {SOL_SOCKET, SCM_RIGHTS, (int32_t)integer(text + 7)};
        uint8_t *at = bytes;
        put_word(&at, step->abi, word_size(step->abi) + sizeof item);
        memcpy(at, item, sizeof item);
        header->control_length = (long)(word_size(step->abi) + sizeof item);
        uint8_t *placed = arena_take(32);
        memcpy(placed, bytes, (size_t)header->control_length);
        header->control = address_of(placed);
    } else if (text && !strncmp(text, "hex:", 4)) {
        size_t length = decode_hex(text + 4, bytes, sizeof bytes);
        header->control = address_of(arena_place(PLACE_PLAIN, bytes, length, 0));
        header->control_length = (long)length;
    } else if (text && special_pointer(text, strlen(text), &header->control)) {
        header->control_length = header->control ? 32 : 0;
    } else if (text && strcmp(text, "none")) {
        refuse("control=%s: expected rights:FD, bad, noaccess, none or hex:..", text);
    }
    const char *length = keyword(step, "controllen");
    header->control_length = length ? integer(length) : header->control_length;
}

static struct header encode_header(const struct step *step, const char *name) {
    struct header header = {0};
    if (name && strcmp(name, "-")) {
        encode_address(name, &header.name, &header.name_length);
    }
    const char *length = keyword(step, "namelen");
    header.name_length = length ? integer(length) : header.name_length;
    const char *data = keyword(step, "data");
    header.vectors = encode_vectors(
        step, data ? data : "hello", keyword(step, "iov"), &header.vector_count);
    encode_control(step, &header);
    return header;
}

/// Puts the header, or array of headers, where `msg=` says. NULL: where the kernel cannot read.
static uint8_t *place_headers(
    const struct step *step, const uint8_t *bytes, size_t size, struct invocation *call) {
    const char *where = keyword(step, "msg");
    long *pointer = &call->arguments[call->count++];
    if (where && special_pointer(where, strlen(where), pointer)) {
        return NULL;
    }
    enum placement placement = PLACE_PLAIN;
    if (where && !strcmp(where, "edge")) {
        placement = PLACE_EDGE;
    } else if (where && !strcmp(where, "edge-noaccess")) {
        placement = PLACE_EDGE_NOACCESS;
    } else if (where) {
        refuse("msg=%s: expected bad, noaccess, null, edge or edge-noaccess", where);
    }
    uint8_t *placed = arena_place(placement, bytes, size, 0);
    *pointer = address_of(placed);
    return placed;
}

void encode_message(const struct step *step, const char *name, struct invocation *call) {
    uint8_t bytes[HEADER_WORDS * 8], *at = bytes;
    struct header header = encode_header(step, name);
    put_header(&at, step->abi, &header);
    call->output = place_headers(step, bytes, (size_t)(at - bytes), call);
}

/// Encodes `[ADDR;-;ADDR]` as array and count.
void encode_messages(const struct step *step, const char *list, struct invocation *call) {
    uint8_t bytes[MAX_ENTRIES * ENTRY_WORDS * 8], *at = bytes;
    size_t size = strlen(list);
    if (size < 2 || list[0] != '[' || list[size - 1] != ']') {
        refuse("%s: expected a list [ADDR;-;ADDR]", list);
    }
    char copy[MAX_ADDRESS], *rest = copy, *name;
    copy_text(list + 1, copy, sizeof copy);
    copy[size - 2] = 0;
    while (copy[0] && (name = strsep(&rest, ";"))) {
        if (call->entries++ == MAX_ENTRIES) {
            refuse("more than %d messages", MAX_ENTRIES);
        }
        struct header header = encode_header(step, name + strspn(name, " "));
        put_header(&at, step->abi, &header);
        put_int(&at, step->abi, NOT_SENT);
    }
    call->output = place_headers(step, bytes, (size_t)(at - bytes), call);
    const char *count = keyword(step, "vlen");
    call->ints |= 1u << call->count;
    call->arguments[call->count++] = count ? integer(count) : call->entries;
}

void encode_reception(const struct step *step, struct invocation *call) {
    uint8_t bytes[HEADER_WORDS * 8], *at = bytes;
    const char *data = keyword(step, "data");
    struct header header = {
        .name = address_of(arena_take(NAME_SIZE)),
        .name_length = NAME_SIZE,
    };
    header.vectors = encode_vectors(
        step, data ? data : "zero:4096", keyword(step, "iov"), &header.vector_count);
    if (keyword(step, "control")) {
        encode_control(step, &header);
    } else {
        header.control = address_of(arena_take(CONTROL_SIZE));
        header.control_length = CONTROL_SIZE;
    }
    const char *length = keyword(step, "namelen");
    header.name_length = length ? integer(length) : header.name_length;
    put_header(&at, step->abi, &header);
    call->output = place_headers(step, bytes, (size_t)(at - bytes), call);
}

/// `2 [5 5 -]`: the kernel writes msg_len of the messages that it sent, and of no other.
char *print_counts(const struct step *step, const struct invocation *call, long result) {
    char text[16 * MAX_ENTRIES] = "", *at = text;
    const uint8_t *entry = call->output;
    for (long i = 0; entry && i < call->entries; i++) {
        get_header(&entry, step->abi);
        uint32_t length = (uint32_t)get_word(&entry, step->abi);
        const char *space = i ? " " : "";
        at += length == NOT_SENT ? sprintf(at, "%s-", space) : sprintf(at, "%s%u", space, length);
    }
    return format("%ld [%s]", result, text);
}

static const uint8_t *memory_at(long pointer) { return (const uint8_t *)(uintptr_t)pointer; }

/// Appends ` fd N` for each descriptor received; `*fd` is the first.
static char *print_rights(enum abi abi, const struct header *header, char *text, long *fd) {
    const uint8_t *at = memory_at(header->control), *end = at + header->control_length;
    size_t width = word_size(abi);
    while (at && (size_t)(end - at) >= width + 8) {
        const uint8_t *item = at;
        size_t size = (size_t)get_word(&item, abi);
        int32_t kind[2], received;
        memcpy(kind, item, sizeof kind);
        if (size < width + 8 || size > (size_t)(end - at)) {
            break;
        }
        if (kind[0] == SOL_SOCKET && kind[1] == SCM_RIGHTS) {
            for (item += sizeof kind; item + 4 <= at + size; item += 4) {
                memcpy(&received, item, sizeof received);
                *fd = *fd < 0 ? received : *fd;
                text = format("%s fd %d", text, received);
            }
        }
        at += (size + width - 1) & ~(width - 1);
    }
    return text;
}

/// `5 "hello" fd 4 from in:127.0.0.1:$p flags MSG_TRUNC`.
char *print_message(const struct step *step, const struct invocation *call, long result, long *fd) {
    const uint8_t *at = call->output;
    if (!at) {
        return format("%ld", result);
    }
    struct header header = get_header(&at, step->abi);
    const uint8_t *vector = memory_at(header.vectors);
    char *data = "";
    if (vector) {
        long base = (long)get_word(&vector, step->abi);
        size_t room = (size_t)get_word(&vector, step->abi);
        size_t length = (size_t)result < room ? (size_t)result : room;
        data = print_text(memory_at(base), length < SHOWN ? length : SHOWN);
    }
    char *text = format("%ld \"%s%s\"", result, data, result > SHOWN ? "..." : "");
    text = print_rights(step->abi, &header, text, fd);
    if (header.name && header.name_length > 0) {
        size_t length = (size_t)header.name_length;
        length = length < NAME_SIZE ? length : NAME_SIZE;
        text = format("%s from %s", text, print_address(memory_at(header.name), length));
    }
    static const struct {
        long bit;
        const char *name;
    } flags[] = {
        {MSG_OOB, "MSG_OOB"}, {MSG_CTRUNC, "MSG_CTRUNC"}, {MSG_TRUNC, "MSG_TRUNC"},
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (header.flags & flags[i].bit) {
            text = format("%s %s", text, flags[i].name);
        }
    }
    return text;
}
