/* For tests of whole runs: a place for a store, feeds, servers that play, and what came of it. */
#ifndef MP_FEEDS_UPDATE_TEST_KIT_H
#define MP_FEEDS_UPDATE_TEST_KIT_H

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "feeds/feed_worker_test_kit.h"
#include "feeds/update.h"
#include "feeds/vault.h"
#include "tests/script_server.h"
#include "tests/tap.h"

enum { SITE_FEEDS = 8, SITE_NOW = 1795960000, SITE_MAX_CONVERSATIONS = 8, SITE_TEXT = 1 << 16 };

/* One feed's server: its k-th connection gets the k-th answer. "200 " before a body alone. */
struct site_server {
    struct script_server *server;
    struct script_step steps[SITE_MAX_CONVERSATIONS][4];
    const struct script_step *conversations[SITE_MAX_CONVERSATIONS];
    struct buf answers[SITE_MAX_CONVERSATIONS];
    size_t n;
};

struct site {
    char base[64], dir[80];
    struct feed feeds[SITE_FEEDS];
    char urls[SITE_FEEDS][200];
    struct str allow[4];
    struct intel_config config;
    struct update_options o;
    struct update_result *result;
    struct sandbox *sandbox;
    struct mp_err err;
    const char *secret; /* of every feed; NULL: there is none */
    int status;
};

static inline bool site_hear(struct script_peer *p, void *ctx)
{
    struct str line;
    uint64_t n = 0;
    (void)ctx;
    while (script_line(p, &line) && line.n > 0)
        if (str_istarts(line, STR("Content-Length: ")))
            str_to_u64(str_slice(line, 16, line.n), SITE_TEXT, &n);
    return n == 0 || script_take(p, (size_t)n, &line);
}

static inline bool site_say(struct script_peer *p, void *ctx)
{
    return script_say(p, buf_str(ctx));
}

static inline bool site_secret(void *ctx, struct arena *arena, const struct intel_secret *s,
                               struct str *out)
{
    const struct site *site = ctx;
    (void)s;
    if (site->secret == NULL)
        return false;
    *out = arena_copy(arena, str_from(site->secret));
    return out->p != NULL;
}

/* Feeds are added by site_feed; all empty places of `feeds` are the test's to fill. */
static inline void site_begin(struct site *s, struct sandbox *sandbox)
{
    *s = (struct site){.sandbox = sandbox};
    snprintf(s->base, sizeof s->base, "/tmp/mailproof-feeds-XXXXXX");
    if (mkdtemp(s->base) == NULL)
        abort();
    snprintf(s->dir, sizeof s->dir, "%s/store", s->base);
    s->config = (struct intel_config){.feeds = s->feeds, .allow = s->allow};
    s->o = (struct update_options){.dir = s->dir,
                                   .config = &s->config,
                                   .sandbox = sandbox,
                                   .secret = site_secret,
                                   .secret_ctx = s,
                                   .now_s = SITE_NOW,
                                   .ca_file = kit_ca_file(),
                                   .allow_private = true};
}

static inline int site_remove(const char *path, const struct stat *sb, int type, struct FTW *at)
{
    (void)sb;
    (void)type;
    (void)at;
    return remove(path);
}

