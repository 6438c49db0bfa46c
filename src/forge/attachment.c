/* Attachments by name: harmless bytes that scanners must notice. */
#include "forge/forge_internal.h"

enum { NESTED_DEPTH = 3, LIST_MAX_BYTES = 512 };

struct maker {
    struct arena *arena;
    struct forge_random random;
    unsigned depth;
};

struct attachment_kind {
    const char *name, *file, *type;
    int (*make)(struct maker *m, struct str *out, struct mp_err *err);
};

void forge_put16(struct buf *b, unsigned v)
{
    buf_addc(b, (char)(v & 0xff));
    buf_addc(b, (char)(v >> 8 & 0xff));
}

void forge_put32(struct buf *b, uint32_t v)
{
    forge_put16(b, v & 0xffff);
    forge_put16(b, v >> 16);
}

/* ---- contents ---- */

static int make_csv(struct maker *m, struct str *out, struct mp_err *err)
{
    unsigned a = (unsigned)(forge_random_next(&m->random) % 900) + 100;
    *out = arena_fmt(m->arena, "month,messages\r\nOctober,%u\r\nNovember,%u\r\n", a, a + 17);
    return out->p == NULL ? forge_no_memory(err) : MP_OK;
}

static int make_text(struct maker *m, struct str *out, struct mp_err *err)
{
    (void)m, (void)err;
    *out = STR("This is a text. The name of the file is the test.\r\n");
    return MP_OK;
}

/* The test file of eicar.org: 68 printable characters. In pieces, so that no scanner reports our
 * source or our program. */
static int make_eicar(struct maker *m, struct str *out, struct mp_err *err)
{
    static const char *const pieces[] = {"X5O!P%@AP[4\\PZX54(P^)", "7CC)7}$EI",
                                         "CAR-STANDARD-",          "ANTIVIRUS-",
                                         "TEST-FILE!$H",           "+H*"};
    *out = arena_fmt(m->arena, "%s%s%s%s%s%s", pieces[0], pieces[1], pieces[2], pieces[3],
                     pieces[4], pieces[5]);
    return out->p == NULL ? forge_no_memory(err) : MP_OK;
}

static int zip_one(struct maker *m, const char *name, struct str bytes,
                   enum forge_zip_method method, struct str *out, struct mp_err *err)
{
    struct forge_file f = {str_from(name), bytes};
    return forge_zip(m->arena, &f, 1, method, STR_NONE, &m->random, out, err);
}

static int make_eicar_zip(struct maker *m, struct str *out, struct mp_err *err)
{
    struct str eicar;
    int st = make_eicar(m, &eicar, err);
    return st != MP_OK ? st : zip_one(m, "eicar.com", eicar, FORGE_ZIP_DEFLATED, out, err);
}

static int make_zip(struct maker *m, struct str *out, struct mp_err *err)
{
    struct str csv;
    int st = make_csv(m, &csv, err);
    return st != MP_OK ? st : zip_one(m, "figures.csv", csv, FORGE_ZIP_DEFLATED, out, err);
}

static int make_nested(struct maker *m, struct str *out, struct mp_err *err)
{
    struct str inner;
    int st = make_text(m, &inner, err);
    if (st == MP_OK)
        st = zip_one(m, "innermost.txt", inner, FORGE_ZIP_DEFLATED, out, err);
    for (unsigned i = 1; st == MP_OK && i < m->depth; i++)
        st = zip_one(m, "inner.zip", *out, FORGE_ZIP_STORED, out, err);
    return st;
}

static int make_encrypted(struct maker *m, struct str *out, struct mp_err *err)
{
    struct forge_file f = {.name = STR("invoice.csv")};
    int st = make_csv(m, &f.bytes, err);
    return st != MP_OK ? st
                       : forge_zip(m->arena, &f, 1, FORGE_ZIP_DEFLATED, STR("invoice-2026"),
                                   &m->random, out, err);
}

static int make_twins(struct maker *m, struct str *out, struct mp_err *err)
{
    const struct forge_file files[] = {{STR("report.txt"), STR("This is the first of two.\r\n")},
                                       {STR("report.txt"), STR("This is the second of two.\r\n")}};
    return forge_zip(m->arena, files, ARRAY_LEN(files), FORGE_ZIP_STORED, STR_NONE, &m->random, out,
                     err);
}

