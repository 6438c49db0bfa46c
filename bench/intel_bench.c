/* The store of indicators beside LMDB and SQLite: what it costs to build it, to open it, to ask it.
 *
 * usage: intel_bench [INDICATORS [ROUNDS [alone]]]   CPU time of one core; medians; aims are
 * printed
 *
 * Entries are made from their numbers, in the shares that public feeds have. Rivals get keys in
 * order (the sorting is counted) and have no ranges, for they know none.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/intel_bench.h"
#include "bench/measure.h"
#include "feeds/vault.h"

enum {
    DEFAULT_INDICATORS = 5000000,
    DEFAULT_ROUNDS = 5,
    MAX_ROUNDS = 99,
    QUERIES = 200000, /* of each kind, drawn from all of its entries */
    HOT = 500,        /* of them, asked again and again */
    TEXT_BYTES = 128,
    RANGES = 10000
};

_Noreturn void bench_fail(const char *what)
{
    fprintf(stderr, "intel_bench: %s\n", what);
    exit(2);
}

/* ---- entries ---- */

/* Of a hundred. */
static const struct {
    enum indicator_kind kind;
    unsigned share;
} shares[] = {{INDICATOR_URL, 38},    {INDICATOR_HOST, 4}, {INDICATOR_DOMAIN, 14},
              {INDICATOR_IP, 12},     {INDICATOR_MD5, 8},  {INDICATOR_SHA1, 5},
              {INDICATOR_SHA256, 16}, {INDICATOR_EMAIL, 3}};

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

struct made {
    struct indicator i;
    char key[TEXT_BYTES], id[24];
};

static void put_words(unsigned char *to, size_t n, uint64_t seed)
{
    for (size_t k = 0; k < n; k++)
        to[k] = (unsigned char)(mix(seed + k / 8) >> (8 * (k % 8)));
}

static size_t put_text(enum indicator_kind kind, uint64_t r, char key[TEXT_BYTES])
{
    static const char *const tops[] = {"com", "net", "example", "co.uk", "top", "xyz"};
    static const char *const words[] = {"login", "wp-content", "bins", "verify", "account", "a"};
    const char *top = tops[r >> 8 & 3], *word = words[r >> 10 & 3];
    unsigned long a = (unsigned long)(r >> 20 & 0xffffff), b = (unsigned long)(r >> 40);
    int n = kind == INDICATOR_URL
                ? snprintf(key, TEXT_BYTES, "%s-%lx.%s/%s/%lx/setup.php", word, a, top, word, b)
            : kind == INDICATOR_EMAIL ? snprintf(key, TEXT_BYTES, "%s.%lx@%lx.%s", word, a, b, top)
                                      : snprintf(key, TEXT_BYTES, "%s%lx-%lx.%s", word, a, b, top);
    return (size_t)n;
}

/* The `n`th entry of a kind. */
static void make(enum indicator_kind kind, uint64_t n, struct made *m)
{
    static const char *const labels[] = {"phishing", "Emotet", "malware_download", "c2",
                                         "AgentTesla"};
    uint64_t r = mix(n * INDICATOR_KIND_COUNT + (uint64_t)kind);
    m->i = (struct indicator){.kind = kind, .confidence = (uint8_t)(r % 101), .tlp = TLP_CLEAR};
    m->i.first_seen_s = 1700000000 + (int64_t)(r >> 40);
    m->i.last_seen_s = m->i.first_seen_s + 86400;
    m->i.label = str_from(labels[r % ARRAY_LEN(labels)]);
    m->i.id = str_make(m->id, (size_t)snprintf(m->id, sizeof m->id, "%llu",
                                               (unsigned long long)(1000000 + n)));
    if (kind == INDICATOR_IP) {
        m->i.first.family = IP_V4;
        put_words(m->i.first.octets, 4, r);
        m->i.last = m->i.first;
    } else if (kind == INDICATOR_MD5 || kind == INDICATOR_SHA1 || kind == INDICATOR_SHA256) {
        put_words(m->i.hash, 32, r);
    } else {
        m->i.key = str_make(m->key, put_text(kind, r, m->key));
    }
}

/* Networks, from a /16 to a few addresses. */
static void make_range(uint64_t n, struct made *m)
{
    make(INDICATOR_IP, n, m);
    unsigned bits = 16 + (unsigned)(mix(n) % 14);
    for (unsigned k = 0; k < 4; k++) {
        unsigned keep = bits > 8 * k ? bits - 8 * k : 0, host = keep >= 8 ? 0 : 0xffu >> keep;
        m->i.first.octets[k] = (unsigned char)(m->i.first.octets[k] & ~host);
        m->i.last.octets[k] = (unsigned char)(m->i.first.octets[k] | host);
    }
}

