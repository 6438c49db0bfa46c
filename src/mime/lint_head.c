/* Rules about heads. The message's own head has its anomalies from message_parse (message.*): here
 * stands what parts have, and what concerns the fields of MIME in either. */
#include "mime/lint_internal.h"

enum mime_field { FIELD_TYPE, FIELD_ENCODING, FIELD_DISPOSITION, FIELD_VERSION, FIELD_COUNT };

static const struct str field_names[FIELD_COUNT] = {STR_INIT("Content-Type"),
                                                    STR_INIT("Content-Transfer-Encoding"),
                                                    STR_INIT("Content-Disposition"),
                                                    STR_INIT("MIME-Version")};

/* Beginnings of names that are one of ours, or try to look like it. */
static const struct str near_names[] = {STR_INIT("Content-Type"), STR_INIT("Content-Trans"),
                                        STR_INIT("Content-Disp")};

/* One head while it is read. */
struct head {
    struct lint *l;
    const struct mime_part *part;
    bool is_root;
    unsigned seen[FIELD_COUNT];
};

static struct lint_at whole(const struct head *h, const struct lint_field *f)
{
    return (struct lint_at){h->part, f->name, f->offset, f->length};
}

/* ---- fields of MIME ---- */

static void tell_comment(const struct head *h, const struct lint_field *f,
                         const struct lint_value *v)
{
    if (v->comment.p != NULL)
        lint_add(h->l, FINDING_MIME_FIELD_COMMENT, whole(h, f), "a comment");
}

/* Words and parameters by the grammar. */
static void check_value(const struct head *h, const struct lint_field *f, bool is_type,
                        enum finding_id syntax)
{
    struct lint_value v;
    lint_value_read(f->value, is_type, h->l->params, &v);
    if (v.wrong != NULL)
        lint_add(h->l, syntax, whole(h, f), "%s", v.wrong);
    tell_comment(h, f, &v);
    lint_params(h->l, h->part, f, &v, is_type);
}

static void check_type(const struct head *h, const struct lint_field *f)
{
    check_value(h, f, true, FINDING_MIME_CONTENT_TYPE_SYNTAX);
}

static void check_disposition(const struct head *h, const struct lint_field *f)
{
    check_value(h, f, false, FINDING_MIME_CONTENT_DISPOSITION_SYNTAX);
}

/* RFC 2045 6.1. Comments are told, and no error. */
static void check_encoding(const struct head *h, const struct lint_field *f)
{
    static const struct str known[] = {STR_INIT("7bit"), STR_INIT("8bit"), STR_INIT("binary"),
                                       STR_INIT("base64"), STR_INIT("quoted-printable")};
    struct lint_value v;
    bool found = false;
    lint_value_read(f->value, false, h->l->params, &v);
    tell_comment(h, f, &v);
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        found |= v.wrong == NULL && v.rest.n == 0 && str_ieq(v.word, known[i]);
    if (!found)
        lint_add(h->l, FINDING_MIME_ENCODING_INVALID, whole(h, f), "not one of the five encodings");
}

/* The value does not stand in the line of its name, or far behind it: some readers see none. */
static void check_gap(const struct head *h, const struct lint_field *f)
{
    enum { GAP_MAX = 16 };
    size_t n = 0;
    bool folded = false;
    for (; n < f->value.n && is_fws(f->value.p[n]); n++)
        folded |= f->value.p[n] == '\n';
    if (folded || n > GAP_MAX)
        lint_add(h->l, FINDING_MIME_FIELD_GAP, whole(h, f), "%zu octets of white space%s", n,
                 folded ? " and a line end" : "");
}

/* Does it read like a field of ours when comments and odd bytes are dropped? */
static bool looks_like(struct str name)
{
    enum { LETTERS_MAX = 32 };
    char letters[LETTERS_MAX];
    size_t n = 0, depth = 0;
    for (size_t i = 0; i < name.n && n < LETTERS_MAX && (n == 0 || to_lower(letters[0]) == 'c');
         i++) {
        depth += name.p[i] == '(';
        if (depth == 0 && is_alnum(name.p[i]))
            letters[n++] = name.p[i];
        depth -= depth > 0 && name.p[i] == ')';
    }
    struct str squeezed = {letters, n};
    return str_ieq(squeezed, STR("ContentType")) ||
           str_ieq(squeezed, STR("ContentTransferEncoding")) ||
           str_ieq(squeezed, STR("ContentDisposition"));
}

