/* What the server that took the mail in wrote down about its authentication. Only failures count:
 * nobody forges those, while passes are forged. */
#include "phish/phish_internal.h"

enum { RECORDED_MAX_BYTES = 4096, RECORDED_MAX_RESULTS = 64 };

enum recorded_method {
    RECORDED_SPF,
    RECORDED_DKIM,
    RECORDED_DMARC,
    RECORDED_COMPOSITE,
    RECORDED_METHODS
};

static const struct str methods[RECORDED_METHODS] = {
    [RECORDED_SPF] = STR_INIT("spf"),
    [RECORDED_DKIM] = STR_INIT("dkim"),
    [RECORDED_DMARC] = STR_INIT("dmarc"),
    [RECORDED_COMPOSITE] = STR_INIT("compauth"), /* of Microsoft: all together */
};

struct recorded {
    bool any, pass[RECORDED_METHODS], fail[RECORDED_METHODS], soft;
};

/* The piece before the next semicolon that stands in no comment and in no quotes. */
static struct str next_piece(struct str *s)
{
    size_t n = 0, depth = 0;
    bool quoted = false;
    for (; n < s->n; n++) {
        char c = s->p[n];
        if (c == '\\')
            n += n + 1 < s->n;
        else if (c == '"' && depth == 0)
            quoted = !quoted;
        else if (c == '(' && !quoted)
            depth++;
        else if (c == ')' && !quoted)
            depth -= depth > 0;
        else if (c == ';' && !quoted && depth == 0)
            break;
    }
    struct str piece = str_slice(*s, 0, n);
    *s = str_slice(*s, n + 1, s->n);
    return piece;
}

static void read_result(struct recorded *r, struct str piece)
{
    struct str value = str_trim(piece), name = str_trim(str_cut(&value, '='));
    size_t end = 0;
    value = str_trim(value);
    while (end < value.n && is_alpha(value.p[end]))
        end++;
    struct str result = str_slice(value, 0, end);
    for (size_t i = 0; i < RECORDED_METHODS; i++) {
        if (!str_ieq(name, methods[i]))
            continue;
        r->any = true;
        r->pass[i] |= str_ieq(result, STR("pass")) || str_ieq(result, STR("bestguesspass"));
        r->fail[i] |= str_ieq(result, STR("fail")) || str_ieq(result, STR("hardfail"));
        r->soft |= str_ieq(result, STR("softfail"));
    }
}

/* The topmost field is the last server's, which handed the mail to its reader. */
static struct recorded read_field(const struct header *h)
{
    struct recorded r = {.any = false};
    struct str rest = str_slice(h->value, 0, RECORDED_MAX_BYTES);
    for (unsigned i = 0; i < RECORDED_MAX_RESULTS && rest.n > 0; i++)
        read_result(&r, next_piece(&rest));
    return r;
}

int recorded_check(struct phish *p, struct mp_err *err)
{
    const struct header *h = header_first(p->in->message, STR("Authentication-Results"));
    (void)err;
    p->unproven = p->in->auth_checked && !p->in->dmarc_pass;
    if (h == NULL || (p->in->auth_checked && p->in->dmarc_pass))
        return MP_OK;
    struct recorded r = read_field(h);
    bool proven = r.pass[RECORDED_DMARC];
    p->unproven = p->unproven || (r.any && !proven);
    bool failed = r.fail[RECORDED_DMARC] || r.fail[RECORDED_COMPOSITE] || r.fail[RECORDED_SPF];
    bool weak = r.soft || (r.fail[RECORDED_DKIM] && !r.pass[RECORDED_DKIM]) ||
                (r.any && !r.pass[RECORDED_SPF] && !r.pass[RECORDED_DKIM]);
    if (proven || !(failed || weak))
        return MP_OK;
    struct finding *f =
        finding_add(p->findings, FINDING_SENDER_RECORDED_FAIL,
                    phish_where(p, STR("Authentication-Results")), STR_FMT,
                    STR_ARG(str_slice(str_trim(h->value), 0, FINDING_EVIDENCE_MAX)));
    if (f != NULL && (!failed || p->people.is_forum)) /* which breaks signatures */
        f->severity = SEV_LOW;
    return MP_OK;
}
