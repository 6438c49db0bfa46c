/* Who gets reports of a domain: those in its own organization, and those elsewhere who said so. */
#include "base/hex.h"
#include "base/idna.h"
#include "base/uri.h"
#include "feedback/compose.h"
#include "message/address.h"

const char *destination_state_name(enum destination_state s)
{
    static const char *const names[] = {"ok", "refused", "unusable", "undecided"};
    return s <= DESTINATION_UNDECIDED ? names[s] : "?";
}

/* ---- URIs ---- */

/* "10m" of RFC 7489 6.2: a number and k, m, g or t. */
static bool size_of(struct str text, uint64_t *out)
{
    static const char units[] = "kmgt";
    uint64_t factor = 1, n;
    if (text.n == 0)
        return false;
    const char *unit = memchr(units, to_lower(text.p[text.n - 1]), sizeof units - 1);
    if (unit != NULL) {
        factor = (uint64_t)1 << (10 * (unit - units + 1));
        text = str_slice(text, 0, text.n - 1);
    }
    if (!str_to_u64(text, UINT64_MAX / factor, &n))
        return false;
    *out = n * factor;
    return true;
}

bool report_uri_parse(struct arena *a, struct str uri, struct str *address, uint64_t *max_bytes)
{
    struct mailbox box;
    bool null_path;
    uint64_t most = 0;
    uri = str_trim(uri);
    size_t mark = str_rfind(uri, '!');
    if (mark < uri.n && size_of(str_slice(uri, mark + 1, uri.n), &most))
        uri = str_slice(uri, 0, mark);
    if (uri_mailto_fault(uri) != URI_OK)
        return false;
    str_cut(&uri, ':');
    uri = str_cut(&uri, '?');
    char *p = arena_new(a, char, uri.n + 1);
    if (p == NULL)
        return false;
    struct str text = str_make(p, percent_undo(uri, p));
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] <= ' ' || (unsigned char)text.p[i] >= 0x7f)
            return false; /* it goes into SMTP and a header */
    if (!smtp_path_parse(a, text, &box, &null_path) || null_path || box.domain_is_literal ||
        box.local_quoted)
        return false;
    *address = text;
    *max_bytes = most;
    return true;
}

/* As written: a parsed record has no sizes any more. p == NULL: none. */
static struct str rua_of(struct str record)
{
    while (record.p != NULL) {
        struct str value = str_cut(&record, ';');
        struct str name = str_trim(str_cut(&value, '='));
        if (str_eq(name, STR("rua")) && value.p != NULL)
            return value;
    }
    return STR_NONE;
}

/* ---- consent ---- */

static bool is_answer(const struct dns_answer *x)
{
    return x->status == DNS_DATA || x->status == DNS_NODATA || x->status == DNS_NXDOMAIN;
}

/* It may name another address, of the same host, that gets the reports instead. */
static void redirect(struct arena *a, struct str consent, struct report_destination *d)
{
    struct str address = STR_NONE;
    struct str list = rua_of(consent);
    uint64_t most;
    while (list.p != NULL) {
        if (!report_uri_parse(a, str_cut(&list, ','), &address, &most))
            continue;
        size_t at = str_rfind(address, '@');
        if (domain_eq(str_slice(address, at + 1, address.n), d->domain)) {
            d->address = address;
            d->max_bytes = most;
            return;
        }
    }
}

