/* Worlds for the tests of this room: zone text, files, MX hosts; what an audit of them finds, and
 * whether the remedy clears it. The test that includes this has included tests/tap.h before. */
#ifndef MP_POSTURE_POSTURE_TEST_KIT_H
#define MP_POSTURE_POSTURE_TEST_KIT_H

#include "dns/zone.h"
#include "posture/posture_internal.h"

enum {
    KIT_NOW_S = 1800000000, /* 2027-01-15 */
    KIT_ROUNDS = 40,        /* more than any audit waits */
    KIT_ARENA_BYTES = 64 << 20,
    KIT_FILES = 4,
    KIT_HOSTS = 4
};

struct kit_file { /* not listed: status 404 */
    const char *url, *body, *type, *fault;
    const char *source; /* file of the tests, instead of the body */
    unsigned status;
    bool temporary, certificate, skipped;
    int64_t cert_not_after_s;
};

struct kit_host {                     /* not listed: told not to connect */
    const char *name, *fault, *chain; /* chain: PEM file of the tests */
    bool temporary, plain, no_handshake;
    enum x509_verdict pkix;
    int64_t cert_not_after_s; /* 0: what the certificate says */
};

struct kit_world {
    const char *zone; /* what good.test publishes */
    struct kit_file files[KIT_FILES];
    struct kit_host hosts[KIT_HOSTS];
};

struct kit {
    const struct kit_world *world;
    struct posture_config config;
    struct arena arena;
    struct dns_zone *zone;
    struct dns_view *dns;
    struct fact_view *facts;
    struct posture_ctx ctx;
    struct posture *out;
    unsigned rounds;
};

static inline bool kit_has(struct str text, const char *part)
{
    return part == NULL || str_search(text, str_from(part)) < text.n;
}

static inline void kit_open(struct kit *k, const struct kit_world *w,
                            const struct posture_config *config)
{
    struct mp_err err = {0};
    memset(k, 0, sizeof *k);
    k->world = w;
    arena_init(&k->arena, KIT_ARENA_BYTES);
    if (config != NULL)
        k->config = *config;
    else
        posture_config_init(&k->config);
    k->zone = dns_zone_new();
    k->dns = dns_view_new_large(&k->arena, NULL, NULL);
    k->facts = fact_view_new(&k->arena);
    k->out = arena_new(&k->arena, struct posture, 1);
    if (dns_zone_load(k->zone, str_from(w->zone), "zone", &err) != MP_OK)
        tap_note("%s", err.text);
    tap_cstr(err.text, "");
}

static inline void kit_close(struct kit *k)
{
    dns_view_release(k->dns);
    dns_zone_free(k->zone);
    arena_clear(&k->arena);
}

/* ---- what is missing ---- */

static inline void kit_put_file(struct kit *k, struct str url)
{
    struct https_fact f = {.fault = "status", .status = 404, .reason = STR("404")};
    for (size_t i = 0; i < KIT_FILES && k->world->files[i].url != NULL; i++) {
        const struct kit_file *is = &k->world->files[i];
        if (!str_eq(str_from(is->url), url))
            continue;
        f = (struct https_fact){.fetched = is->fault == NULL,
                                .fault = is->fault,
                                .certificate = is->certificate,
                                .temporary = is->temporary,
                                .skipped = is->skipped,
                                .status = is->status,
                                .body = is->source != NULL ? tap_source_file(is->source)
                                                           : str_from(is->body),
                                .content_type =
                                    str_from(is->type == NULL ? "text/plain" : is->type),
                                .cert_not_after_s = is->cert_not_after_s};
    }
    tap_int(fact_put_https(k->facts, url, &f), MP_OK);
}

static inline void kit_put_chain(struct kit *k, const struct kit_host *is, struct tls_facts *tls)
{
    struct mp_err err = {0};
    tls->established = true;
    tls->version = STR("TLSv1.3");
    tls->pkix = is->pkix;
    if (is->chain == NULL)
        return;
    tap_int(x509_read_pem(&k->arena, tap_source_file(is->chain), &tls->chain, &tls->n_chain, &err),
            MP_OK);
    tls->has_leaf = x509_read(&k->arena, tls->chain[0], &tls->leaf, &err) == MP_OK;
    tap_ok(tls->has_leaf);
    if (is->cert_not_after_s != 0)
        tls->leaf.not_after_s = is->cert_not_after_s;
}

static inline void kit_put_host(struct kit *k, struct str host)
{
    struct smtp_fact f = {.skipped = true, .fault = "skipped"};
    for (size_t i = 0; i < KIT_HOSTS && k->world->hosts[i].name != NULL; i++) {
        const struct kit_host *is = &k->world->hosts[i];
        if (!domain_eq(str_from(is->name), host))
            continue;
        f = (struct smtp_fact){.answered = is->fault == NULL,
                               .fault = is->fault,
                               .temporary = is->temporary,
                               .greeting_name = host,
                               .starttls = is->fault == NULL && !is->plain};
        if (f.starttls && !is->no_handshake)
            kit_put_chain(k, is, &f.tls);
    }
    tap_int(fact_put_smtp(k->facts, host, &f), MP_OK);
}

/* One round of a driver. False: nothing was missing. */
static inline bool kit_fill(struct kit *k)
{
    struct dns_question q;
    struct fact_question fact;
    bool any = false;
    for (size_t at = 0; dns_view_missing(k->dns, &at, &q); any = true)
        tap_int(dns_view_put(k->dns, q.name, q.type, dns_zone_lookup(k->zone, q.name, q.type)),
                MP_OK);
    for (size_t at = 0; fact_missing(k->facts, &at, &fact); any = true) {
        if (fact.kind == FACT_HTTPS)
            kit_put_file(k, fact.key);
        else
            kit_put_host(k, fact.key);
    }
    return any;
}

