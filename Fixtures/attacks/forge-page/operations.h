#pragma once

#include <stddef.h>

/// Something that changes a mapping, its contents, or what children get of it.
struct operation {
    const char *name;
    void (*run)(char *place, size_t size);
};

/// Ends with an entry without a name.
extern const struct operation operations[];

/// Makes memory that can be moved over the mapping.
void prepare_operations(size_t size);
