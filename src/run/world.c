/* Reading, checking and writing .world files. */
#include "run/world.h"

#include <inttypes.h>

#include "base/hex.h"

static const char first_line[] = "mailproof-world 1\n";

bool world_sniff(struct str head)
{
    return str_starts(head, STR("mailproof-world "));
}

/* "\xNN" and "\\" stand for bytes that a line cannot hold. False: a broken escape. */
static bool unescape(struct arena *arena, struct str in, struct str *out)
{
    char *to = arena_new(arena, char, in.n + 1);
    size_t n = 0;
    if (to == NULL)
        return false;
    for (size_t i = 0; i < in.n; i++) {
        if (in.p[i] != '\\') {
            to[n++] = in.p[i];
        } else if (i + 1 < in.n && in.p[i + 1] == '\\') {
            to[n++] = '\\';
            i++;
        } else if (i + 1 < in.n && in.p[i + 1] == 'x' && hex_octet(in, i + 2) >= 0) {
            to[n++] = (char)hex_octet(in, i + 2);
            i += 3;
        } else {
            return false;
        }
    }
    *out = str_make(to, n);
    return true;
}

static void escape(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '\\')
            buf_addz(out, "\\\\");
        else if (c < 0x20 || c == 0x7f)
            buf_addf(out, "\\x%02x", c);
        else
            buf_addc(out, (char)c);
    }
}

static int64_t parse_time(struct str s, bool *ok)
{
    uint64_t v = 0;
    *ok = str_to_u64(s, INT64_MAX, &v);
    return (int64_t)v;
}

/* One setting before the zone. False: not known or not readable. */
static bool set(struct world *w, struct str key, struct str value)
{
    bool ok = true;
    if (str_eq(key, STR("time"))) {
        w->time_s = parse_time(value, &ok);
        w->has_time = ok;
    } else if (str_eq(key, STR("ip"))) {
        ok = ip_parse(value, &w->envelope.client);
    } else if (str_eq(key, STR("helo"))) {
        w->envelope.helo = value;
    } else if (str_eq(key, STR("mail-from"))) {
        w->envelope.mail_from = value;
        w->envelope.has_mail_from = true;
    } else if (str_eq(key, STR("authserv-id"))) {
        w->authserv_id = value;
    } else if (str_eq(key, STR("receiver"))) {
        w->receiver = value;
    } else if (str_eq(key, STR("discovery"))) {
        ok = str_eq(value, STR("psl")) || str_eq(value, STR("tree-walk"));
        w->discovery = str_eq(value, STR("psl")) ? DMARC_PSL : DMARC_TREE_WALK;
    } else if (str_eq(key, STR("trusted-sealer")) && w->n_sealers < WORLD_MAX_SEALERS) {
        w->sealers[w->n_sealers++] = value;
    } else if (str_eq(key, STR("rcpt-to")) && w->envelope.n_rcpt_to < WORLD_MAX_RCPTS) {
        w->rcpts[w->envelope.n_rcpt_to++] = value;
    } else if (str_eq(key, STR("expect")) && w->n_expects < WORLD_MAX_EXPECTS) {
        struct str what = str_cut(&value, ' ');
        w->expects[w->n_expects++] = (struct world_expect){what, str_trim(value)};
        ok = value.n != 0;
    } else {
        ok = false;
    }
    return ok;
}

static int parse_settings(struct arena *arena, struct str *rest, unsigned *line_number,
                          const char *file, struct world *w, struct mp_err *err)
{
    while (rest->n > 0 && !str_starts(*rest, STR("--- "))) {
        struct str line = str_trim(str_cut(rest, '\n')), value = line;
        ++*line_number;
        if (line.n == 0 || line.p[0] == '#')
            continue;
        struct str key = str_cut(&value, ' ');
        if (!unescape(arena, str_trim(value), &value) || !set(w, key, value))
            return mp_fail(err, MP_E_SYNTAX, *line_number,
                           "%s:%u: unknown or unreadable setting '" STR_FMT "'", file, *line_number,
                           STR_ARG(key));
    }
    return MP_OK;
}

