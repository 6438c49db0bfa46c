/* What the main conversation showed: connection, banner, EHLO, STARTTLS, TLS, XCLIENT, AUTH. */
#include "flow/probe_internal.h"

struct str probe_reply_text(struct arena *a, const struct smtp_reply *r)
{
    if (r->code == 0)
        return STR("no reply");
    struct str s = arena_fmt(a, "%u %.*s", r->code, STR_ARG(r->text));
    char *p = s.n == 0 ? NULL : arena_new(a, char, s.n);
    if (p == NULL)
        return STR("a reply");
    for (size_t i = 0; i < s.n; i++)
        p[i] = s.p[i] == '\n' ? ' ' : s.p[i];
    while (s.n > 0 && p[s.n - 1] == ' ')
        s.n--;
    return str_make(p, s.n);
}

bool probe_broke_at(const struct probe_server *s, enum smtp_stage first, enum smtp_stage last)
{
    return s->fault != SMTP_FAULT_NONE && s->fault_stage >= first && s->fault_stage <= last;
}

/* ---- faults ---- */

static enum finding_id fault_id(enum smtp_fault fault, enum smtp_stage stage)
{
    static const enum finding_id ids[] = {
        [SMTP_FAULT_NONE] = FINDING_FLOW_CONNECT_LOCAL,
        [SMTP_FAULT_REFUSED] = FINDING_FLOW_CONNECT_REFUSED,
        [SMTP_FAULT_UNREACHABLE] = FINDING_FLOW_CONNECT_UNREACHABLE,
        [SMTP_FAULT_TIMEOUT] = FINDING_FLOW_SMTP_TIMEOUT,
        [SMTP_FAULT_CLOSED] = FINDING_FLOW_SMTP_CLOSED,
        [SMTP_FAULT_GARBAGE] = FINDING_FLOW_SMTP_GARBAGE,
        [SMTP_FAULT_LONG_LINE] = FINDING_FLOW_SMTP_LONG_LINE,
        [SMTP_FAULT_ENDLESS] = FINDING_FLOW_SMTP_ENDLESS,
        [SMTP_FAULT_INJECTED] = FINDING_FLOW_STARTTLS_INJECTED,
        [SMTP_FAULT_TLS] = FINDING_FLOW_TLS_FAILED,
        [SMTP_FAULT_AUTH] = FINDING_FLOW_AUTH_UNPROVED,
        [SMTP_FAULT_LOCAL] = FINDING_FLOW_CONNECT_LOCAL,
    };
    if (stage <= SMTP_STAGE_BANNER && fault == SMTP_FAULT_TIMEOUT)
        return FINDING_FLOW_CONNECT_TIMEOUT;
    if (stage <= SMTP_STAGE_BANNER && fault == SMTP_FAULT_CLOSED)
        return FINDING_FLOW_CONNECT_CLOSED;
    if (stage == SMTP_STAGE_TLS && fault != SMTP_FAULT_LOCAL && fault != SMTP_FAULT_INJECTED)
        return FINDING_FLOW_TLS_FAILED; /* hanging up or silence in the handshake too */
    return ids[fault];
}

void probe_add_fault(struct prober *p, const struct probe_server *s, bool other_answers)
{
    struct check_list *checks = &p->probe->checks;
    enum finding_id id = fault_id(s->fault, s->fault_stage);
    enum severity severity = finding_kind(id)->severity;
    bool is_open = id == FINDING_FLOW_SMTP_TIMEOUT || id == FINDING_FLOW_SMTP_CLOSED ||
                   id == FINDING_FLOW_CONNECT_LOCAL;
    if (s->fault_stage <= SMTP_STAGE_BANNER && id != FINDING_FLOW_CONNECT_LOCAL)
        severity = other_answers ? SEV_MEDIUM : SEV_HIGH;
    if (id == FINDING_FLOW_CONNECT_UNREACHABLE) { /* whose network it is cannot be told from here */
        severity = SEV_MEDIUM;
        is_open = !other_answers;
    }
    check_add_as(checks, severity, id, "%.*s", STR_ARG(s->notes->fault_text));
    if (is_open)
        check_undecided(checks);
}

