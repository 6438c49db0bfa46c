/* Which domain a message claims to come from, and what in From may deceive its readers. */
#include "auth/author.h"

#include "base/confusable.h"
#include "base/idna.h"
#include "base/utf8.h"
#include "message/encoded_word.h"
#include "message/limits.h"

#define FROM STR("From")

static const char *const status_names[] = {
    [AUTHOR_OK] = "ok",
    [AUTHOR_NONE] = "none",
    [AUTHOR_MULTIPLE_FIELDS] = "multiple-fields",
    [AUTHOR_MULTIPLE_DOMAINS] = "multiple-domains",
    [AUTHOR_LITERAL] = "literal",
    [AUTHOR_INVALID] = "invalid",
};

const char *author_status_name(enum author_status s)
{
    return (unsigned)s < ARRAY_LEN(status_names) ? status_names[s] : "?";
}

/* ---- the verdict on From ---- */

static void judge(struct author *a, enum author_status status, const char *reason)
{
    a->status = status;
    a->reason = str_from(reason);
}

static bool has_invisible(struct str text)
{
    for (int32_t c; (c = utf8_next(&text)) != UTF8_END;)
        if (utf8_is_invisible(c))
            return true;
    return false;
}

/* Joiners are letters' neighbours in Arabic and Indic scripts (RFC 5892 A.1, A.2); beside others
 * they are as invisible as the rest. */
static bool domain_has_invisible(struct str domain)
{
    enum { ZWNJ = 0x200c, ZWJ = 0x200d, FIRST_JOINING = 0x0600 };
    int32_t before = 0;
    for (int32_t c; (c = utf8_next(&domain)) != UTF8_END; before = c) {
        struct str rest = domain;
        bool joiner = c == ZWNJ || c == ZWJ;
        if (joiner && before >= FIRST_JOINING && utf8_next(&rest) >= FIRST_JOINING)
            continue;
        if (utf8_is_invisible(c))
            return true;
    }
    return false;
}

/* Everything that lets two readers see different From fields. The reader's program cannot be
 * known, so none of these may ever validate (N25, N42). */
static bool fields_are_clear(const struct message *m, struct author *out)
{
    size_t n = header_count(m, FROM);
    bool hidden = header_hidden(m, FROM);
    if (n > 1)
        judge(out, AUTHOR_MULTIPLE_FIELDS, "several From fields");
    else if (hidden && n == 1)
        judge(out, AUTHOR_MULTIPLE_FIELDS, "some readers see a further From field");
    else if (hidden)
        judge(out, AUTHOR_INVALID, "the only From field is malformed");
    else if (n == 0)
        judge(out, AUTHOR_NONE, "no From field");
    else if (header_count_lenient(m, FROM) != n)
        judge(out, AUTHOR_INVALID, "some readers see the fields end before From");
    else if (message_has(m, ANOMALY_TOO_MANY_FIELDS) || message_has(m, ANOMALY_HEAD_TOO_LONG))
        judge(out, AUTHOR_INVALID, "not all header fields were read");
    else
        return true;
    return false;
}

/* The DNS name of a mailbox (N27, N42). */
static const char *mailbox_domain(struct arena *arena, const struct mailbox *m, struct str *domain)
{
    if (!utf8_valid(m->domain))
        return "the domain is not UTF-8";
    if (domain_has_invisible(m->domain))
        return "the domain holds invisible characters";
    if (!idna_to_ascii(arena, m->domain, domain) || !domain_is_ldh(*domain))
        return "the domain cannot be a DNS name";
    if (domain_has_invisible(idna_to_unicode(arena, *domain)))
        return "the domain decodes to invisible characters";
    return NULL;
}

static bool list_is_usable(const struct address_list *list, struct author *out)
{
    if (list->status == ADDRESS_EMPTY)
        judge(out, AUTHOR_NONE, "From names no mailbox");
    else if (list->status != ADDRESS_OK)
        judge(out, AUTHOR_INVALID, list->reason);
    else if (list->encoded_word_as_address)
        judge(out, AUTHOR_INVALID, "an encoded word stands where an address must stand");
    else
        return true;
    return false;
}