static int parse_zone(struct str zone, unsigned first, const char *file, struct world *w,
                      struct mp_err *err)
{
    struct mp_err inner = {0};
    int st = dns_zone_load(w->zone, zone, "zone", &inner);
    if (st != MP_OK)
        return mp_fail(err, st, inner.detail, "%s: zone that begins at line %u: %s", file, first,
                       inner.text);
    return MP_OK;
}

int world_parse(struct arena *arena, struct str text, const char *file, struct world **out,
                struct mp_err *err)
{
    struct world *w = arena_new(arena, struct world, 1);
    struct str rest = text;
    unsigned line = 1;
    if (w == NULL || (w->zone = dns_zone_new()) == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "%s: no memory", file);
    int st = MP_OK;
    if (!str_eq(str_trim(str_cut(&rest, '\n')), STR("mailproof-world 1")))
        st = mp_fail(err, MP_E_SYNTAX, 1, "%s:1: not a world of version 1", file);
    if (st == MP_OK)
        st = parse_settings(arena, &rest, &line, file, w, err);
    static const char zone_mark[] = "--- zone\n", message_mark[] = "--- message\n";
    size_t at =
        str_starts(rest, str_from(message_mark)) ? 0 : str_search(rest, STR("\n--- message\n"));
    if (st == MP_OK && at >= rest.n)
        st = mp_fail(err, MP_E_SYNTAX, line, "%s: no line '--- message'", file);
    if (st == MP_OK && at != 0 && !str_starts(rest, str_from(zone_mark)))
        st = mp_fail(err, MP_E_SYNTAX, line, "%s:%u: expected '--- zone' or '--- message'", file,
                     line + 1);
    if (st == MP_OK && str_starts(rest, str_from(zone_mark)))
        st = parse_zone(str_slice(rest, sizeof zone_mark - 1, at + 1), line + 2, file, w, err);
    if (st != MP_OK) {
        world_free(w);
        return st;
    }
    size_t mark = sizeof message_mark - 1 + (at == 0 ? 0 : 1);
    w->message = str_slice(rest, at + mark, rest.n);
    w->envelope.rcpt_to = w->rcpts;
    *out = w;
    return MP_OK;
}

void world_free(struct world *w)
{
    if (w == NULL)
        return;
    dns_zone_free(w->zone);
    w->zone = NULL;
}

struct auth_config world_config(const struct world *w, const struct auth_config *base)
{
    struct auth_config c = *base;
    if (w->authserv_id.n != 0)
        c.authserv_id = w->authserv_id;
    if (w->receiver.n != 0)
        c.receiver = w->receiver;
    if (w->n_sealers != 0) {
        c.trusted_sealers = w->sealers;
        c.n_trusted_sealers = w->n_sealers;
    }
    c.discovery = w->discovery;
    return c;
}

/* What the job says to the word of an expectation; NULL for an unknown word. */
static const char *result_of(struct str what, const struct job *job)
{
    if (str_eq(what, STR("spf")))
        return spf_result_name(job->spf.result);
    if (str_eq(what, STR("dkim")))
        return dkim_result_name(job->dkim.result);
    if (str_eq(what, STR("arc")))
        return arc_result_name(job->arc.result);
    if (str_eq(what, STR("dmarc")))
        return dmarc_result_name(job->dmarc.result);
    if (str_eq(what, STR("action")))
        return action_name(job->verdict.action);
    if (str_eq(what, STR("complete")))
        return job->verdict.complete ? "true" : "false";
    return NULL;
}

static struct str expect_mismatch(struct arena *arena, const struct world_expect *e,
                                  const struct job *job)
{
    bool wanted = str_eq(e->what, STR("finding"));
    if (wanted || str_eq(e->what, STR("no-finding"))) {
        enum finding_id id;
        if (!finding_by_name(e->value, &id))
            return arena_fmt(arena, "no finding is named " STR_FMT, STR_ARG(e->value));
        if (finding_has(&job->findings, id) == wanted)
            return STR_NONE;
        return arena_fmt(arena, "finding " STR_FMT " is %s", STR_ARG(e->value),
                         wanted ? "missing" : "there");
    }
    const char *got = result_of(e->what, job);
    if (got == NULL)
        return arena_fmt(arena, "cannot expect '" STR_FMT "'", STR_ARG(e->what));
    if (str_eq(str_from(got), e->value))
        return STR_NONE;
    return arena_fmt(arena, STR_FMT " is %s, expected " STR_FMT, STR_ARG(e->what), got,
                     STR_ARG(e->value));
}

