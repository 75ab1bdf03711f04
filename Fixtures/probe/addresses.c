/// Socket addresses from and to their notation.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "probe.h"

enum { PATH_AT = offsetof(struct sockaddr_un, sun_path) };

static bool starts(const char *text, const char *prefix) {
    return !strncmp(text, prefix, strlen(prefix));
}

bool is_address(const char *text) {
    static const char *const prefixes[] = {
        "in:", "in6:", "unix:", "abstract:", "autobind", "unspec", "family:", "hex:", "edge:",
        "edge-noaccess:",
    };
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (starts(text, prefixes[i])) {
            return true;
        }
    }
    return false;
}

/// `HOST:PORT`, for IPv4 with any family number in front.
static size_t encode_internet(const char *text, int family, int written, uint8_t *out) {
    const char *colon = strrchr(text, ':');
    if (!colon || colon - text >= INET6_ADDRSTRLEN) {
        refuse("%s: expected HOST:PORT", text);
    }
    char host[INET6_ADDRSTRLEN];
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    uint16_t port = htons((uint16_t)integer(colon + 1));
    struct sockaddr_in in = {.sin_family = (sa_family_t)written, .sin_port = port};
    struct sockaddr_in6 in6 = {.sin6_family = (sa_family_t)written, .sin6_port = port};
    void *host_at = family == AF_INET ? (void *)&in.sin_addr : (void *)&in6.sin6_addr;
    if (inet_pton(family, host, host_at) != 1) {
        refuse("%s: not an address of its family", host);
    }
    size_t length = family == AF_INET ? sizeof in : sizeof in6;
    memcpy(out, family == AF_INET ? (void *)&in : (void *)&in6, length);
    return length;
}

static size_t put_family(uint8_t *out, long family) {
    sa_family_t number = (sa_family_t)family;
    memcpy(out, &number, sizeof number);
    return sizeof number;
}

static size_t encode_bytes(const char *text, uint8_t *out, size_t size) {
    memset(out, 0, size);
    if (starts(text, "in:")) {
        return encode_internet(text + 3, AF_INET, AF_INET, out);
    }
    if (starts(text, "in6:")) {
        return encode_internet(text + 4, AF_INET6, AF_INET6, out);
    }
    if (starts(text, "unix:")) {  // The length covers the NUL, as unix(7) advises.
        put_family(out, AF_UNIX);
        return PATH_AT + decode_text(text + 5, out + PATH_AT, size - PATH_AT) + 1;
    }
    if (starts(text, "abstract:")) {
        put_family(out, AF_UNIX);
        return PATH_AT + 1 + decode_text(text + 9, out + PATH_AT + 1, size - PATH_AT - 1);
    }
    if (!strcmp(text, "autobind")) {
        return put_family(out, AF_UNIX);
    }
    if (!strcmp(text, "unspec")) {
        return sizeof(struct sockaddr);
    }
    if (starts(text, "unspec:")) {
        return encode_internet(text + 7, AF_INET, AF_UNSPEC, out);
    }
    if (starts(text, "family:")) {
        put_family(out, integer(text + 7));
        return sizeof(struct sockaddr);
    }
    if (starts(text, "hex:")) {
        return decode_hex(text + 4, out, size);
    }
    if (text[0] == '$') {
        const struct variable *variable = find_variable(text + 1, strlen(text + 1));
        if (variable && variable->kind == VARIABLE_ADDRESS) {
            memcpy(out, variable->address, variable->length);
            return variable->length;
        }
    }
    refuse("%s: not an address", text);
}

/// Places an address and gives its pointer and length.
void encode_address(const char *text, long *pointer, long *length) {
    char copy[MAX_ADDRESS];
    copy_text(text, copy, sizeof copy);
    char *hash = strrchr(copy, '#');
    long claimed = 0;
    if (hash) {
        claimed = integer(hash + 1);
        *hash = 0;
    }
    if (special_pointer(copy, strlen(copy), pointer)) {
        *length = hash ? claimed : *pointer ? (long)sizeof(struct sockaddr) : 0;
        return;
    }
    const char *rest = copy;
    enum placement placement = take_placement(&rest);
    uint8_t bytes[MAX_ADDRESS];
    size_t natural = encode_bytes(rest, bytes, sizeof bytes);
    *length = hash ? claimed : (long)natural;
    *pointer = address_of(arena_place(placement, bytes, natural, *length));
}

/// Text with every byte escaped that would mean something to the parser, or to a terminal.
char *print_text(const uint8_t *bytes, size_t length) {
    char *text = malloc(3 * length + 1), *at = text;
    for (size_t i = 0; text && i < length; i++) {
        if (bytes[i] <= ' ' || bytes[i] >= 0x7f || strchr("%#$,;()[]\"", bytes[i])) {
            at += sprintf(at, "%%%02x", bytes[i]);
        } else {
            *at++ = (char)bytes[i];
        }
    }
    *at = 0;
    return text;
}

static char *print_port(uint16_t port_in_network_order) {
    long port = ntohs(port_in_network_order);
    const char *name = port ? name_of(VARIABLE_PORT, port) : NULL;
    return name ? format("$%s", name) : format("%ld", port);
}

/// The notation that would make this address again.
char *print_address(const uint8_t *bytes, size_t length) {
    for (int i = 0; i < variable_count(); i++) {
        const struct variable *variable = variable_at(i);
        if (variable->kind == VARIABLE_ADDRESS && variable->length == length &&
            !memcmp(variable->address, bytes, length)) {
            return format("$%s", variable->name);
        }
    }
    char host[INET6_ADDRSTRLEN];
    sa_family_t family = AF_UNSPEC;
    if (length < sizeof family) {
        return format("none");
    }
    memcpy(&family, bytes, sizeof family);
    if (family == AF_INET && length == sizeof(struct sockaddr_in)) {
        struct sockaddr_in in;
        memcpy(&in, bytes, sizeof in);
        inet_ntop(AF_INET, &in.sin_addr, host, sizeof host);
        return format("in:%s:%s", host, print_port(in.sin_port));
    }
    if (family == AF_INET6 && length == sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 in6;
        memcpy(&in6, bytes, sizeof in6);
        inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof host);
        return format("in6:%s:%s", host, print_port(in6.sin6_port));
    }
    if (family == AF_UNIX && length == PATH_AT) {
        return format("autobind");
    }
    if (family == AF_UNIX && !bytes[PATH_AT]) {
        return format("abstract:%s", print_text(bytes + PATH_AT + 1, length - PATH_AT - 1));
    }
    if (family == AF_UNIX) {
        size_t path = strnlen((const char *)bytes + PATH_AT, length - PATH_AT);
        return format("unix:%s", print_text(bytes + PATH_AT, path));
    }
    char *text = malloc(5 + 2 * length), *at = text;
    at += sprintf(at, "hex:");
    for (size_t i = 0; i < length; i++) {
        at += sprintf(at, "%02x", bytes[i]);
    }
    return text;
}
