/* Verdicts of clamd that are known: a fixed number of places in sets of eight, the oldest of a set
 * gives way. The set is chosen by a secret, so nobody outside can fill one. */
#include <stdlib.h>

#include "io/clamd_internal.h"
#include "io/keyed_hash.h"

enum { WAYS = 8, NAME_MAX_BYTES = 120 /* longer names are asked for again */ };

struct place {
    unsigned char sha256[32];
    uint64_t version;  /* keyed hash of what VERSION said */
    int64_t expires_s; /* 0: empty */
    bool is_found;
    char name[NAME_MAX_BYTES + 1];
};

struct clamd_cache {
    pthread_mutex_t lock;
    struct hash_key key;
    size_t n_sets;
    struct place *places; /* n_sets times WAYS; touched as they are filled */
};

struct clamd_cache *clamd_cache_new(size_t entries)
{
    struct clamd_cache *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->n_sets = (entries + WAYS - 1) / WAYS;
    c->places = calloc(c->n_sets, WAYS * sizeof *c->places);
    if (c->places == NULL || !hash_key_init(&c->key) || pthread_mutex_init(&c->lock, NULL) != 0) {
        free(c->places);
        free(c);
        return NULL;
    }
    return c;
}

void clamd_cache_free(struct clamd_cache *c)
{
    if (c == NULL)
        return;
    pthread_mutex_destroy(&c->lock);
    free(c->places);
    free(c);
}

static uint64_t hash_bytes(const struct clamd_cache *c, struct str bytes)
{
    return hash_question(&c->key, bytes, 0);
}

static struct place *set_of(const struct clamd_cache *c, const unsigned char sha256[32])
{
    uint64_t hash = hash_bytes(c, str_make((const char *)sha256, 32));
    return &c->places[hash % c->n_sets * WAYS];
}

static bool is_at(const struct place *p, const unsigned char sha256[32], uint64_t version)
{
    return p->version == version && memcmp(p->sha256, sha256, sizeof p->sha256) == 0;
}

bool clamd_cache_get(struct clamd_cache *c, const unsigned char sha256[32], struct str version,
                     int64_t now_s, struct clamd_answer *out)
{
    bool hit = false;
    uint64_t wanted = hash_bytes(c, version);
    const struct place *set = set_of(c, sha256);
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < WAYS && !hit; i++) {
        hit = set[i].expires_s > now_s && is_at(&set[i], sha256, wanted);
        if (hit) {
            *out = (struct clamd_answer){.verdict = set[i].is_found ? CLAMD_FOUND : CLAMD_CLEAN,
                                         .is_cached = true};
            memcpy(out->text, set[i].name, sizeof set[i].name);
        }
    }
    pthread_mutex_unlock(&c->lock);
    return hit;
}

void clamd_cache_put(struct clamd_cache *c, const unsigned char sha256[32], struct str version,
                     int64_t now_s, const struct clamd_answer *answer)
{
    size_t length = strlen(answer->text), oldest = 0;
    uint64_t wanted = hash_bytes(c, version);
    struct place *set = set_of(c, sha256);
    if ((answer->verdict != CLAMD_CLEAN && answer->verdict != CLAMD_FOUND) ||
        length > NAME_MAX_BYTES)
        return;
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < WAYS; i++) {
        if (is_at(&set[i], sha256, wanted)) {
            oldest = i;
            break;
        }
        if (set[i].expires_s < set[oldest].expires_s)
            oldest = i;
    }
    struct place *p = &set[oldest];
    memset(p, 0, sizeof *p);
    memcpy(p->sha256, sha256, sizeof p->sha256);
    p->version = wanted;
    p->expires_s = now_s + CLAMD_CACHE_S;
    p->is_found = answer->verdict == CLAMD_FOUND;
    memcpy(p->name, answer->text, length);
    pthread_mutex_unlock(&c->lock);
}
