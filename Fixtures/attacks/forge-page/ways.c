#include "forge.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "operations.h"

static int in_child(int (*function)(void)) {
    pid_t child = fork();
    if (child == 0) {
        _exit(function());
    }
    int status;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

static char *place;
static char before[4096];

/// Whether the mapping is there, whole, shared and protected as it was, with the contents that it had.
static int is_lost(void) {
    char line[512], expected[64];
    snprintf(expected, sizeof expected, "%lx-%lx %s", (size_t)place,
        (size_t)place + PAGE_SIZE_OF_SUPERVISOR, has_own_page ? "rw-s" : "r--s");
    FILE *maps = fopen("/proc/self/maps", "r");
    int is_there = 0;
    while (fgets(line, sizeof line, maps) != NULL) {
        is_there |= strncmp(line, expected, strlen(expected)) == 0;
    }
    fclose(maps);
    return !is_there || memcmp(place, before, sizeof before) != 0;
}

/// Does one thing to the page, or natively to a page of the program's own.
static int run_operation(const struct operation *operation) {
    prepare_operations(PAGE_SIZE_OF_SUPERVISOR);
    if (has_own_page) {
        int file = memfd_create("own", 0);
        ftruncate(file, PAGE_SIZE_OF_SUPERVISOR);
        write(file, "own", 3);
        mmap((void *)FIRST_PLACE, PAGE_SIZE_OF_SUPERVISOR, PROT_READ | PROT_WRITE,
            MAP_SHARED | MAP_FIXED, file, 0);
    }
    place = has_own_page ? (char *)FIRST_PLACE : find_page();
    memcpy(before, place, sizeof before);
    int status, lost = 2;
    // In a process of its own: its end tells where the mapping cannot even be looked at.
    pid_t child = fork();
    if (child == 0) {
        operation->run(place, PAGE_SIZE_OF_SUPERVISOR);
        int reached = 0;
        // Where the page can no longer be read, judged calls fail.
        if (!has_own_page) {
            reached = forge() + in_child(forge);
        }
        printf("reached %d\n", reached);
        _exit(is_lost() || in_child(is_lost) != 0);
    }
    waitpid(child, &status, 0);
    lost = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    printf("mapping %s\n", lost ? "lost" : "kept");
    return 0;
}

/// Whether the supervisor's descriptor of the page is open here, under any number.
static int find_descriptor(void) {
    for (int fd = 3; fd < 40; fd++) {
        struct stat status;
        if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)
            && status.st_size == PAGE_SIZE_OF_SUPERVISOR) {
            return fd;
        }
    }
    return -1;
}

static atomic_bool finished;
static atomic_int stolen = -1;

/// Copies the descriptor while it is open for the moment.
static void *steal(void *unused) {
    (void)unused;
    while (!atomic_load(&finished) && atomic_load(&stolen) == -1) {
        int fd = find_descriptor();
        // Clear of the numbers that are searched.
        if (fd != -1 && (fd = fcntl(fd, F_DUPFD, 60)) != -1) {
            atomic_store(&stolen, fd);
        }
    }
    return NULL;
}

/// Gets the page's descriptor in a child, which has no page yet, and hands it to this process.
static int run_steal(const char *next) {
    for (int i = 0; i < 2000; i++) {
        pid_t child = fork();
        if (child == 0) {
            // A fresh address space for each try.
            execl("/proc/self/exe", "forge-page", "steal-once", next, NULL);
            _exit(9);
        }
        int status;
        waitpid(child, &status, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
            return 0;
        }
    }
    printf("nothing was stolen\n");
    return 0;
}

int run_fresh(const char *way, char **words) {
    if (strcmp(way, "steal-once") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, steal, NULL);
        make_judged_call();
        atomic_store(&finished, 1);
        pthread_join(thread, NULL);
        int fd = atomic_load(&stolen);
        if (fd == -1) {
            return 1;
        }
        if (strcmp(words[2], "use") == 0) {
            char *copy = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
            int writable = copy != MAP_FAILED || write(fd, "x", 1) == 1 || ftruncate(fd, 0) == 0;
            char path[32];
            snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
            int again = open(path, O_RDWR);
            if (again != -1) {
                copy = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0);
                writable |= copy != MAP_FAILED || write(again, "x", 1) == 1
                    || ftruncate(again, 0) == 0 || fallocate(again, 3, 0, 4096) == 0;
            }
            printf("stolen, %s\n", writable ? "writable" : "not writable");
            return 0;
        }
        dup2(fd, 60);
        execl("/proc/self/exe", "forge-page", "moved", NULL);
        return 9;
    }
    return -1;
}

