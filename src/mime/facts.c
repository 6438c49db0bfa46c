/* What one reader takes from a head: type, encoding, boundary, and whether another one could take
 * something else. */
#include "message/mime_params.h"
#include "mime/boundary_set.h"
#include "mime/token.h"
#include "mime/view_internal.h"

enum { BOUNDARY_SIMPLE_MAX = 70 /* RFC 2046 5.1.1 */ };

/* ---- encodings ---- */

static const struct encoding_name {
    struct str name;
    enum body_encoding encoding;
    bool lenient; /* not of RFC 2045 */
} encoding_names[] = {
    {STR_INIT("7bit"), ENCODING_NONE, false},
    {STR_INIT("8bit"), ENCODING_NONE, false},
    {STR_INIT("binary"), ENCODING_NONE, false},
    {STR_INIT("base64"), ENCODING_BASE64, false},
    {STR_INIT("quoted-printable"), ENCODING_QP, false},
    {STR_INIT("x-uuencode"), ENCODING_UU, true},
    {STR_INIT("uuencode"), ENCODING_UU, true},
    {STR_INIT("x-uue"), ENCODING_UU, true},
    {STR_INIT("uue"), ENCODING_UU, true},
    {STR_INIT("x-uu"), ENCODING_UU, true},
    {STR_INIT("x-yenc"), ENCODING_YENC, true},
    {STR_INIT("yenc"), ENCODING_YENC, true},
    {STR_INIT("y-enc"), ENCODING_YENC, true},
    {STR_INIT("binhex"), ENCODING_BINHEX, true},
    {STR_INIT("x-binhex"), ENCODING_BINHEX, true},
    {STR_INIT("binhex40"), ENCODING_BINHEX, true},
    {STR_INIT("x-binhex40"), ENCODING_BINHEX, true},
    {STR_INIT("mac-binhex40"), ENCODING_BINHEX, true},
    {STR_INIT("x-mac-binhex40"), ENCODING_BINHEX, true},
    {STR_INIT("gzip64"), ENCODING_GZIP64, true},
    {STR_INIT("x-gzip64"), ENCODING_GZIP64, true},
};

enum body_encoding encoding_by_name(struct str word, bool lenient)
{
    for (size_t i = 0; i < ARRAY_LEN(encoding_names); i++)
        if ((lenient || !encoding_names[i].lenient) && str_ieq(word, encoding_names[i].name))
            return encoding_names[i].encoding;
    return ENCODING_UNKNOWN;
}

struct str encoding_text(enum body_encoding e)
{
    static const struct str texts[ENCODING_COUNT] = {
        [ENCODING_NONE] = STR_INIT("7bit"),           [ENCODING_BASE64] = STR_INIT("base64"),
        [ENCODING_QP] = STR_INIT("quoted-printable"), [ENCODING_UU] = STR_INIT("uuencode"),
        [ENCODING_YENC] = STR_INIT("yenc"),           [ENCODING_BINHEX] = STR_INIT("binhex"),
        [ENCODING_GZIP64] = STR_INIT("x-gzip64"),     [ENCODING_UNKNOWN] = STR_INIT("unknown")};
    return texts[e];
}

static bool ends_word(char c)
{
    return is_fws(c) || c == ',' || c == ';' || c == '(' || c == '\0';
}

/* The next word of a list as "base64, 7bit"; comments are none. */
static struct str next_word(struct str value, size_t *pos)
{
    size_t depth = 0, i = *pos;
    for (; i < value.n; i++) {
        char c = value.p[i];
        depth += c == '(';
        if (depth == 0 && !ends_word(c))
            break;
        depth -= c == ')' && depth > 0;
    }
    size_t start = i;
    while (i < value.n && !ends_word(value.p[i]))
        i++;
    *pos = i;
    return str_slice(value, start, i);
}

