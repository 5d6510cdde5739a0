/* Moves the time of day of one process by ML_TEST_CLOCK seconds; for a test. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t id, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(id, time);
    const char *seconds = getenv("ML_TEST_CLOCK");
    if (!failed && id == CLOCK_REALTIME && seconds) time->tv_sec += atol(seconds);
    return failed;
}
