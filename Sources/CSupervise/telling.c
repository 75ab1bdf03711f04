// What is told at the end of a run, to a reader who may not be reading.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "CSupervise.h"
#include "proc.h"

struct text {
    int descriptor;
    size_t size;
    char bytes[];
};

/// A pipe whose writing end is closed when all is written.
static int told[2] = {-1, -1};

static void write_all(int descriptor, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(descriptor, bytes, size);
        if (written == -1 && errno != EINTR) {
            return;
        }
        if (written > 0) {
            bytes += written;
            size -= (size_t)written;
        }
    }
}

static void *write_text(void *argument)
{
    struct text *text = argument;
    write_all(text->descriptor, text->bytes, text->size);
    close(text->descriptor);
    free(text);
    close(told[1]);
    return NULL;
}

/// Starts the thread that writes; an error where there cannot be one.
static int start(struct text *text)
{
    if (text->descriptor == -1 || pipe2(told, O_CLOEXEC) == -1) {
        return errno;
    }
    int error = csupervise_start_aside(write_text, text);
    if (error != 0) {
        close(told[0]);
        close(told[1]);
        told[0] = told[1] = -1;
    }
    return error;
}

void csupervise_tell(int descriptor, const void *bytes, size_t size, int milliseconds)
{
    struct text *text = malloc(sizeof *text + size);
    if (text == NULL) {
        return;
    }
    text->size = size;
    memcpy(text->bytes, bytes, size);
    text->descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
    if (start(text) == 0) {
        csupervise_await_told(milliseconds);
        return;
    }
    write_all(descriptor, bytes, size);
    close(text->descriptor);
    free(text);
}

void csupervise_await_told(int milliseconds)
{
    struct pollfd end = {.fd = told[0]};
    while (told[0] != -1 && poll(&end, 1, milliseconds) == -1 && errno == EINTR) {
    }
}