/* STRICT: one word and nothing else. FIRST, LAST: that of the words of a list. */
static void read_encoding(const struct head *h, enum mime_view view, struct facts *f)
{
    const struct head_field *field =
        head_field(h, STR("Content-Transfer-Encoding"), view == VIEW_LAST);
    f->encoding = ENCODING_NONE;
    f->encoding_text = STR("7bit");
    if (field == NULL)
        return;
    size_t pos = 0, words = 0;
    struct str wanted = STR_NONE, all = str_trim(field->value);
    for (struct str w; (w = next_word(field->value, &pos)).n != 0; words++)
        if (words == 0 || view == VIEW_LAST)
            wanted = w;
    f->odd |= wanted.n != all.n || wanted.n == 0;
    if (words > 1 && view == VIEW_STRICT)
        wanted = all;
    f->encoding = encoding_by_name(wanted, view == VIEW_FIRST);
    f->odd |= f->encoding == ENCODING_UNKNOWN;
    f->encoding_text = f->encoding == ENCODING_NONE ? wanted : encoding_text(f->encoding);
}

/* ---- types ---- */

static bool take_token(struct str s, size_t *pos, struct str *out)
{
    size_t start = *pos;
    while (*pos < s.n && is_token_char(s.p[*pos]))
        ++*pos;
    *out = str_slice(s, start, *pos);
    return out->n != 0;
}

static size_t skip_fws(struct str s, size_t pos)
{
    while (pos < s.n && is_fws(s.p[pos]))
        pos++;
    return pos;
}

/* A quoted text without escapes, line breaks or bytes that need thought. */
static bool take_plain_quoted(struct str s, size_t *pos, struct str *out)
{
    if (*pos == s.n || s.p[*pos] != '"')
        return false;
    size_t start = ++*pos;
    while (*pos < s.n && s.p[*pos] != '"' && s.p[*pos] != '\\' && s.p[*pos] >= ' ')
        ++*pos;
    *out = str_slice(s, start, *pos);
    return *pos < s.n && s.p[(*pos)++] == '"';
}

/* A value that everybody reads alike: "type/subtype", then "; name=value" with tokens or plain
 * quoted texts, no name twice that matters. `*boundary` is the one boundary, if any. */
static bool is_simple_type(struct str s, struct str *boundary)
{
    struct str type, subtype, name, text;
    size_t pos = skip_fws(s, 0);
    *boundary = STR_NONE;
    if (!take_token(s, &pos, &type) || pos == s.n || s.p[pos++] != '/' ||
        !take_token(s, &pos, &subtype))
        return false;
    while ((pos = skip_fws(s, pos)) < s.n) {
        if (s.p[pos++] != ';')
            return false;
        pos = skip_fws(s, pos);
        if (pos == s.n)
            break;
        if (!take_token(s, &pos, &name) || pos == s.n || s.p[pos++] != '=' ||
            !(take_plain_quoted(s, &pos, &text) || take_token(s, &pos, &text)))
            return false;
        if (!str_istarts(name, STR("boundary")))
            continue;
        if (name.n != 8 || boundary->n != 0)
            return false;
        *boundary = text;
    }
    return true;
}

static bool holds(struct str s, struct str word)
{
    return str_isearch(s, word) < s.n;
}

static bool is_simple_boundary(struct str b)
{
    for (size_t i = 0; i < b.n; i++)
        if (!is_alnum(b.p[i]) &&
            (b.p[i] == '\0' || memchr("'()+_,-./:=? #$!*%&^~|@<>[]{}", b.p[i], 29) == NULL))
            return false;
    return boundary_core(b).n > 0 && b.n <= BOUNDARY_SIMPLE_MAX && b.p[b.n - 1] != ' ' &&
           b.p[0] != ' ' && !str_ends(b, STR("--")) && str_search(b, STR("=?")) == b.n;
}

