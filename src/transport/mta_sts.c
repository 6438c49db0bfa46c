/* MTA-STS (RFC 8461): one TXT record, the policy file line by line, and which hosts it names. */
#include "transport/mta_sts.h"

#include "base/utf8.h"
#include "transport/txt_field.h"

enum { LABEL_MAX = 63, NAME_MAX_OCTETS = 253 };

/* ---- the TXT record, 3.1 ---- */

static const struct str version_text = STR_INIT("v=STSv1");

static bool is_id(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_alnum(s.p[i]))
            return false;
    }
    return s.n != 0 && s.n <= MTA_STS_ID_MAX;
}

/* One sts-field. Returns what is wrong with it, or NULL. The first id counts. */
static const char *record_field(struct str field, struct mta_sts_record *r)
{
    struct str value = field, name = str_cut(&value, '=');
    if (value.p == NULL)
        return "a field has no \"=\"";
    if (!txt_field_name(name))
        return "the name of a field is not valid";
    if (!str_eq(name, STR("id")))
        return txt_field_value(value) ? NULL : "the value of a field is empty or not valid";
    if (!is_id(value))
        return "id= is not 1 to 32 letters and digits";
    if (r->id.n == 0)
        r->id = value;
    return NULL;
}

bool mta_sts_record_parse(struct str text, struct mta_sts_record *out)
{
    struct mta_sts_record r = {.text = text, .problem = ""};
    struct str rest;
    if (!txt_version_take(text, version_text, &rest))
        return false;
    const char *problem = rest.p == NULL ? "no \";\" follows v=STSv1" : NULL;
    while (rest.p != NULL && problem == NULL) {
        struct str field = str_trim_wsp(str_cut(&rest, ';'));
        if (field.n == 0 && rest.p == NULL) /* one delimiter may end the record */
            break;
        problem = field.n == 0 ? "a field is empty" : record_field(field, &r);
    }
    if (problem == NULL && r.id.n == 0)
        problem = "id= is missing";
    if (problem != NULL) {
        r.id = STR_NONE;
        r.problem = problem;
    }
    *out = r;
    return true;
}

/* 3.1: strings that do not begin with "v=STSv1;" are discarded first; of the rest there must be
 * exactly one. A lone "v=STSv1" is told as malformed when nothing better is there. */
enum mta_sts_presence mta_sts_record_of(const struct dns_answer *txt, struct mta_sts_record *out)
{
    struct mta_sts_record kept = {.problem = ""}, r;
    size_t complete = 0, bare = 0;
    for (size_t i = 0; txt->status == DNS_DATA && i < txt->n; i++) {
        struct str rest;
        if (!txt_version_take(txt->records[i].data, version_text, &rest))
            continue;
        bool is_bare = rest.p == NULL;
        if (!mta_sts_record_parse(txt->records[i].data, &r))
            continue;
        if (complete == 0 && (!is_bare || bare == 0))
            kept = r;
        complete += !is_bare;
        bare += is_bare;
    }
    *out = kept;
    if (complete > 1) {
        out->id = STR_NONE;
        out->problem = "there are several v=STSv1 records";
        return MTA_STS_SEVERAL;
    }
    if (complete + bare == 0)
        return MTA_STS_ABSENT;
    return kept.problem[0] == '\0' ? MTA_STS_PRESENT : MTA_STS_MALFORMED;
}

/* ---- the policy file, 3.2 ---- */

static const struct str mode_names[] = {[MTA_STS_NONE] = STR_INIT("none"),
                                        [MTA_STS_TESTING] = STR_INIT("testing"),
                                        [MTA_STS_ENFORCE] = STR_INIT("enforce")};

const char *mta_sts_mode_name(enum mta_sts_mode m)
{
    return (size_t)m < ARRAY_LEN(mode_names) ? mode_names[m].p : "?";
}

/* Domain of RFC 5321 4.1.2: labels of letters, digits and inner hyphens; A-labels for others. */
static bool is_domain(struct str s)
{
    struct str rest = s;
    if (s.n == 0 || s.n > NAME_MAX_OCTETS)
        return false;
    while (rest.p != NULL) {
        struct str label = str_cut(&rest, '.');
        if (label.n == 0 || label.n > LABEL_MAX || label.p[0] == '-' || label.p[label.n - 1] == '-')
            return false;
        for (size_t i = 0; i < label.n; i++) {
            if (!is_alnum(label.p[i]) && label.p[i] != '-')
                return false;
        }
    }
    return true;
}

/* sts-policy-ext-value: visible ASCII or UTF-8, spaces only inside. */
static bool is_policy_value(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < ' ' || c == 0x7f)
            return false;
    }
    return s.n != 0 && s.p[0] != ' ' && s.p[s.n - 1] != ' ' && utf8_valid(s);
}

