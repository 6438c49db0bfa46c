/* MAIL FROM and RCPT TO: the path, then a table of parameters (RFC 5321 4.1.1.11). */
#include "base/hex.h"
#include "base/utf8.h"
#include "smtp/request_internal.h"

typedef bool param_fn(const struct smtp_offer *offer, struct smtp_request *r, struct str value,
                      struct smtp_refusal *why);

static bool syntax(struct smtp_refusal *why, const char *text)
{
    return smtp_refuse(why, 501, "5.5.4", text);
}

/* xchar, or "+" and two hexadecimal digits in upper case (RFC 3461 4). */
static bool is_xtext(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x21 || c > 0x7e || c == '=')
            return false;
        if (c != '+')
            continue;
        if (hex_octet(s, i + 1) < 0 || s.p[i + 1] >= 'a' || s.p[i + 2] >= 'a')
            return false;
        i += 2;
    }
    return true;
}

struct str smtp_read_xtext(struct arena *a, struct str s)
{
    char *p = is_xtext(s) ? arena_alloc(a, s.n + 1, 1) : NULL;
    size_t n = 0;
    for (size_t i = 0; p != NULL && i < s.n; i++) {
        bool coded = s.p[i] == '+';
        p[n++] = coded ? (char)hex_octet(s, i + 1) : s.p[i];
        i += coded ? 2 : 0;
    }
    return str_make(p, n);
}

/* ---- MAIL ---- */

static bool mail_size(const struct smtp_offer *offer, struct smtp_request *r, struct str value,
                      struct smtp_refusal *why)
{
    if (value.n == 0 || value.n > 20 || !str_to_u64(value, UINT64_MAX, &r->size_bytes)) {
        bool digits = value.n > 0 && value.n <= 20;
        for (size_t i = 0; digits && i < value.n; i++)
            digits = is_digit(value.p[i]);
        if (!digits)
            return syntax(why, "SIZE= needs a number of at most 20 digits");
        r->size_bytes = UINT64_MAX;
    }
    r->too_big = offer->max_bytes > 0 && r->size_bytes > offer->max_bytes;
    return true;
}

static bool mail_body(const struct smtp_offer *offer, struct smtp_request *r, struct str value,
                      struct smtp_refusal *why)
{
    static const struct {
        struct str word;
        enum smtp_body body;
    } bodies[] = {{STR_INIT("7BIT"), SMTP_BODY_7BIT},
                  {STR_INIT("8BITMIME"), SMTP_BODY_8BITMIME},
                  {STR_INIT("BINARYMIME"), SMTP_BODY_BINARYMIME}};
    (void)offer;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
        if (str_ieq(value, bodies[i].word)) {
            r->body = bodies[i].body;
            return true;
        }
    return syntax(why, "BODY= is 7BIT, 8BITMIME or BINARYMIME");
}

static bool no_value(struct str value, struct smtp_refusal *why)
{
    return value.p == NULL || syntax(why, "this parameter has no value");
}

static bool mail_smtputf8(const struct smtp_offer *offer, struct smtp_request *r, struct str value,
                          struct smtp_refusal *why)
{
    (void)offer;
    r->smtputf8 = true;
    return no_value(value, why);
}

static bool mail_requiretls(const struct smtp_offer *offer, struct smtp_request *r,
                            struct str value, struct smtp_refusal *why)
{
    if (!offer->requiretls)
        return smtp_refuse(why, 530, "5.7.10", "REQUIRETLS is for connections that use TLS");
    r->requiretls = true;
    return no_value(value, why);
}

static bool mail_ret(const struct smtp_offer *offer, struct smtp_request *r, struct str value,
                     struct smtp_refusal *why)
{
    (void)offer;
    r->ret = value;
    return str_ieq(value, STR("FULL")) || str_ieq(value, STR("HDRS")) ||
           syntax(why, "RET= is FULL or HDRS");
}

static bool mail_envid(const struct smtp_offer *offer, struct smtp_request *r, struct str value,
                       struct smtp_refusal *why)
{
    (void)offer;
    r->envid = value;
    return (value.n > 0 && value.n <= SMTP_ENVID_MAX_OCTETS && is_xtext(value)) ||
           syntax(why, "ENVID= is xtext of at most 100 octets");
}

static bool mail_auth(const struct smtp_offer *offer, struct smtp_request *r, struct str value,
                      struct smtp_refusal *why)
{
    (void)offer, (void)r;
    return (value.n > 0 && is_xtext(value)) || str_eq(value, STR("<>")) ||
           syntax(why, "AUTH= is <> or an address in xtext");
}

/* ---- RCPT ---- */

