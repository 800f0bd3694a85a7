/* Preloaded into a measured process: every fsync and fdatasync takes SLOWSYNC_US microseconds longer, and is counted. It stands for a
   slower disk, the same for every program; at 0 it only counts. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

typedef int (*sync_call)(int);

static _Atomic long syncs;
static long delay_us;
static sync_call real_fsync, real_fdatasync;

__attribute__((constructor)) static void prepare(void)
{
    const char *text = getenv("SLOWSYNC_US");
    delay_us = text ? atol(text) : 0;
    real_fsync = (sync_call)dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = (sync_call)dlsym(RTLD_NEXT, "fdatasync");
}

static void delay(void)
{
    atomic_fetch_add(&syncs, 1);
    if (delay_us > 0) {
        struct timespec length = { delay_us / 1000000, delay_us % 1000000 * 1000 };
        nanosleep(&length, 0);
    }
}

int fsync(int fd)
{
    delay();
    return real_fsync(fd);
}

int fdatasync(int fd)
{
    delay();
    return real_fdatasync(fd);
}

long slowsync_count(void)
{
    return atomic_load(&syncs);
}
