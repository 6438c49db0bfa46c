/* BIMI assertion records (draft-brand-indicators-for-message-identification 4.2): tag lists by the
 * rules of RFC 6376 3.2, read without an arena. */
#include "auth/bimi.h"

#include "base/uri.h"

enum bimi_tag { BIMI_L, BIMI_A, BIMI_AVP, BIMI_TAGS };

static const struct str tag_names[BIMI_TAGS] = {
    [BIMI_L] = STR_INIT("l"), [BIMI_A] = STR_INIT("a"), [BIMI_AVP] = STR_INIT("avp")};

/* Only l= and a= hold URIs; the rest of a text is the same for both. */
static const char *uri_problem(enum bimi_tag tag, struct str uri)
{
    static const char *const problems[][2] = {
        [URI_BROKEN] = {"l= is not a valid URI", "a= is not a valid URI"},
        [URI_SCHEME] = {"l= is not an https: URI", "a= is not an https: URI"},
        [URI_USER] = {"l= holds a user name or password", "a= holds a user name or password"},
        [URI_ADDRESS] = {"l= names an IP address instead of a host",
                         "a= names an IP address instead of a host"},
        [URI_HOST] = {"l= has no valid host name", "a= has no valid host name"},
    };
    enum uri_fault fault = uri.n == 0 ? URI_OK : uri_https_fault(uri);
    return fault == URI_OK ? NULL : problems[fault][tag == BIMI_A];
}

/* "v" *WSP "=" *WSP "BIMI1" as the first tag: what makes a TXT a BIMI record. */
static bool version_take(struct str *rest)
{
    struct str value = str_cut(rest, ';');
    struct str name = str_cut(&value, '=');
    return name.n != 0 && name.p[0] == 'v' && value.p != NULL &&
           str_eq(str_trim_wsp(name), STR("v")) && str_eq(str_trim_wsp(value), STR("BIMI1"));
}

/* tag-name of RFC 6376 3.2 */
static bool is_tag_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_alnum(s.p[i]) && s.p[i] != '_')
            return false;
    }
    return s.n != 0 && is_alpha(s.p[0]);
}

struct parse {
    struct bimi_record *r;
    unsigned seen; /* bits of enum bimi_tag */
};

static const char *take_tag(struct parse *s, struct str name, struct str value)
{
    enum bimi_tag tag = BIMI_L;
    while (tag < BIMI_TAGS && !str_eq(name, tag_names[tag]))
        tag++;
    if (tag == BIMI_TAGS)
        return str_eq(name, STR("v")) ? "v= stands twice" : NULL;
    if ((s->seen & 1u << tag) != 0)
        return "a tag stands twice";
    s->seen |= 1u << tag;
    if (tag == BIMI_L)
        s->r->location = value;
    else if (tag == BIMI_A)
        s->r->authority = value;
    else if (str_ieq(value, STR("brand")) || str_ieq(value, STR("personal")))
        s->r->avatar = value; /* any other word: the default */
    return tag == BIMI_AVP ? NULL : uri_problem(tag, value);
}

/* l= is required; empty it declines, together with a= only. */
static const char *record_lacks(const struct parse *s)
{
    if ((s->seen & 1u << BIMI_L) == 0)
        return "l= is missing";
    return s->r->location.n == 0 && s->r->authority.n != 0 ? "l= is empty, but a= is not" : NULL;
}

bool bimi_record_parse(struct str text, struct bimi_record *out)
{
    struct bimi_record r = {.text = text, .problem = ""};
    struct parse s = {.r = &r};
    struct str rest = text;
    const char *problem = NULL;
    if (!version_take(&rest))
        return false;
    while (rest.p != NULL && problem == NULL) {
        struct str value = str_cut(&rest, ';');
        if (rest.p == NULL && str_trim_wsp(value).n == 0) /* one semicolon may end the list */
            break;
        struct str name = str_trim_wsp(str_cut(&value, '='));
        problem = value.p == NULL || !is_tag_name(name) ? "a tag is not \"name=value\""
                                                        : take_tag(&s, name, str_trim_wsp(value));
    }
    if (problem == NULL)
        problem = record_lacks(&s);
    if (problem != NULL)
        r = (struct bimi_record){.text = text, .problem = problem};
    *out = r;
    return true;
}

enum bimi_presence bimi_record_of(const struct dns_answer *txt, struct bimi_record *out)
{
    struct bimi_record r;
    size_t n = 0;
    *out = (struct bimi_record){.problem = ""};
    for (size_t i = 0; txt->status == DNS_DATA && i < txt->n; i++) {
        if (bimi_record_parse(txt->records[i].data, &r) && n++ == 0)
            *out = r;
    }
    if (n > 1) {
        *out =
            (struct bimi_record){.text = out->text, .problem = "there are several v=BIMI1 records"};
        return BIMI_SEVERAL;
    }
    if (n == 0)
        return BIMI_ABSENT;
    if (out->problem[0] != '\0')
        return BIMI_MALFORMED;
    return out->location.n == 0 ? BIMI_DECLINED : BIMI_PRESENT;
}
