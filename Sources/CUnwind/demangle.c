// The readable forms of symbols, by the run-time libraries that are linked in anyway.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "CUnwind.h"

// <cxxabi.h>, libstdc++.
char *__cxa_demangle(const char *symbol, char *buffer, size_t *size, int *status);
// <swift/Demangling/Demangle.h>, the Swift library.
char *swift_demangle(
    const char *symbol, size_t length, char *buffer, size_t *size, uint32_t flags);

size_t cunwind_demangle(const char *symbol, char *buffer, size_t capacity)
{
    size_t length = strlen(symbol);
    char *text = NULL;
    if (strncmp(symbol, "_Z", 2) == 0) {
        int status = 0;
        text = __cxa_demangle(symbol, NULL, NULL, &status);
    } else if (strncmp(symbol, "$s", 2) == 0 || strncmp(symbol, "$S", 2) == 0
        || strncmp(symbol, "_$s", 3) == 0 || strncmp(symbol, "_T0", 3) == 0) {
        text = swift_demangle(symbol, length, NULL, NULL, 0);
    }
    if (text == NULL) {
        return 0;
    }
    size_t count = strlen(text);
    if (count > capacity) {
        count = capacity;
    }
    memcpy(buffer, text, count);
    free(text);
    return count;
}
