/* Stored reports as tables for people, and as CSV that no spreadsheet takes for formulas. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "feedback/show_internal.h"

enum { TEXT_SHOWN = 60, NAME_SHOWN = 40 };

/* ---- texts ---- */

static void add_shown(struct buf *b, struct str s, size_t most)
{
    utf8_add_printable(b, s, most);
}

/* A text in a column of this width, the next one behind two blanks. */
static void add_cell(struct buf *b, struct str s, size_t width)
{
    size_t from = b->n;
    add_shown(b, s, width);
    for (size_t shown = b->n - from; shown < width; shown++)
        buf_addc(b, ' ');
    buf_add(b, STR("  "));
}

static struct str day_text(int64_t unix_s, char room[16])
{
    int year, month, day, hour, minute, second;
    if (unix_s <= 0 || unix_s > 253402300799)
        return STR("?");
    unix_to_civil(unix_s, &year, &month, &day, &hour, &minute, &second);
    int n = snprintf(room, 16, "%04d-%02d-%02d", year % 10000, month % 100, day % 100);
    return str_make(room, n > 0 ? (size_t)n : 0);
}

static struct str ip_text(const struct ip *ip, char room[IP_TEXT_MAX])
{
    return ip->family == IP_NONE ? STR("?") : str_make(room, ip_write(ip, room));
}

/* "pass", "fail", "12 of 40 pass" */
static struct str part_text(uint64_t part, uint64_t all, char room[64])
{
    if (part == all)
        return STR("pass");
    if (part == 0)
        return STR("fail");
    int n = snprintf(room, 64, "%" PRIu64 " of %" PRIu64, part, all);
    return str_make(room, n > 0 ? (size_t)n : 0);
}

static struct str disposition_text(const struct feedback_sums *s, char room[64])
{
    char words[2][32] = {"", ""};
    if (s->rejected == 0 && s->quarantined == 0)
        return STR("none");
    if (s->rejected == s->messages)
        return STR("reject");
    if (s->quarantined == s->messages)
        return STR("quarantine");
    if (s->rejected > 0)
        snprintf(words[0], sizeof words[0], "reject %" PRIu64, s->rejected);
    if (s->quarantined > 0)
        snprintf(words[1], sizeof words[1], "quar. %" PRIu64, s->quarantined);
    int n = snprintf(room, 64, "%s%s%s", words[0],
                     words[0][0] != '\0' && words[1][0] != '\0' ? ", " : "", words[1]);
    return str_make(room, n > 0 ? (size_t)n : 0);
}

static unsigned percent_tenths(uint64_t part, uint64_t all)
{
    return all == 0 ? 0 : (unsigned)((long double)part * 1000 / (long double)all);
}

/* ---- domains and their sources ---- */

enum { WIDTH_SOURCE = 39, WIDTH_RESULT = 12, WIDTH_DISPOSITION = 12, WIDTH_FROM = 28 };

static void show_source(struct buf *b, const struct feedback_shown *x,
                        const struct feedback_source *s, struct str policy)
{
    char room[64], ip[IP_TEXT_MAX];
    struct str advice = feedback_advice(x->arena, s, policy);
    buf_add(b, STR("  "));
    add_cell(b, ip_text(&s->ip, ip), WIDTH_SOURCE);
    buf_addf(b, "%9" PRIu64 "  ", s->sums.messages);
    add_cell(b, part_text(s->sums.passed, s->sums.messages, room), WIDTH_RESULT);
    add_cell(b, part_text(s->sums.dkim_aligned, s->sums.messages, room), WIDTH_RESULT);
    add_cell(b, part_text(s->sums.spf_aligned, s->sums.messages, room), WIDTH_RESULT);
    add_cell(b, disposition_text(&s->sums, room), WIDTH_DISPOSITION);
    add_shown(b, s->header_from, WIDTH_FROM);
    buf_addc(b, '\n');
    struct str name = x->how->name_of != NULL ? x->how->name_of(x->how->name_ctx, &s->ip) : STR("");
    if (name.n > 0) {
        buf_add(b, STR("      name: "));
        add_shown(b, name, TEXT_SHOWN);
        buf_addc(b, '\n');
    }
    if (advice.n > 0) {
        buf_add(b, STR("      -> "));
        add_shown(b, advice, 4 * TEXT_SHOWN);
        buf_addc(b, '\n');
    }
}

