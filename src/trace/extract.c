/* What a test clicks on or types: links, one-time codes, and the text of a message. */
#include "message/charset.h"
#include "message/encoded_word.h"
#include "trace/trace_internal.h"

enum {
    EXTRACT_MAX_TEXT_BYTES = 4 << 20, /* of all parts together that are looked through */
    EXTRACT_LINK_MAX_BYTES = 8192,
    CODE_MIN_CHARS = 4,
    CODE_MAX_CHARS = 10,
    CODE_CANDIDATES = 500,
    CODE_REACH_BYTES = 80 /* between a word such as "code" and the code */
};

struct extractor {
    struct arena *arena;
    struct trace_extract *out;
    size_t links_cap;
    bool starved;
    struct buf *text; /* of the HTML that is walked through */
};

/* ---- links ---- */

static bool is_web_link(struct str s)
{
    return (str_istarts(s, STR("http://")) && s.n > 7) ||
           (str_istarts(s, STR("https://")) && s.n > 8);
}

static void add_link(struct extractor *x, struct str url)
{
    struct trace_extract *out = x->out;
    if (!is_web_link(url) || out->n_links == TRACE_MAX_LINKS || url.n > EXTRACT_LINK_MAX_BYTES)
        return;
    for (size_t i = 0; i < url.n; i++)
        if ((unsigned char)url.p[i] <= ' ' || url.p[i] == 0x7f)
            return;
    for (size_t i = 0; i < out->n_links; i++)
        if (str_eq(out->links[i], url))
            return;
    struct str copy = arena_copy(x->arena, url);
    x->starved |= copy.p == NULL;
    if (copy.p != NULL)
        out->links[out->n_links++] = copy;
}

/* White space and line breaks inside of an attribute are dropped, as browsers do. */
static void on_html_link(void *ctx, struct str raw)
{
    struct extractor *x = ctx;
    raw = str_trim(raw);
    if (raw.n > EXTRACT_LINK_MAX_BYTES)
        return;
    char *p = arena_new(x->arena, char, raw.n + 1);
    x->starved |= p == NULL;
    if (p == NULL)
        return;
    struct str url = str_trim(str_make(p, html_unescape(raw, p, raw.n)));
    size_t n = 0;
    for (size_t i = 0; i < url.n; i++)
        if (url.p[i] != '\r' && url.p[i] != '\n' && url.p[i] != '\t')
            p[n++] = url.p[i];
    add_link(x, str_make(p, n));
}

static bool ends_url(char c)
{
    return (unsigned char)c <= ' ' || c == '<' || c == '>' || c == '"' || c == 0x7f;
}

/* The URL that begins `s`: to white space or angle brackets, without the sentence's own full stop,
 * and without a closing bracket that was not opened in it. */
static struct str url_at(struct str s)
{
    size_t n = 0, open = 0, closed = 0;
    while (n < s.n && n <= EXTRACT_LINK_MAX_BYTES && !ends_url(s.p[n])) {
        open += s.p[n] == '(';
        closed += s.p[n++] == ')';
    }
    while (n > 0 && strchr(".,;:!?'*_)]}", s.p[n - 1]) != NULL) {
        if (s.p[n - 1] == ')' && closed-- <= open)
            break;
        n--;
    }
    return str_slice(s, 0, n);
}

static void links_of_text(struct extractor *x, struct str text)
{
    for (size_t i = 0; i + 7 < text.n; i++) {
        struct str rest = str_slice(text, i, text.n);
        if (to_lower(text.p[i]) != 'h' || (i > 0 && is_alnum(text.p[i - 1])) || !is_web_link(rest))
            continue;
        struct str url = url_at(rest);
        add_link(x, url);
        i += url.n > 0 ? url.n - 1 : 0;
    }
}

/* ---- text ---- */

