/* A server that answers by a table, a zone, and a probe of both, for the tests of the probe. */
#ifndef MP_FLOW_PROBE_TEST_KIT_H
#define MP_FLOW_PROBE_TEST_KIT_H

#include <stdlib.h>

#include "base/clock.h"
#include "dns/zone.h"
#include "flow/probe.h"
#include "tests/script_server.h"
#include "tests/tap.h"

enum {
    RIG_MAX_PLANS = 4,
    RIG_MAX_STEPS = 4,
    RIG_MAX_SERVERS = 3,
    RIG_MAX_FINDINGS = 10,
    RIG_MAX_RULES = 10,
    RIG_STAGE_MS = 8000,
    RIG_DEADLINE_MS = 40000,
    DAY_S = 86400
};
enum { PASSED = 0, FAILED = 1, UNDECIDED = 3 }; /* exit codes */

/* ---- a server that answers by rules ---- */

/* How a server takes the end of DATA. */
enum plan_end {
    END_STRICT,   /* CRLF.CRLF alone */
    END_LAX,      /* any line that is a dot, whatever ends it: can be smuggled into */
    END_DEAF,     /* the same, but whatever follows is an error */
    END_REFUSING, /* a bare LF is answered 550 */
    END_HANGUP    /* a bare LF ends the connection */
};

/* The first rule whose words begin the line is its answer; "@close": hang up, "@stall": silence.
 * "." stands for the end of a message, "banner" for the greeting. A rule for TLS alone begins with
 * "tls:". */
struct rule {
    const char *line, *reply;
};
struct plan {
    struct rule rules[RIG_MAX_RULES];
    enum plan_end end;
    bool lmtp;
};

#define EHLO_PLAIN                                                                                 \
    "250-mx.good.test\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-XCLIENT NAME ADDR\r\n"              \
    "250-ENHANCEDSTATUSCODES\r\n250 8BITMIME\r\n"
#define EHLO_STARTTLS "250-mx.good.test\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 8BITMIME\r\n"
#define EHLO_AUTH     "250-mx.good.test\r\n250-AUTH PLAIN LOGIN CRAM-MD5\r\n250 8BITMIME\r\n"

static const struct rule default_rules[] = {
    {"banner", "220 mx.good.test ESMTP\r\n"},
    {"tls:EHLO", "250-mx.good.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n"},
    {"EHLO", EHLO_PLAIN},
    {"LHLO", EHLO_PLAIN},
    {"HELO", "250 mx.good.test\r\n"},
    {"STARTTLS", "220 2.0.0 go\r\n"},
    {"XCLIENT", "220 mx.good.test ESMTP\r\n"},
    {"MAIL", "250 2.1.0 ok\r\n"},
    {"RCPT", "250 2.1.5 ok\r\n"},
    {"DATA", "354 go\r\n"},
    {".", "250 2.0.0 queued\r\n"},
    {"RSET", "250 2.0.0 ok\r\n"},
    {"NOOP", "250 2.0.0 ok\r\n"},
    {"VRFY", "252 2.1.5 who knows\r\n"},
    {"QUIT", "221 2.0.0 bye\r\n"},
    {"", "500 5.5.2 what?\r\n"},
};

struct talker {
    struct script_peer *peer;
    const struct plan *plan;
    bool in_tls, in_data, deaf, was_crlf;
    unsigned recipients;
};

static inline bool rule_fits(const struct rule *r, struct str line, bool in_tls)
{
    struct str words = str_from(r->line);
    if (str_starts(words, STR("tls:"))) {
        if (!in_tls)
            return false;
        words = str_slice(words, 4, words.n);
    }
    return str_istarts(line, words);
}

static inline const char *plan_reply(const struct talker *t, struct str line)
{
    for (size_t i = 0; i < RIG_MAX_RULES && t->plan->rules[i].line != NULL; i++)
        if (rule_fits(&t->plan->rules[i], line, t->in_tls))
            return t->plan->rules[i].reply;
    for (size_t i = 0; i < ARRAY_LEN(default_rules); i++)
        if (rule_fits(&default_rules[i], line, t->in_tls))
            return default_rules[i].reply;
    return "500 5.5.2 what?\r\n";
}

/* False: this server has had enough. */
static inline bool plan_answer(struct talker *t, struct str line)
{
    struct str text = str_from(plan_reply(t, line)), rest;
    if (str_eq(text, STR("@close")))
        return false;
    if (str_eq(text, STR("@stall"))) {
        while (script_line(t->peer, &rest))
            continue;
        return false;
    }
    return script_say(t->peer, text);
}

