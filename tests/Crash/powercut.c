/* Preloaded into a process that writes a database: writes down, in their order, all calls that change the database's files, so that another
   process can tell what a disk may hold when the power goes. Environment: POWERCUT_DATABASE, the database's path; POWERCUT_TRACE, the file
   to write to; POWERCUT_AT, if it is there, the record after which the process kills itself.

   A record is { u32 call, u32 file, u64 a, u64 b, u64 length } in the machine's byte order and length bytes. Records count from 0.
     OPEN    file, a = 1 if it was made, name       UNLINK  name
     WRITE   file, a = offset, bytes                RESIZE  file, a = new length
     SYNC    file, a = records that came before the sync began: those of the file are durable now
     FOLDER  a = records that came before: names made and removed by them are durable now

   Nothing is synced really: a killed process takes nothing from the kernel with it. A sync takes a little time instead, during which other
   threads go on writing. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum call { OPEN = 1, WRITE, RESIZE, SYNC, FOLDER, UNLINK };
enum { MOST_FDS = 4096, MOST_FILES = 4096, LONGEST_SYNC_US = 3000 };

struct record { uint32_t call, file; uint64_t a, b, length; };

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static char database[4096], folder[4096];
static int trace = -1;
static uint64_t records, last_record = UINT64_MAX;
static int file_of[MOST_FDS];                 /* by descriptor: 0 not ours, -1 the folder, else the file's number */
static char synchronous[MOST_FDS];            /* by descriptor: opened with O_DSYNC */
static char *name_of[MOST_FILES];             /* by file number; null once unlinked */
static int files;

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static int (*real_unlink)(const char *);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int), (*real_fdatasync)(int);
static int (*real_fallocate)(int, int, off_t, off_t);

static void die(const char *why)
{
    fprintf(stderr, "powercut: %s\n", why);
    abort();
}