static int ask_consent(struct auth_ctx *ctx, struct str policy_domain, struct report_destination *d,
                       struct mp_err *err)
{
    const struct dns_answer *txt;
    const struct str pieces[] = {policy_domain, STR("._report._dmarc."), d->domain};
    struct str name = arena_join(ctx->arena, pieces, ARRAY_LEN(pieces));
    if (name.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a destination of reports");
    int st = dns_ask(ctx->dns, name, DNS_TXT, &txt, err);
    if (st != MP_OK)
        return st;
    if (!is_answer(txt)) {
        d->state = DESTINATION_UNDECIDED;
        d->reason =
            arena_fmt(ctx->arena, STR_FMT " TXT: %s", STR_ARG(name), dns_status_name(txt->status));
        return MP_OK;
    }
    for (size_t i = 0; i < txt->n; i++) {
        struct dmarc_record consent;
        if (!dmarc_record_parse(txt->records[i].data, &consent))
            continue;
        redirect(ctx->arena, consent.text, d);
        return MP_OK;
    }
    d->state = DESTINATION_REFUSED;
    d->reason = arena_fmt(ctx->arena, "no record at " STR_FMT, STR_ARG(name));
    return MP_OK;
}

static int judge(struct auth_ctx *ctx, struct str policy_domain, struct report_destination *d,
                 struct mp_err *err)
{
    struct str theirs, ours;
    bool failed_theirs = false, failed_ours = false;
    if (domain_eq(d->domain, policy_domain))
        return MP_OK;
    int st = dmarc_organizational(ctx, d->domain, &theirs, &failed_theirs, err);
    int st2 = st < 0 ? st : dmarc_organizational(ctx, policy_domain, &ours, &failed_ours, err);
    if (st != MP_OK || st2 != MP_OK)
        return st < 0 || st2 == MP_OK ? st : st2;
    if (failed_theirs || failed_ours) {
        d->state = DESTINATION_UNDECIDED;
        d->reason = STR("DNS does not tell whose domain it is");
        return MP_OK;
    }
    d->external = !domain_eq(theirs, ours);
    return d->external ? ask_consent(ctx, policy_domain, d, err) : MP_OK;
}

/* ---- all of a record ---- */

static void add(struct auth_ctx *ctx, struct str uri, struct report_destinations *out)
{
    struct report_destination d = {.uri = uri};
    if (!report_uri_parse(ctx->arena, uri, &d.address, &d.max_bytes)) {
        d.state = DESTINATION_UNUSABLE;
        d.reason = STR("no mailto: address that can be used");
    } else {
        size_t at = str_rfind(d.address, '@');
        struct str domain = str_slice(d.address, at + 1, d.address.n);
        if (!idna_to_ascii(ctx->arena, domain, &d.domain) || !domain_is_ldh(d.domain)) {
            d.state = DESTINATION_UNUSABLE;
            d.reason = STR("its domain is none");
        }
    }
    for (size_t i = 0; i < out->n; i++)
        if (d.address.n > 0 && str_eq(out->items[i].address, d.address))
            return;
    if (out->n == REPORT_MAX_DESTINATIONS)
        out->more = true;
    else
        out->items[out->n++] = d;
}

static void add_all(struct auth_ctx *ctx, struct str record, struct report_destinations *out)
{
    struct str list = rua_of(record);
    while (list.p != NULL) {
        struct str uri = str_trim(str_cut(&list, ','));
        if (uri.n > 0)
            add(ctx, uri, out);
    }
}

int report_destinations_find(struct auth_ctx *ctx, struct str policy_domain,
                             struct report_destinations *out, struct mp_err *err)
{
    struct report_destinations found = {0};
    const struct dns_answer *txt;
    const struct dmarc_record *record = NULL;
    enum dmarc_presence presence;
    const struct str pieces[] = {STR("_dmarc."), policy_domain};
    struct str name = arena_join(ctx->arena, pieces, ARRAY_LEN(pieces));
    if (name.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the destinations of reports");
    int st = dns_ask(ctx->dns, name, DNS_TXT, &txt, err), wait = MP_OK;
    if (st != MP_OK)
        return st;
    found.undecided = !is_answer(txt);
    if (!found.undecided)
        st = dmarc_record_of(txt, &presence, &record);
    if (st != MP_OK)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a DMARC record");
    found.has_record = record != NULL;
    if (record != NULL)
        add_all(ctx, record->text, &found);
    for (size_t i = 0; i < found.n; i++) {
        if (found.items[i].state != DESTINATION_OK)
            continue;
        st = judge(ctx, policy_domain, &found.items[i], err);
        if (st < 0)
            return st;
        wait = st == MP_WAIT ? MP_WAIT : wait;
    }
    if (wait == MP_OK)
        *out = found;
    return wait;
}
