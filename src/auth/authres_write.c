/* Writing Authentication-Results (RFC 8601 2.2): nothing from outside stands there raw (N47). */
#include "auth/authres.h"
#include "auth/authres_internal.h"
#include "base/idna.h"
#include "base/utf8.h"

#include <stdio.h>

enum {
    LINE_USUAL = 78,  /* RFC 5322 2.1.1 */
    VALUE_MAX = 400,  /* a longer one cannot be an identifier; doubled by quoting it stays < 998 */
    COLUMN_OF_TAB = 8 /* where a folded line begins to the eye */
};

struct writer {
    struct buf *out;
    size_t column;
    bool started; /* a result was written: the next needs a ";" before it */
};

/* ---- values ---- */

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_token_byte(s.p[i]) || (unsigned char)s.p[i] >= 0x80)
            return false;
    return s.n != 0;
}

/* How many bytes from the front are printable ASCII that means itself in quotes. */
static size_t plain_bytes(struct str s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] >= ' ' && s.p[n] <= '~' && s.p[n] != '"' && s.p[n] != '\\')
        n++;
    return n;
}

void authres_write_value(struct buf *out, struct str value)
{
    if (is_token(value)) {
        buf_add(out, value);
        return;
    }
    buf_addc(out, '"');
    while (value.n != 0) {
        size_t plain = plain_bytes(value);
        buf_add(out, str_slice(value, 0, plain));
        value = str_slice(value, plain, value.n);
        if (value.n == 0)
            break;
        struct str rest = value;
        int32_t code_point = utf8_next(&rest);
        struct str bytes = str_slice(value, 0, value.n - rest.n);
        if (code_point == '"' || code_point == '\\')
            buf_addc(out, '\\');
        if (code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0))
            buf_addc(out, '?'); /* not UTF-8, C0, DEL, C1 */
        else
            buf_add(out, bytes);
        value = rest;
    }
    buf_addc(out, '"');
}

/* atext with single dots between (RFC 5322 3.2.3); empty is allowed before "@" (RFC 8601 2.2). */
static bool is_dot_atom(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool dot = c == '.' && i != 0 && i + 1 < s.n && s.p[i + 1] != '.';
        if (!dot && (c == '.' || c == ':' || c == '@' || c == '[' || c == ']' ||
                     !is_pvalue_byte(c) || (unsigned char)c >= 0x80))
            return false;
    }
    return true;
}

static void write_pvalue(struct buf *out, struct str value)
{
    size_t at = str_find(value, '@');
    bool plain_mailbox = at < value.n && is_dot_atom(str_slice(value, 0, at)) &&
                         domain_is_ldh(str_slice(value, at + 1, value.n));
    if (plain_mailbox)
        buf_add(out, value);
    else
        authres_write_value(out, value);
}

/* ---- lines ---- */

static void fold(struct writer *w)
{
    buf_addz(w->out, "\r\n\t");
    w->column = COLUMN_OF_TAB;
}

/* A space, or a fold when `bytes` more would pass the usual line length. */
static void gap(struct writer *w, size_t bytes)
{
    if (w->column + 1 + bytes > LINE_USUAL) {
        fold(w);
        return;
    }
    buf_addc(w->out, ' ');
    w->column++;
}

static void result(struct writer *w, const char *method, const char *word)
{
    if (w->started) {
        buf_addc(w->out, ';');
        fold(w);
    }
    w->started = true;
    size_t before = w->out->n;
    buf_addz(w->out, method);
    buf_addc(w->out, '=');
    buf_addz(w->out, word);
    w->column += w->out->n - before;
}

/* " name=value", or nothing for an empty value. Too long a one is cut and says so by its dots. */
static void detail(struct writer *w, const char *name, struct str value)
{
    static const struct str dots = STR_INIT("...");
    char cut[VALUE_MAX];
    if (value.n == 0)
        return;
    if (value.n > VALUE_MAX) {
        size_t keep = VALUE_MAX - dots.n;
        while (keep > 0 && ((unsigned char)value.p[keep] & 0xc0) == 0x80)
            keep--;
        memcpy(cut, value.p, keep);
        memcpy(cut + keep, dots.p, dots.n);
        value = str_make(cut, keep + dots.n);
    }
    gap(w, strlen(name) + 1 + value.n + 2);
    size_t before = w->out->n;
    buf_addz(w->out, name);
    buf_addc(w->out, '=');
    if (strcmp(name, "reason") == 0)
        authres_write_value(w->out, value);
    else
        write_pvalue(w->out, value);
    w->column += w->out->n - before;
}

