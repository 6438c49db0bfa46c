/* The store, built of the last good copies of all enabled feeds, beside the one in use. */
#include "feeds/update_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "crypto/digest.h"
#include "feeds/allow.h"
#include "feeds/vault.h"
#include "intel/snapshot.h"
#include "io/own_dir.h"

enum {
    BUILD_ARENA_BYTES = 256 * 1024 * 1024, /* of the allow list */
    CONFIGURATION_MAX_BYTES = 32 * 1024 * 1024,
    CONFIGURATION_HEX = 2 * DIGEST_MAX_BYTES
};

struct build {
    struct update *u;
    struct arena arena;
    struct allow_list *allow;
    struct snapshot_builder *builder; /* NULL in a dry run */
    uint16_t number;                  /* of the feed */
    struct update_feed counts;        /* of the feed */
    uint64_t entries;
};

static struct feed_run *run_of(struct update *u, const struct feed *f)
{
    for (size_t i = 0; i < u->result->n; i++)
        if (u->runs[i].feed == f)
            return &u->runs[i];
    return NULL;
}

/* ---- entries ---- */

static int add_rest(void *ctx, const struct indicator *i, struct mp_err *err)
{
    struct build *b = ctx;
    b->counts.entries++;
    b->entries++;
    return b->builder == NULL ? MP_OK : snapshot_builder_add(b->builder, i, err);
}

static int add_entries(struct build *b, const struct feed *f, struct str packed, int64_t copied_s,
                       struct mp_err *err)
{
    while (packed.n > 0) {
        struct indicator i;
        bool taken = false;
        int st = indicator_unpack(&packed, &i, err);
        if (st == MP_OK && entry_is_expired(f, &i, copied_s, b->u->o->now_s)) {
            b->counts.expired++;
            continue;
        }
        i.feed = b->number;
        if (i.confidence == INDICATOR_NO_CONFIDENCE && f->confidence > 0)
            i.confidence = f->confidence;
        if (st == MP_OK)
            st = allow_list_filter(b->allow, &i, add_rest, b, &taken, err);
        if (st != MP_OK)
            return st;
        b->counts.allowed += taken;
    }
    return MP_OK;
}

static int add_feed(struct build *b, const struct feed *f, int64_t success_s, struct mp_err *err)
{
    const struct snapshot_feed told = {.name = f->name,
                                       .title = f->title,
                                       .licence = f->licence,
                                       .reference = f->reference,
                                       .tlp = f->tlp,
                                       .severity = f->severity,
                                       .fetched_s = success_s,
                                       .stale_s = f->stale_s};
    return b->builder == NULL ? MP_OK : snapshot_builder_feed(b->builder, &told, &b->number, err);
}

/* A feed without a good copy is told all the same: that it is missing is to be seen. */
static int build_feed(struct build *b, const struct feed *f, struct mp_err *err)
{
    struct feed_state state;
    struct feed_copy copy = {.map = NULL};
    struct feed_run *run = run_of(b->u, f);
    bool is_fresh = run != NULL && run->is_fresh; /* a dry run: it was not written */
    int st = feed_state_load(&b->arena, b->u->states, f->name, &state, err);
    if (st != MP_OK)
        return st;
    bool has_copy = is_fresh || feed_copy_open(b->u->states, f->name, &state, &copy);
    int64_t success_s = is_fresh ? run->state.success_s : has_copy ? state.success_s : 0;
    b->counts = (struct update_feed){.entries = 0};
    st = add_feed(b, f, success_s, err);
    if (st == MP_OK && has_copy)
        st = add_entries(b, f, is_fresh ? run->fresh : copy.packed, success_s, err);
    feed_copy_close(&copy);
    if (run != NULL) {
        run->out->entries = b->counts.entries;
        run->out->expired = b->counts.expired;
        run->out->allowed = b->counts.allowed;
    }
    return st;
}

/* ---- of which configuration? ---- */