/* A line of a message; `crlf`: what ended it. */
static inline bool plan_data(struct talker *t, struct str line, bool crlf)
{
    bool is_dot = str_eq(line, STR("."));
    bool strict = is_dot && crlf && t->was_crlf;
    bool lax = is_dot && (t->plan->end == END_LAX || t->plan->end == END_DEAF);
    bool bare = !crlf && (t->plan->end == END_REFUSING || t->plan->end == END_HANGUP);
    t->was_crlf = crlf;
    if (bare) {
        t->in_data = false;
        t->deaf = true;
        return t->plan->end == END_REFUSING &&
               script_say(t->peer, STR("550 5.5.2 bare newline\r\n"));
    }
    if (!strict && !lax)
        return true;
    t->in_data = false;
    t->deaf = lax && !strict && t->plan->end == END_DEAF;
    for (unsigned i = 0; i < (t->plan->lmtp ? t->recipients : 1); i++)
        if (!plan_answer(t, STR(".")))
            return false;
    return true;
}

/* The octets of BDAT are taken as lines: what tests send ends in CRLF. */
static inline bool plan_chunk(struct talker *t, struct str line)
{
    uint64_t left;
    struct str rest = line, piece;
    str_cut(&rest, ' ');
    if (!str_to_u64(str_cut(&rest, ' '), 1 << 20, &left))
        return false;
    while (left > 0 && script_line(t->peer, &piece))
        left -= left < piece.n + 2 ? left : piece.n + 2;
    return plan_answer(t, STR("."));
}

static inline bool plan_command(struct talker *t, struct str line, bool *ended)
{
    bool quits = str_istarts(line, STR("QUIT"));
    const char *reply = plan_reply(t, line);
    if (t->deaf && !quits)
        return script_say(t->peer, STR("500 5.5.1 pipelining is not wanted\r\n"));
    if (str_istarts(line, STR("BDAT")))
        return plan_chunk(t, line);
    t->recipients += str_istarts(line, STR("RCPT")) && reply[0] == '2';
    if (str_istarts(line, STR("MAIL")))
        t->recipients = 0;
    t->in_data = str_istarts(line, STR("DATA")) && str_starts(str_from(reply), STR("354"));
    t->was_crlf = true;
    *ended = quits || (str_istarts(line, STR("STARTTLS")) &&
                       str_starts(str_from(reply), STR("220")) && !t->in_tls);
    return plan_answer(t, line);
}

static inline bool plan_serve(struct script_peer *peer, const struct plan *plan, bool in_tls)
{
    struct talker t = {.peer = peer, .plan = plan, .in_tls = in_tls};
    struct str line;
    bool ended = false, on = in_tls || plan_answer(&t, STR("banner"));
    while (on && !ended && script_line(peer, &line)) {
        bool crlf = line.p[line.n] == '\r';
        on = t.in_data ? plan_data(&t, line, crlf) : plan_command(&t, line, &ended);
    }
    return ended; /* else the connection is closed here: the next step is not played */
}

static inline bool plan_serve_plain(struct script_peer *peer, void *plan)
{
    return plan_serve(peer, plan, false);
}

static inline bool plan_serve_tls(struct script_peer *peer, void *plan)
{
    return plan_serve(peer, plan, true);
}

/* ---- a probe of such servers ---- */

static const struct plan good_plan = {.end = END_STRICT};

struct rig {
    struct script_server *servers[RIG_MAX_SERVERS];
    size_t n_servers;
    struct script_step steps[RIG_MAX_SERVERS][RIG_MAX_PLANS][RIG_MAX_STEPS];
    const struct script_step *conversations[RIG_MAX_SERVERS][RIG_MAX_PLANS];
    struct dns_zone *zone;
    struct dns_source source;
    struct probe_options options;
    struct probe probe;
    struct subject subject;
    struct mp_err err;
    struct tls_client *tls;
};

static inline void rig_init(struct rig *r, const char *zone)
{
    struct tls_settings s = {.ca_file = kit_ca_file(), .min_version = "TLSv1"};
    *r = (struct rig){.zone = dns_zone_new()};
    if (r->zone == NULL || dns_zone_load(r->zone, str_from(zone), "zone", &r->err) != MP_OK ||
        tls_client_new(&s, &r->tls, &r->err) != MP_OK) {
        tap_note("%s", r->err.text);
        abort();
    }
    r->source.zone = r->zone;
    probe_options_init(&r->options);
    r->options.dns = &r->source;
    r->options.tls = r->tls;
    r->options.ca_file = kit_ca_file();
    r->options.helo = STR("client.test");
    r->options.now_s = clock_wall_s();
    r->options.deadline_ms = RIG_DEADLINE_MS;
    r->options.stage_timeout_ms = RIG_STAGE_MS;
    r->options.injection_test = false;
    r->options.no_ptr = true;
}

