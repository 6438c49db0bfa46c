/* What the contestants of intel_bench share: entries, and stores that hold them. */
#ifndef MP_BENCH_INTEL_BENCH_H
#define MP_BENCH_INTEL_BENCH_H

#include "intel/indicator.h"

/* One as rivals keep it: the kind and the value, and all that is told of it. */
struct bench_item {
    const char *p;
    uint16_t key_n, value_n;
};

static inline struct str bench_key(const struct bench_item *i)
{
    return str_make(i->p, i->key_n);
}

static inline struct str bench_value(const struct bench_item *i)
{
    return str_make(i->p + i->key_n, i->value_n);
}

/* Another kind of store. */
struct bench_rival {
    const char *name;
    bool is_here;
    /* Makes it at `path` of items in the order of their keys. Ends the program when it cannot. */
    void (*build)(const char *path, const struct bench_item *items, size_t n);
    void (*open)(const char *path);
    /* What belongs to the lookups of one message. */
    void (*begin)(void);
    /* Was it there? Reads the value. */
    bool (*find)(struct str key);
    void (*end)(void);
    void (*close)(void);
};

extern const struct bench_rival bench_lmdb, bench_sqlite;

_Noreturn void bench_fail(const char *what);

#endif
