// What the programs that time something one by one have in common.

#include <stdlib.h>
#include <time.h>

/// Nanoseconds of a clock.
static inline double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/// The order of two times, for qsort(3).
static inline int compare(const void *one, const void *other)
{
    double difference = *(const double *)one - *(const double *)other;
    return difference < 0 ? -1 : difference > 0;
}
