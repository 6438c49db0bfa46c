/* The head of an entity, line by line, as strict and as forgiving readers of lines see it. Only the
 * fields that begin with "Content-" are kept: nothing else says what a body is. */
#include "mime/lenient.h"

struct head_reader {
    struct str bytes;
    size_t pos;
    struct head *out;
    struct head_field *open; /* the field that a folded line continues; NULL: one not kept */
    size_t lines;
};

/* Length of the line at `pos` without its end, and where the next one begins; `*odd` when a bare LF
 * stands in it. */
static size_t line_length(struct str bytes, size_t pos, enum eol eol, size_t *next, bool *odd)
{
    for (size_t i = pos; i < bytes.n;) {
        const char *lf = memchr(bytes.p + i, '\n', bytes.n - i);
        if (lf == NULL)
            break;
        i = (size_t)(lf - bytes.p) + 1;
        bool cr = i - pos >= 2 && lf[-1] == '\r';
        *next = i;
        if (cr)
            return i - pos - 2;
        if (eol == EOL_LF)
            return i - pos - 1;
        *odd = true;
    }
    *next = bytes.n;
    return bytes.n - pos;
}

static struct str skip_blank(struct str s)
{
    size_t i = 0;
    while (i < s.n && (unsigned char)s.p[i] <= ' ')
        i++;
    return str_slice(s, i, s.n);
}

enum { NAMES_THAT_COUNT = 3 }; /* the first ones say what a body is */

/* Index of a name that programs write, or -1. */
static int content_name(struct str name)
{
    if (!str_istarts(name, STR("Content-")))
        return -1;
    static const struct str known[] = {
        STR_INIT("Content-Type"),        STR_INIT("Content-Transfer-Encoding"),
        STR_INIT("Content-Disposition"), STR_INIT("Content-Description"),
        STR_INIT("Content-ID"),          STR_INIT("Content-Language"),
        STR_INIT("Content-Length"),      STR_INIT("Content-Location"),
        STR_INIT("Content-Class"),       STR_INIT("Content-Duration"),
        STR_INIT("Content-MD5"),         STR_INIT("Content-Base"),
        STR_INIT("Content-Features"),    STR_INIT("Content-Identifier"),
        STR_INIT("Content-Return"),      STR_INIT("Content-Alternative")};
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (str_ieq(name, known[i]))
            return (int)i;
    return -1;
}

static void keep_field(struct head_reader *r, struct str line, struct str name, struct str value)
{
    struct head *h = r->out;
    size_t from;
    int known = content_name(name);
    r->open = NULL;
    if (known < 0 && loose_field(line, &from) != LOOSE_NONE)
        h->odd = true; /* a look-alike */
    if (!str_istarts(name, STR("Content-")))
        return;
    if (known < NAMES_THAT_COUNT && head_field(h, name, false) != NULL)
        h->odd = true;
    if (h->n == HEAD_FIELDS_KEPT) {
        h->odd = true;
        h->n--; /* the last ones win the last place */
    }
    r->open = &h->fields[h->n++];
    *r->open = (struct head_field){name, value, (size_t)(value.p - r->bytes.p)};
}

static void folded(struct head_reader *r, struct str line)
{
    struct str text = skip_blank(line);
    size_t value;
    if (text.n == 0 || r->lines == 0 || str_starts(text, STR("--")) ||
        loose_field(line, &value) != LOOSE_NONE)
        r->out->odd = true;
    if (r->open != NULL)
        r->open->value.n = (size_t)(line.p + line.n - r->open->value.p);
}

/* False: the line is no field. */
static bool field(struct head_reader *r, struct str line)
{
    struct str value = line, name = str_cut(&value, ':'), bare = str_trim_wsp(name);
    r->open = NULL;
    if (value.p == NULL || bare.n == 0)
        return false;
    if (bare.n != name.n)
        r->out->odd = true;
    for (size_t i = 0; i < bare.n; i++) {
        unsigned char c = (unsigned char)bare.p[i];
        if (c <= ' ' || c >= 0x7f) {
            r->out->odd = true;
            return c > ' ' || str_istarts(bare, STR("Content-"));
        }
    }
    keep_field(r, line, bare, value);
    return true;
}

static bool is_envelope_line(const struct head_reader *r, struct str line)
{
    return r->lines == 0 && (str_starts(line, STR("From ")) || str_starts(line, STR(">From ")));
}

static void read_lines(const struct head_rules *rules, struct str bytes, size_t pos,
                       struct head *out)
{
    struct head_reader r = {.bytes = bytes, .pos = pos, .out = out};
    out->n = 0;
    out->start = pos;
    out->odd = out->cut = false;
    out->end = out->body = bytes.n;
    for (size_t next; r.pos < bytes.n; r.pos = next, r.lines++) {
        bool dashes = bytes.p[r.pos] == '-' && r.pos + 1 < bytes.n && bytes.p[r.pos + 1] == '-';
        if (dashes && rules->delimiter != NULL && rules->delimiter(rules->walker, r.pos)) {
            out->odd |= r.lines > 0; /* the head is not ended by an empty line */
            next = r.pos;
            break;
        }
        size_t n = line_length(bytes, r.pos, rules->eol, &next, &out->odd);
        struct str line = str_slice(bytes, r.pos, r.pos + n);
        if (n == 0 || next - pos > MIME_HEAD_MAX_BYTES || r.lines == MIME_HEAD_MAX_FIELDS) {
            out->cut = n != 0;
            out->end = r.pos;
            out->body = out->cut ? r.pos : next;
            return;
        }
        if (is_wsp(line.p[0])) {
            folded(&r, line);
        } else if (!is_envelope_line(&r, line) && !field(&r, line)) {
            out->odd = true;
            if (rules->junk_ends)
                break;
        }
    }
    out->end = out->body = r.pos;
}

void head_read(const struct head_rules *rules, struct str bytes, size_t pos, struct head *out)
{
    read_lines(rules, bytes, pos, out);
    struct str lines = str_slice(bytes, out->start, out->end);
    out->odd |= text_is_odd(lines) || (lines.n > 0 && lines.p[lines.n - 1] == '\r');
}

const struct head_field *head_field(const struct head *h, struct str name, bool last)
{
    const struct head_field *found = NULL;
    for (size_t i = 0; i < h->n && (found == NULL || last); i++)
        if (str_ieq(h->fields[i].name, name))
            found = &h->fields[i];
    return found;
}