static bool rcpt_notify(const struct smtp_offer *offer, struct smtp_request *r, struct str value,
                        struct smtp_refusal *why)
{
    (void)offer;
    r->notify = value;
    if (str_ieq(value, STR("NEVER")))
        return true;
    for (struct str rest = value; rest.p != NULL;) {
        struct str word = str_cut(&rest, ',');
        if (!str_ieq(word, STR("SUCCESS")) && !str_ieq(word, STR("FAILURE")) &&
            !str_ieq(word, STR("DELAY")))
            return syntax(why, "NOTIFY= is NEVER, or a list of SUCCESS, FAILURE and DELAY");
    }
    return value.n > 0 || syntax(why, "NOTIFY= is empty");
}

static bool rcpt_orcpt(const struct smtp_offer *offer, struct smtp_request *r, struct str value,
                       struct smtp_refusal *why)
{
    (void)offer;
    struct str address = value, type = str_cut(&address, ';');
    r->orcpt = value;
    bool ok = value.n <= SMTP_ORCPT_MAX_OCTETS && type.n > 0 && address.n > 0;
    if (ok && str_ieq(type, STR("utf-8"))) /* RFC 6533 3: \x{...} too, or UTF-8 itself */
        ok = utf8_valid(address) && !str_has(address, '=');
    else
        ok = ok && is_xtext(address) && is_xtext(type);
    return ok || syntax(why, "ORCPT= is type;address in xtext, at most 500 octets");
}

struct param {
    struct str name;
    param_fn *read;
};
static const struct param mail_params[] = {
    {STR_INIT("SIZE"), mail_size},             /* RFC 1870 */
    {STR_INIT("BODY"), mail_body},             /* RFC 6152, RFC 3030 */
    {STR_INIT("SMTPUTF8"), mail_smtputf8},     /* RFC 6531 */
    {STR_INIT("REQUIRETLS"), mail_requiretls}, /* RFC 8689 */
    {STR_INIT("RET"), mail_ret},               /* RFC 3461 */
    {STR_INIT("ENVID"), mail_envid},
    {STR_INIT("AUTH"), mail_auth}, /* RFC 4954 5 */
};
static const struct param rcpt_params[] = {
    {STR_INIT("NOTIFY"), rcpt_notify}, /* RFC 3461 */
    {STR_INIT("ORCPT"), rcpt_orcpt},
};

static const struct param *find_param(const struct param *table, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_ieq(name, table[i].name))
            return &table[i];
    return NULL;
}

/* Parameters behind the path: SP name ["=" value], each once. */
static bool read_params(const struct smtp_offer *offer, const struct param *table, size_t n_table,
                        struct smtp_request *r, struct smtp_refusal *why)
{
    unsigned seen = 0;
    if (r->params_text.n > 0 && !offer->extended)
        return smtp_refuse(why, 555, "5.5.4", "parameters need EHLO, not HELO");
    for (struct str rest = r->params_text; rest.n > 0;) {
        struct str value = str_cut(&rest, ' '), name = str_cut(&value, '=');
        if (name.n == 0)
            return syntax(why, "between parameters stands one space");
        const struct param *p = find_param(table, n_table, name);
        if (p == NULL)
            return smtp_refuse(why, 555, "5.5.4", "a parameter is not known here");
        unsigned bit = 1u << (p - table);
        if ((seen & bit) != 0)
            return syntax(why, "a parameter stands there twice");
        seen |= bit;
        if (!p->read(offer, r, value, why))
            return false;
    }
    return true;
}

/* "FROM:" or "TO:", the path, a space, parameters. A space behind the colon is wrong and common:
 * it is named, not taken. */
static bool read_path(struct smtp_request *r, struct str keyword, bool is_mail,
                      struct smtp_refusal *why)
{
    const char *reason;
    if (!str_istarts(r->argument, keyword))
        return syntax(why, is_mail ? "the command is MAIL FROM:<address>"
                                   : "the command is RCPT TO:<address>");
    struct str rest = str_slice(r->argument, keyword.n, r->argument.n);
    if (!smtp_path_take(&rest, is_mail, !is_mail, &r->path, &reason))
        return smtp_refuse(why, 501, is_mail ? "5.1.7" : "5.1.3", reason);
    if (rest.n > 0 && rest.p[0] != ' ')
        return syntax(why, "a space must stand between > and parameters");
    r->params_text = str_slice(rest, 1, rest.n);
    return true;
}

bool smtp_read_mail(const struct smtp_offer *offer, struct smtp_request *r,
                    struct smtp_refusal *why)
{
    if (!read_path(r, STR("FROM:"), true, why) ||
        !read_params(offer, mail_params, ARRAY_LEN(mail_params), r, why))
        return false;
    if (r->path.utf8 && !r->smtputf8)
        return smtp_refuse(why, 553, "5.6.7", "the address is not ASCII: say SMTPUTF8 with MAIL");
    return !r->too_big ||
           smtp_refuse(why, 552, "5.3.4", "the message is larger than this server takes (SIZE)");
}

bool smtp_read_rcpt(const struct smtp_offer *offer, struct smtp_request *r,
                    struct smtp_refusal *why)
{
    return read_path(r, STR("TO:"), false, why) &&
           read_params(offer, rcpt_params, ARRAY_LEN(rcpt_params), r, why);
}
