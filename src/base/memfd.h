/* Memory that is handed to another process: sealed, so that neither side can pull it away. */
#ifndef MP_BASE_MEMFD_H
#define MP_BASE_MEMFD_H

#include "base/str.h"

/* An empty one to be written, and sealed at the end. -1, false: errno. */
int memfd_new(void);
bool memfd_seal(int fd);
bool memfd_is_sealed(int fd);
/* A sealed memfd with all of it one behind the other. -1: errno. */
int memfd_sealed(const struct str *pieces, size_t n);
/* A memfd of that size for an answer: sealed against other sizes. -1: errno. */
int memfd_answer(uint64_t size_bytes);
/* Copy out of it. False: not so many bytes, or an error. */
bool memfd_read(int fd, uint64_t offset, char *to, size_t n);
uint64_t memfd_size(int fd); /* 0: not to be had */
/* Mappings; NULL: no memory. */
const char *memfd_map(int fd, size_t n);
char *memfd_map_writable(int fd, size_t n);
void memfd_unmap(const char *p, size_t n);

#endif
