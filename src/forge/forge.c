/* One message of a kind: options into names, fields, content, signature, envelope. */
#include "base/idna.h"
#include "base/utf8.h"
#include "forge/forge_internal.h"
#include "message/date.h"

enum { HEX_DIGITS = 16 };

int forge_no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "the forged message needs more memory than allowed");
}

/* ---- templates ---- */

static const struct token {
    struct str name;
    size_t at; /* of the value in struct forging */
} tokens[] = {
    {STR_INIT("{from}"), offsetof(struct forging, from)},
    {STR_INIT("{local}"), offsetof(struct forging, local)},
    {STR_INIT("{domain}"), offsetof(struct forging, domain)},
    {STR_INIT("{to}"), offsetof(struct forging, to)},
    {STR_INIT("{to-domain}"), offsetof(struct forging, to_domain)},
    {STR_INIT("{attacker}"), offsetof(struct forging, attacker)},
    {STR_INIT("{id}"), offsetof(struct forging, authserv_id)},
    {STR_INIT("{ID}"), offsetof(struct forging, authserv_id_upper)},
    {STR_INIT("{boundary}"), offsetof(struct forging, boundary)},
    {STR_INIT("{lookalike}"), offsetof(struct forging, lookalike)},
    {STR_INIT("{homograph}"), offsetof(struct forging, homograph)},
};

static const struct token *token_at(struct str text)
{
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++)
        if (str_starts(text, tokens[i].name))
            return &tokens[i];
    return NULL;
}

void forge_expand(const struct forging *f, struct buf *out, struct str text)
{
    while (text.n > 0) {
        size_t at = str_find(text, '{');
        buf_add(out, str_slice(text, 0, at));
        text = str_slice(text, at, text.n);
        const struct token *t = token_at(text);
        if (t != NULL)
            buf_add(out, *(const struct str *)(const void *)((const char *)f + t->at));
        else if (text.n > 0)
            buf_addc(out, '{');
        text = str_slice(text, t != NULL ? t->name.n : 1, text.n);
    }
}

struct str forge_expand_copy(const struct forging *f, struct str text)
{
    struct buf b;
    buf_init(&b, FORGE_MAX_BYTES);
    forge_expand(f, &b, text);
    struct str copy = b.failed ? STR_NONE : arena_copy(f->arena, buf_str(&b));
    buf_clear(&b);
    return copy;
}

void forge_head(struct forging *f, struct str text)
{
    forge_expand(f, &f->head, text);
}

void forge_body(struct forging *f, struct str text)
{
    forge_expand(f, &f->body, text);
}

/* ---- options ---- */

/* Texts of the options stand in fields: nothing in them may begin another. */
static int check_line(const char *what, struct str s, size_t max, struct mp_err *err)
{
    if (s.n > max)
        return mp_fail(err, MP_E_USAGE, 0, "%s is longer than %zu bytes", what, max);
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            return mp_fail(err, MP_E_USAGE, 0, "%s holds a line break or control character", what);
    return utf8_valid(s) ? MP_OK : mp_fail(err, MP_E_USAGE, 0, "%s is not UTF-8", what);
}

static int check_address(const char *what, struct str s, struct mp_err *err)
{
    size_t at = str_rfind(s, '@');
    int st = check_line(what, s, FORGE_MAX_LINE_BYTES, err);
    if (st != MP_OK)
        return st;
    for (size_t i = 0; i < s.n; i++)
        if (is_wsp(s.p[i]) || str_has(STR("<>()[],;:\\\""), s.p[i]))
            return mp_fail(err, MP_E_USAGE, 0, "%s %.*s: expected a plain address", what,
                           STR_ARG(s));
    if (at == 0 || at + 1 >= s.n || str_find(s, '@') != at)
        return mp_fail(err, MP_E_USAGE, 0, "%s %.*s: expected local@domain", what, STR_ARG(s));
    return MP_OK;
}

static int check_options(const struct forging *f, struct mp_err *err)
{
    const struct forge_options *o = f->o;
    int st = check_address("--from", f->from, err);
    if (st == MP_OK)
        st = check_address("--to", f->to, err);
    if (st == MP_OK)
        st = check_line("--subject", o->subject, FORGE_MAX_LINE_BYTES, err);
    if (st == MP_OK)
        st = check_line("--tag", o->tag, FORGE_MAX_TAG_BYTES, err);
    if (st == MP_OK && !domain_is_ldh(f->attacker))
        st =
            mp_fail(err, MP_E_USAGE, 0, "--attacker %.*s: expected a domain", STR_ARG(f->attacker));
    if (st == MP_OK && !domain_is_ldh(f->authserv_id))
        st = mp_fail(err, MP_E_USAGE, 0, "--authserv-id %.*s: expected a host name",
                     STR_ARG(f->authserv_id));
    for (size_t i = 0; st == MP_OK && i < o->tag.n; i++)
        if (!is_alnum(o->tag.p[i]) && !str_has(STR("-_.+"), o->tag.p[i]))
            st = mp_fail(err, MP_E_USAGE, 0,
                         "--tag %.*s: expected letters, digits, '-', '_', '.' and '+'",
                         STR_ARG(o->tag));
    return st;
}

