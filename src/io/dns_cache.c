/* The cache: 64 locks, chained buckets keyed by a secret, the least used of a shard goes first. */
#include "io/dns_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "io/keyed_hash.h"

enum {
    BYTES_PER_ENTRY = 2048, /* on average: answers of 64 KB must not fill the memory */
    FIRST_BUCKETS = 16
};

struct entry {
    struct entry *bucket_next, *newer, *older;
    struct dns_answer *answer;
    uint64_t hash;
    int64_t expires_s;
};

struct shard {
    pthread_mutex_t lock;
    struct entry **buckets;
    size_t n_buckets, n, bytes, max_entries, max_bytes;
    struct entry *newest, *oldest;
};

struct dns_cache {
    struct hash_key key;
    unsigned n_shards; /* a power of two */
    struct shard shards[DNS_CACHE_SHARDS];
};

/* ---- one shard; its lock is held ---- */

static struct entry **bucket_of(struct shard *s, uint64_t hash)
{
    return &s->buckets[hash >> 8 & (s->n_buckets - 1)];
}

static struct entry *find(struct shard *s, uint64_t hash, struct str name, enum dns_type type)
{
    struct entry *e = *bucket_of(s, hash);
    while (e != NULL &&
           (e->hash != hash || e->answer->type != type || !str_eq(e->answer->name, name)))
        e = e->bucket_next;
    return e;
}

static void unlink_age(struct shard *s, struct entry *e)
{
    *(e->newer != NULL ? &e->newer->older : &s->newest) = e->older;
    *(e->older != NULL ? &e->older->newer : &s->oldest) = e->newer;
}

static void link_newest(struct shard *s, struct entry *e)
{
    e->newer = NULL;
    e->older = s->newest;
    *(s->newest != NULL ? &s->newest->newer : &s->oldest) = e;
    s->newest = e;
}

static void drop(struct shard *s, struct entry *e)
{
    struct entry **at = bucket_of(s, e->hash);
    while (*at != e)
        at = &(*at)->bucket_next;
    *at = e->bucket_next;
    unlink_age(s, e);
    s->n--;
    s->bytes -= e->answer->size_bytes;
    dns_answer_unref(e->answer);
    free(e);
}

/* Buckets follow the content, so an idle cache is small. Without memory the chains get longer. */
static void grow_buckets(struct shard *s)
{
    size_t old_n = s->n_buckets;
    struct entry **old = s->buckets, **wider = calloc(old_n * 2, sizeof(struct entry *));
    if (wider == NULL)
        return;
    s->buckets = wider;
    s->n_buckets = old_n * 2;
    for (size_t i = 0; i < old_n; i++) {
        for (struct entry *e = old[i], *next; e != NULL; e = next) {
            next = e->bucket_next;
            struct entry **at = bucket_of(s, e->hash);
            e->bucket_next = *at;
            *at = e;
        }
    }
    free(old);
}

static void insert(struct shard *s, struct entry *e)
{
    if (s->n >= 2 * s->n_buckets)
        grow_buckets(s);
    struct entry **at = bucket_of(s, e->hash);
    e->bucket_next = *at;
    *at = e;
    link_newest(s, e);
    s->n++;
    s->bytes += e->answer->size_bytes;
    while (s->oldest != e && (s->n > s->max_entries || s->bytes > s->max_bytes))
        drop(s, s->oldest);
}

/* ---- the whole ---- */

static bool init_shard(struct shard *s, size_t max_entries)
{
    s->buckets = calloc(FIRST_BUCKETS, sizeof(struct entry *));
    s->n_buckets = FIRST_BUCKETS;
    s->max_entries = max_entries;
    s->max_bytes =
        max_entries > SIZE_MAX / BYTES_PER_ENTRY ? SIZE_MAX : max_entries * BYTES_PER_ENTRY;
    if (s->max_bytes < DNS_ANSWER_MAX_BYTES)
        s->max_bytes = DNS_ANSWER_MAX_BYTES;
    return s->buckets != NULL && pthread_mutex_init(&s->lock, NULL) == 0;
}

struct dns_cache *dns_cache_new(size_t max_entries)
{
    struct dns_cache *c = calloc(1, sizeof *c);
    if (c == NULL || !hash_key_init(&c->key)) {
        free(c);
        return NULL;
    }
    unsigned shards = DNS_CACHE_SHARDS;
    max_entries = max_entries > 0 ? max_entries : 1;
    while (shards > max_entries)
        shards /= 2;
    for (; c->n_shards < shards; c->n_shards++) {
        if (!init_shard(&c->shards[c->n_shards], max_entries / shards)) {
            free(c->shards[c->n_shards].buckets);
            dns_cache_free(c);
            return NULL;
        }
    }
    return c;
}

void dns_cache_free(struct dns_cache *c)
{
    if (c == NULL)
        return;
    for (unsigned i = 0; i < c->n_shards; i++) {
        struct shard *s = &c->shards[i];
        while (s->newest != NULL)
            drop(s, s->newest);
        free(s->buckets);
        pthread_mutex_destroy(&s->lock);
    }
    free(c);
}

static struct shard *shard_of(struct dns_cache *c, uint64_t hash)
{
    return &c->shards[hash & (c->n_shards - 1)];
}

struct dns_answer *dns_cache_get(struct dns_cache *c, struct str name, enum dns_type type,
                                 int64_t now_s)
{
    uint64_t hash = hash_question(&c->key, name, type);
    struct shard *s = shard_of(c, hash);
    struct dns_answer *a = NULL;
    pthread_mutex_lock(&s->lock);
    struct entry *e = find(s, hash, name, type);
    if (e != NULL && e->expires_s <= now_s) {
        drop(s, e);
    } else if (e != NULL) {
        a = dns_answer_ref(e->answer);
        if (s->newest != e) {
            unlink_age(s, e);
            link_newest(s, e);
        }
    }
    pthread_mutex_unlock(&s->lock);
    return a;
}

static bool is_failure(const struct dns_answer *a)
{
    return a->status >= DNS_SERVFAIL;
}

void dns_cache_put(struct dns_cache *c, struct dns_answer *a, int64_t now_s)
{
    int64_t ttl_s = is_failure(a) ? DNS_CACHE_FAILURE_S : (int64_t)a->ttl_s;
    if (a->status == DNS_TIMEOUT || ttl_s == 0)
        return;
    struct entry *e = malloc(sizeof *e);
    if (e == NULL)
        return;
    uint64_t hash = hash_question(&c->key, a->name, a->type);
    struct shard *s = shard_of(c, hash);
    pthread_mutex_lock(&s->lock);
    struct entry *old = find(s, hash, a->name, a->type);
    if (old != NULL && is_failure(a) && !is_failure(old->answer) && old->expires_s > now_s) {
        free(e); /* trouble does not push out what is still true */
    } else {
        if (old != NULL)
            drop(s, old);
        *e = (struct entry){.answer = dns_answer_ref(a), .hash = hash, .expires_s = now_s + ttl_s};
        insert(s, e);
    }
    pthread_mutex_unlock(&s->lock);
}