static struct intel_key own_key(const struct indicator *i)
{
    struct intel_key k = {.kind = i->kind, .key = i->key};
    if (i->kind == INDICATOR_IP)
        k.key = str_make((const char *)i->first.octets, 4);
    else if (i->key.n == 0)
        k.key = str_make((const char *)i->hash, i->kind == INDICATOR_MD5    ? 16
                                                : i->kind == INDICATOR_SHA1 ? 20
                                                                            : 32);
    return k;
}

/* The value as rivals have it in their keys: a byte of its kind before it. */
static struct str kind_before(const struct intel_key *k, char out[TEXT_BYTES + 1])
{
    out[0] = (char)k->kind;
    memcpy(out + 1, k->key.p, k->key.n);
    return str_make(out, k->key.n + 1);
}

static struct str rival_key(const struct indicator *i, char out[TEXT_BYTES + 1])
{
    struct intel_key k = own_key(i);
    return kind_before(&k, out);
}

static uint64_t count_of(size_t share, uint64_t all)
{
    return all * shares[share].share / 100;
}

/* ---- ours ---- */

static char dir[] = "/tmp/mailproof-intel-bench-XXXXXX";

static void add(struct snapshot_builder *b, const struct made *m)
{
    if (snapshot_builder_add(b, &m->i, NULL) != MP_OK)
        bench_fail("an entry was refused");
}

/* CPU seconds of adding and publishing, without making the entries. */
static double build_ours(uint64_t all)
{
    enum { BATCH = 1000 };
    static struct made batch[BATCH];
    struct snapshot_feed feed = {.name = STR("bench"), .tlp = TLP_CLEAR, .severity = SEV_HIGH};
    struct snapshot_builder *b;
    struct vault_lock *lock;
    struct mp_err err = {0};
    uint16_t number;
    double spent = 0, start;
    if (snapshot_builder_new(2 * all + RANGES, &b, NULL) != MP_OK ||
        snapshot_builder_feed(b, &feed, &number, NULL) != MP_OK ||
        vault_lock(dir, &lock, NULL) != MP_OK)
        bench_fail("no builder");
    for (size_t s = 0; s <= ARRAY_LEN(shares); s++) { /* the last: ranges */
        bool ranges = s == ARRAY_LEN(shares);
        uint64_t n = ranges ? RANGES : count_of(s, all);
        for (uint64_t at = 0; at < n; at += BATCH) {
            size_t step = n - at < BATCH ? (size_t)(n - at) : BATCH;
            for (size_t k = 0; k < step; k++)
                if (ranges)
                    make_range(at + k, &batch[k]);
                else
                    make(shares[s].kind, at + k, &batch[k]);
            start = measure_now_s();
            for (size_t k = 0; k < step; k++)
                add(b, &batch[k]);
            spent += measure_now_s() - start;
        }
    }
    start = measure_now_s();
    if (vault_publish(lock, b, 1700000000, &err) != MP_OK)
        bench_fail(err.text);
    spent += measure_now_s() - start;
    vault_unlock(lock);
    snapshot_builder_free(b);
    return spent;
}

static size_t find_ours(const struct snapshot *s, const struct intel_key *k)
{
    struct indicator hits[SNAPSHOT_MAX_HITS];
    struct ip ip = {.family = IP_V4};
    switch (k->kind) {
    case INDICATOR_IP:
        memcpy(ip.octets, k->key.p, 4);
        return snapshot_find_ip(s, &ip, 0, hits, SNAPSHOT_MAX_HITS);
    case INDICATOR_MD5:
    case INDICATOR_SHA1:
    case INDICATOR_SHA256:
        return snapshot_find_hash(s, k->kind, (const unsigned char *)k->key.p, 0, hits,
                                  SNAPSHOT_MAX_HITS);
    default:
        return snapshot_find(s, k->kind, k->key, 0, hits, SNAPSHOT_MAX_HITS);
    }
}

/* ---- rivals ---- */

static int by_key(const void *a, const void *b)
{
    return str_cmp(bench_key(a), bench_key(b));
}

