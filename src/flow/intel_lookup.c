/* One value after another source: what each knows is a check of its own. */
#include "flow/intel_lookup.h"

#include "base/buf.h"
#include "base/clock.h"
#include "report/intel_hits.h"

enum { HEADLINE_BYTES = 200 };

/* ---- what it is ---- */

static int read_value(struct intel_lookup *l, struct mp_err *err)
{
    struct intel_item *item = &l->item;
    struct indicator *what = &l->what;
    *what = (struct indicator){.confidence = INDICATOR_NO_CONFIDENCE};
    int st = indicator_read(&l->arena, INDICATOR_KIND_COUNT, l->value, what, err);
    if (st != MP_OK)
        return st;
    *item = (struct intel_item){.kind = ITEM_HOST,
                                .role = indicator_kind_name(what->kind),
                                .text = what->key};
    switch (what->kind) {
    case INDICATOR_URL:
        item->kind = ITEM_LINK;
        item->text = indicator_text(&l->arena, what);
        return url_parse(&l->arena, arena_fmt(&l->arena, "http://" STR_FMT, STR_ARG(what->key)),
                         NULL, &item->url, err);
    case INDICATOR_IP:
        if (!ip_eq(&what->first, &what->last))
            return mp_fail(err, MP_E_SYNTAX, 0, STR_FMT ": look up one address, not a network",
                           STR_ARG(l->value));
        item->kind = ITEM_ADDRESS;
        item->text = indicator_text(&l->arena, what);
        item->ip = what->first;
        return MP_OK;
    case INDICATOR_EMAIL:
        item->kind = ITEM_MAILBOX;
        return MP_OK;
    case INDICATOR_HOST:
    case INDICATOR_DOMAIN:
        return MP_OK;
    case INDICATOR_MD5:
        item->has_md5 = true;
        memcpy(item->md5, what->hash, sizeof item->md5);
        break;
    case INDICATOR_SHA1:
        item->has_sha1 = true;
        memcpy(item->sha1, what->hash, sizeof item->sha1);
        break;
    default:
        item->has_sha256 = true;
        memcpy(item->sha256, what->hash, sizeof item->sha256);
        break;
    }
    item->kind = ITEM_FILE;
    item->text = indicator_text(&l->arena, what);
    return MP_OK;
}

/* ---- asking ---- */

static void take(struct intel_lookup *l, const struct finding_list *found)
{
    for (size_t i = 0; i < found->n; i++)
        check_add_as(&l->checks, found->items[i].severity, found->items[i].id, STR_FMT,
                     STR_ARG(found->items[i].evidence));
}

static int ask_store(struct intel_lookup *l, const struct intel_lookup_options *o,
                     struct mp_err *err)
{
    const struct snapshot *s = o->source->hold == NULL ? NULL : vault_snapshot(o->source->hold);
    struct finding_list found;
    uint64_t entries = 0;
    int64_t begun_us = clock_mono_us();
    if (!o->source->settings.has_store) {
        check_skip(&l->checks, STR("store"), "lookup", "there is none");
        return MP_OK;
    }
    finding_list_init(&found, &l->arena);
    check_begin(&l->checks, STR("store"), "lookup");
    if (s == NULL) {
        check_undecided(&l->checks);
        check_end(&l->checks, clock_mono_us() - begun_us, "it is empty: mailproof intel update");
        return MP_OK;
    }
    bool missing = intel_stale(s, o->now_s, &found);
    if (o->source->settings.store_fault.n > 0) {
        missing = true;
        finding_add(&found, FINDING_INTEL_UNAVAILABLE, NOWHERE,
                    "the newest store is damaged, an older one is used: " STR_FMT,
                    STR_ARG(o->source->settings.store_fault));
    }
    if (missing)
        check_undecided(&l->checks);
    int st = intel_match(&l->arena, s, &l->item, 1, o->now_s, &found, &l->hits, err);
    take(l, &found);
    for (unsigned k = 0; k < INDICATOR_KIND_COUNT; k++)
        entries += snapshot_count(s, (enum indicator_kind)k);
    check_end(&l->checks, clock_mono_us() - begun_us, "%zu of %llu entries match", l->hits.n,
              (unsigned long long)entries);
    return st;
}

