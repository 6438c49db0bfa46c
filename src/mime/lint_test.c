/* The lint as a whole: delimiters against a slow reading of the rule, floods, limits, memory. */
#include "base/buf.h"
#include "message/limits.h"
#include "mime/lint_test_kit.h"

static struct arena arena;

static uint32_t dice(uint32_t *state, uint32_t sides)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % sides;
}

/* ---- delimiters with text behind them, by the letter ---- */

static bool is_open(const struct mime_part *p, size_t pos, struct str *boundary)
{
    *boundary = STR_NONE;
    for (size_t i = 0; i < p->n_params; i++)
        if (str_eq(p->params[i].name, STR("boundary")))
            *boundary = p->params[i].value;
    return p->is_multipart && boundary->n != 0 && pos >= p->body_offset &&
           pos < p->body_offset + p->body_length;
}

/* Is the line at `pos` one that the rule wants told: it begins with a delimiter of an open
 * multipart, and is none of any? */
static bool is_broken_delimiter(struct str raw, const struct mime_tree *tree, size_t pos)
{
    struct str line = str_slice(raw, pos, pos + str_find(str_slice(raw, pos, raw.n), '\r'));
    bool begins = false, proper = false;
    for (size_t i = 0; i < tree->n; i++) {
        struct str boundary, rest = str_slice(line, 2, line.n);
        if (!str_starts(line, STR("--")) || !is_open(&tree->parts[i], pos, &boundary) ||
            !str_starts(rest, boundary))
            continue;
        rest = str_slice(rest, boundary.n, rest.n);
        begins = true;
        proper |= rest.n == 0 || str_eq(rest, STR("--"));
    }
    return begins && !proper;
}

static size_t first_broken(struct str raw, size_t pos, const struct mime_tree *tree)
{
    for (; pos < raw.n; pos += str_find(str_slice(raw, pos, raw.n), '\n') + 1)
        if (is_broken_delimiter(raw, tree, pos))
            return pos;
    return SIZE_MAX;
}

/* Multiparts within each other, boundaries of "a" and "b", and lines that resemble them. */
static void random_message(struct buf *b, uint32_t *state)
{
    buf_reset(b);
    buf_addz(b, "From: x\r\n");
    for (uint32_t depth = 0, n = dice(state, 5) + 1; depth < n; depth++) {
        char name[8];
        uint32_t length = dice(state, 4) + 1;
        for (uint32_t i = 0; i < length; i++)
            name[i] = dice(state, 3) == 0 ? 'b' : 'a';
        name[length] = '\0';
        buf_addf(b, "Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\n", name, name);
    }
    buf_addz(b, "\r\n");
    for (uint32_t i = dice(state, 20); i > 0; i--) {
        buf_addz(b, "--");
        for (uint32_t k = dice(state, 6); k > 0; k--)
            buf_addc(b, dice(state, 3) == 0 ? 'b' : 'a');
        buf_addz(b, dice(state, 4) == 0 ? "--\r\n" : "\r\n");
    }
}

static void test_against_slow(void)
{
    enum { ROUNDS = 4000 };
    struct buf b;
    uint32_t state = 7;
    unsigned agree = 0, hits = 0;
    buf_init(&b, 1 << 16);
    for (int i = 0; i < ROUNDS; i++) {
        struct message m;
        struct mime_tree tree;
        struct finding_list list;
        random_message(&b, &state);
        lint_raw(&arena, buf_str(&b), &m, &list);
        const struct finding *f = lint_find(&list, FINDING_MIME_DELIMITER_TRAILING_TEXT);
        size_t got = f == NULL ? SIZE_MAX : f->where.offset;
        mime_parse(&arena, &m, &tree, NULL);
        agree += got == first_broken(m.raw, m.body_offset, &tree);
        hits += f != NULL;
        if (got != first_broken(m.raw, m.body_offset, &tree) && agree == (unsigned)i)
            tap_note("first difference:\n" STR_FMT, STR_ARG(buf_str(&b)));
    }
    tap_case("delimiters: as a slow reading of the rule has them");
    tap_int(agree, ROUNDS);
    tap_ok(hits > ROUNDS / 10 && hits < ROUNDS);
    buf_clear(&b);
}

