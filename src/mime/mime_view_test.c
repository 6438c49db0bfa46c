/* Rows for the views of a message: which payloads and names come out, and who sees them. */
#include "mime/view.h"

#include "mime/mime_view_samples.h"
#include "tests/tap.h"

static struct arena arena;

static struct str views_text(unsigned views)
{
    static const char letters[VIEW_COUNT + 1] = "SFLN"; /* strict, first, last, leNient */
    char text[VIEW_COUNT];
    size_t n = 0;
    if (views == (1u << VIEW_COUNT) - 1)
        return STR("all");
    for (unsigned i = 0; i < VIEW_COUNT; i++)
        if (views & 1u << i)
            text[n++] = letters[i];
    return arena_copy(&arena, str_make(text, n));
}

/* "path views type/subtype encoding [bytes] form=name" of each payload, joined by " | ". */
static struct str as_text(const struct mime_union *u)
{
    struct str out = STR("");
    for (size_t i = 0; i < u->n; i++) {
        const struct mime_payload *p = &u->payloads[i];
        out = arena_fmt(&arena,
                        STR_FMT "%s" STR_FMT " " STR_FMT " " STR_FMT "/" STR_FMT " " STR_FMT
                                " [" STR_FMT "]",
                        STR_ARG(out), i == 0 ? "" : " | ", STR_ARG(p->path),
                        STR_ARG(views_text(p->views)), STR_ARG(p->type), STR_ARG(p->subtype),
                        STR_ARG(p->encoding), STR_ARG(p->bytes));
        for (size_t k = 0; k < p->n_names; k++)
            out = arena_fmt(&arena, STR_FMT " %s=" STR_FMT, STR_ARG(out),
                            mime_name_form_name(p->names[k].form), STR_ARG(p->names[k].text));
    }
    return out;
}

static struct mime_union read_union(struct str raw, struct finding_list *findings)
{
    struct message m;
    struct mp_err err = {0};
    struct mime_union u = {0};
    arena_reset(&arena);
    finding_list_init(findings, &arena);
    tap_int(message_parse(&arena, raw, &m, &err), MP_OK);
    tap_int(mime_union_read(&arena, &m, findings, &u, &err), MP_OK);
    return u;
}

static const struct {
    const char *label;
    struct str raw;
    const char *want;
} plain[] = {
    {"no head of MIME", STR_INIT("A: b\r\n\r\nx\r\n"), " all text/plain 7bit [x\r\n]"},
    {"empty", STR_INIT(""), " all text/plain 7bit []"},
    {"base64", STR_INIT("Content-Transfer-Encoding: BASE64\r\n\r\naGVsbG8=\r\n"),
     " all text/plain base64 [hello]"},
    {"quoted-printable",
     STR_INIT("Content-Type: text/html; charset=utf-8\r\n"
              "Content-Transfer-Encoding: quoted-printable\r\n\r\na=3Db=\r\nc\r\n"),
     " all text/html quoted-printable [a=bc\r\n]"},
    {"two parts, preamble and epilogue",
     STR_INIT(MIXED "pre\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: a/b; name=x.y\r\n\r\ntwo\r\n"
                    "--b--\r\npost\r\n"),
     "1 all text/plain 7bit [one] | 2 all a/b 7bit [two] type=x.y"},
    {"nested",
     STR_INIT(MIXED "--b\r\nContent-Type: multipart/x; boundary=\"c d\"\r\n\r\n--c d\r\n\r\n1\r\n"
                    "--c d\r\n\r\n2\r\n--c d--\r\n--b\r\n\r\n3\r\n--b--\r\n"),
     "1.1 all text/plain 7bit [1] | 1.2 all text/plain 7bit [2] | 2 all text/plain 7bit [3]"},
    {"a message within",
     STR_INIT(MIXED "--b\r\nContent-Type: message/rfc822\r\n\r\nA: b\r\n"
                    "Content-Transfer-Encoding: base64\r\n\r\naGk=\r\n--b--\r\n"),
     "1.1 all text/plain base64 [hi]"},
    {"a multipart within a message within",
     STR_INIT(MIXED "--b\r\nContent-Type: message/rfc822\r\n\r\n"
                    "Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n1\r\n--c--\r\n"
                    "--b--\r\n"),
     "1.1 all text/plain 7bit [1]"},
    {"digest",
     STR_INIT("Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nA: b\r\n\r\n1\r\n"
              "--b--\r\n"),
     "1.1 all text/plain 7bit [1]"},
    {"the last delimiter is missing", STR_INIT(MIXED "--b\r\n\r\none\r\n"),
     "1 all text/plain 7bit [one\r\n]"},
    {"all names",
     STR_INIT("Content-Type: a/b; name=\"t.x\"\r\nContent-Disposition: Attachment;\r\n"
              " filename*=utf-8''d%2e%c3%a4; filename=d.x\r\n\r\nx"),
     " all a/b 7bit [x] disposition=d.x disposition-rfc2231=d.\xc3\xa4"
     " lenient=utf-8''d%2e%c3%a4 type=t.x"},
};

