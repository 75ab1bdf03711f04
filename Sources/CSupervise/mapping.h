// struct procmap_query and its request, <linux/fs.h> of Linux 6.11.
#ifndef CSUPERVISE_MAPPING_H
#define CSUPERVISE_MAPPING_H

#include <stdint.h>
#include <sys/ioctl.h>

struct mapping_query {
    uint64_t size, query_flags, query_address;
    uint64_t start, end, flags, page_size, offset, inode;
    uint32_t device_major, device_minor, name_size, build_id_size;
    uint64_t name_address, build_id_address;
};
#define MAPPING_QUERY _IOWR('f', 17, struct mapping_query)
enum { MAPPING_READABLE = 1, MAPPING_WRITABLE = 2, MAPPING_SHARED = 8 };

#endif