/* ---- connect and banner ---- */

static bool any_answers_by_v6(const struct probe *p)
{
    for (size_t i = 0; i < p->n_servers; i++)
        if (p->servers[i].ip.family == IP_V6 && p->servers[i].answered)
            return true;
    return false;
}

/* False: nothing more to judge of this server. */
static bool judge_connect(struct prober *p, const struct probe_server *s, bool other_answers)
{
    struct check_list *checks = &p->probe->checks;
    bool failed = probe_broke_at(s, SMTP_STAGE_CONNECT, SMTP_STAGE_CONNECT);
    if (failed && s->fault == SMTP_FAULT_UNREACHABLE && s->ip.family == IP_V6 && other_answers &&
        !any_answers_by_v6(p->probe)) {
        check_skip(checks, s->group, "connect", "no way by IPv6 from here: it was not tested");
        return false;
    }
    check_begin(checks, s->group, "connect");
    if (failed)
        probe_add_fault(p, s, other_answers);
    check_end(checks, s->client.stage_us[SMTP_STAGE_CONNECT], "%.*s",
              STR_ARG(failed ? s->notes->fault_text : STR("connected")));
    return !failed;
}

static bool judge_banner(struct prober *p, const struct probe_server *s, bool other_answers)
{
    struct check_list *checks = &p->probe->checks;
    const struct smtp_reply *r = &s->client.banner;
    struct str text = probe_reply_text(&p->probe->arena, r);
    bool broke = !s->answered && !probe_broke_at(s, SMTP_STAGE_TLS, SMTP_STAGE_TLS);
    if (!s->answered && !broke)
        return true; /* TLS from the first byte failed: judged there */
    check_begin(checks, s->group, "banner");
    if (broke) {
        probe_add_fault(p, s, other_answers);
    } else if (!smtp_reply_ok(r)) {
        check_add_as(checks, smtp_reply_permanent(r) && !other_answers ? SEV_HIGH : SEV_MEDIUM,
                     FINDING_FLOW_SMTP_BANNER_REFUSED, "%.*s", STR_ARG(text));
        if (!smtp_reply_permanent(r))
            check_undecided(checks);
    }
    check_end(checks, s->client.stage_us[SMTP_STAGE_BANNER], "%.*s",
              STR_ARG(broke ? s->notes->fault_text : text));
    return s->notes->banner_ok;
}

/* ---- EHLO ---- */

static struct str extensions_text(struct arena *a, const struct smtp_ehlo *e)
{
    struct str all = e->extended ? STR("offers") : STR("HELO only");
    for (size_t i = 0; i < e->n_keywords && all.n < CHECK_DETAIL_MAX; i++)
        all = arena_fmt(a, "%.*s%s %.*s", STR_ARG(all), i == 0 ? "" : ",", STR_ARG(e->keywords[i]));
    return all;
}

static bool judge_ehlo(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    struct arena *a = &p->probe->arena;
    const struct probe_notes *n = s->notes;
    bool broke = probe_broke_at(s, SMTP_STAGE_EHLO, SMTP_STAGE_EHLO);
    struct str text = broke               ? n->fault_text
                      : n->ehlo.code != 0 ? probe_reply_text(a, &n->ehlo)
                                          : extensions_text(a, &s->client.ehlo);
    check_begin(checks, s->group, "ehlo");
    if (broke) {
        probe_add_fault(p, s, false);
    } else if (n->ehlo.code != 0) {
        check_add_as(checks, smtp_reply_permanent(&n->ehlo) ? SEV_HIGH : SEV_MEDIUM,
                     FINDING_FLOW_SMTP_EHLO_REFUSED, "%.*s", STR_ARG(text));
        if (!smtp_reply_permanent(&n->ehlo))
            check_undecided(checks);
    } else if (!s->client.ehlo.extended) {
        check_add(checks, FINDING_FLOW_SMTP_NO_ESMTP, "EHLO was refused, HELO was taken");
    }
    check_end(checks, s->client.stage_us[SMTP_STAGE_EHLO], "%.*s", STR_ARG(text));
    return !broke && (n->ehlo_ok || s->client.has_tls);
}