static void show_sources(struct buf *b, const struct feedback_shown *x,
                         const struct feedback_domain *d)
{
    bool began = false;
    for (size_t i = 0; i < x->sources.n; i++) {
        if (!str_eq(x->sources.items[i].domain, d->domain))
            continue;
        if (!began) {
            buf_add(b, STR("  "));
            add_cell(b, STR("source"), WIDTH_SOURCE);
            buf_addf(b, "%9s  ", "messages");
            add_cell(b, STR("DMARC"), WIDTH_RESULT);
            add_cell(b, STR("DKIM"), WIDTH_RESULT);
            add_cell(b, STR("SPF"), WIDTH_RESULT);
            add_cell(b, STR("disposition"), WIDTH_DISPOSITION);
            buf_add(b, STR("from\n"));
        }
        began = true;
        show_source(b, x, &x->sources.items[i], d->policy);
    }
}

static void show_domain(struct buf *b, const struct feedback_shown *x,
                        const struct feedback_domain *d)
{
    char first[16], last[16];
    const struct feedback_sums *s = &d->sums;
    unsigned passed = percent_tenths(s->passed, s->messages);
    add_shown(b, d->domain.n > 0 ? d->domain : STR("(no domain)"), TEXT_SHOWN);
    buf_addf(b, ": %" PRIu64 " report%s, ", d->reports, d->reports == 1 ? "" : "s");
    buf_add(b, day_text(d->first_s, first));
    buf_add(b, STR(" to "));
    buf_add(b, day_text(d->last_s, last));
    if (d->policy.n > 0) {
        buf_add(b, STR(", policy "));
        add_shown(b, d->policy, NAME_SHOWN);
    }
    buf_addc(b, '\n');
    if (s->messages > 0)
        buf_addf(b,
                 "  messages: %" PRIu64 ", passed %" PRIu64 " (%u.%u %%), failed %" PRIu64
                 "; quarantined %" PRIu64 ", rejected %" PRIu64 "; sources: %" PRIu64 "\n",
                 s->messages, s->passed, passed / 10, passed % 10, s->messages - s->passed,
                 s->quarantined, s->rejected, d->sources);
    show_sources(b, x, d);
    if (d->tls_ok + d->tls_failed > 0)
        buf_addf(b, "  TLS sessions: %" PRIu64 " succeeded, %" PRIu64 " failed\n", d->tls_ok,
                 d->tls_failed);
    if (d->failure_reports > 0)
        buf_addf(b, "  failure and abuse reports: %" PRIu64 "\n", d->failure_reports);
    buf_addc(b, '\n');
}

/* ---- TLS and failures ---- */

static void show_tls_failures(struct buf *b, const struct feedback_shown *x)
{
    for (size_t i = 0; i < x->tls_failures.n; i++) {
        const struct feedback_tls_row *t = &x->tls_failures.items[i];
        const char *advice = feedback_tls_advice(t->result_type);
        if (i == 0)
            buf_add(b, STR("TLS sessions that failed\n"));
        buf_addf(b, "  %9" PRIu64 "  ", t->failed);
        add_cell(b, t->result_type, 26);
        add_cell(b, t->receiving_mx.n > 0 ? t->receiving_mx : t->domain, 30);
        add_shown(b, t->org, NAME_SHOWN);
        if (t->reason.n > 0) {
            buf_add(b, STR(": "));
            add_shown(b, t->reason, TEXT_SHOWN);
        }
        buf_addc(b, '\n');
        if (advice[0] != '\0')
            buf_addf(b, "      -> %s\n", advice);
    }
    if (x->tls_failures.n > 0)
        buf_addc(b, '\n');
}