/* One domain for all mailboxes, or the reason why not. */
static void judge_domains(struct arena *arena, const struct address_list *list, struct author *out)
{
    struct str domain = STR_NONE, one;
    const char *reason;
    for (size_t i = 0; i < list->n; i++) {
        const struct mailbox *m = &list->items[i];
        if (m->null_address) {
            judge(out, AUTHOR_INVALID, "an empty address stands beside others");
            return;
        }
        one = m->domain;
        if (!m->domain_is_literal && (reason = mailbox_domain(arena, m, &one)) != NULL) {
            judge(out, AUTHOR_INVALID, reason);
            return;
        }
        if (i > 0 && !str_ieq(one, domain)) {
            judge(out, AUTHOR_MULTIPLE_DOMAINS, "mailboxes of several domains");
            return;
        }
        domain = one;
    }
    if (list->items[0].domain_is_literal) {
        judge(out, AUTHOR_LITERAL, "an address literal is no domain");
        return;
    }
    out->status = AUTHOR_OK;
    out->domain = domain;
}

void author_check(struct auth_ctx *ctx, struct author *out)
{
    *out = (struct author){.status = AUTHOR_NONE, .reason = STR("no message")};
    if (ctx->msg == NULL)
        return;
    out->field = header_first(ctx->msg, FROM);
    out->list.status = ADDRESS_EMPTY;
    if (out->field != NULL)
        address_parse(ctx->arena, out->field->value, &out->list);
    if (!fields_are_clear(ctx->msg, out) || !list_is_usable(&out->list, out))
        return;
    out->reason = STR_NONE;
    judge_domains(ctx->arena, &out->list, out);
}

/* ---- what may deceive readers ---- */

static struct finding_where where(const struct author *a)
{
    struct finding_where w = {.header = FROM};
    if (a->field != NULL) {
        w.offset = a->field->offset;
        w.length = a->field->raw.n;
        w.has_offset = true;
    }
    return w;
}

static bool is_domain_byte(char c)
{
    return is_alnum(c) || c == '-' || c == '.' || (unsigned char)c >= 0x80;
}

/* The domain of the first address in `text` that is neither `own` nor above or below it. */
static struct str foreign_address(struct arena *arena, struct str text, struct str own)
{
    enum { CANDIDATES = 16 };
    struct str rest = text, ascii;
    for (int tries = 0; rest.n > 0 && tries < CANDIDATES; tries++) {
        size_t at = str_find(rest, '@'), end = at + 1;
        while (end < rest.n && is_domain_byte(rest.p[end]))
            end++;
        struct str domain = str_slice(rest, at + 1, end);
        bool has_local = at > 0 && !is_fws(rest.p[at - 1]);
        rest = str_slice(rest, end, rest.n);
        while (domain.n > 0 && domain.p[domain.n - 1] == '.')
            domain.n--;
        if (!has_local || !idna_to_ascii(arena, domain, &ascii) || domain_labels(ascii) < 2)
            continue;
        if (!domain_is_below(ascii, own) && !domain_is_below(own, ascii))
            return ascii;
    }
    return STR_NONE;
}

/* U+FF20 and U+FE6B are drawn as "@" and read as one. */
static struct str plain_at_signs(struct arena *arena, struct str text)
{
    static const struct str forms[] = {STR_INIT("\xef\xbc\xa0"), STR_INIT("\xef\xb9\xab")};
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        size_t at = str_search(text, forms[i]);
        if (at == text.n)
            continue;
        struct str copy = arena_fmt(arena, STR_FMT "@" STR_FMT, STR_ARG(str_slice(text, 0, at)),
                                    STR_ARG(str_slice(text, at + forms[i].n, text.n)));
        text = copy.p == NULL ? text : copy;
    }
    return text;
}

static void check_shown_text(struct auth_ctx *ctx, const struct author *a, struct str written,
                             struct str own, enum finding_id id)
{
    if (written.n == 0)
        return;
    struct str text = encoded_word_decode(ctx->arena, written, NULL);
    if (text.p == NULL)
        return;
    struct str seen = foreign_address(ctx->arena, plain_at_signs(ctx->arena, text), own);
    if (seen.n != 0)
        finding_add(ctx->findings, id, where(a), STR_FMT " (the domain is " STR_FMT ")",
                    STR_ARG(text), STR_ARG(own));
}