/* ---- STARTTLS and TLS ---- */

/* Ports where a person's program logs in (RFC 8314 3). */
static bool is_submission(const struct prober *p, const struct probe_server *s)
{
    return p->probe->target.submission || s->port == 587 || s->port == 465 ||
           p->tls == TARGET_TLS_IMPLICIT;
}

static void judge_missing(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    bool required = p->tls == TARGET_TLS_STARTTLS || is_submission(p, s);
    bool is_inner = p->lmtp || p->probe->target.kind == TARGET_SOCKET;
    if (is_inner && !required) {
        check_skip(checks, s->group, "starttls", "not offered, as is usual inside a network");
        return;
    }
    check_begin(checks, s->group, "starttls");
    check_add_as(checks, required ? SEV_HIGH : SEV_MEDIUM, FINDING_FLOW_STARTTLS_MISSING,
                 "%.*s does not offer it", STR_ARG(s->group));
    check_end(checks, -1, "not offered");
}

static void judge_starttls(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    const struct probe_notes *n = s->notes;
    bool broke = probe_broke_at(s, SMTP_STAGE_STARTTLS, SMTP_STAGE_STARTTLS) ||
                 s->fault == SMTP_FAULT_INJECTED;
    bool was_tried = broke || n->starttls.code != 0 || n->tls_text.n > 0 ||
                     probe_broke_at(s, SMTP_STAGE_TLS, SMTP_STAGE_EHLO_TLS);
    struct str text = broke ? n->fault_text : probe_reply_text(&p->probe->arena, &n->starttls);
    if (p->tls == TARGET_TLS_IMPLICIT || p->options->stop <= PROBE_STOP_EHLO)
        return;
    if (!was_tried && (s->client.ehlo.extensions & SMTP_EXT_STARTTLS) == 0 &&
        p->tls != TARGET_TLS_NONE) {
        judge_missing(p, s);
        return;
    }
    if (!was_tried) {
        check_skip(checks, s->group, "starttls", "TLS is not wanted");
        return;
    }
    check_begin(checks, s->group, "starttls");
    if (broke)
        probe_add_fault(p, s, false);
    else if (n->starttls.code != 0 && n->starttls.code != 220)
        check_add(checks, FINDING_FLOW_STARTTLS_REFUSED, "%.*s", STR_ARG(text));
    check_end(checks, s->client.stage_us[SMTP_STAGE_STARTTLS], "%.*s",
              STR_ARG(broke || n->starttls.code != 220 ? text : STR("taken")));
}

static bool is_weak_cipher(const struct tls_facts *t)
{
    static const char *const words[] = {"NULL", "RC4", "3DES",  "DES-CBC",
                                        "EXP",  "ADH", "AECDH", "MD5"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_search(t->cipher, str_from(words[i])) < t->cipher.n)
            return true;
    return t->cipher_bits < 128;
}

static void add_tls_findings(struct prober *p, const struct tls_facts *t)
{
    struct check_list *checks = &p->probe->checks;
    bool is_new = str_eq(t->version, STR("TLSv1.3")) || str_eq(t->version, STR("TLSv1.2"));
    if (!is_new)
        check_add(checks, FINDING_FLOW_TLS_OLD, "%.*s", STR_ARG(t->version));
    if (is_weak_cipher(t))
        check_add(checks, FINDING_FLOW_TLS_WEAK_CIPHER, "%.*s, %u bits", STR_ARG(t->cipher),
                  t->cipher_bits);
}