/* White space of HTML is one space; a block begins a line. */
static void on_html_text(void *ctx, struct str raw, bool line_break)
{
    struct extractor *x = ctx;
    struct buf *b = x->text;
    size_t room = b->max_bytes - b->n;
    if (line_break && b->n > 0 && b->p[b->n - 1] != '\n')
        buf_addc(b, '\n');
    char *to = raw.n + 1 < room ? buf_reserve(b, raw.n + 1) : NULL;
    if (to == NULL)
        return;
    size_t n = html_unescape(raw, to, raw.n), kept = 0;
    for (size_t i = 0; i < n; i++) {
        char before = kept > 0 ? to[kept - 1] : b->n > 0 ? b->p[b->n - 1] : '\n';
        if (!is_fws(to[i]))
            to[kept++] = to[i];
        else if (before != ' ' && before != '\n')
            to[kept++] = ' ';
    }
    b->n += kept;
}

static struct str text_of_html(struct extractor *x, struct str html)
{
    struct buf text;
    struct html_sink sink = {x, on_html_link, on_html_text};
    buf_init(&text, html.n * 2 + 64);
    x->text = &text;
    html_walk(html, &sink);
    struct str copy = arena_copy(x->arena, str_trim(buf_str(&text)));
    x->starved |= copy.p == NULL;
    buf_clear(&text);
    x->text = NULL;
    return copy.p == NULL ? STR("") : copy;
}

/* ---- codes ---- */

struct candidate {
    struct str value;
    size_t end; /* in its text */
    int score;
};
struct codes {
    struct arena *arena;
    struct str text;
    struct candidate *items;
    size_t n, first; /* first: of this text */
    size_t word_end; /* of the last word such as "code" */
    bool has_word, starved;
};

static bool is_code_word(struct str word)
{
    static const struct str words[] = {
        STR_INIT("code"),         STR_INIT("codes"),      STR_INIT("otp"),
        STR_INIT("pin"),          STR_INIT("passcode"),   STR_INIT("token"),
        STR_INIT("tan"),          STR_INIT("password"),   STR_INIT("2fa"),
        STR_INIT("verification"), STR_INIT("einmalcode"), STR_INIT("kennwort"),
        STR_INIT("passwort"),     STR_INIT("codigo"),     STR_INIT("codice"),
        STR_INIT("kode"),         STR_INIT("kod"),        STR_INIT("sicherheitscode")};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_ieq(word, words[i]))
            return true;
    return false;
}

static char char_at(struct str s, size_t i)
{
    return i < s.n ? s.p[i] : ' ';
}

/* Parts of amounts, times, dates, addresses and versions are no codes. */
static bool is_inside_something(struct str s, size_t at, size_t end)
{
    char before = at > 0 ? s.p[at - 1] : ' ', after = char_at(s, end);
    char further = at > 1 ? s.p[at - 2] : ' ';
    if (before == ':' || before == '=')
        return !is_alpha(further) && !is_wsp(further);
    if (after == '.' || after == ',' || after == '-' || after == ':')
        return is_alnum(char_at(s, end + 1));
    return strchr("./@&?%$+#_,-\\~", before) != NULL || strchr("/@=&%_\\$", after) != NULL ||
           (unsigned char)before >= 0x80 || (unsigned char)after >= 0x80;
}

static bool stands_alone(struct str s, size_t at, size_t end)
{
    while (at > 0 && is_wsp(s.p[at - 1]))
        at--;
    while (end < s.n && is_wsp(s.p[end]))
        end++;
    return (at == 0 || s.p[at - 1] == '\n') && (end == s.n || s.p[end] == '\n' || s.p[end] == '\r');
}

static void add_candidate(struct codes *c, struct str value, size_t end, int score)
{
    if (c->n == CODE_CANDIDATES)
        return;
    for (size_t i = 0; i < c->n; i++) {
        if (!str_eq(c->items[i].value, value))
            continue;
        c->items[i].score = score > c->items[i].score ? score : c->items[i].score;
        return;
    }
    c->items[c->n++] = (struct candidate){value, end, score};
}

