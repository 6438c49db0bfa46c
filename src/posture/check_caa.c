/* Who may issue certificates: CAA records of the domain and of its own mail hosts (RFC 8659). */
#include "posture/posture_internal.h"

#include "base/buf.h"

enum {
    CAA_MAX_NAMES = 20, /* the domain and its hosts */
    CAA_MAX_CLIMB = 12, /* labels above a name; deeper names are not asked about */
    CAA_MAX_RECORDS = 30
};
enum { FLAG_CRITICAL = 128 };

static const struct str group = STR_INIT("CAA");

struct property {
    unsigned flags;
    struct str tag, value;
};

/* A name, and the record set that counts for it: the first on the way up the tree. */
struct subject {
    struct str name;
    const struct dns_answer *relevant; /* NULL: none */
    const struct dns_answer *failed;   /* a question on the way; then nothing is known */
    bool is_host;
};

/* ---- grammar ---- */

static bool property_parse(struct str rdata, struct property *out)
{
    size_t tag = rdata.n < 2 ? 0 : (unsigned char)rdata.p[1];
    if (tag == 0 || tag > rdata.n - 2)
        return false;
    *out = (struct property){.flags = (unsigned char)rdata.p[0],
                             .tag = str_slice(rdata, 2, 2 + tag),
                             .value = str_slice(rdata, 2 + tag, rdata.n)};
    for (size_t i = 0; i < tag; i++)
        if (!is_alnum(out->tag.p[i]))
            return false;
    return true;
}

static bool is_word(struct str s)
{
    bool ok = s.n > 0 && is_alnum(s.p[0]) && is_alnum(s.p[s.n - 1]);
    for (size_t i = 0; i < s.n; i++)
        ok &= is_alnum(s.p[i]) || s.p[i] == '-';
    return ok;
}

static bool is_issuer(struct str s)
{
    while (s.p != NULL)
        if (!is_word(str_cut(&s, '.')))
            return false;
    return true;
}

/* RFC 8659 4.2: "ca.example; account=1". An empty issuer means nobody. */
static bool issue_parse(struct str value, struct str *issuer)
{
    *issuer = str_trim_wsp(str_cut(&value, ';'));
    if (issuer->n > 0 && !is_issuer(*issuer))
        return false;
    bool ok = true;
    while (value.p != NULL) {
        struct str parameter = str_trim_wsp(str_cut(&value, ';'));
        if (parameter.n == 0 && value.p == NULL)
            break; /* a final semicolon is all that ";" has */
        struct str text = parameter, tag = str_trim_wsp(str_cut(&text, '='));
        ok &= text.p != NULL && is_word(tag);
        text = str_trim_wsp(text);
        for (size_t i = 0; i < text.n; i++)
            ok &= text.p[i] > ' ' && text.p[i] <= '~';
    }
    return ok;
}

static bool is_tag(const struct property *p, const char *tag)
{
    return str_ieq(p->tag, str_from(tag));
}

static bool is_issue_tag(const struct property *p)
{
    return is_tag(p, "issue") || is_tag(p, "issuewild") || is_tag(p, "issuemail") ||
           is_tag(p, "issuevmc");
}

static bool is_known(const struct property *p)
{
    return is_issue_tag(p) || is_tag(p, "iodef") || is_tag(p, "contactemail") ||
           is_tag(p, "contactphone");
}

/* ---- remedies ---- */

static struct str rdata_text(struct arena *a, unsigned flags, const struct property *p,
                             const char *before)
{
    struct buf out;
    buf_init(&out, 4096);
    buf_addf(&out, "%u %.*s \"%s", flags, STR_ARG(p->tag), before);
    for (size_t i = 0; i < p->value.n; i++) {
        char c = p->value.p[i];
        if (c == '"' || c == '\\')
            buf_addc(&out, '\\');
        if (c >= ' ' && c <= '~')
            buf_addc(&out, c);
        else
            buf_addf(&out, "\\%03u", (unsigned)(unsigned char)c);
    }
    buf_addc(&out, '"');
    struct str text = out.failed ? STR_NONE : arena_copy(a, buf_str(&out));
    buf_clear(&out);
    return text;
}

static void replace(struct posture_ctx *c, const struct finding *f, struct str owner,
                    const struct property *p, unsigned flags, const char *before)
{
    struct fix *x = posture_fix(c, f);
    fix_edit_add(x, FIX_REMOVE, owner, DNS_CAA, rdata_text(c->arena, p->flags, p, ""));
    fix_edit_add(x, FIX_ADD, owner, DNS_CAA, rdata_text(c->arena, flags, p, before));
}

/* ---- one record ---- */

static void judge_iodef(struct posture_ctx *c, struct str owner, const struct property *p)
{
    static const struct str schemes[] = {STR_INIT("mailto:"), STR_INIT("http://"),
                                         STR_INIT("https://")};
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (str_istarts(p->value, schemes[i]) && p->value.n > schemes[i].n)
            return;
    struct finding *f = check_add(&c->checks, FINDING_POSTURE_CAA_IODEF, "%.*s: %.*s",
                                  STR_ARG(owner), STR_ARG(p->value));
    if (str_has(p->value, '@') && !str_has(p->value, ':'))
        replace(c, f, owner, p, p->flags, "mailto:");
}