/* Could another reader find another structure in this value? */
static bool is_odd_type(struct str value, const struct facts *f)
{
    struct str boundary;
    bool simple = is_simple_type(value, &boundary);
    if (str_eq(f->type, STR("multipart")))
        return !simple || !str_eq(boundary, f->boundary) || !is_simple_boundary(boundary);
    if (simple && boundary.n == 0 && !holds(f->type, STR("multipart")))
        return false;
    /* parameters may be odd where nothing of the structure depends on them */
    return !is_token(f->type) || !is_token(f->subtype) || holds(value, STR("boundary")) ||
           holds(value, STR("multipart")) || str_eq(f->type, STR("message")) ||
           str_has(f->type, '?') || str_has(value, '(');
}

static struct str last_param(const struct mime_value *v, struct str name, bool last)
{
    struct str found = STR_NONE;
    for (size_t i = 0; i < v->n; i++)
        if (str_ieq(v->params[i].name, name) && (found.p == NULL || last))
            found = v->params[i].value;
    return found;
}

/* As a reader takes it that asks for the name alone, whatever stands before it: up to its second
 * quote, or to what ends a token, or to a NUL, where texts of C end. */
static struct str plain_boundary(struct str value)
{
    static const struct str name = STR_INIT("boundary");
    for (size_t at; (at = str_isearch(value, name)) < value.n;) {
        value = str_slice(value, at + name.n, value.n);
        size_t i = skip_fws(value, 0);
        if (i == value.n || value.p[i] != '=')
            continue;
        struct str text = str_slice(value, skip_fws(value, i + 1), value.n);
        bool quoted = text.n > 0 && text.p[0] == '"';
        text = str_slice(text, quoted, text.n);
        for (i = 0; i < text.n && text.p[i] != '"' && text.p[i] != '\0'; i++)
            if (!quoted && (is_fws(text.p[i]) || text.p[i] == ';' || text.p[i] == '('))
                break;
        return str_slice(text, 0, i);
    }
    return STR_NONE;
}

/* LENIENT: the last, as LAST, and its boundary as plain as it can be read. */
static bool read_type(struct arena *arena, const struct head *h, enum mime_view view, bool digest,
                      struct facts *f)
{
    bool last = view == VIEW_LAST || view == VIEW_LENIENT;
    const struct head_field *field = head_field(h, STR("Content-Type"), last);
    struct mime_value v = {0};
    if (field != NULL && !mime_value_parse(arena, field->value, &v))
        return false;
    f->type = v.word;
    f->subtype = v.after_slash;
    f->charset = last_param(&v, STR("charset"), last);
    f->method = last_param(&v, STR("method"), last);
    f->boundary = last_param(&v, STR("boundary"), last);
    if (field != NULL)
        f->odd |= v.cut || is_odd_type(field->value, f);
    if (view == VIEW_LENIENT && f->odd && str_eq(f->type, STR("multipart"))) {
        struct str plain = plain_boundary(field->value);
        f->boundary = plain.n != 0 ? plain : f->boundary;
    }
    if (f->type.n == 0 || f->subtype.n == 0) { /* RFC 2045 5.2, RFC 2046 5.1.5 */
        f->type = digest ? STR("message") : STR("text");
        f->subtype = digest ? STR("rfc822") : STR("plain");
    }
    return true;
}

struct facts facts_of_text(void)
{
    struct facts f = {.type = STR("text"), .subtype = STR("plain"), .encoding_text = STR("7bit")};
    return f;
}

bool facts_is_message(const struct facts *f)
{
    return str_eq(f->type, STR("message")) &&
           (str_eq(f->subtype, STR("rfc822")) || str_eq(f->subtype, STR("global")) ||
            str_eq(f->subtype, STR("news")));
}

bool facts_read(struct arena *arena, const struct head *h, enum mime_view view, bool digest,
                struct facts *out)
{
    struct facts f = {.odd = h->odd};
    const struct head_field *d = head_field(h, STR("Content-Disposition"), view == VIEW_LAST);
    struct mime_value v = {0};
    read_encoding(h, view, &f);
    if (!read_type(arena, h, view, digest, &f))
        return false;
    if (d != NULL && !mime_value_parse(arena, d->value, &v))
        return false;
    f.disposition = v.word;
    *out = f;
    return true;
}