static bool is_near(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(near_names); i++)
        if (str_istarts(name, near_names[i]))
            return true;
    return looks_like(name);
}

/* Is it what a field of ours says? Lists of field names, as in DKIM-Signature, are none. */
static bool is_mime_value(struct str value)
{
    static const struct str words[] = {STR_INIT("base64"), STR_INIT("quoted-printable"),
                                       STR_INIT("7bit"),   STR_INIT("8bit"),
                                       STR_INIT("binary"), STR_INIT("attachment"),
                                       STR_INIT("inline")};
    value = str_trim_wsp(value);
    size_t n = 0;
    while (n < value.n && !is_wsp(value.p[n]) && value.p[n] != ';' && value.p[n] != ':')
        n++;
    struct str word = str_slice(value, 0, n);
    bool found =
        str_has(word, '/') && !str_starts(str_trim_wsp(str_slice(value, n, value.n)), STR(":"));
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        found |= str_ieq(word, words[i]);
    return found;
}

/* "X: y" and " Content-Type: a/b" in a folded line: some readers see two fields. */
static void check_folds(const struct head *h, const struct lint_field *f)
{
    struct str rest = f->value;
    for (str_cut(&rest, '\n'); rest.p != NULL;) {
        struct str line = str_trim(str_cut(&rest, '\n'));
        struct str value = line, name = str_trim_wsp(str_cut(&value, ':'));
        if (value.p == NULL || !looks_like(name) || !is_mime_value(value))
            continue;
        struct lint_at at = {h->part, f->name, (size_t)(line.p - h->l->m->raw.p), line.n};
        lint_add(h->l, FINDING_MIME_HEADER_LOOKALIKE, at, "a field in a folded line");
        return;
    }
}

static void check_field(struct head *h, const struct lint_field *f, bool spaced)
{
    static void (*const checks[FIELD_COUNT])(const struct head *, const struct lint_field *) = {
        [FIELD_TYPE] = check_type,
        [FIELD_ENCODING] = check_encoding,
        [FIELD_DISPOSITION] = check_disposition};
    if (spaced)
        lint_add(h->l, FINDING_MIME_HEADER_SPACE_COLON, whole(h, f),
                 "white space before the colon");
    check_folds(h, f);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (!str_ieq(f->name, field_names[i]))
            continue;
        bool counted = h->is_root && i != FIELD_DISPOSITION; /* message.duplicate-field */
        if (h->seen[i]++ == 1 && !counted)
            lint_add(h->l, FINDING_MIME_HEADER_DUPLICATE, whole(h, f), "the field stood before");
        if (checks[i] != NULL) {
            check_gap(h, f);
            checks[i](h, f);
        }
        return;
    }
    if (is_near(f->name))
        lint_add(h->l, FINDING_MIME_HEADER_LOOKALIKE, whole(h, f), "a name that is none of MIME");
}

/* RFC 2045 6.4: multiparts and messages are not encoded; RFC 6532 3.7 lets message/global be. */
static void check_container(const struct head *h)
{
    const struct mime_part *p = h->part;
    struct lint_at at = {.part = p, .offset = p->head_offset};
    bool message = str_eq(p->type, STR("message"));
    if (message && str_eq(p->subtype, STR("global")))
        lint_add(h->l, FINDING_MIME_MESSAGE_GLOBAL, at, "message/global");
    if (p->encoding != MIME_BASE64 && p->encoding != MIME_QP)
        return;
    if (p->is_multipart)
        lint_add(h->l, FINDING_MIME_ENCODING_ON_MULTIPART, at, "an encoded multipart");
    else if (message && !str_starts(p->subtype, STR("global")))
        lint_add(h->l, FINDING_MIME_ENCODING_ON_MESSAGE, at, "an encoded message/" STR_FMT,
                 STR_ARG(p->subtype));
}

/* ---- lines of a part's head ---- */

static struct lint_at bytes_at(const struct head *h, size_t from, size_t to)
{
    return (struct lint_at){.part = h->part, .offset = from, .length = to - from};
}

static bool is_blank(struct str line)
{
    return str_trim_wsp(line).n == 0;
}

/* From the first folded line on: behind the last one. */
static size_t skip_folds(const struct head *h, size_t pos, size_t end, bool tell)
{
    struct str raw = h->l->m->raw;
    while (pos < end && is_wsp(raw.p[pos])) {
        struct str line = lint_line(raw, pos);
        if (tell && is_blank(line))
            lint_add(h->l, FINDING_MIME_HEADER_BLANK_FOLD, bytes_at(h, pos, pos + line.n),
                     "a folded line without text");
        pos = lint_next_line(raw, pos);
    }
    return pos < end ? pos : end;
}