static int make_traversal(struct maker *m, struct str *out, struct mp_err *err)
{
    const struct forge_file files[] = {{STR("../../outside.txt"), STR("one\r\n")},
                                       {STR("..\\..\\outside.txt"), STR("two\r\n")},
                                       {STR("/absolute.txt"), STR("three\r\n")}};
    return forge_zip(m->arena, files, ARRAY_LEN(files), FORGE_ZIP_STORED, STR_NONE, &m->random, out,
                     err);
}

/* Puts a blob together and offers it as a download, as smuggling does; the blob is a text. */
static int make_smuggling(struct maker *m, struct str *out, struct mp_err *err)
{
    (void)m, (void)err;
    *out = STR("<!doctype html>\r\n<title>Document</title>\r\n<p>The document is loading.</p>\r\n"
               "<script>\r\nvar pieces = [\"VGhpcyBpcyBhIGhh\", \"cm1sZXNzIHRleHQu\"];\r\n"
               "var bytes = Uint8Array.from(atob(pieces.join(\"\")), c => c.charCodeAt(0));\r\n"
               "var link = document.createElement(\"a\");\r\n"
               "link.href = URL.createObjectURL(new Blob([bytes], {type: \"octet/stream\"}));\r\n"
               "link.download = \"document.txt\";\r\nlink.click();\r\n</script>\r\n");
    return MP_OK;
}

static int make_macro(struct maker *m, struct str *out, struct mp_err *err)
{
    return forge_docm(m->arena, &m->random, out, err);
}

/* ---- the table ---- */

static const struct attachment_kind kinds[] = {
    {"csv", "figures.csv", "text/csv", make_csv},
    {"zip", "figures.zip", "application/zip", make_zip},
    {"eicar", "eicar.com", "application/octet-stream", make_eicar},
    {"eicar-zip", "eicar.zip", "application/zip", make_eicar_zip},
    {"macro", "report.docm", "application/vnd.ms-word.document.macroEnabled.12", make_macro},
    {"nested-zip", "nested.zip", "application/zip", make_nested},
    {"encrypted-zip", "invoice.zip", "application/zip", make_encrypted},
    {"double-extension", "invoice.pdf.exe", "application/pdf", make_text},
    {"twin-names-zip", "twins.zip", "application/zip", make_twins},
    {"traversal-zip", "paths.zip", "application/zip", make_traversal},
    {"html-smuggling", "document.html", "text/html", make_smuggling},
};

static int unknown(struct str name, struct mp_err *err)
{
    char list[LIST_MAX_BYTES] = "";
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        size_t more = strlen(kinds[i].name);
        if (n + more + 3 > sizeof list)
            break;
        memcpy(list + n, n > 0 ? ", " : "", n > 0 ? 2 : 0);
        n += n > 0 ? 2 : 0;
        memcpy(list + n, kinds[i].name, more + 1);
        n += more;
    }
    return mp_fail(err, MP_E_USAGE, 0, "there is no attachment '%.*s'; known are %s", STR_ARG(name),
                   list);
}

int forge_attachment(struct arena *a, struct str kind, uint64_t seed, struct forge_attachment *out,
                     struct mp_err *err)
{
    struct str depth = kind, name = str_cut(&depth, ':');
    struct maker m = {.arena = a, .random = {seed ^ str_hash(name)}, .depth = NESTED_DEPTH};
    uint64_t n;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (!str_eq(str_from(kinds[i].name), name))
            continue;
        if (depth.p != NULL && kinds[i].make != make_nested)
            return mp_fail(err, MP_E_USAGE, 0, "attachment %.*s takes no number", STR_ARG(name));
        if (depth.p != NULL && (!str_to_u64(depth, FORGE_MAX_DEPTH, &n) || n == 0))
            return mp_fail(err, MP_E_USAGE, 0, "attachment %.*s: expected a depth of 1 to %d",
                           STR_ARG(kind), FORGE_MAX_DEPTH);
        if (depth.p != NULL)
            m.depth = (unsigned)n;
        out->name = str_from(kinds[i].file);
        out->type = str_from(kinds[i].type);
        return kinds[i].make(&m, &out->bytes, err);
    }
    return unknown(name, err);
}