static void check_mailbox(struct auth_ctx *ctx, const struct author *a, const struct mailbox *m)
{
    struct str own = m->domain, shown;
    if (!m->domain_is_literal && !idna_to_ascii(ctx->arena, m->domain, &own))
        own = m->domain;
    check_shown_text(ctx, a, m->display, own, FINDING_AUTH_DISPLAY_NAME_ADDRESS);
    check_shown_text(ctx, a, m->group, own, FINDING_AUTH_DISPLAY_NAME_ADDRESS);
    check_shown_text(ctx, a, m->comment, own, FINDING_AUTH_COMMENT_ADDRESS);
    if (str_has(m->local, '@'))
        finding_add(ctx->findings, FINDING_AUTH_QUOTED_LOCAL_AT, where(a),
                    "\"" STR_FMT "\"@" STR_FMT, STR_ARG(m->local), STR_ARG(m->domain));
    if (has_invisible(m->local) || domain_has_invisible(m->domain) ||
        domain_has_invisible(idna_to_unicode(ctx->arena, own)))
        finding_add(ctx->findings, FINDING_AUTH_INVISIBLE_CHARACTER, where(a), STR_FMT "@" STR_FMT,
                    STR_ARG(m->local), STR_ARG(m->domain));
    const char *reason = domain_confusable(ctx->arena, own, &shown);
    if (reason != NULL)
        finding_add(ctx->findings, FINDING_AUTH_CONFUSABLE, where(a), STR_FMT ": %s (" STR_FMT ")",
                    STR_ARG(own), reason, STR_ARG(shown));
}

/* Bidi controls turn around what is shown; zero-width joiners in names of people are usual. */
static bool has_bidi_control(struct str text)
{
    for (int32_t c; (c = utf8_next(&text)) != UTF8_END;)
        if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
            return true;
    return false;
}

static void check_encoded_words(struct auth_ctx *ctx, const struct author *a)
{
    struct encoded_word_info info = {0};
    struct str text = encoded_word_decode(ctx->arena, a->field->value, &info);
    if (info.control_inside)
        finding_add(ctx->findings, FINDING_AUTH_CONTROL_IN_ENCODED_WORD, where(a), STR_FMT,
                    STR_ARG(text));
    if (has_bidi_control(text))
        finding_add(ctx->findings, FINDING_AUTH_INVISIBLE_CHARACTER, where(a), STR_FMT,
                    STR_ARG(text));
    if (a->list.encoded_word_as_address)
        finding_add(ctx->findings, FINDING_AUTH_ENCODED_ADDRESS, where(a), STR_FMT, STR_ARG(text));
}

static void add_reason(struct auth_ctx *ctx, const struct author *a, enum finding_id id)
{
    finding_add(ctx->findings, id, where(a), STR_FMT, STR_ARG(a->reason));
}

void author_findings(struct auth_ctx *ctx, const struct author *a)
{
    enum { MAILBOXES_SHOWN = 50 }; /* more than any reader looks at */
    bool bad_list = a->list.status == ADDRESS_INVALID || a->list.status == ADDRESS_LIMIT;
    if (ctx->msg == NULL)
        return;
    if (a->field == NULL || a->list.status == ADDRESS_EMPTY)
        finding_add(ctx->findings, FINDING_AUTH_NO_FROM, where(a), "%s",
                    a->field == NULL ? "no From field" : "From names no mailbox");
    if (a->status == AUTHOR_MULTIPLE_FIELDS)
        add_reason(ctx, a, FINDING_AUTH_MULTIPLE_FROM);
    else if (a->status == AUTHOR_MULTIPLE_DOMAINS)
        add_reason(ctx, a, FINDING_AUTH_MULTIPLE_AUTHOR_DOMAINS);
    if (bad_list)
        finding_add(ctx->findings, FINDING_AUTH_FROM_SYNTAX, where(a), "%s", a->list.reason);
    else if (a->status == AUTHOR_INVALID && !a->list.encoded_word_as_address)
        add_reason(ctx, a, FINDING_AUTH_FROM_SYNTAX);
    if (a->field == NULL)
        return;
    check_encoded_words(ctx, a);
    for (size_t i = 0; i < a->list.n && i < MAILBOXES_SHOWN; i++)
        check_mailbox(ctx, a, &a->list.items[i]);
}