/* All but the ranges, sorted; *spent: what the sorting took. */
static struct bench_item *make_items(uint64_t all, size_t *n, char **text, double *spent)
{
    struct bench_item *items = malloc((size_t)all * sizeof *items);
    char *p = malloc((size_t)all * 160);
    *text = p;
    *n = 0;
    for (size_t s = 0; items != NULL && p != NULL && s < ARRAY_LEN(shares); s++)
        for (uint64_t k = 0; k < count_of(s, all); k++) {
            struct made m;
            make(shares[s].kind, k, &m);
            struct str key = rival_key(&m.i, p);
            char *value = p + key.n;
            memset(value, 1, 28); /* times, feed, confidence, TLP, lengths */
            memcpy(value + 28, m.i.id.p, m.i.id.n);
            memcpy(value + 28 + m.i.id.n, m.i.label.p, m.i.label.n);
            size_t value_n = 28 + m.i.id.n + m.i.label.n;
            items[(*n)++] = (struct bench_item){p, (uint16_t)key.n, (uint16_t)value_n};
            p += key.n + value_n;
        }
    if (*n == 0)
        bench_fail("no memory for the entries");
    double start = measure_now_s();
    qsort(items, *n, sizeof *items, by_key);
    size_t kept = 1;
    for (size_t i = 1; i < *n; i++) /* of equal ones the first */
        if (!str_eq(bench_key(&items[kept - 1]), bench_key(&items[i])))
            items[kept++] = items[i];
    *n = kept;
    *spent = measure_now_s() - start;
    return items;
}

/* ---- questions ---- */

/* Packed, so that they cost little to read. */
struct questions {
    struct intel_key *own;
    struct str *keys; /* of rivals */
    char *text;
    size_t n;
};

enum order { HIT_RANDOM, HIT_HOT, MISS, ORDERS };
static const char *const order_names[] = {"hit, any of them", "hit, the same 500", "miss"};

static void ask(struct questions *q, size_t share, enum order order, uint64_t all)
{
    uint64_t n = count_of(share, all);
    char *text = q->text;
    for (size_t k = 0; k < q->n; k++) {
        uint64_t r = mix(k * 7919 + (uint64_t)order);
        uint64_t which = order == MISS ? n + r % n : order == HIT_HOT ? k % HOT : r % n;
        struct made m;
        make(shares[share].kind, which, &m);
        q->keys[k] = rival_key(&m.i, text);
        q->own[k] =
            (struct intel_key){.kind = m.i.kind, .key = str_slice(q->keys[k], 1, q->keys[k].n)};
        text += q->keys[k].n;
    }
}

static void count(void *ctx, size_t which, const struct indicator *hit)
{
    size_t *seen = ctx; /* the last key that was found, from 1; how many were */
    (void)hit;
    seen[1] += seen[0] != which + 1;
    seen[0] = which + 1;
}

/* ns a question, as a mail asks: all at once. `hits` counts those that were found. */
static double time_ours(const struct snapshot *s, const struct questions *q, size_t *hits)
{
    size_t seen[2] = {0};
    double start = measure_now_s();
    snapshot_find_many(s, q->own, q->n, 0, count, seen);
    *hits = seen[1];
    return (measure_now_s() - start) * 1e9 / (double)q->n;
}

/* One by one. */
static double time_single(const struct snapshot *s, const struct questions *q)
{
    size_t hits = 0;
    double start = measure_now_s();
    for (size_t k = 0; k < q->n; k++)
        hits += find_ours(s, &q->own[k]) != 0;
    double ns = (measure_now_s() - start) * 1e9 / (double)q->n;
    return hits > q->n ? 0 : ns;
}

static double time_rival(const struct bench_rival *r, const struct questions *q, size_t *hits)
{
    double start = measure_now_s();
    *hits = 0;
    r->begin();
    for (size_t k = 0; k < q->n; k++)
        *hits += r->find(q->keys[k]);
    r->end();
    return (measure_now_s() - start) * 1e9 / (double)q->n;
}

static const struct bench_rival *const rivals[] = {&bench_lmdb, &bench_sqlite};
enum { RIVALS = ARRAY_LEN(rivals) };
static bool is_alone;

static bool takes_part(size_t rival)
{
    return !is_alone && rivals[rival]->is_here;
}

static void print_row(const char *what, const char *kind, double ours, double single,
                      const double *others, size_t percent)
{
    printf("  %-18s %-7s %5.0f ns, by itself %5.0f ns", what, kind, ours, single);
    for (size_t r = 0; r < RIVALS; r++)
        if (takes_part(r))
            printf("   %s %6.0f ns (%4.1f times)", rivals[r]->name, others[r], others[r] / ours);
    printf("   found %zu %%\n", percent);
}