static void check_plain(void)
{
    struct finding_list findings;
    for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
        tap_case("plain mail: %s", plain[i].label);
        struct mime_union u = read_union(plain[i].raw, &findings);
        tap_str(as_text(&u), str_from(plain[i].want));
        tap_ok(u.complete && !u.ambiguous && findings.n == 0);
    }
}

/* Who sees the payload that a row hides, in whatever shape; nobody: "-". */
static struct str seen_by(const struct mime_union *u, struct str hidden)
{
    unsigned views = 0;
    for (size_t i = 0; i < u->n; i++)
        if (str_eq(u->payloads[i].bytes, hidden))
            views |= u->payloads[i].views;
    return views == 0 ? STR("-") : views_text(views);
}

static void check_hidden(void)
{
    struct finding_list findings;
    for (size_t i = 0; i < ARRAY_LEN(hidden_rows); i++) {
        tap_case("hidden payload: %s", hidden_rows[i].label);
        struct mime_union u = read_union(hidden_rows[i].raw, &findings);
        tap_str(seen_by(&u, STR("EVIL PAYLOAD")), str_from(hidden_rows[i].views));
        tap_int(u.ambiguous, hidden_rows[i].differ);
        tap_int(finding_has(&findings, FINDING_MIME_VIEW_DIFF), hidden_rows[i].differ);
        tap_ok(u.complete);
    }
}

/* Two encodings: the readers disagree whatever the line ends are, and that stays grave. */
static const struct {
    const char *label;
    struct str raw;
    enum severity severity;
} mixed_rows[] = {
    {"a body stored with LF", STR_INIT(MIXED "--b\n\none\n--b\n\ntwo\n--b--\n"), SEV_LOW},
    {"a boundary of its own for each reader",
     STR_INIT("Content-Type: multipart/mixed; boundary=b; boundary=c\r\n\r\n"
              "--b\n\none\n--b--\n--c\n\ntwo\n--c--\n"),
     SEV_HIGH},
};

static void check_mixed_ends(void)
{
    struct finding_list findings;
    for (size_t i = 0; i < ARRAY_LEN(mixed_rows); i++) {
        enum severity worst = SEV_INFO;
        tap_case("mixed line ends: %s", mixed_rows[i].label);
        struct mime_union u = read_union(mixed_rows[i].raw, &findings);
        for (size_t k = 0; k < findings.n; k++)
            if (findings.items[k].severity > worst)
                worst = findings.items[k].severity;
        tap_ok(u.ambiguous);
        tap_int(worst, mixed_rows[i].severity);
    }
}

int main(void)
{
    arena_init(&arena, 256u << 20);
    check_plain();
    check_hidden();
    check_mixed_ends();
    arena_clear(&arena);
    return tap_done();
}
