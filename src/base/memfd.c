/* Memory that is handed to another process: sealed, so that neither side can pull it away. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memfd.h"

/* Linux 6.3; older ones refuse it and make the same without. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

static int make(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (fd < 0 && errno == EINVAL)
        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd;
}

static int failed(int fd)
{
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return -1;
}

int memfd_new(void)
{
    return make("mailproof-request");
}

enum { ALL_SEALS = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL };

bool memfd_seal(int fd)
{
    return fcntl(fd, F_ADD_SEALS, ALL_SEALS) == 0;
}

bool memfd_is_sealed(int fd)
{
    int seals = fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & ALL_SEALS) == ALL_SEALS;
}

int memfd_sealed(const struct str *pieces, size_t n)
{
    int fd = memfd_new();
    bool ok = fd >= 0;
    for (size_t i = 0; ok && i < n; i++)
        ok = fd_write(fd, pieces[i]);
    return ok && memfd_seal(fd) ? fd : failed(fd);
}

int memfd_answer(uint64_t size_bytes)
{
    int fd = make("mailproof-answer");
    if (fd < 0 || ftruncate(fd, (off_t)size_bytes) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        return failed(fd);
    return fd;
}

bool memfd_read(int fd, uint64_t offset, char *to, size_t n)
{
    while (n > 0) {
        ssize_t got = pread(fd, to, n, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        to += got;
        offset += (uint64_t)got;
        n -= (size_t)got;
    }
    return true;
}

uint64_t memfd_size(int fd)
{
    off_t n = lseek(fd, 0, SEEK_END);
    return n < 0 ? 0 : (uint64_t)n;
}

/* All pages at once where there are few: a page fault costs more than a page. */
static int populate(size_t n)
{
    enum { FEW_BYTES = 4 * 1024 * 1024 };
    return n <= FEW_BYTES ? MAP_POPULATE : 0;
}

const char *memfd_map(int fd, size_t n)
{
    void *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE | populate(n), fd, 0);
    return p == MAP_FAILED ? NULL : p;
}

char *memfd_map_writable(int fd, size_t n)
{
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | populate(n), fd, 0);
    return p == MAP_FAILED ? NULL : p;
}

void memfd_unmap(const char *p, size_t n)
{
    if (p != NULL)
        munmap((void *)(uintptr_t)p, n);
}