static atomic_int pause_length;

/// Moves a mapping of the same memory, which no child gets, over the page as soon as that is there.
static void *move_in(void *opaque) {
    char *own = opaque;
    while (!atomic_load(&finished)) {
        if (msync((void *)FIRST_PLACE, 4096, MS_ASYNC) == 0) {
            for (volatile int i = 0; i < pause_length; i++) {
            }
            mremap(own, PAGE_SIZE_OF_SUPERVISOR, PAGE_SIZE_OF_SUPERVISOR,
                MREMAP_MAYMOVE | MREMAP_FIXED, (void *)FIRST_PLACE);
            return NULL;
        }
    }
    return NULL;
}

/// One try, in a process whose parent has no page: the exit status tells what was reached.
static int move_once(void) {
    char *own = mmap(NULL, PAGE_SIZE_OF_SUPERVISOR, PROT_READ, MAP_SHARED, 60, 0);
    madvise(own, PAGE_SIZE_OF_SUPERVISOR, MADV_DONTFORK);
    pthread_t thread;
    pthread_create(&thread, NULL, move_in, own);
    make_judged_call();
    atomic_store(&finished, 1);
    pthread_join(thread, NULL);
    return in_child(forge);
}

static int run_moved(void) {
    int reached = 0;
    for (int i = 0; i < 200; i++) {
        atomic_store(&pause_length, i * 600);
        reached += in_child(move_once) != 0;
    }
    printf("reached %d\n", reached);
    return 0;
}

static int stay_a_while(void *unused) {
    (void)unused;
    make_judged_call();
    _exit(0);
}

/// Children that share all memory, one after the other: each finds the page of the one before.
static int run_shared(void) {
    char *stack = malloc(1 << 16);
    for (int i = 0; i < 40; i++) {
        pid_t child = clone(stay_a_while, stack + (1 << 16), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
        waitpid(child, NULL, 0);
    }
    int count = 0;
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps) != NULL) {
        count += strstr(line, "memfd:supervise") != NULL;
    }
    printf("pages %d\n", count);
    return 0;
}

static void *call_often(void *unused) {
    (void)unused;
    make_judged_call();
    return NULL;
}

/// Forks while a sister has the page mapped.
static int fork_once(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, call_often, NULL);
    int reached = 0;
    for (int i = 0; i < 6; i++) {
        reached += in_child(forge);
    }
    pthread_join(thread, NULL);
    return reached;
}

static void *execute(void *unused) {
    (void)unused;
    execl("/proc/self/exe", "forge-page", "forge", NULL);
    return NULL;
}

/// Executes a program from another thread while the first one makes its calls; the new program's
/// are its first.
_Noreturn static int exec_once(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, execute, NULL);
    for (;;) {
        make_judged_call();
    }
}

enum { SYS_MSEAL = 462, MADV_DOFORK_ADVICE = 11 };

enum looks { OPEN, DISGUISED };

/// Has a filter of this program's answer mseal, or madvise(MADV_DOFORK), with 0, undone.
///
/// A supervisor can try a filter that is about to be installed, and map nothing where it answers so. A
/// disguised one does it only for calls that are made by an instruction somewhere.
static void fake(unsigned number, enum looks looks) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, looks == DISGUISED ? 1 : 0, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number == SYS_MSEAL ? 0 : MADV_DOFORK_ADVICE, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == -1) {
        _exit(100);
    }
}

/// Maps over a page that the supervisor takes for sealed.
static int unmap_and_forge(void) {
    make_judged_call();
    munmap((void *)FIRST_PLACE, PLACE_COUNT * PAGE_SIZE_OF_SUPERVISOR);
    printf("reached %d\n", forge() + in_child(forge));
    return 0;
}

