/* Command lines: a table of verbs, each with a reader of its argument. */
#include "smtp/request.h"

#include "base/utf8.h"
#include "smtp/request_internal.h"

typedef bool read_fn(const struct smtp_offer *offer, struct smtp_request *r,
                     struct smtp_refusal *why);

bool smtp_refuse(struct smtp_refusal *why, unsigned code, const char *enhanced, const char *text)
{
    *why = (struct smtp_refusal){code, enhanced, text};
    return false;
}

static bool syntax(struct smtp_refusal *why, const char *text)
{
    return smtp_refuse(why, 501, "5.5.4", text);
}

static bool read_helo(const struct smtp_offer *offer, struct smtp_request *r,
                      struct smtp_refusal *why)
{
    (void)offer;
    if (r->argument.n == 0)
        return syntax(why, "a name is missing: EHLO client.example.org");
    if (!smtp_helo_ok(r->argument))
        return syntax(why, "that is neither a domain nor an address literal such as [192.0.2.1]");
    return true;
}

static bool read_nothing(const struct smtp_offer *offer, struct smtp_request *r,
                         struct smtp_refusal *why)
{
    (void)offer;
    return r->argument.n == 0 || syntax(why, "this command has no argument");
}

static bool read_anything(const struct smtp_offer *offer, struct smtp_request *r,
                          struct smtp_refusal *why)
{
    (void)offer, (void)r, (void)why;
    return true;
}

static bool read_word(const struct smtp_offer *offer, struct smtp_request *r,
                      struct smtp_refusal *why)
{
    (void)offer;
    return r->argument.n > 0 || syntax(why, "an argument is missing");
}

/* BDAT chunk-size [SP "LAST"] (RFC 3030 2). */
static bool read_bdat(const struct smtp_offer *offer, struct smtp_request *r,
                      struct smtp_refusal *why)
{
    (void)offer;
    struct str rest = r->argument, size = str_cut(&rest, ' ');
    if (!str_to_u64(size, INT64_MAX, &r->chunk_bytes))
        return syntax(why, "BDAT needs a number of octets, and LAST for the last chunk");
    r->last = rest.p != NULL && str_ieq(rest, STR("LAST"));
    return rest.p == NULL || r->last ||
           syntax(why, "behind the octets of BDAT only LAST may stand");
}

/* AUTH mechanism [SP initial-response] (RFC 4954 4). */
static bool read_auth(const struct smtp_offer *offer, struct smtp_request *r,
                      struct smtp_refusal *why)
{
    (void)offer;
    struct str rest = r->argument;
    r->mechanism = str_cut(&rest, ' ');
    r->has_initial = rest.p != NULL;
    r->initial = rest;
    if (r->mechanism.n == 0)
        return syntax(why, "a mechanism is missing");
    if (r->has_initial && (rest.n == 0 || str_has(rest, ' ')))
        return syntax(why, "the initial response is one word of base64, or =");
    return true;
}

static bool read_xclient(const struct smtp_offer *offer, struct smtp_request *r,
                         struct smtp_refusal *why)
{
    if (!offer->xclient)
        return smtp_refuse(why, 550, "5.7.0", "XCLIENT is not allowed here");
    if (r->argument.n == 0)
        return syntax(why, "XCLIENT needs NAME=value pairs");
    for (struct str rest = r->argument; rest.p != NULL;) {
        struct str value = str_cut(&rest, ' '), name = str_cut(&value, '=');
        if (name.n == 0 || value.p == NULL)
            return syntax(why, "XCLIENT has NAME=value pairs, one space between them");
        if (r->n_attributes == ARRAY_LEN(r->attributes))
            return syntax(why, "too many attributes");
        r->attributes[r->n_attributes++] = (struct smtp_param){name, value};
    }
    return true;
}

static const struct verb {
    struct str name;
    read_fn *read;
} verbs[] = {
    [SMTP_HELO] = {STR_INIT("HELO"), read_helo},
    [SMTP_EHLO] = {STR_INIT("EHLO"), read_helo},
    [SMTP_LHLO] = {STR_INIT("LHLO"), read_helo},
    [SMTP_MAIL] = {STR_INIT("MAIL"), smtp_read_mail},
    [SMTP_RCPT] = {STR_INIT("RCPT"), smtp_read_rcpt},
    [SMTP_DATA] = {STR_INIT("DATA"), read_nothing},
    [SMTP_BDAT] = {STR_INIT("BDAT"), read_bdat},
    [SMTP_RSET] = {STR_INIT("RSET"), read_nothing},
    [SMTP_NOOP] = {STR_INIT("NOOP"), read_anything},
    [SMTP_QUIT] = {STR_INIT("QUIT"), read_nothing},
    [SMTP_VRFY] = {STR_INIT("VRFY"), read_word},
    [SMTP_EXPN] = {STR_INIT("EXPN"), read_word},
    [SMTP_HELP] = {STR_INIT("HELP"), read_anything},
    [SMTP_STARTTLS] = {STR_INIT("STARTTLS"), read_nothing},
    [SMTP_AUTH] = {STR_INIT("AUTH"), read_auth},
    [SMTP_XCLIENT] = {STR_INIT("XCLIENT"), read_xclient},
};

const char *smtp_verb_name(enum smtp_verb v)
{
    return (size_t)v < ARRAY_LEN(verbs) ? verbs[v].name.p : "?";
}

static enum smtp_verb find_verb(struct str word)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (str_ieq(word, verbs[i].name))
            return (enum smtp_verb)i;
    return SMTP_VERB_UNKNOWN;
}

/* Controls have no place in any command; a byte above 127 only as part of UTF-8. */
static bool check_octets(struct str line, struct smtp_refusal *why)
{
    bool ascii = true;
    for (size_t i = 0; i < line.n; i++) {
        unsigned char c = (unsigned char)line.p[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return smtp_refuse(why, 500, "5.5.2", "a control character stands in the command");
        ascii = ascii && c < 0x80;
    }
    return ascii || utf8_valid(line) ||
           smtp_refuse(why, 500, "5.5.2", "the command is neither ASCII nor UTF-8");
}

bool smtp_request_parse(struct str line, const struct smtp_offer *offer, struct smtp_request *out,
                        struct smtp_refusal *why)
{
    struct smtp_request r;
    memset(&r, 0, offsetof(struct smtp_request, attributes));
    r.n_attributes = 0;
    struct str rest = line;
    r.verb_text = str_cut(&rest, ' ');
    r.argument = str_trim_wsp(rest);
    r.verb = find_verb(r.verb_text);
    bool ok = check_octets(line, why);
    if (ok && r.verb == SMTP_VERB_UNKNOWN)
        ok = smtp_refuse(why, 500, "5.5.2",
                         line.n == 0 ? "an empty line is no command" : "there is no such command");
    ok = ok && verbs[r.verb].read(offer, &r, why);
    *out = r;
    return ok;
}