static void judge_tls(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    const struct tls_facts *t = &s->client.tls;
    const struct probe_notes *n = s->notes;
    bool broke = probe_broke_at(s, SMTP_STAGE_TLS, SMTP_STAGE_EHLO_TLS);
    if (!broke && !s->client.has_tls && n->tls_text.n == 0)
        return;
    check_begin(checks, s->group, "tls");
    if (broke)
        probe_add_fault(p, s, false);
    else if (n->tls_text.n > 0) /* and it went on without, as it was allowed to */
        check_add_as(checks, SEV_MEDIUM, FINDING_FLOW_TLS_FAILED, "%.*s", STR_ARG(n->tls_text));
    if (t->established)
        add_tls_findings(p, t);
    check_end(checks, s->client.stage_us[SMTP_STAGE_TLS], "%.*s%s%.*s%s%.*s",
              STR_ARG(t->established ? t->version : STR("failed")), t->established ? ", " : "",
              STR_ARG(t->cipher), t->group.n > 0 ? ", " : "", STR_ARG(t->group));
}

/* ---- XCLIENT, AUTH ---- */

static void judge_xclient(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    const struct probe_notes *n = s->notes;
    bool broke = probe_broke_at(s, SMTP_STAGE_XCLIENT, SMTP_STAGE_XCLIENT);
    bool may_fail = p->options->xclient_optional;
    bool offered = (s->client.ehlo.extensions & SMTP_EXT_XCLIENT) != 0 || n->xclient.code != 0;
    struct str text = broke      ? n->fault_text
                      : !offered ? STR("not offered")
                                 : probe_reply_text(&p->probe->arena, &n->xclient);
    if (p->options->n_xclient == 0 || p->options->stop < PROBE_STOP_TLS ||
        (!broke && n->xclient.code == 0 && n->halted == NULL))
        return;
    check_begin(checks, s->group, "xclient");
    if (broke)
        probe_add_fault(p, s, false);
    else if (!smtp_reply_ok(&n->xclient))
        check_add_as(checks, may_fail ? SEV_INFO : SEV_MEDIUM, FINDING_FLOW_XCLIENT_REFUSED, "%.*s",
                     STR_ARG(text));
    if (!smtp_reply_ok(&n->xclient) && (broke || !may_fail))
        check_undecided(checks);
    check_end(checks, s->client.stage_us[SMTP_STAGE_XCLIENT], "%.*s", STR_ARG(text));
}

/* Mechanisms before TLS that show the password. */
static struct str shown_mechs(struct arena *a, const struct smtp_ehlo *e)
{
    struct str all = STR("");
    enum sasl_mech m;
    for (size_t i = 0; i < e->n_mechs; i++)
        if (sasl_mech_by_name(e->mechs[i], &m) && sasl_mech_shows_secret(m))
            all = arena_fmt(a, "%.*s%s%.*s", STR_ARG(all), all.n > 0 ? " " : "",
                            STR_ARG(e->mechs[i]));
    return all;
}

static void judge_offer(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    const struct smtp_client *c = &s->client;
    bool by_command = c->has_tls && p->tls != TARGET_TLS_IMPLICIT;
    const struct smtp_ehlo *plain = by_command ? &c->ehlo_plain : &c->ehlo;
    if (p->tls == TARGET_TLS_IMPLICIT || p->probe->target.kind == TARGET_SOCKET)
        return;
    struct str shown = shown_mechs(&p->probe->arena, plain);
    check_begin(checks, s->group, "auth.before-tls");
    if (shown.n > 0)
        check_add(checks, FINDING_FLOW_AUTH_BEFORE_TLS, "%.*s", STR_ARG(shown));
    check_end(checks, -1, "%s%.*s", shown.n > 0 ? "offered: " : "no password would be shown",
              STR_ARG(shown));
}