struct policy_parse {
    struct mta_sts_policy *p;
    bool version, mode, max_age; /* seen: later ones are ignored */
};

static const char *take_version(struct policy_parse *s, struct str value)
{
    if (s->version)
        return NULL;
    s->version = true;
    return str_eq(value, STR("STSv1")) ? NULL : "version is not \"STSv1\"";
}

static const char *take_mode(struct policy_parse *s, struct str value)
{
    if (s->mode)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(mode_names); i++) {
        if (str_eq(value, mode_names[i])) {
            s->p->mode = (enum mta_sts_mode)i;
            s->mode = true;
            return NULL;
        }
    }
    return "mode is none of \"enforce\", \"testing\", \"none\"";
}

static const char *take_max_age(struct policy_parse *s, struct str value)
{
    uint64_t age;
    if (s->max_age)
        return NULL;
    if (!str_to_u64(value, MTA_STS_MAX_AGE_S, &age))
        return "max_age is not a number of seconds up to 31557600";
    s->p->max_age_s = (uint32_t)age;
    s->max_age = true;
    return NULL;
}

static const char *take_mx(struct policy_parse *s, struct str value)
{
    struct str domain = str_starts(value, STR("*.")) ? str_slice(value, 2, value.n) : value;
    if (!is_domain(domain))
        return "mx is no host name, nor \"*.\" and a domain";
    if (s->p->n_mx == MTA_STS_MAX_MX)
        return "more mx lines than the 100 that are read";
    s->p->mx[s->p->n_mx++] = value;
    return NULL;
}

static const struct {
    struct str name;
    const char *(*take)(struct policy_parse *s, struct str value);
} policy_fields[] = {
    {STR_INIT("version"), take_version},
    {STR_INIT("mode"), take_mode},
    {STR_INIT("max_age"), take_max_age},
    {STR_INIT("mx"), take_mx},
};

/* One line without its end. Returns what is wrong with it, or NULL. */
static const char *policy_line(struct policy_parse *s, struct str line)
{
    struct str value = line, name = str_cut(&value, ':');
    if (value.p == NULL)
        return "no \":\" in it";
    if (!txt_field_name(name))
        return "the name of the field is not valid";
    value = str_trim_wsp(value);
    for (size_t i = 0; i < ARRAY_LEN(policy_fields); i++) {
        if (str_eq(name, policy_fields[i].name))
            return policy_fields[i].take(s, value);
    }
    return is_policy_value(value) ? NULL : "the value of the field is empty or not valid";
}

static const char *policy_lacks(const struct policy_parse *s)
{
    if (!s->version)
        return "version is missing";
    if (!s->mode)
        return "mode is missing";
    if (!s->max_age)
        return "max_age is missing";
    return s->p->n_mx == 0 && s->p->mode != MTA_STS_NONE ? "mx is missing" : NULL;
}

int mta_sts_policy_parse(struct str body, struct mta_sts_policy *out, struct mp_err *err)
{
    struct mta_sts_policy p = {.mode = MTA_STS_NONE};
    struct policy_parse s = {.p = &p};
    struct str rest = body;
    if (body.n > MTA_STS_POLICY_MAX_BYTES)
        return mp_fail(err, MP_E_SYNTAX, 0, "the policy is longer than %d bytes",
                       MTA_STS_POLICY_MAX_BYTES);
    for (int number = 1; rest.n != 0; number++) {
        struct str line = str_cut(&rest, '\n');
        bool has_cr = line.n != 0 && line.p[line.n - 1] == '\r';
        p.lf_only |= rest.p != NULL && !has_cr;
        line.n -= has_cr;
        if (line.n == 0) {
            p.blank_lines = true;
            continue;
        }
        const char *problem = policy_line(&s, line);
        if (problem != NULL)
            return mp_fail(err, MP_E_SYNTAX, number, "line %d: %s", number, problem);
    }
    const char *lacks = policy_lacks(&s);
    if (lacks != NULL)
        return mp_fail(err, MP_E_SYNTAX, 0, "%s", lacks);
    *out = p;
    return MP_OK;
}

/* ---- hosts, 4.1 ---- */

bool mta_sts_matches(struct str pattern, struct str host)
{
    if (host.n != 0 && host.p[host.n - 1] == '.')
        host.n--;
    if (host.n == 0)
        return false;
    if (!str_starts(pattern, STR("*.")))
        return str_ieq(pattern, host);
    size_t dot = str_find(host, '.');
    return dot != 0 && dot < host.n && pattern.n > 2 &&
           str_ieq(str_slice(pattern, 1, pattern.n), str_slice(host, dot, host.n));
}

bool mta_sts_allows(const struct mta_sts_policy *p, struct str host)
{
    for (size_t i = 0; i < p->n_mx; i++) {
        if (mta_sts_matches(p->mx[i], host))
            return true;
    }
    return false;
}
