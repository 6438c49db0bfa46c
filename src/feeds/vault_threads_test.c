/* Swapping under readers that never stop: each sees one whole snapshot at a time. */
#include <pthread.h>
#include <stdatomic.h>

#include "feeds/vault_test_kit.h"

enum { READERS = 4, SWAPS = 40, FILL = 500 };

struct reader {
    struct vault *v;
    atomic_uint *stop, *reads; /* reads: since the last swap, of all */
    unsigned versions, wrong;  /* different ones seen; not whole, or older than before */
};

static void *read_on(void *ctx)
{
    struct reader *r = ctx;
    unsigned before = 0;
    while (atomic_load(r->stop) == 0) {
        struct vault_hold *h = vault_current(r->v);
        unsigned version = h == NULL ? 0 : kit_version_of(h);
        r->wrong += version == 0 || version < before;
        r->versions += version != before;
        before = version;
        vault_release(h);
        atomic_fetch_add(r->reads, 1);
    }
    return NULL;
}

/* Two of them reload, so that reloads meet. */
static void *reload_on(void *ctx)
{
    struct reader *r = ctx;
    bool changed;
    while (atomic_load(r->stop) == 0)
        r->wrong += vault_reload(r->v, &changed, NULL) != MP_OK;
    return NULL;
}

int main(void)
{
    struct vault *v = NULL;
    struct reader readers[READERS];
    pthread_t threads[READERS];
    atomic_uint stop = 0, reads = 0;
    tap_case("readers, reloads and updates at once");
    kit_make_dir();
    tap_int(kit_publish(1, FILL, NULL), MP_OK);
    tap_int(vault_open(kit_dir, &v, NULL), MP_OK);
    for (size_t i = 0; i < READERS; i++) {
        readers[i] = (struct reader){.v = v, .stop = &stop, .reads = &reads};
        if (pthread_create(&threads[i], NULL, i == 0 ? reload_on : read_on, &readers[i]) != 0)
            abort();
    }
    bool changed, published = true;
    for (unsigned n = 2; n <= SWAPS; n++) {
        published &= kit_publish(n, FILL, NULL) == MP_OK;
        published &= vault_reload(v, &changed, NULL) == MP_OK;
        unsigned seen = atomic_load(&reads);
        while (atomic_load(&reads) - seen < READERS) /* each swap is met by readers */
            ;
    }
    atomic_store(&stop, 1);
    unsigned versions = 0;
    for (size_t i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
        tap_int(readers[i].wrong, 0);
        versions += readers[i].versions;
    }
    tap_ok(published);
    tap_ok(versions >= SWAPS);
    tap_int(kit_version(v), SWAPS);
    tap_int(kit_entries("indicators-", false), 1 + VAULT_KEEP_OLD);
    vault_close(v);
    kit_remove_dir();
    return tap_done();
}