static void show_failures(struct buf *b, const struct feedback_shown *x)
{
    char ip[IP_TEXT_MAX], day[16];
    for (size_t i = 0; i < x->failures.n; i++) {
        const struct feedback_failure *f = &x->failures.items[i];
        if (i == 0)
            buf_add(b, STR("Failure and abuse reports\n"));
        buf_add(b, STR("  "));
        add_cell(b, day_text(f->time_s, day), 10);
        add_cell(b, f->type, 12);
        add_cell(b, ip_text(&f->ip, ip), WIDTH_SOURCE);
        add_cell(b, f->domain.n > 0 ? f->domain : f->from_domain, WIDTH_FROM);
        add_shown(b, f->auth_failure, NAME_SHOWN);
        buf_addc(b, '\n');
    }
    if (x->failures.n > 0)
        buf_addc(b, '\n');
}

void feedback_show_text(struct buf *out, const struct feedback_shown *x)
{
    struct feedback_sums all = {0};
    for (size_t i = 0; i < x->domains.n; i++) {
        show_domain(out, x, &x->domains.items[i]);
        all.messages += x->domains.items[i].sums.messages;
        all.passed += x->domains.items[i].sums.passed;
    }
    show_tls_failures(out, x);
    show_failures(out, x);
    buf_addf(out, "%zu domain%s, %" PRIu64 " messages, %" PRIu64 " failed DMARC\n", x->domains.n,
             x->domains.n == 1 ? "" : "s", all.messages, all.messages - all.passed);
    if (x->domains.more || x->sources.more || x->tls_failures.more || x->failures.more)
        buf_add(out, STR("There is more: raise --limit, or ask for less.\n"));
}

/* ---- CSV (RFC 4180) ---- */

/* Spreadsheets run what begins so: an apostrophe in front makes it text. */
static bool is_formula(struct str s)
{
    return s.n > 0 && (s.p[0] == '=' || s.p[0] == '+' || s.p[0] == '-' || s.p[0] == '@' ||
                       s.p[0] == '\t' || s.p[0] == '\r' || s.p[0] == '|' || s.p[0] == '%');
}

static void add_field(struct buf *b, struct str s, bool last)
{
    buf_addc(b, '"');
    if (is_formula(s))
        buf_addc(b, '\'');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"')
            buf_addc(b, '"');
        buf_addc(b, c < ' ' || c == 0x7f ? ' ' : s.p[i]);
    }
    buf_addc(b, '"');
    buf_add(b, last ? STR("\r\n") : STR(","));
}

void feedback_show_csv(struct buf *out, const struct feedback_shown *x)
{
    char ip[IP_TEXT_MAX], begin[16], end[16];
    if (x->how->filter.offset == 0) /* the first page */
        buf_add(out,
                STR("domain,org,report_id,begin,end,source_ip,count,dkim,spf,disposition,policy,"
                    "header_from,envelope_from,envelope_to,override,dkim_results,spf_results\r\n"));
    for (size_t i = 0; i < x->rows.n; i++) {
        const struct feedback_row *r = &x->rows.items[i];
        const struct str front[] = {r->domain,
                                    r->org,
                                    r->report_id,
                                    day_text(r->begin_s, begin),
                                    day_text(r->end_s, end),
                                    r->ip.family == IP_NONE ? STR("") : ip_text(&r->ip, ip)};
        const struct str back[] = {str_from(feedback_aligned_name(r->dkim)),
                                   str_from(feedback_aligned_name(r->spf)),
                                   str_from(feedback_disposition_name(r->disposition)),
                                   r->policy,
                                   r->header_from,
                                   r->envelope_from,
                                   r->envelope_to,
                                   r->reasons,
                                   r->dkim_results,
                                   r->spf_results};
        for (size_t k = 0; k < ARRAY_LEN(front); k++)
            add_field(out, front[k], false);
        buf_addf(out, "%" PRIu64 ",", r->count);
        for (size_t k = 0; k < ARRAY_LEN(back); k++)
            add_field(out, back[k], k + 1 == ARRAY_LEN(back));
    }
}