static void judge_record(struct posture_ctx *c, struct str owner, const struct dns_record *r)
{
    struct property p;
    struct str issuer;
    if (!property_parse(r->data, &p)) {
        check_add(&c->checks, FINDING_POSTURE_CAA_SYNTAX, "%.*s: the tag cannot be read",
                  STR_ARG(owner));
        return;
    }
    bool critical = (p.flags & FLAG_CRITICAL) != 0;
    if (is_issue_tag(&p) && !issue_parse(p.value, &issuer))
        check_add(&c->checks, FINDING_POSTURE_CAA_SYNTAX, "%.*s: %.*s \"%.*s\"", STR_ARG(owner),
                  STR_ARG(p.tag), STR_ARG(p.value));
    if (is_tag(&p, "iodef"))
        judge_iodef(c, owner, &p);
    if (!is_known(&p) && critical)
        replace(c,
                check_add(&c->checks, FINDING_POSTURE_CAA_CRITICAL, "%.*s: %.*s", STR_ARG(owner),
                          STR_ARG(p.tag)),
                owner, &p, 0, "");
    else if (!is_known(&p))
        check_add(&c->checks, FINDING_POSTURE_CAA_UNKNOWN, "%.*s: %.*s", STR_ARG(owner),
                  STR_ARG(p.tag));
    if ((p.flags & ~(unsigned)FLAG_CRITICAL) != 0)
        replace(c,
                check_add(&c->checks, FINDING_POSTURE_CAA_FLAGS, "%.*s: %u %.*s", STR_ARG(owner),
                          p.flags, STR_ARG(p.tag)),
                owner, &p, p.flags & FLAG_CRITICAL, "");
}

/* ---- one name ---- */

/* Asks the whole way up at once. */
static int climb(struct posture_ctx *c, struct subject *s, struct mp_err *err)
{
    struct str name = s->name;
    int waiting = MP_OK;
    for (unsigned i = 0; i < CAA_MAX_CLIMB && name.n > 0; i++) {
        const struct dns_answer *a;
        int st = posture_ask(c, name, DNS_CAA, &a, err);
        if (st < 0)
            return st;
        waiting = st == MP_WAIT ? st : waiting;
        if (st == MP_OK && s->relevant == NULL && s->failed == NULL) {
            s->relevant = a->n > 0 ? a : NULL;
            s->failed = posture_failed(a) ? a : NULL;
        }
        (void)str_cut(&name, '.');
    }
    return waiting;
}

static bool has_tag(const struct dns_answer *set, const char *tag)
{
    struct property p;
    for (size_t i = 0; i < set->n; i++)
        if (property_parse(set->records[i].data, &p) && is_tag(&p, tag))
            return true;
    return false;
}

/* Is there a CA that may issue for the name, if only by a wildcard? */
static bool may_be_issued(const struct dns_answer *set)
{
    bool restricted = has_tag(set, "issue");
    for (size_t i = 0; i < set->n; i++) {
        struct property p;
        struct str issuer;
        if (!property_parse(set->records[i].data, &p))
            continue;
        if (!is_known(&p) && (p.flags & FLAG_CRITICAL) != 0)
            return false;
        if ((is_tag(&p, "issue") || is_tag(&p, "issuewild")) && issue_parse(p.value, &issuer) &&
            issuer.n > 0)
            restricted = false;
    }
    return !restricted;
}

static bool was_judged(const struct subject *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].relevant == list[n].relevant)
            return true;
    return false;
}

static void judge(struct posture_ctx *c, const struct subject *list, size_t i)
{
    const struct subject *s = &list[i];
    if (s->failed != NULL) {
        posture_answer_failed(c, s->failed);
        return;
    }
    if (s->relevant == NULL) {
        check_add(&c->checks, FINDING_POSTURE_CAA_MISSING, "%.*s", STR_ARG(s->name));
        return;
    }
    if (!was_judged(list, i)) {
        if (s->relevant->n > CAA_MAX_RECORDS)
            posture_cut(c, "CAA records", CAA_MAX_RECORDS);
        for (size_t k = 0; k < s->relevant->n && k < CAA_MAX_RECORDS; k++)
            judge_record(c, s->relevant->name, &s->relevant->records[k]);
    }
    if (s->is_host && !may_be_issued(s->relevant))
        check_add(&c->checks, FINDING_POSTURE_CAA_FORBIDS, "%.*s", STR_ARG(s->name));
    if (!s->is_host && has_tag(s->relevant, "issue") && !has_tag(s->relevant, "issuemail"))
        check_add(&c->checks, FINDING_POSTURE_CAA_ISSUEMAIL, "%.*s", STR_ARG(s->name));
}

/* Hosts of others are the business of others. */
static size_t collect(const struct posture *p, struct subject *list, bool *cut)
{
    size_t n = 0;
    list[n++] = (struct subject){.name = p->domain};
    for (size_t i = 0; i < p->n_mx && !p->implicit_mx; i++) {
        const struct posture_mx *m = &p->mx[i];
        if (m->is_address || !domain_is_below(m->host, p->domain) || domain_eq(m->host, p->domain))
            continue;
        *cut |= n == CAA_MAX_NAMES;
        if (n < CAA_MAX_NAMES)
            list[n++] = (struct subject){.name = m->host, .is_host = true};
    }
    return n;
}

int posture_check_caa(struct posture_ctx *c, struct mp_err *err)
{
    struct subject list[CAA_MAX_NAMES];
    bool cut = false;
    int waiting = c->out->mx_ready ? MP_OK : MP_WAIT;
    size_t n = collect(c->out, list, &cut); /* before the hosts are known: the domain */
    for (size_t i = 0; i < n; i++) {
        int st = climb(c, &list[i], err);
        if (st < 0)
            return st;
        waiting = st == MP_WAIT ? st : waiting;
    }
    if (waiting != MP_OK)
        return waiting;
    check_begin(&c->checks, group, "caa.records");
    if (cut)
        posture_cut(c, "names that want certificates", CAA_MAX_NAMES);
    for (size_t i = 0; i < n; i++)
        judge(c, list, i);
    check_end(&c->checks, -1, "%zu names looked at", n);
    return MP_OK;
}