static void add_auth_findings(struct prober *p, const struct probe_server *s, struct str text)
{
    struct check_list *checks = &p->probe->checks;
    const struct probe_notes *n = s->notes;
    bool optional = p->options->auth_optional;
    switch (n->auth) {
    case PROBE_AUTH_UNAVAILABLE:
        check_add_as(checks, optional ? SEV_LOW : SEV_HIGH, FINDING_FLOW_AUTH_UNAVAILABLE,
                     "%.*s offers none of the mechanisms%s", STR_ARG(s->group),
                     s->client.ehlo.n_mechs == 0 ? ", for it offers no AUTH" : "");
        break;
    case PROBE_AUTH_WITHHELD:
        check_add(checks, FINDING_FLOW_AUTH_NOT_TRIED, "without TLS: %.*s",
                  STR_ARG(shown_mechs(&p->probe->arena, &s->client.ehlo)));
        check_undecided(checks);
        break;
    case PROBE_AUTH_DEFERRED:
        check_add_as(checks, optional ? SEV_LOW : SEV_MEDIUM, FINDING_FLOW_AUTH_FAILED, "%s: %.*s",
                     n->mech, STR_ARG(text));
        check_undecided(checks);
        break;
    case PROBE_AUTH_REFUSED:
        check_add_as(checks, optional ? SEV_LOW : SEV_HIGH, FINDING_FLOW_AUTH_FAILED, "%s: %.*s",
                     n->mech, STR_ARG(text));
        break;
    default:
        break;
    }
}

void probe_judge_auth(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    const struct probe_notes *n = s->notes;
    bool broke = probe_broke_at(s, SMTP_STAGE_AUTH, SMTP_STAGE_AUTH);
    if (!s->notes->ehlo_ok || p->options->stop <= PROBE_STOP_EHLO)
        return;
    judge_xclient(p, s);
    judge_offer(p, s);
    if (!broke && n->auth == PROBE_AUTH_NONE)
        return;
    struct str text = broke ? n->fault_text : probe_reply_text(&p->probe->arena, &n->auth_reply);
    check_begin(checks, s->group, "auth");
    if (broke)
        probe_add_fault(p, s, false);
    else
        add_auth_findings(p, s, text);
    check_end(checks, s->client.stage_us[SMTP_STAGE_AUTH], "%s%s%.*s",
              n->mech == NULL ? "" : n->mech, n->mech == NULL ? "" : ": ",
              STR_ARG(n->mech == NULL ? STR("not tried") : text));
}

/* ---- all of it ---- */

static void judge_replies(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    struct str text = s->notes->malformed;
    check_begin(checks, s->group, "replies");
    if (text.n > 0)
        check_add(checks, FINDING_FLOW_SMTP_MALFORMED, "%.*s", STR_ARG(text));
    check_end(checks, -1, "%.*s", STR_ARG(text.n > 0 ? text : STR("well formed")));
}

/* Stages that have no check of their own for how they broke. */
static void judge_course(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    bool broke = probe_broke_at(s, SMTP_STAGE_MAIL, SMTP_STAGE_OTHER);
    check_begin(checks, s->group, "conversation");
    if (broke)
        probe_add_fault(p, s, false);
    check_end(checks, -1, "%.*s", STR_ARG(broke ? s->notes->fault_text : STR("went to its end")));
}

void probe_judge_connection(struct prober *p, const struct probe_server *s, bool other_answers)
{
    if (!judge_connect(p, s, other_answers) || !judge_banner(p, s, other_answers))
        return;
    if (p->options->stop > PROBE_STOP_CONNECT && s->answered && !judge_ehlo(p, s)) {
        judge_replies(p, s);
        return;
    }
    if (p->options->stop > PROBE_STOP_EHLO) {
        if (s->answered)
            judge_starttls(p, s);
        judge_tls(p, s);
        probe_judge_certificate(p, s);
    }
    if (s->notes->rcpts_asked)
        judge_course(p, s);
    judge_replies(p, s);
}