/* Length of the field name at the start of the line; 0: it is no field. */
static size_t field_name(struct str line, bool *spaced)
{
    size_t n = 0;
    while (n < line.n && line.p[n] > ' ' && line.p[n] < 0x7f && line.p[n] != ':')
        n++;
    size_t colon = n;
    while (colon < line.n && is_wsp(line.p[colon]))
        colon++;
    *spaced = colon != n;
    return colon < line.n && line.p[colon] == ':' ? n : 0;
}

/* Programs that keep mail in files of the form mbox put such a line before a message. */
static bool is_mbox_line(const struct head *h, size_t pos, struct str line)
{
    return pos == h->part->head_offset &&
           (str_starts(line, STR("From ")) || str_starts(line, STR(">From ")));
}

static void check_line(struct head *h, size_t pos, size_t end)
{
    struct str raw = h->l->m->raw, line = lint_line(raw, pos);
    bool spaced;
    size_t n = field_name(line, &spaced);
    if (n == 0) {
        if (!is_mbox_line(h, pos, line))
            lint_add(h->l, FINDING_MIME_HEADER_GARBAGE, bytes_at(h, pos, pos + line.n),
                     "a line among the fields that is none");
        /* what a reader that drops odd bytes may take for a field */
        line = str_slice(line, 0, str_find(line, ':'));
        if (line.n < lint_line(raw, pos).n && looks_like(line))
            lint_add(h->l, FINDING_MIME_HEADER_LOOKALIKE, bytes_at(h, pos, pos + line.n),
                     "a name that is none of MIME");
        return;
    }
    struct str text = str_slice(raw, pos, end);
    struct lint_field f = {.name = str_slice(text, 0, n), .offset = pos, .length = text.n};
    f.value = str_slice(text, str_find(text, ':') + 1, text.n);
    f.length = str_ends(text, STR("\r\n")) ? text.n - 2 : text.n;
    check_field(h, &f, spaced);
}

static void check_controls(struct head *h, size_t pos, size_t end)
{
    struct str raw = h->l->m->raw;
    size_t first = end, count = 0;
    for (size_t i = pos; i < end; i++) {
        unsigned char c = (unsigned char)raw.p[i];
        if (c < ' ' && !is_fws((char)c)) {
            first = count++ == 0 ? i : first;
        }
    }
    if (count != 0)
        lint_add(h->l, FINDING_MIME_HEADER_CONTROL, bytes_at(h, first, first + 1),
                 "%zu control characters in the head of a part", count);
}

static void check_part_head(struct head *h)
{
    const struct mime_part *p = h->part;
    struct str raw = h->l->m->raw;
    size_t pos = p->head_offset, end = p->body_offset;
    check_controls(h, pos, end);
    if (pos < end && is_wsp(raw.p[pos])) {
        size_t behind = skip_folds(h, pos, end, false);
        lint_add(h->l, FINDING_MIME_HEADER_FIRST_FOLDED, bytes_at(h, pos, behind),
                 "a part begins with a folded line");
        pos = behind;
    }
    bool ended = false;
    while (pos < end && !ended) {
        size_t next = lint_next_line(raw, pos);
        ended = lint_line(raw, pos).n == 0;
        next = ended ? next : skip_folds(h, next, end, true);
        if (!ended)
            check_line(h, pos, next);
        pos = next;
    }
    bool in_message = p->parent >= 0 && h->l->tree->parts[p->parent].is_message;
    if (!ended && !in_message)
        lint_add(h->l, FINDING_MIME_PART_NO_BLANK_LINE, bytes_at(h, p->head_offset, end),
                 "no empty line ends the fields of the part");
}

static void check_root_head(struct head *h)
{
    for (size_t i = 0; i < h->l->m->n_headers; i++) {
        const struct header *field = &h->l->m->headers[i];
        struct lint_field f = {field->name, field->value, field->offset, field->raw.n};
        f.length -= str_ends(field->raw, STR("\r\n")) ? 2 : 0;
        check_field(h, &f, field->space_before_colon);
    }
}

void lint_heads(struct lint *l)
{
    for (size_t i = 0; i < l->tree->n; i++) {
        struct head h = {.l = l, .part = &l->tree->parts[i], .is_root = i == 0};
        if (i == 0)
            check_root_head(&h);
        else
            check_part_head(&h);
        check_container(&h);
    }
}