/* One server whose k-th connection goes by the k-th plan; the last one for all further ones.
 * `implicit`: TLS from the first byte. The first server chooses the port for all. */
static inline void rig_serve(struct rig *r, const char *address, const struct plan *const *plans,
                             const struct kit_tls *tls, bool implicit)
{
    size_t at = r->n_servers, n = 0;
    for (; n < RIG_MAX_PLANS && plans[n] != NULL; n++) {
        struct script_step *s = r->steps[at][n];
        void *plan = (void *)(uintptr_t)plans[n];
        size_t k = 0;
        if (!implicit)
            s[k++] = (struct script_step)SCRIPT_CALL(plan_serve_plain, plan);
        if (tls != NULL)
            s[k++] = (struct script_step)SCRIPT_TLS(tls);
        if (tls != NULL)
            s[k++] =
                (struct script_step)SCRIPT_CALL(implicit ? plan_serve_plain : plan_serve_tls, plan);
        s[k] = (struct script_step)SCRIPT_CLOSE;
        r->conversations[at][n] = s;
    }
    struct script_options o = {.address = address,
                               .port = r->options.port,
                               .conversations = r->conversations[at],
                               .n_conversations = n};
    r->servers[at] = script_start(&o);
    r->n_servers++;
    r->options.port = script_port(r->servers[at]);
}

/* The same with the steps of the test's own. */
static inline void rig_play(struct rig *r, const struct script_step *const *conversations, size_t n)
{
    struct script_options o = {.conversations = conversations, .n_conversations = n};
    r->servers[r->n_servers++] = script_start(&o);
    r->options.port = script_port(r->servers[0]);
}

static inline void rig_run(struct rig *r, const char *target)
{
    if (!tap_int(probe_run(&r->probe, str_from(target), &r->options, &r->err), MP_OK))
        tap_note("%s", r->err.text);
    probe_subject(&r->probe, &r->subject);
    for (size_t i = 0; i < r->n_servers; i++)
        script_stop(r->servers[i]);
}

static inline void rig_clear(struct rig *r)
{
    probe_clear(&r->probe);
    for (size_t i = 0; i < r->n_servers; i++)
        script_free(r->servers[i]);
    dns_zone_free(r->zone);
    tls_client_free(r->tls);
}

/* ---- what came of it ---- */

static inline void rig_note(const struct rig *r)
{
    for (size_t i = 0; i < r->probe.checks.n; i++) {
        const struct check *c = &r->probe.checks.items[i];
        tap_note("%.*s %s: %s: %.*s", STR_ARG(c->group), c->name,
                 check_status_name(check_status_of(c)), STR_ARG(c->detail));
    }
    for (size_t i = 0; i < r->probe.findings.n; i++) {
        const struct finding *f = &r->probe.findings.items[i];
        tap_note("%.*s (%s): %.*s", STR_ARG(finding_kind(f->id)->name), severity_name(f->severity),
                 STR_ARG(f->evidence));
    }
}

/* Exactly these kinds of findings, each as often as it may be. `want` ends with 0, which is no
 * finding of this room. */
static inline void rig_expect(const struct rig *r, const enum finding_id *want, int exit_code)
{
    const struct finding_list *list = &r->probe.findings;
    size_t n = 0, found = 0;
    bool ok = true;
    while (want[n] != 0)
        n++;
    for (size_t i = 0; i < list->n; i++) {
        bool wanted = false;
        for (size_t k = 0; k < n; k++)
            wanted |= list->items[i].id == want[k];
        ok &= wanted && list->items[i].evidence.n > 0;
    }
    for (size_t k = 0; k < n; k++)
        found += finding_has(list, want[k]);
    ok = tap_ok(ok) && tap_int(found, n);
    if (!tap_int(report_subject_exit_code(&r->subject, SEV_HIGH), exit_code) || !ok)
        rig_note(r);
}

static inline enum severity rig_severity(const struct rig *r, enum finding_id id)
{
    for (size_t i = 0; i < r->probe.findings.n; i++)
        if (r->probe.findings.items[i].id == id)
            return r->probe.findings.items[i].severity;
    return SEV_INFO;
}

/* Everything that a server heard on one connection. */
static inline bool rig_heard(const struct rig *r, size_t connection, const char *text)
{
    const struct script_log *log = script_log(r->servers[0], connection);
    return log != NULL && str_search(log->received, str_from(text)) < log->received.n;
}

#endif