static int check_keys(const struct forging *f, struct mp_err *err)
{
    if (f->kind->needs_key && f->o->key == NULL)
        return mp_fail(err, MP_E_USAGE, 0,
                       "kind %s signs for %.*s: give --key DOMAIN:SELECTOR:FILE; `mailproof keygen "
                       "%.*s` makes one",
                       f->kind->name, STR_ARG(f->domain), STR_ARG(f->domain));
    if (f->kind->needs_attacker_key && f->o->attacker_key == NULL)
        return mp_fail(err, MP_E_USAGE, 0,
                       "kind %s signs for %.*s: give --attacker-key DOMAIN:SELECTOR:FILE; "
                       "`mailproof keygen %.*s` makes one",
                       f->kind->name, STR_ARG(f->attacker), STR_ARG(f->attacker));
    return MP_OK;
}

struct str forge_default_to(void)
{
    return STR(FORGE_DEFAULT_TO);
}

struct str forge_from(struct arena *a, const struct forge_options *o)
{
    if (o->from.n > 0)
        return o->from;
    return o->sign_domain.n > 0 ? arena_fmt(a, "alice@%.*s", STR_ARG(o->sign_domain))
                                : STR(FORGE_DEFAULT_FROM);
}

static struct str or_default(struct str s, struct str fallback)
{
    return s.n > 0 ? s : fallback;
}

/* The first letter of the domain's first label that has a twin is exchanged. */
static struct str lookalike_of(struct arena *a, struct str domain)
{
    static const char twins[][2] = {{'o', '0'}, {'l', '1'}, {'i', 'l'}, {'e', '3'}, {'m', 'n'}};
    struct str copy = arena_copy(a, domain);
    size_t label = str_find(domain, '.');
    for (size_t t = 0; copy.p != NULL && t < ARRAY_LEN(twins); t++) {
        size_t at = str_find(str_slice(domain, 0, label), twins[t][0]);
        if (at < label) {
            ((char *)copy.p)[at] = twins[t][1];
            return copy;
        }
    }
    return arena_fmt(a, "x%.*s", STR_ARG(domain));
}

/* The first letter that Cyrillic has too, exchanged; as A-label. */
static struct str homograph_of(struct arena *a, struct str domain)
{
    static const struct {
        char latin;
        const char *cyrillic;
    } twins[] = {{'a', "\xd0\xb0"}, {'e', "\xd0\xb5"}, {'o', "\xd0\xbe"}, {'p', "\xd1\x80"},
                 {'c', "\xd1\x81"}, {'x', "\xd1\x85"}, {'i', "\xd1\x96"}};
    size_t label = str_find(domain, '.');
    for (size_t t = 0; t < ARRAY_LEN(twins); t++) {
        size_t at = str_find(str_slice(domain, 0, label), twins[t].latin);
        if (at >= label)
            continue;
        struct str unicode = arena_fmt(a, "%.*s%s%.*s", (int)at, domain.p, twins[t].cyrillic,
                                       (int)(domain.n - at - 1), domain.p + at + 1);
        struct str ascii;
        if (unicode.p != NULL && idna_to_ascii(a, unicode, &ascii))
            return ascii;
    }
    return arena_fmt(a, "xn--%.*s", STR_ARG(domain));
}

static struct str upper_case(struct arena *a, struct str s)
{
    struct str copy = arena_copy(a, s);
    for (size_t i = 0; i < copy.n; i++)
        if (is_alpha(copy.p[i]))
            ((char *)copy.p)[i] = (char)(copy.p[i] & ~0x20);
    return copy;
}

static int set_names(struct forging *f, struct mp_err *err)
{
    const struct forge_options *o = f->o;
    f->from = forge_from(f->arena, o);
    f->to = or_default(o->to, STR(FORGE_DEFAULT_TO));
    f->attacker = or_default(o->attacker, STR(FORGE_DEFAULT_ATTACKER));
    size_t at = str_rfind(f->from, '@');
    f->local = str_slice(f->from, 0, at);
    f->domain = str_slice(f->from, at + 1, f->from.n);
    f->to_domain = str_slice(f->to, str_rfind(f->to, '@') + 1, f->to.n);
    f->authserv_id = o->authserv_id.n > 0 ? o->authserv_id
                                          : arena_fmt(f->arena, "mx.%.*s", STR_ARG(f->to_domain));
    f->authserv_id_upper = upper_case(f->arena, f->authserv_id);
    int st = check_options(f, err);
    if (st == MP_OK)
        st = check_keys(f, err);
    if (st != MP_OK)
        return st;
    f->random.state = o->seed ^ str_hash(str_from(f->kind->name));
    f->boundary = forge_random_hex(f->arena, &f->random, HEX_DIGITS);
    f->message_id = forge_random_hex(f->arena, &f->random, HEX_DIGITS);
    f->lookalike = lookalike_of(f->arena, f->domain);
    f->homograph = homograph_of(f->arena, f->domain);
    return f->boundary.p == NULL || f->message_id.p == NULL || f->lookalike.p == NULL ||
                   f->homograph.p == NULL || f->authserv_id_upper.p == NULL
               ? forge_no_memory(err)
               : MP_OK;
}