struct str world_mismatch(struct arena *arena, const struct world *w, const struct job *job)
{
    for (size_t i = 0; i < w->n_expects; i++) {
        struct str text = expect_mismatch(arena, &w->expects[i], job);
        if (text.n != 0)
            return text;
    }
    return STR_NONE;
}

static void setting(struct buf *out, const char *key, struct str value)
{
    if (value.n == 0)
        return;
    buf_addf(out, "%s ", key);
    escape(out, value);
    buf_addc(out, '\n');
}

static void write_envelope(struct buf *out, const struct job *job)
{
    const struct envelope *e = &job->envelope;
    char ip[IP_TEXT_MAX];
    buf_addf(out, "time %" PRId64 "\n", job->now_s);
    if (e->client.family != IP_NONE)
        setting(out, "ip", str_make(ip, ip_write(&e->client, ip)));
    setting(out, "helo", e->helo);
    if (e->has_mail_from && e->mail_from.n == 0)
        buf_addz(out, "mail-from <>\n");
    setting(out, "mail-from", e->mail_from);
    for (size_t i = 0; i < e->n_rcpt_to; i++)
        setting(out, "rcpt-to", e->rcpt_to[i]);
}

static void write_config(struct buf *out, const struct auth_config *c)
{
    setting(out, "authserv-id", c->authserv_id);
    setting(out, "receiver", c->receiver);
    buf_addf(out, "discovery %s\n", c->discovery == DMARC_PSL ? "psl" : "tree-walk");
    for (size_t i = 0; i < c->n_trusted_sealers; i++)
        setting(out, "trusted-sealer", c->trusted_sealers[i]);
}

static bool is_of_intel(enum finding_id id)
{
    return str_starts(finding_kind(id)->name, STR("intel."));
}

/* What others know of a mail changes, and may not be passed on: a world is replayed without it, so
 * nothing that follows from it is expected. */
static bool intel_had_a_say(const struct job *job)
{
    bool had = job->config->intel != NULL && job->cut;
    for (size_t i = 0; i < job->findings.n; i++)
        had |= is_of_intel(job->findings.items[i].id);
    return had;
}

static void write_expects(struct buf *out, const struct job *job)
{
    enum { OF_AUTH = 4 };
    static const char *const words[] = {"spf", "dkim", "arc", "dmarc", "action", "complete"};
    bool seen[FINDING_COUNT] = {false};
    size_t n_words = intel_had_a_say(job) ? OF_AUTH : ARRAY_LEN(words);
    for (size_t i = 0; i < n_words; i++)
        buf_addf(out, "expect %s %s\n", words[i], result_of(str_from(words[i]), job));
    for (size_t i = 0; i < job->findings.n; i++) {
        enum finding_id id = job->findings.items[i].id;
        if (!seen[id] && !is_of_intel(id))
            buf_addf(out, "expect finding %s\n", finding_kind(id)->name.p);
        seen[id] = true;
    }
}

void world_write(struct buf *out, const struct job *job)
{
    buf_addz(out, first_line);
    write_envelope(out, job);
    write_config(out, &job->config->auth);
    write_expects(out, job);
    buf_addz(out, "--- zone\n");
    const struct dns_lists *lists = job_dns_lists(job);
    for (size_t i = 0; i < dns_view_count(job->dns); i++) {
        const struct dns_answer *a = dns_view_at(job->dns, i);
        if (a != NULL && !dns_lists_have(lists, a->name))
            dns_zone_write(out, a);
    }
    buf_addz(out, "--- message\n");
    buf_add(out, job->raw);
}