enum { NEAR_WORD = 8, BEFORE_WORD = 6, ALONE = 4, SIX_DIGITS = 2, ORDINARY = 1 };

static bool is_near_word(const struct codes *c, size_t at)
{
    return c->has_word && at - c->word_end <= CODE_REACH_BYTES;
}

/* "123 456" and "123-456" are read as one. */
static bool take_pair(struct codes *c, size_t at, size_t *end)
{
    struct str s = c->text;
    size_t from = *end + 1, to = from;
    if (*end - at != 3 || (char_at(s, *end) != ' ' && char_at(s, *end) != '-'))
        return false;
    while (to < s.n && is_digit(s.p[to]))
        to++;
    if (to - from != 3 || is_alnum(char_at(s, to)) || is_inside_something(s, at, to) ||
        !(is_near_word(c, at) || stands_alone(s, at, to)))
        return false;
    struct str parts[] = {str_slice(s, at, *end), str_slice(s, from, to)};
    struct str value = arena_join(c->arena, parts, ARRAY_LEN(parts));
    c->starved |= value.p == NULL;
    if (value.p != NULL)
        add_candidate(c, value, to,
                      SIX_DIGITS + (is_near_word(c, at) ? NEAR_WORD : 0) +
                          (stands_alone(s, at, to) ? ALONE : 0));
    *end = to;
    return true;
}

static void judge_token(struct codes *c, size_t at, size_t end)
{
    struct str token = str_slice(c->text, at, end);
    size_t digits = 0, lower = 0;
    for (size_t i = 0; i < token.n; i++) {
        digits += is_digit(token.p[i]);
        lower += token.p[i] >= 'a' && token.p[i] <= 'z';
    }
    bool near = is_near_word(c, at), alone = stands_alone(c->text, at, end);
    bool is_number = digits == token.n;
    bool is_year =
        is_number && token.n == 4 && (str_starts(token, STR("19")) || str_starts(token, STR("20")));
    if (token.n < CODE_MIN_CHARS || token.n > CODE_MAX_CHARS || digits == 0 ||
        is_inside_something(c->text, at, end))
        return;
    if (!is_number && !near && !(alone && lower == 0))
        return;
    if (is_year && !near && !alone)
        return;
    add_candidate(c, token, end,
                  ORDINARY + (near ? NEAR_WORD : 0) + (alone ? ALONE : 0) +
                      (is_number && token.n == 6 ? SIX_DIGITS : 0));
}

/* "123456 is your code": what stands shortly before the word gains too, but less. */
static void favour_before(struct codes *c, size_t at)
{
    for (size_t i = c->n; i > c->first && at - c->items[i - 1].end <= CODE_REACH_BYTES / 2; i--)
        if (c->items[i - 1].score < NEAR_WORD)
            c->items[i - 1].score += BEFORE_WORD;
}

static void codes_of_text(struct codes *c, struct str text)
{
    c->text = text;
    c->has_word = false;
    c->first = c->n;
    for (size_t i = 0; i < text.n;) {
        struct str rest = str_slice(text, i, text.n);
        if (is_web_link(rest)) {
            struct str url = url_at(rest);
            i += url.n > 0 ? url.n : 1;
            continue;
        }
        size_t end = i;
        while (end < text.n && is_alnum(text.p[end]))
            end++;
        if (end == i) {
            i++;
            continue;
        }
        if (is_code_word(str_slice(text, i, end))) {
            c->has_word = true;
            c->word_end = end;
            favour_before(c, i);
        } else if (!take_pair(c, i, &end)) {
            judge_token(c, i, end);
        }
        i = end;
    }
}