__attribute__((constructor)) static void prepare(void)
{
    real_open = dlsym(RTLD_NEXT, "open");
    real_close = dlsym(RTLD_NEXT, "close");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_fallocate = dlsym(RTLD_NEXT, "fallocate");
    const char *path = getenv("POWERCUT_DATABASE"), *to = getenv("POWERCUT_TRACE");
    if (!path || !to)
        return;
    if (getenv("POWERCUT_AT"))
        last_record = strtoull(getenv("POWERCUT_AT"), 0, 10);
    snprintf(database, sizeof database, "%s", path);
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = 0;
    trace = real_open(to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (trace < 0)
        die("cannot open the trace");
}

/* Under the gate. */
static uint64_t put(enum call call, int file, uint64_t a, const void *bytes, size_t length)
{
    struct record head = { call, (uint32_t)file, a, 0, length };
    struct iovec parts[2] = { { &head, sizeof head }, { (void *)bytes, length } };
    if (writev(trace, parts, 2) != (ssize_t)(sizeof head + length))
        die("cannot write the trace");
    if (records == last_record)
        kill(getpid(), SIGKILL);
    return records++;
}

static int is_ours(const char *path)
{
    size_t length = strlen(database);
    if (trace < 0 || strncmp(path, database, length) != 0)
        return 0;
    const char *rest = path + length;
    return *rest == 0 || strcmp(rest, "-journal") == 0 || strncmp(rest, "-log", 4) == 0;
}

static int number_of(const char *path)
{
    for (int i = 1; i <= files; i++)
        if (name_of[i] && strcmp(name_of[i], path) == 0)
            return i;
    return 0;
}

static int opened(const char *path, int flags, mode_t mode)
{
    int ours = is_ours(path), is_folder = trace >= 0 && strcmp(path, folder) == 0;
    if (!ours && !is_folder)
        return real_open(path, flags, mode);
    pthread_mutex_lock(&gate);
    int made = access(path, F_OK) != 0, fd = real_open(path, flags, mode), why = errno;
    if (fd >= MOST_FDS)
        die("too many descriptors");
    if (fd >= 0 && is_folder)
        file_of[fd] = -1;
    if (fd >= 0 && ours) {
        int number = number_of(path);
        if (!number || made) {
            if (files + 1 >= MOST_FILES)
                die("too many files");
            number = ++files;
            name_of[number] = strdup(path);
            put(OPEN, number, made, path, strlen(path));
        }
        if (flags & O_TRUNC)
            put(RESIZE, number, 0, "", 0);
        file_of[fd] = number;
        synchronous[fd] = (flags & O_DSYNC) != 0;
    }
    pthread_mutex_unlock(&gate);
    errno = why;
    return fd;
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opened(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opened(path, flags, mode);
}

static int file_at(int fd)
{
    return fd >= 0 && fd < MOST_FDS ? file_of[fd] : 0;
}

int close(int fd)
{
    if (file_at(fd)) {
        pthread_mutex_lock(&gate);
        file_of[fd] = 0;
        pthread_mutex_unlock(&gate);
    }
    return real_close(fd);
}

int unlink(const char *path)
{
    if (!is_ours(path))
        return real_unlink(path);
    pthread_mutex_lock(&gate);
    int result = real_unlink(path), why = errno;
    if (result == 0) {
        int number = number_of(path);
        if (number) {
            free(name_of[number]);
            name_of[number] = 0;
        }
        put(UNLINK, 0, 0, path, strlen(path));
    }
    pthread_mutex_unlock(&gate);
    errno = why;
    return result;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset)
{
    int file = file_at(fd);
    if (file <= 0)
        return real_pwrite(fd, bytes, count, offset);
    pthread_mutex_lock(&gate);
    ssize_t done = real_pwrite(fd, bytes, count, offset);
    int why = errno;
    if (done > 0) {
        uint64_t at = put(WRITE, file, offset, bytes, done);
        if (synchronous[fd])
            put(SYNC, file, at + 1, "", 0);
    }
    pthread_mutex_unlock(&gate);
    errno = why;
    return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t offset)
{
    return pwrite(fd, bytes, count, offset);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    ssize_t done = 0;
    for (int i = 0; i < count; i++) {
        ssize_t part = pwrite(fd, parts[i].iov_base, parts[i].iov_len, offset + done);
        if (part < 0)
            return done ? done : part;
        done += part;
        if ((size_t)part < parts[i].iov_len)
            break;
    }
    return done;
}

static int resized(int fd, off_t length, int only_up, int result)
{
    int why = errno;
    struct stat now;
    if (result == 0 && fstat(fd, &now) == 0)
        put(RESIZE, file_at(fd), only_up ? (uint64_t)now.st_size : (uint64_t)length, "", 0);
    pthread_mutex_unlock(&gate);
    errno = why;
    return result;
}

int ftruncate(int fd, off_t length)
{
    if (file_at(fd) <= 0)
        return real_ftruncate(fd, length);
    pthread_mutex_lock(&gate);
    return resized(fd, length, 0, real_ftruncate(fd, length));
}

int ftruncate64(int fd, off_t length)
{
    return ftruncate(fd, length);
}

int fallocate(int fd, int mode, off_t offset, off_t length)
{
    if (file_at(fd) <= 0)
        return real_fallocate(fd, mode, offset, length);
    if (mode & ~FALLOC_FL_KEEP_SIZE)
        die("a kind of fallocate that is not told in the trace");
    pthread_mutex_lock(&gate);
    return resized(fd, 0, 1, real_fallocate(fd, mode, offset, length));
}

int posix_fallocate(int fd, off_t offset, off_t length)
{
    return fallocate(fd, 0, offset, length) == 0 ? 0 : errno;
}

int rename(const char *from, const char *to)
{
    static int (*real)(const char *, const char *);
    if (!real)
        real = dlsym(RTLD_NEXT, "rename");
    if (is_ours(from) || is_ours(to))
        die("a rename, which is not told in the trace");
    return real(from, to);
}

static int synced(int fd, int (*real)(int))
{
    int file = file_at(fd);
    if (!file)
        return real(fd);
    pthread_mutex_lock(&gate);
    uint64_t before = records;
    pthread_mutex_unlock(&gate);
    struct timespec length = { 0, (before * 7919 % LONGEST_SYNC_US) * 1000 };
    nanosleep(&length, 0);
    pthread_mutex_lock(&gate);
    put(file < 0 ? FOLDER : SYNC, file < 0 ? 0 : file, before, "", 0);
    pthread_mutex_unlock(&gate);
    return 0;
}

int fsync(int fd)
{
    return synced(fd, real_fsync);
}

int fdatasync(int fd)
{
    return synced(fd, real_fdatasync);
}