static double contest(const struct snapshot *s, const struct questions *q, size_t rounds,
                      const char *what, const char *kind)
{
    double ours[MAX_ROUNDS], single[MAX_ROUNDS], others[RIVALS][MAX_ROUNDS], medians[RIVALS] = {0};
    size_t hits = 0, found = 0;
    for (size_t round = 0; round < rounds; round++) {
        ours[round] = time_ours(s, q, &found);
        single[round] = time_single(s, q);
        for (size_t r = 0; r < RIVALS; r++)
            if (takes_part(r)) {
                others[r][round] = time_rival(rivals[r], q, &hits);
                if (hits != found && q->own[0].kind != INDICATOR_IP)
                    bench_fail("the contestants disagree");
            }
    }
    double own = measure_median(ours, rounds);
    for (size_t r = 0; r < RIVALS; r++)
        medians[r] = takes_part(r) ? measure_median(others[r], rounds) : 0;
    print_row(what, kind, own, measure_median(single, rounds), medians, 100 * found / q->n);
    return own;
}

static void lookups(const struct snapshot *s, uint64_t all, size_t rounds)
{
    struct questions q = {malloc(QUERIES * sizeof *q.own), malloc(QUERIES * sizeof *q.keys),
                          malloc(QUERIES * (TEXT_BYTES + 1)), QUERIES};
    double sum[ORDERS] = {0};
    if (q.own == NULL || q.keys == NULL || q.text == NULL)
        bench_fail("no memory for the questions");
    for (int order = 0; order < ORDERS; order++)
        for (size_t k = 0; k < ARRAY_LEN(shares); k++) {
            ask(&q, k, (enum order)order, all);
            sum[order] += shares[k].share * contest(s, &q, rounds, order_names[order],
                                                    indicator_kind_name(shares[k].kind));
        }
    for (int order = 0; order < ORDERS; order++)
        printf("  %s, all kinds in their shares: %.0f ns; aim: below 100 ns: %s\n",
               order_names[order], sum[order] / 100, sum[order] / 100 < 100 ? "met" : "MISSED");
    free(q.own);
    free(q.keys);
    free(q.text);
}

/* ---- a message ---- */

enum {
    MESSAGES = 2000,
    LINKS = 30,
    HASHES = 5,
    ADDRESSES = 2,
    MOST = LINKS * INDICATOR_MAX_KEYS + 32
};

struct message {
    struct url links[LINKS];
    struct arena arena;
    unsigned char octets[3 * HASHES + 1][32];
    struct intel_key asked[MOST];
    size_t n;
};

/* One link in sixty is listed; of other values one in a hundred. */
static uint64_t number(uint64_t r, uint64_t all, uint64_t one_in)
{
    return r % one_in == 0 ? mix(r) % all : all + mix(r) % all;
}

/* A hash or an address, which lies in `i` and must be kept. */
static void ask_octets(struct message *m, const struct indicator *i)
{
    struct intel_key k = own_key(i);
    memcpy(m->octets[m->n], k.key.p, k.key.n);
    k.key.p = (const char *)m->octets[m->n];
    m->asked[m->n++] = k;
}

static void make_message(struct message *m, uint64_t which, uint64_t all)
{
    struct made made;
    arena_reset(&m->arena);
    m->n = 0;
    for (uint64_t k = 0; k < LINKS; k++) {
        make(INDICATOR_URL, number(mix(which * LINKS + k), count_of(0, all), 60), &made);
        struct str text = arena_fmt(&m->arena, "https://www." STR_FMT "?utm_source=mail&id=%d",
                                    STR_ARG(made.i.key), (int)k);
        if (url_parse(&m->arena, text, NULL, &m->links[k], NULL) != MP_OK)
            bench_fail("a link was not read");
    }
    for (uint64_t k = 0; k < 3 * HASHES; k++) {
        enum indicator_kind kind = (enum indicator_kind)(INDICATOR_MD5 + k % 3);
        make(kind, number(mix(which + k), all / 20, 100), &made);
        ask_octets(m, &made.i);
    }
    make(INDICATOR_IP, number(mix(which), all / 10, 100), &made);
    ask_octets(m, &made.i);
    for (uint64_t k = 0; k < ADDRESSES; k++) {
        make(INDICATOR_EMAIL, number(mix(which + k), all / 40, 100), &made);
        made.i.key = arena_copy(&m->arena, made.i.key);
        m->asked[m->n++] = own_key(&made.i);
    }
}

static void make_keys(struct message *m)
{
    size_t n;
    for (size_t k = 0; k < LINKS; k++, m->n += n)
        if (intel_keys_of_url(&m->arena, &m->links[k], m->asked + m->n, &n, NULL) != MP_OK)
            bench_fail("no keys of a link");
}