/* ---- fields ---- */

/* Not ASCII: as encoded words of whole characters (RFC 2047 2: at most 75 octets each). */
static void add_text(struct buf *out, struct str text)
{
    enum { WORD_BYTES = 42 };
    if (str_is_ascii(text)) {
        buf_add(out, text);
        return;
    }
    for (size_t from = 0, to; from < text.n; from = to) {
        to = from + WORD_BYTES < text.n ? from + WORD_BYTES : text.n;
        while (to < text.n && ((unsigned char)text.p[to] & 0xc0) == 0x80)
            to--;
        buf_addz(out, from == 0 ? "=?utf-8?B?" : "\r\n =?utf-8?B?");
        base64_encode(out, str_slice(text, from, to));
        buf_addz(out, "?=");
    }
}

static void add_subject(struct forging *f)
{
    struct str subject = f->o->subject.n > 0
                             ? f->o->subject
                             : or_default(f->recipe->subject, STR("Test message of mailproof"));
    buf_addz(&f->head, "Subject: ");
    add_text(&f->head, subject);
    if (f->o->tag.n > 0)
        buf_addf(&f->head, " [%.*s]", STR_ARG(f->o->tag));
    buf_addz(&f->head, "\r\n");
}

static int add_author(struct forging *f, struct mp_err *err)
{
    const struct forge_recipe *r = f->recipe;
    if (r->write_author != NULL)
        return r->write_author(f, err);
    if (!r->no_author)
        forge_head(f, or_default(r->author, STR("From: {from}\r\n")));
    return MP_OK;
}

static int add_fields(struct forging *f, struct mp_err *err)
{
    char date[DATE_TEXT_MAX];
    const struct str tag = f->o->tag;
    forge_head(f, f->recipe->top);
    int st = add_author(f, err);
    if (st != MP_OK)
        return st;
    forge_head(f, STR("To: {to}\r\n"));
    add_subject(f);
    date_write(f->o->now_s, date);
    buf_addf(&f->head, "Date: %s\r\nMessage-ID: <%.*s%s%.*s@%.*s>\r\n", date,
             STR_ARG(f->message_id), tag.n > 0 ? "." : "", STR_ARG(tag), STR_ARG(f->domain));
    if (tag.n > 0)
        buf_addf(&f->head, "X-Mailproof-Tag: %.*s\r\n", STR_ARG(tag));
    forge_head(f, f->recipe->bottom);
    return MP_OK;
}

/* ---- envelope ---- */

static int set_envelope(struct forging *f, struct mp_err *err)
{
    const struct forge_recipe *r = f->recipe;
    struct str from = r->own_sender ? STR("{from}") : STR("bounce@{attacker}");
    struct str helo = r->own_sender ? STR("mail.{domain}") : STR("mail.{attacker}");
    f->envelope.helo = forge_expand_copy(f, or_default(r->helo, helo));
    f->envelope.mail_from =
        r->null_sender ? STR("") : forge_expand_copy(f, or_default(r->mail_from, from));
    if (f->envelope.helo.p == NULL || f->envelope.mail_from.p == NULL)
        return forge_no_memory(err);
    return r->write_envelope != NULL ? r->write_envelope(f, err) : MP_OK;
}

/* ---- the whole ---- */

static int assemble(struct forging *f, struct mp_err *err)
{
    int st = add_fields(f, err);
    if (st == MP_OK)
        st = forge_content(f, err);
    if (st != MP_OK)
        return st;
    buf_add(&f->message, buf_str(&f->head));
    buf_add(&f->message, or_default(f->recipe->separator, STR("\r\n")));
    buf_add(&f->message, buf_str(&f->body));
    st = forge_sign(f, err);
    if (st == MP_OK && f->recipe->alter != NULL)
        st = f->recipe->alter(f, err);
    if (st == MP_OK)
        st = set_envelope(f, err);
    return st;
}

int forge_make(struct arena *a, const struct forge_kind *kind, const struct forge_options *o,
               struct buf *out, struct forge_envelope *envelope, struct mp_err *err)
{
    struct forging f = {.arena = a, .o = o, .kind = kind};
    f.recipe = &forge_recipes[kind - forge_kinds];
    buf_init(&f.head, FORGE_MAX_BYTES);
    buf_init(&f.body, FORGE_MAX_BYTES);
    buf_init(&f.message, FORGE_MAX_BYTES);
    int st = set_names(&f, err);
    if (st == MP_OK)
        st = assemble(&f, err);
    if (st == MP_OK && (f.head.failed || f.body.failed || f.message.failed))
        st = mp_fail(err, MP_E_LIMIT, FORGE_MAX_BYTES, "the message is longer than %d bytes",
                     FORGE_MAX_BYTES);
    if (st == MP_OK) {
        buf_add(out, buf_str(&f.message));
        *envelope = f.envelope;
        st = out->failed ? forge_no_memory(err) : MP_OK;
    }
    buf_clear(&f.message);
    buf_clear(&f.body);
    buf_clear(&f.head);
    return st;
}