static struct dns_list_facts facts_of(struct intel_lookup *l, struct dns_list_host *host,
                                      struct dns_list_hash *hash)
{
    const struct intel_item *i = &l->item;
    struct dns_list_facts f = {.client = i->ip, .hosts = host, .hashes = hash};
    *host = (struct dns_list_host){.name = i->kind == ITEM_LINK ? i->url.host : i->text};
    if (i->kind == ITEM_MAILBOX)
        host->name = str_slice(i->text, str_rfind(i->text, '@') + 1, i->text.n);
    f.n_hosts = i->kind == ITEM_LINK || i->kind == ITEM_HOST || i->kind == ITEM_MAILBOX;
    *hash = (struct dns_list_hash){.kind = l->what.kind, .octets = l->what.hash};
    f.n_hashes = i->has_md5 || i->has_sha1;
    return f;
}

static int ask_lists(struct intel_lookup *l, const struct intel_lookup_options *o,
                     int64_t deadline_us, struct mp_err *err)
{
    struct dns_list_host host;
    struct dns_list_hash hash;
    struct finding_list found;
    const struct dns_list_facts facts = facts_of(l, &host, &hash);
    if (o->dns == NULL || o->source->lists.n == 0) {
        check_skip(&l->checks, STR("DNS lists"), "lookup", "none is enabled");
        return MP_OK;
    }
    struct flow_dns dns = {.source = o->dns,
                           .view = flow_dns_view(o->dns, &l->arena),
                           .deadline_us = deadline_us};
    int64_t begun_us = clock_mono_us();
    int st;
    if (dns.view == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to ask DNS");
    finding_list_init(&found, &l->arena);
    while ((st = dns_list_check(&l->arena, dns.view, &o->source->lists, o->source->health, &facts,
                                o->now_s, &found, &l->lists, err)) == MP_WAIT)
        if ((st = flow_dns_fill(&dns, err)) != MP_OK)
            break;
    check_begin(&l->checks, STR("DNS lists"), "lookup");
    take(l, &found);
    if (l->lists.missing)
        check_undecided(&l->checks);
    check_end(&l->checks, clock_mono_us() - begun_us, "%zu lists, %zu questions answered",
              o->source->lists.n, l->lists.asked);
    dns_view_release(dns.view);
    return st;
}

static int ask_services(struct intel_lookup *l, const struct intel_lookup_options *o,
                        int64_t deadline_us, struct mp_err *err)
{
    const char *why;
    int64_t begun_us = clock_mono_us();
    if (o->source->services == NULL) {
        check_skip(&l->checks, STR("services"), "lookup", "none is enabled");
        return MP_OK;
    }
    for (unsigned i = 0; i < SERVICE_COUNT; i++) {
        struct service_question q = {.service = (enum intel_service)i,
                                     .what = &l->what,
                                     .http = str_istarts(l->value, STR("http:"))};
        if (!(o->source->settings.services >> i & 1))
            continue;
        if (services_would_ask(o->source->services, &q, &why))
            l->asks[l->n_asks++] = (struct services_ask){.question = q, .is_grave = true};
        else
            check_skip(&l->checks, str_from(intel_service_title(q.service)), "lookup", "%s", why);
    }
    int st = l->n_asks == 0
                 ? MP_OK
                 : services_fill(o->source->services, l->asks, l->n_asks, deadline_us, err);
    for (size_t i = 0; i < l->n_asks; i++) {
        const struct service_word *w = &l->asks[i].word;
        struct finding_list found;
        finding_list_init(&found, &l->arena);
        service_findings(w, &l->what, NOWHERE, &found);
        check_begin(&l->checks, str_from(intel_service_title(l->asks[i].question.service)),
                    "lookup");
        take(l, &found);
        if (word_is_missing(w))
            check_undecided(&l->checks);
        check_end(&l->checks, clock_mono_us() - begun_us, "%s%s%s%s", word_outcome_name(w->outcome),
                  w->text[0] == '\0' ? "" : ": ", w->text, w->cached ? " (said earlier)" : "");
    }
    return st;
}

/* ---- the whole ---- */

static void add_sources(struct buf *b, size_t n, const char *one, const char *many)
{
    if (n > 0)
        buf_addf(b, "%s%zu %s", b->n == 0 ? "listed: " : ", ", n, n == 1 ? one : many);
}

static struct str headline(struct intel_lookup *l)
{
    size_t listed = 0, malicious = 0;
    struct buf b;
    for (size_t i = 0; i < l->lists.n; i++)
        listed += l->lists.listings[i].kind == CODE_LISTED;
    for (size_t i = 0; i < l->n_asks; i++)
        malicious += l->asks[i].word.outcome == WORD_MALICIOUS;
    buf_init(&b, HEADLINE_BYTES);
    add_sources(&b, l->hits.n, "entry of feeds", "entries of feeds");
    add_sources(&b, listed, "DNS list", "DNS lists");
    add_sources(&b, malicious, "service", "services");
    if (b.n == 0)
        buf_addz(&b, check_list_undecided(&l->checks) ? "not listed by those that answered"
                                                      : "not listed");
    struct str text = arena_fmt(&l->arena, "%s, " STR_FMT, indicator_kind_name(l->what.kind),
                                STR_ARG(buf_str(&b)));
    buf_clear(&b);
    return text;
}

int intel_lookup_run(struct intel_lookup *l, const struct intel_lookup_options *o, struct str value,
                     struct mp_err *err)
{
    unsigned ms = o->deadline_ms == 0 ? LOOKUP_DEADLINE_MS : o->deadline_ms;
    int64_t begun_us = clock_mono_us(), deadline_us = begun_us + (int64_t)ms * 1000;
    *l = (struct intel_lookup){.value = value, .started_s = o->now_s};
    arena_init(&l->arena, LOOKUP_ARENA_BYTES);
    finding_list_init(&l->findings, &l->arena);
    check_list_init(&l->checks, &l->arena, &l->findings);
    int st = read_value(l, err);
    if (st == MP_OK)
        st = ask_store(l, o, err);
    if (st == MP_OK)
        st = ask_lists(l, o, deadline_us, err);
    if (st == MP_OK)
        st = ask_services(l, o, deadline_us, err);
    if (st == MP_OK)
        l->headline = headline(l);
    l->elapsed_us = clock_mono_us() - begun_us;
    return st;
}

static void write_json(struct json *j, const void *ctx)
{
    const struct intel_lookup *l = ctx;
    json_kword(j, "kind", indicator_kind_name(l->what.kind));
    json_key(j, "indicators");
    json_array_begin(j);
    for (size_t i = 0; i < l->hits.n; i++)
        report_json_hit(j, &l->item, &l->hits.items[i]);
    json_array_end(j);
}

static void write_verbose(struct flow *f, const void *ctx)
{
    const struct intel_lookup *l = ctx;
    for (size_t i = 0; i < l->hits.n; i++)
        report_text_hit(f, &l->item, &l->hits.items[i]);
}

void intel_lookup_subject(const struct intel_lookup *l, struct subject *out)
{
    *out = (struct subject){.kind = "intel",
                            .name = l->value,
                            .headline = l->headline,
                            .checks = &l->checks,
                            .started_s = l->started_s,
                            .elapsed_us = l->elapsed_us,
                            .json = write_json,
                            .verbose = write_verbose,
                            .ctx = l};
}

void intel_lookup_clear(struct intel_lookup *l)
{
    arena_clear(&l->arena);
}