static inline bool kit_again(struct kit *k)
{
    return ++k->rounds <= KIT_ROUNDS && tap_ok_at(kit_fill(k), "something is missing", "kit", 0);
}

static inline void kit_run(struct kit *k)
{
    struct mp_err err = {0};
    int st;
    while ((st = posture_run(&k->ctx, &k->arena, k->dns, k->facts, &k->config, STR("good.test"),
                             KIT_NOW_S, k->out, &err)) == MP_WAIT &&
           kit_again(k)) {}
    tap_int(st, MP_OK);
    tap_cstr(err.text, "");
}

static inline void kit_verify(struct kit *k)
{
    struct mp_err err = {0};
    int st;
    while ((st = posture_verify(&k->ctx, &err)) == MP_WAIT && kit_again(k)) {}
    tap_int(st, MP_OK);
}

/* ---- what came out ---- */

static inline const struct finding *kit_find(const struct kit *k, enum finding_id id)
{
    for (size_t i = 0; i < k->ctx.findings.n; i++)
        if (k->ctx.findings.items[i].id == id)
            return &k->ctx.findings.items[i];
    return NULL;
}

static inline const struct check *kit_check(const struct kit *k, const char *name)
{
    for (size_t i = 0; i < k->ctx.checks.n; i++)
        if (str_eq(str_from(k->ctx.checks.items[i].name), str_from(name)))
            return &k->ctx.checks.items[i];
    return NULL;
}

static inline const struct fix *kit_fix(const struct kit *k, const struct finding *f)
{
    for (size_t i = 0; i < k->ctx.fixes.n; i++)
        if (k->ctx.fixes.items[i].finding == (size_t)(f - k->ctx.findings.items))
            return &k->ctx.fixes.items[i];
    return NULL;
}

static inline void kit_show(const struct kit *k)
{
    for (size_t i = 0; i < k->ctx.findings.n; i++) {
        const struct finding *f = &k->ctx.findings.items[i];
        tap_note("%s: %.*s", finding_kind(f->id)->name.p, STR_ARG(f->evidence));
    }
}

/* The remedy clears it: the fix, tried out. `text`: a part of what is told, or NULL. */
static inline void kit_fix_clears(struct kit *k, const struct finding *f, const char *text)
{
    kit_verify(k);
    const struct fix *x = kit_fix(k, f);
    if (!tap_ok(x != NULL && x->n > 0))
        return;
    struct str told = fix_text(&k->arena, x);
    if (!tap_ok(x->verified) || !tap_ok(kit_has(told, text)))
        tap_note("fix: %.*s", STR_ARG(told));
}

/* The remedy clears it: done by hand, seen in another world. */
static inline void kit_after_clears(const struct kit *before, const struct finding *f,
                                    const struct kit_world *after)
{
    static struct kit k;
    kit_open(&k, after, &before->config);
    kit_run(&k);
    if (!tap_ok(posture_is_cleared(&before->ctx, f, &k.ctx)))
        kit_show(&k);
    kit_close(&k);
}

/* ---- rows ---- */

struct kit_row {
    const char *label;
    enum finding_id id;
    const char *evidence; /* a part of it; NULL: whatever it is */
    struct kit_world world;
    const char *fix;        /* a part of what the fix says; "" any; NULL: there is none */
    bool whole;             /* .fix is all that it says */
    struct kit_world after; /* with .zone: where the remedy in words has been followed */
    enum posture_profile profile;
    enum severity severity; /* INFO: what the catalogue says */
    bool absent;            /* this finding must not be there */
    const char *check;      /* with this outcome; NULL: not looked at */
    enum check_status status;
};

static inline void kit_judge(struct kit *k, const struct kit_row *row)
{
    const struct finding *f = kit_find(k, row->id);
    const struct check *c = row->check == NULL ? NULL : kit_check(k, row->check);
    if (row->check != NULL && tap_ok(c != NULL))
        tap_cstr(check_status_name(check_status_of(c)), check_status_name(row->status));
    if (row->absent) {
        tap_ok(f == NULL);
        return;
    }
    if (!tap_ok(f != NULL)) {
        kit_show(k);
        return;
    }
    if (!tap_ok(kit_has(f->evidence, row->evidence)))
        tap_note("evidence: %.*s", STR_ARG(f->evidence));
    enum severity want = row->severity == SEV_INFO ? finding_kind(f->id)->severity : row->severity;
    tap_cstr(severity_name(f->severity), severity_name(want));
    if (row->fix != NULL)
        kit_fix_clears(k, f, row->fix);
    if (row->whole && kit_fix(k, f) != NULL)
        tap_str(fix_text(&k->arena, kit_fix(k, f)), str_from(row->fix));
    if (row->fix == NULL)
        tap_ok(kit_fix(k, f) == NULL || kit_fix(k, f)->n == 0);
    if (row->after.zone != NULL)
        kit_after_clears(k, f, &row->after);
    tap_ok(row->fix != NULL || row->after.zone != NULL);
}

/* Each row: the audit of its world has the finding, and its remedy clears it. */
static inline void kit_rows(const struct kit_row *rows, size_t n,
                            const struct posture_config *config)
{
    static struct kit k;
    for (size_t i = 0; i < n; i++) {
        struct posture_config own;
        posture_config_init(&own);
        if (config != NULL)
            own = *config;
        if (rows[i].profile != PROFILE_AUTO)
            own.profile = rows[i].profile;
        tap_case("%s", rows[i].label);
        kit_open(&k, &rows[i].world, &own);
        kit_run(&k);
        kit_judge(&k, &rows[i]);
        kit_close(&k);
    }
}

#endif