/* ---- floods and limits ---- */

static struct str repeat(struct buf *b, const char *head, struct str unit, size_t times)
{
    buf_reset(b);
    buf_addz(b, head);
    for (size_t i = 0; i < times; i++)
        buf_add(b, unit);
    return buf_str(b);
}

/* Each of them once took or could take quadratic time: it ends, and few findings are kept. */
static void test_floods(void)
{
    static const struct {
        const char *label, *head;
        struct str unit;
        enum finding_id id;
    } rows[] = {
        {"near delimiters", MIXED, STR_INIT("--bb x\r\n"), FINDING_MIME_DELIMITER_TRAILING_TEXT},
        {"indented delimiters", MIXED, STR_INIT(" --bb\r\n"), FINDING_MIME_DELIMITER_LEADING_TEXT},
        {"delimiters behind CR", MIXED, STR_INIT("\r--bb"), FINDING_MIME_DELIMITER_LEADING_TEXT},
        {"lines without colon", MIXED PART, STR_INIT("x\r\n"), FINDING_MIME_HEADER_GARBAGE},
        {"folds", MIXED PART "X: y\r\n", STR_INIT(" \r\n"), FINDING_MIME_HEADER_BLANK_FOLD},
        {"parameters", "Content-Type: a/b", STR_INIT(";a=b"), FINDING_MIME_PARAM_DUPLICATE},
        {"comments", "Content-Type: ", STR_INIT("("), FINDING_MIME_FIELD_COMMENT},
        {"two forms", "", STR_INIT("Content-Type: a/b;x=y;x*=koi8-r''z\r\n"),
         FINDING_MIME_PARAM_FORMS_DIFFER},
        {"pads", "Content-Transfer-Encoding: base64\r\n\r\n", STR_INIT("Q=="),
         FINDING_MIME_BASE64_ANOMALY},
        {"soft line ends", "Content-Transfer-Encoding: quoted-printable\r\n\r\n", STR_INIT("= "),
         FINDING_MIME_QP_ANOMALY},
        {"uuencode", "A: b\r\n\r\n", STR_INIT("begin 644 a\r\n"), FINDING_MIME_LEGACY_ENCODING},
    };
    struct buf b;
    buf_init(&b, 16 << 20);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct message m;
        struct finding_list list;
        lint_raw(&arena, repeat(&b, rows[i].head, rows[i].unit, 50000), &m, &list);
        tap_case("flood: %s", rows[i].label);
        tap_ok(finding_has(&list, rows[i].id));
        tap_ok(list.per_kind[rows[i].id] <= FINDINGS_PER_KIND_MAX);
        tap_ok(!list.starved);
    }
    buf_clear(&b);
}

static void test_limits(void)
{
    struct message m;
    struct finding_list list;
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < MIME_MAX_DEPTH + 5; i++)
        buf_addf(&b, "Content-Type: multipart/mixed; boundary=%d-\r\n\r\n--%d-\r\n", i, i);
    lint_raw(&arena, buf_str(&b), &m, &list);
    tap_case("limits: parts that were not looked into have delimiters");
    tap_ok(!finding_has(&list, FINDING_MIME_DELIMITER_NONE));
    buf_clear(&b);

    struct arena small;
    struct mime_tree tree;
    struct mp_err err = {0};
    lint_raw(&arena, STR("Content-Type: a/b; x=a; x*=utf-8''b\r\n\r\nx"), &m, &list);
    mime_parse(&arena, &m, &tree, &err);
    arena_init(&small, 1);
    finding_list_init(&list, &arena);
    tap_case("limits: no memory");
    tap_int(mime_lint(&small, &m, &tree, &list, &err), MP_E_NOMEM);
    arena_clear(&small);
}

int main(void)
{
    arena_init(&arena, 256u << 20);
    test_against_slow();
    test_floods();
    test_limits();
    arena_clear(&arena);
    return tap_done();
}