/* ---- methods ---- */

static struct str without_angles(struct str path)
{
    bool angles = path.n >= 2 && path.p[0] == '<' && path.p[path.n - 1] == '>';
    return angles ? str_slice(path, 1, path.n - 1) : path;
}

static void write_spf(struct writer *w, const struct authres_input *in)
{
    const struct spf_outcome *spf = in->spf;
    const struct spf_request *req = in->spf_request;
    result(w, "spf", spf_result_name(spf->result));
    detail(w, "reason", spf->reason);
    if (spf->identity == SPF_HELO) {
        detail(w, "smtp.helo", req != NULL && req->helo.n != 0 ? req->helo : spf->domain);
        return;
    }
    struct str from = req == NULL ? STR_NONE : without_angles(req->mail_from);
    detail(w, "smtp.mailfrom", from.n != 0 ? from : spf->domain);
}

static void write_dkim(struct writer *w, const struct dkim_outcome *dkim)
{
    if (dkim->n == 0)
        result(w, "dkim", dkim_result_name(dkim->result));
    for (size_t i = 0; i < dkim->n; i++) {
        const struct dkim_signature *s = &dkim->sigs[i];
        result(w, "dkim", dkim_result_name(s->result));
        if (s->result != DKIM_PASS)
            detail(w, "reason", s->reason);
        detail(w, "header.d", s->domain);
        detail(w, "header.i", s->identity);
        detail(w, "header.s", s->selector);
        detail(w, "header.a", s->algorithm);
        detail(w, "header.b", s->b_prefix);
    }
}

/* RFC 8617 10.2: the properties a later hop needs to judge the chain and this hop's own view. */
static void write_arc(struct writer *w, const struct authres_input *in)
{
    char number[16], address[IP_TEXT_MAX];
    const struct arc_outcome *arc = in->arc;
    result(w, "arc", arc_result_name(arc->result));
    if (arc->result != ARC_PASS)
        detail(w, "reason", arc->reason);
    if (arc->result == ARC_PASS) {
        snprintf(number, sizeof number, "%u", arc->oldest_pass);
        detail(w, "header.oldest-pass", str_from(number));
    }
    if (in->spf_request != NULL && in->spf_request->client.family != IP_NONE)
        detail(w, "smtp.remote-ip", str_make(address, ip_write(&in->spf_request->client, address)));
}

/* policy.dmarc: the policy after all tags (RFC 9989 10.2); and why it was not followed (N44). */
static void write_dmarc(struct writer *w, const struct dmarc_outcome *dmarc)
{
    result(w, "dmarc", dmarc_result_name(dmarc->result));
    if (dmarc->result != DMARC_PASS)
        detail(w, "reason", dmarc->reason);
    detail(w, "header.from", dmarc->author_domain);
    if (dmarc->record != NULL && dmarc->policy != DMARC_P_UNSET)
        detail(w, "policy.dmarc", str_from(dmarc_policy_name(dmarc->policy)));
    detail(w, "policy.override", dmarc->override_reason);
}

static void write_all(struct writer *w, const struct authres_input *in)
{
    if (in->spf != NULL)
        write_spf(w, in);
    if (in->dkim != NULL)
        write_dkim(w, in->dkim);
    if (in->arc != NULL)
        write_arc(w, in);
    if (in->dmarc != NULL)
        write_dmarc(w, in->dmarc);
}

static bool is_empty(const struct authres_input *in)
{
    return in->spf == NULL && in->dkim == NULL && in->arc == NULL && in->dmarc == NULL;
}

void authres_write_results(struct buf *out, const struct authres_input *in)
{
    struct writer w = {.out = out, .column = COLUMN_OF_TAB};
    write_all(&w, in);
    if (is_empty(in))
        buf_addz(out, "none");
}

void authres_write(struct buf *out, const struct authres_input *in)
{
    authres_write_value(out, in->authserv_id);
    buf_addz(out, is_empty(in) ? "; " : ";\r\n\t");
    authres_write_results(out, in);
}