static void messages(const struct snapshot *s, uint64_t all)
{
    static struct message m;
    char text[TEXT_BYTES + 1];
    double keys = 0, ours = 0, others[RIVALS] = {0};
    size_t asked = 0, hits = 0, seen[2] = {0};
    arena_init(&m.arena, 64u << 20);
    for (uint64_t which = 0; which < MESSAGES; which++) {
        make_message(&m, which, all);
        double start = measure_now_s();
        make_keys(&m);
        double made = measure_now_s();
        hits += snapshot_find_many(s, m.asked, m.n, 0, count, seen);
        ours += measure_now_s() - made;
        keys += made - start;
        asked += m.n;
        for (size_t r = 0; r < RIVALS; r++) {
            if (!takes_part(r))
                continue;
            start = measure_now_s();
            rivals[r]->begin();
            for (size_t k = 0; k < m.n; k++)
                if (m.asked[k].key.n <= TEXT_BYTES)
                    rivals[r]->find(kind_before(&m.asked[k], text));
            rivals[r]->end();
            others[r] += measure_now_s() - start;
        }
    }
    printf("a message of %d links, %d files, a client and %d addresses: %zu lookups, %.2f hits\n",
           LINKS, HASHES, ADDRESSES, asked / MESSAGES, (double)hits / MESSAGES);
    printf("  keys of the links %.1f us; lookups: mailproof %.1f us", keys / MESSAGES * 1e6,
           ours / MESSAGES * 1e6);
    for (size_t r = 0; r < RIVALS; r++)
        if (takes_part(r))
            printf("   %s %.1f us (%.1f times)", rivals[r]->name, others[r] / MESSAGES * 1e6,
                   others[r] / ours);
    puts("");
    arena_clear(&m.arena);
}

/* ---- all of it ---- */

static const char *path_of(const char *name)
{
    static char path[sizeof dir + 32];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static double megabytes(const char *name)
{
    struct stat sb;
    return stat(path_of(name), &sb) < 0 ? 0 : (double)sb.st_size / 1e6;
}

static void clean(void)
{
    DIR *d = opendir(dir);
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        (void)unlinkat(dirfd(d), e->d_name, 0);
    if (d != NULL)
        closedir(d);
    (void)rmdir(dir);
}

static void build_rivals(uint64_t all)
{
    double sorting;
    char *text;
    if (is_alone)
        return;
    size_t n;
    struct bench_item *items = make_items(all, &n, &text, &sorting);
    for (size_t r = 0; r < RIVALS; r++) {
        if (!takes_part(r))
            continue;
        double start = measure_now_s();
        rivals[r]->build(path_of(rivals[r]->name), items, n);
        printf("  %-10s built in %5.2f s and %.2f s for sorting, %.0f MB\n", rivals[r]->name,
               measure_now_s() - start, sorting, megabytes(rivals[r]->name));
        rivals[r]->open(path_of(rivals[r]->name));
    }
    free(items);
    free(text);
}

int main(int argc, char **argv)
{
    uint64_t all = argc > 1 ? strtoul(argv[1], NULL, 10) : DEFAULT_INDICATORS;
    size_t rounds = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : DEFAULT_ROUNDS;
    struct vault *v;
    rounds = rounds < 1 ? 1 : rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds;
    is_alone = argc > 3;
    if (all < 1000 || mkdtemp(dir) == NULL)
        bench_fail("usage: intel_bench [INDICATORS [ROUNDS [alone]]], at least 1000");
    printf("%llu indicators, and %d ranges of addresses beside them\n", (unsigned long long)all,
           (int)RANGES);
    double built = build_ours(all), start = measure_now_s();
    if (vault_open(dir, &v, NULL) != MP_OK)
        bench_fail("the store cannot be opened");
    double opened = measure_now_s() - start;
    struct vault_hold *h = vault_current(v);
    if (h == NULL)
        bench_fail("there is no store");
    printf(
        "  %-10s built in %5.2f s; aim: below 5 s: %s; %.0f MB, which is all the memory it takes; "
        "opened and checked in %.0f ms\n",
        "mailproof", built, built < 5 ? "met" : "MISSED", (double)vault_bytes(h) / 1e6,
        opened * 1e3);
    build_rivals(all);
    lookups(vault_snapshot(h), all, rounds);
    messages(vault_snapshot(h), all);
    for (size_t r = 0; r < RIVALS; r++)
        if (takes_part(r))
            rivals[r]->close();
    vault_release(h);
    vault_close(v);
    clean();
    return 0;
}