/* All of the configuration that the store depends on, beside what the feeds send. */
static int hash_configuration(const struct update *u, char out[CONFIGURATION_HEX],
                              struct mp_err *err)
{
    static const char digits[] = "0123456789abcdef";
    const struct intel_config *c = u->o->config;
    unsigned char hash[DIGEST_MAX_BYTES];
    struct buf text;
    buf_init(&text, CONFIGURATION_MAX_BYTES);
    for (size_t i = 0; i < c->n_feeds; i++) {
        const struct feed *f = &c->feeds[i];
        const struct str texts[] = {f->name, f->title, f->url, f->licence, f->reference};
        for (size_t k = 0; f->enabled && k < ARRAY_LEN(texts); k++) {
            buf_add(&text, texts[k]);
            buf_addc(&text, '\0');
        }
        if (f->enabled)
            buf_addf(&text, "%d %d %u %lld %lld\n", f->tlp, f->severity, f->confidence,
                     (long long)f->stale_s, (long long)f->expire_s);
    }
    for (size_t i = 0; i < c->n_allow; i++) {
        buf_add(&text, c->allow[i]);
        buf_addc(&text, '\n');
    }
    bool ok = !text.failed && digest_once(DIGEST_SHA256, buf_str(&text), hash);
    buf_clear(&text);
    for (size_t i = 0; ok && i < sizeof hash; i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
    return ok ? MP_OK : mp_fail(err, MP_E_NOMEM, 0, "no memory for the configuration");
}

static bool configuration_path(const struct update *u, char path[UPDATE_PATH_MAX])
{
    return snprintf(path, UPDATE_PATH_MAX, "%s/configuration", u->states) < UPDATE_PATH_MAX;
}

static bool is_of_this_configuration(const struct update *u)
{
    char path[UPDATE_PATH_MAX], now[CONFIGURATION_HEX];
    struct arena arena;
    arena_init(&arena, 4096);
    struct str before =
        configuration_path(u, path) ? own_file_read(&arena, path, CONFIGURATION_HEX) : STR_NONE;
    bool same = before.p != NULL && hash_configuration(u, now, NULL) == MP_OK &&
                str_eq(before, str_make(now, sizeof now));
    arena_clear(&arena);
    return same;
}

/* After the store: whoever is killed in between builds once more. */
static int note_configuration(const struct update *u, struct mp_err *err)
{
    char path[UPDATE_PATH_MAX], now[CONFIGURATION_HEX];
    const struct own_dir states = {u->states, "states of feeds"};
    int st = hash_configuration(u, now, err);
    if (st == MP_OK && configuration_path(u, path))
        st = own_dir_replace(&states, path, (struct str[]){str_make(now, sizeof now)}, 1, err);
    return st;
}

bool update_store_fits(struct update *u)
{
    struct vault *vault = NULL;
    struct vault_hold *hold = NULL;
    if (vault_open(u->o->dir, &vault, NULL) == MP_OK)
        hold = vault_current(vault);
    bool fits = hold != NULL && is_of_this_configuration(u);
    vault_release(hold);
    vault_close(vault);
    return fits;
}

/* ---- the store ---- */

static int build(struct build *b, struct mp_err *err)
{
    const struct update_options *o = b->u->o;
    int st = allow_list_new(&b->arena, o->config, &b->allow, err);
    if (st == MP_OK && !o->dry_run)
        st = snapshot_builder_new(UPDATE_MAX_ENTRIES, &b->builder, err);
    for (size_t i = 0; st == MP_OK && i < o->config->n_feeds; i++)
        if (o->config->feeds[i].enabled)
            st = build_feed(b, &o->config->feeds[i], err);
    if (st == MP_OK && !o->dry_run)
        st = vault_publish(b->u->vault, b->builder, o->now_s, err);
    return st == MP_OK && !o->dry_run ? note_configuration(b->u, err) : st;
}

int update_count(struct update *u, struct mp_err *err)
{
    struct vault *vault = NULL;
    struct snapshot_feed told;
    int st = vault_open(u->o->dir, &vault, err);
    struct vault_hold *hold = st == MP_OK ? vault_current(vault) : NULL;
    u->result->entries = 0;
    for (size_t i = 0; hold != NULL && snapshot_feed_at(vault_snapshot(hold), i, &told); i++) {
        u->result->entries += told.entries;
        for (size_t k = 0; k < u->result->n; k++)
            if (str_eq(u->result->feeds[k].name, told.name))
                u->result->feeds[k].entries = told.entries;
    }
    vault_release(hold);
    vault_close(vault);
    return st;
}

int update_build(struct update *u, struct mp_err *err)
{
    struct build b = {.u = u};
    const struct update_progress p = {.phase = UPDATE_BUILDING};
    if (u->o->progress != NULL && !u->o->progress(u->o->progress_ctx, &p))
        return MP_OK; /* what was fetched is kept; the next run builds */
    arena_init(&b.arena, BUILD_ARENA_BYTES);
    int st = build(&b, err);
    snapshot_builder_free(b.builder);
    arena_clear(&b.arena);
    if (st != MP_OK)
        return st;
    u->result->built = true;
    u->result->entries = b.entries; /* of a dry run; twins are one when a store is written */
    return u->o->dry_run ? MP_OK : update_count(u, err);
}