static inline void site_end(struct site *s)
{
    update_result_free(s->result);
    nftw(s->base, site_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static inline struct feed *site_feed(struct site *s, const char *name, enum feed_format format,
                                     const char *url)
{
    struct feed *f = &s->feeds[s->config.n_feeds++];
    *f = (struct feed){.name = str_from(name),
                       .title = str_from(name),
                       .url = str_from(url),
                       .format = format,
                       .kind = format == FEED_PLAIN ? INDICATOR_URL : INDICATOR_KIND_COUNT,
                       .enabled = true,
                       .refresh_s = 3600,
                       .stale_s = 86400,
                       .max_bytes = 1 << 20,
                       .confidence = 80,
                       .severity = SEV_HIGH,
                       .tlp = TLP_CLEAR};
    return f;
}

/* What the k-th connection gets, by `say`. */
static inline void site_answer(struct site_server *w, size_t k,
                               bool (*say)(struct script_peer *p, void *ctx), void *ctx)
{
    struct script_step steps[] = {SCRIPT_CALL(site_hear, NULL), SCRIPT_CALL(say, ctx), SCRIPT_END};
    memcpy(w->steps[k], steps, sizeof steps);
    w->conversations[k] = w->steps[k];
}

/* A server for that feed on this machine, without TLS, of `n` answers; site_serve_end after. */
static inline void site_open(struct site *s, struct site_server *w, struct feed *f,
                             const char *path, size_t n)
{
    struct script_options o = {.conversations = w->conversations, .n_conversations = n};
    w->server = script_start(&o);
    size_t at = (size_t)(f - s->feeds);
    snprintf(s->urls[at], sizeof s->urls[at], "http://127.0.0.1:%u%s", script_port(w->server),
             path);
    f->url = str_from(s->urls[at]);
}

/* The same with texts as answers. */
static inline void site_serve(struct site *s, struct site_server *w, struct feed *f,
                              const char *path, const char *const *answers, size_t n)
{
    *w = (struct site_server){.n = n};
    for (size_t i = 0; i < n; i++) {
        struct str answer = str_from(answers[i]);
        buf_init(&w->answers[i], SITE_TEXT);
        if (str_starts(answer, STR("HTTP/")))
            buf_add(&w->answers[i], answer);
        else
            buf_addf(&w->answers[i],
                     "HTTP/1.1 200 OK\r\nETag: \"e%zu\"\r\nContent-Length: %zu\r\n\r\n%s", i + 1,
                     answer.n, answers[i]);
        site_answer(w, i, site_say, &w->answers[i]);
    }
    site_open(s, w, f, path, n);
}

static inline void site_serve_end(struct site_server *w)
{
    script_free(w->server);
    for (size_t i = 0; i < w->n; i++)
        buf_clear(&w->answers[i]);
}

/* What the k-th connection heard; call it after script_stop. */
static inline struct str site_heard(const struct site_server *w, size_t k)
{
    return k < script_connections(w->server) ? script_log(w->server, k)->received : STR_NONE;
}

static inline bool site_was_asked(const struct site_server *w, size_t k, const char *what)
{
    struct str heard = site_heard(w, k);
    bool there = str_search(heard, str_from(what)) < heard.n;
    if (!there)
        tap_note("no %s in " STR_FMT, what, STR_ARG(heard));
    return there;
}

static inline const struct update_feed *site_run(struct site *s)
{
    static const struct update_feed none = {.outcome = UPDATE_STOPPED};
    update_result_free(s->result);
    s->result = NULL;
    s->status = intel_update(&s->o, &s->result, &s->err);
    if (!tap_int(s->status, MP_OK))
        tap_note("%s", s->err.text);
    return s->result != NULL && s->result->n > 0 ? &s->result->feeds[0] : &none;
}

static inline bool site_outcome(const struct update_feed *f, enum update_outcome want,
                                const char *says)
{
    bool ok = tap_str_at(str_from(update_outcome_name(f->outcome)),
                         str_from(update_outcome_name(want)), "outcome", __FILE__, __LINE__);
    bool tells = tap_ok((f->reason.n > 0) ==
                        (want == UPDATE_FAILED || want == UPDATE_REFUSED || want == UPDATE_NO_KEY ||
                         (want == UPDATE_NOT_DUE && f->failures > 0)));
    if (says != NULL)
        tells = tap_ok(str_search(f->reason, str_from(says)) < f->reason.n) && tells;
    if (!ok || !tells)
        tap_note(STR_FMT, STR_ARG(f->reason));
    return ok && tells;
}

/* Entries in the store of that kind with that key. */
static inline size_t site_finds(const struct site *s, enum indicator_kind kind, const char *key,
                                int64_t now_s, struct indicator *first, int64_t *fetched_s)
{
    struct vault *v = NULL;
    struct indicator found[4];
    struct snapshot_feed feed = {.fetched_s = 0};
    size_t n = 0;
    if (vault_open(s->dir, &v, NULL) != MP_OK)
        return 0;
    struct vault_hold *h = vault_current(v);
    if (h != NULL) {
        n = snapshot_find(vault_snapshot(h), kind, str_from(key), now_s, found, 4);
        snapshot_feed_at(vault_snapshot(h), 0, &feed);
    }
    if (n > 0 && first != NULL)
        *first = found[0];
    if (fetched_s != NULL)
        *fetched_s = feed.fetched_s;
    vault_release(h);
    vault_close(v);
    return n;
}

static inline bool site_has_url(const struct site *s, const char *key)
{
    return site_finds(s, INDICATOR_URL, key, s->o.now_s, NULL, NULL) > 0;
}

static inline void site_file(const struct site *s, const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", s->base, name);
    FILE *f = fopen(path, "w");
    if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
        abort();
}

#endif