static int repeat(int (*function)(void), int times) {
    int reached = 0;
    for (int i = 0; i < times; i++) {
        reached += in_child(function);
    }
    printf("reached %d\n", reached);
    return 0;
}

/// Unmaps, maps over and closes everything while the page is being mapped.
static void *disturb(void *unused) {
    (void)unused;
    for (unsigned i = 0; !atomic_load(&finished); i++) {
        int fd = find_descriptor();
        switch (i % 6) {
        case 0: munmap((void *)FIRST_PLACE, PAGE_SIZE_OF_SUPERVISOR); break;
        case 1:
            mmap((void *)FIRST_PLACE, PAGE_SIZE_OF_SUPERVISOR, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
            break;
        case 2: dup2(0, 4); break;
        case 3: close(4), close(5); break;
        case 4: mprotect((void *)FIRST_PLACE, 4096, PROT_READ | PROT_WRITE); break;
        default:
            if (fd != -1) {
                mmap((void *)FIRST_PLACE, PAGE_SIZE_OF_SUPERVISOR, PROT_READ,
                    MAP_PRIVATE | MAP_FIXED, fd, 0);
            }
        }
    }
    return NULL;
}

static int disturb_once(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, disturb, NULL);
    for (int i = 0; i < 4; i++) {
        make_judged_call();
    }
    atomic_store(&finished, 1);
    pthread_join(thread, NULL);
    return forge() + in_child(forge);
}

int run_way(const char *way) {
    for (const struct operation *operation = operations; operation->name != NULL; operation++) {
        if (strcmp(way, operation->name) == 0) {
            return run_operation(operation);
        }
    }
    if (strcmp(way, "steal") == 0) {
        return run_steal("use");
    }
    if (strcmp(way, "steal-and-move") == 0) {
        return run_steal("move");
    }
    if (strcmp(way, "look-alike") == 0) {
        return run_look_alike();
    }
    return 2;
}

int run_without_page(const char *way) {
    if (strcmp(way, "forge") == 0) {
        return forge();
    }
    if (strcmp(way, "taken") == 0) {
        printf("reached %d\n", forge());
        return 0;
    }
    if (strcmp(way, "fake-seal") == 0) {
        fake(SYS_MSEAL, OPEN);
        return unmap_and_forge();
    }
    // The page is mapped before a filter is installed; a further program begins without it.
    if (strcmp(way, "fake-seal-disguised") == 0) {
        fake(SYS_MSEAL, DISGUISED);
        execl("/proc/self/exe", "forge-page", "unmap-and-forge", NULL);
        return 9;
    }
    if (strcmp(way, "unmap-and-forge") == 0) {
        return unmap_and_forge();
    }
    if (strcmp(way, "dispatch") == 0) {
        return run_dispatch();
    }
    if (strcmp(way, "fake-seal-long-path") == 0) {
        fake(SYS_MSEAL, DISGUISED);
        execl("/proc/self/exe", "forge-page", "map-long-path", NULL);
        return 9;
    }
    if (strcmp(way, "map-long-path") == 0) {
        return map_long_path() == 0 ? unmap_and_forge() : 9;
    }
    if (strcmp(way, "reserved") == 0) {
        return run_reserved();
    }
    if (strcmp(way, "sharing") == 0) {
        return run_sharing();
    }
    if (strcmp(way, "shared-in-vain") == 0) {
        return run_shared_in_vain();
    }
    if (strcmp(way, "moved") == 0) {
        return run_moved();
    }
    if (strcmp(way, "fake-inherit") == 0) {
        fake(SYS_madvise, OPEN);
        return run_steal("move");
    }
    if (strcmp(way, "fake-inherit-disguised") == 0) {
        fake(SYS_madvise, DISGUISED);
        return run_steal("move");
    }
    if (strcmp(way, "number") == 0) {
        return run_number();
    }
    if (strcmp(way, "shared") == 0) {
        return run_shared();
    }
    if (strcmp(way, "fork") == 0) {
        return repeat(fork_once, 20);
    }
    if (strcmp(way, "exec") == 0) {
        return repeat(exec_once, 80);
    }
    if (strcmp(way, "disturb") == 0) {
        return repeat(disturb_once, 80);
    }
    return -1;
}
