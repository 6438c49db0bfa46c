/* LMDB (OpenLDAP Public License), a rival of the store: appended in order, looked up in a
 * transaction for reading that is renewed for each message. */
#include <lmdb.h>

#include "bench/intel_bench.h"

static struct {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    volatile char read;
} lmdb;

static void check(int st)
{
    if (st != MDB_SUCCESS)
        bench_fail(mdb_strerror(st));
}

static MDB_val val(struct str s)
{
    return (MDB_val){s.n, (void *)(uintptr_t)s.p};
}

static void start(const char *path, unsigned flags)
{
    check(mdb_env_create(&lmdb.env));
    check(mdb_env_set_mapsize(lmdb.env, (size_t)16 << 30));
    check(mdb_env_open(lmdb.env, path, MDB_NOSUBDIR | flags, 0600));
    check(mdb_txn_begin(lmdb.env, NULL, flags & MDB_RDONLY, &lmdb.txn));
    check(mdb_dbi_open(lmdb.txn, NULL, 0, &lmdb.dbi));
}

static void build(const char *path, const struct bench_item *items, size_t n)
{
    start(path, MDB_NOSYNC);
    for (size_t i = 0; i < n; i++) {
        MDB_val key = val(bench_key(&items[i])), value = val(bench_value(&items[i]));
        check(mdb_put(lmdb.txn, lmdb.dbi, &key, &value, MDB_APPEND));
    }
    check(mdb_txn_commit(lmdb.txn));
    check(mdb_env_sync(lmdb.env, 1));
    mdb_env_close(lmdb.env);
}

static void open_it(const char *path)
{
    start(path, MDB_RDONLY | MDB_NORDAHEAD);
    mdb_txn_reset(lmdb.txn);
}

static void begin(void)
{
    check(mdb_txn_renew(lmdb.txn));
}

static bool find(struct str text)
{
    MDB_val key = val(text), value;
    if (mdb_get(lmdb.txn, lmdb.dbi, &key, &value) != MDB_SUCCESS)
        return false;
    lmdb.read = *(const char *)value.mv_data;
    return true;
}

static void end(void)
{
    mdb_txn_reset(lmdb.txn);
}

static void close_it(void)
{
    mdb_txn_abort(lmdb.txn);
    mdb_env_close(lmdb.env);
}

const struct bench_rival bench_lmdb = {"LMDB", true, build, open_it, begin, find, end, close_it};