static void keep_codes(struct extractor *x, struct codes *c)
{
    struct trace_extract *out = x->out;
    for (size_t i = 1; i < c->n; i++) { /* among equals the first; CODE_CANDIDATES bounds it */
        struct candidate item = c->items[i];
        size_t k = i;
        for (; k > 0 && item.score > c->items[k - 1].score; k--)
            c->items[k] = c->items[k - 1];
        c->items[k] = item;
    }
    for (size_t i = 0; i < c->n && out->n_codes < TRACE_MAX_CODES; i++)
        out->codes[out->n_codes++] = c->items[i].value;
}

/* ---- the message ---- */

struct texts {
    struct str plain, html; /* decoded, UTF-8; p == NULL: none */
};

static struct str part_utf8(struct extractor *x, const struct message *m, const struct mime_part *p,
                            size_t room)
{
    size_t bad_bytes;
    struct buf text;
    struct str body = str_slice(m->raw, p->body_offset, p->body_offset + p->body_length);
    struct str bytes = transfer_decode(x->arena, body, p->encoding, &bad_bytes);
    buf_init(&text, 4 * (size_t)EXTRACT_MAX_TEXT_BYTES);
    bytes = str_slice(bytes, 0, room);
    if (!charset_add_utf8(&text, p->charset, bytes))
        charset_add_utf8(&text, STR("utf-8"), bytes);
    struct str copy = arena_copy(x->arena, buf_str(&text));
    buf_clear(&text);
    x->starved |= copy.p == NULL || bytes.p == NULL;
    return copy.p == NULL ? STR("") : copy;
}

/* The first of each kind that is no attachment and in no attached message. */
static int find_texts(struct extractor *x, const struct message *m, struct texts *t,
                      struct mp_err *err)
{
    struct mime_tree tree;
    int st = mime_parse(x->arena, m, &tree, err);
    if (st != MP_OK)
        return st;
    bool *inside = arena_new(x->arena, bool, tree.n + 1);
    if (inside == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the parts of a message");
    for (size_t i = 0; i < tree.n; i++) {
        const struct mime_part *p = &tree.parts[i];
        if (p->parent >= 0)
            inside[i] = inside[p->parent] || tree.parts[p->parent].is_message;
        if (inside[i] || p->is_multipart || !str_eq(p->type, STR("text")) ||
            str_ieq(p->disposition, STR("attachment")))
            continue;
        if (str_eq(p->subtype, STR("html")) && t->html.p == NULL)
            t->html = part_utf8(x, m, p, EXTRACT_MAX_TEXT_BYTES);
        else if (str_eq(p->subtype, STR("plain")) && t->plain.p == NULL)
            t->plain = part_utf8(x, m, p, EXTRACT_MAX_TEXT_BYTES);
    }
    return MP_OK;
}

int trace_extract(struct arena *a, const struct message *m, struct trace_extract *out,
                  struct mp_err *err)
{
    struct trace_extract result = {.text = STR("")};
    struct extractor x = {.arena = a, .out = &result};
    struct codes codes = {.arena = a};
    struct texts t = {0};
    result.links = arena_new(a, struct str, TRACE_MAX_LINKS);
    result.codes = arena_new(a, struct str, TRACE_MAX_CODES);
    codes.items = arena_new(a, struct candidate, CODE_CANDIDATES);
    if (result.links == NULL || result.codes == NULL || codes.items == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for links and codes");
    int st = find_texts(&x, m, &t, err);
    if (st != MP_OK)
        return st;
    const struct header *subject = header_first(m, STR("Subject"));
    if (subject != NULL)
        codes_of_text(&codes, encoded_word_decode(a, subject->value, NULL));
    struct str of_html = t.html.p != NULL ? text_of_html(&x, t.html) : STR("");
    if (t.plain.p != NULL)
        links_of_text(&x, t.plain);
    links_of_text(&x, of_html);
    codes_of_text(&codes, t.plain.p != NULL ? t.plain : of_html);
    keep_codes(&x, &codes);
    result.text = t.plain.p != NULL ? t.plain : of_html;
    if (x.starved || codes.starved)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for links and codes");
    *out = result;
    return MP_OK;
}
