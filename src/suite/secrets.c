/* The values that must be masked, in each form in which a report or a log would write them. */
#include <stdlib.h>

#include "base/base64.h"
#include "base/json.h"
#include "suite/suite_internal.h"

enum { FORM_MAX_BYTES = 8 * SUITE_SECRET_MAX_BYTES };

static void as_is(struct str s, struct buf *out)
{
    buf_add(out, s);
}

static void in_json(struct str s, struct buf *out)
{
    struct json j;
    struct buf quoted;
    buf_init(&quoted, FORM_MAX_BYTES);
    json_init(&j, &quoted, 0);
    json_str(&j, s);
    if (quoted.n >= 2)
        buf_add(out, str_slice(buf_str(&quoted), 1, quoted.n - 1));
    buf_clear(&quoted);
}

static void in_xml(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        const char *entity = c == '&'    ? "&amp;"
                             : c == '<'  ? "&lt;"
                             : c == '>'  ? "&gt;"
                             : c == '"'  ? "&quot;"
                             : c == '\'' ? "&apos;"
                                         : NULL;
        if (entity != NULL)
            buf_addz(out, entity);
        else
            buf_addc(out, c);
    }
}

/* As in values of workflow commands. */
static void in_command(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '%' || s.p[i] == ':' || s.p[i] == ',')
            buf_addf(out, "%%%02X", (unsigned)(unsigned char)s.p[i]);
        else
            buf_addc(out, s.p[i]);
}

static void in_url(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++)
        if (is_alnum(s.p[i]) || str_has(STR("-._~"), s.p[i]))
            buf_addc(out, s.p[i]);
        else
            buf_addf(out, "%%%02X", (unsigned)(unsigned char)s.p[i]);
}

static void in_base64(struct str s, struct buf *out)
{
    base64_encode(out, s);
}

/* What stays the same of it in the base64 of a longer text ("\0user\0password"), where `before`
 * bytes of its first group of three belong to others: each letter has six bits. */
static void within_base64(struct str s, size_t before, struct buf *out)
{
    static const char others[2] = {0};
    struct buf text, code;
    buf_init(&text, FORM_MAX_BYTES);
    buf_init(&code, FORM_MAX_BYTES);
    buf_add(&text, str_make(others, before));
    buf_add(&text, s);
    if (text.n > 0)
        base64_encode(&code, buf_str(&text));
    size_t from = (before * 8 + 5) / 6, to = text.n * 8 / 6;
    if (code.n >= to && to > from)
        buf_add(out, str_slice(buf_str(&code), from, to));
    out->failed |= text.failed || code.failed;
    if (text.p != NULL)
        explicit_bzero(text.p, text.n);
    if (code.p != NULL)
        explicit_bzero(code.p, code.n);
    buf_clear(&text);
    buf_clear(&code);
}

static void in_base64_0(struct str s, struct buf *out)
{
    within_base64(s, 0, out);
}
static void in_base64_1(struct str s, struct buf *out)
{
    within_base64(s, 1, out);
}
static void in_base64_2(struct str s, struct buf *out)
{
    within_base64(s, 2, out);
}

static int longer_first(const void *a, const void *b)
{
    const struct str *x = a, *y = b;
    return x->n == y->n ? str_cmp(*x, *y) : x->n > y->n ? -1 : 1;
}

static void add_form(struct decoder *d, struct str *list, size_t *n, struct str value,
                     void (*form)(struct str, struct buf *))
{
    struct buf b;
    buf_init(&b, FORM_MAX_BYTES);
    form(value, &b);
    struct str copy = arena_copy(&d->suite->arena, buf_str(&b));
    if (b.failed || copy.p == NULL)
        out_of_memory(d); /* a secret that is not masked must not come to a run */
    for (size_t i = 0; i < *n; i++)
        if (str_eq(list[i], copy))
            copy.n = 0;
    if (copy.n > 0)
        list[(*n)++] = copy;
    if (b.p != NULL)
        explicit_bzero(b.p, b.n);
    buf_clear(&b);
}

void secrets_collect(struct decoder *d)
{
    static void (*const forms[])(struct str,
                                 struct buf *) = {as_is,       in_json,     in_xml,
                                                  in_command,  in_url,      in_base64,
                                                  in_base64_0, in_base64_1, in_base64_2};
    struct suite_source *s = d->source;
    struct str *list = arena_new(&d->suite->arena, struct str, s->n_refs * ARRAY_LEN(forms) + 1);
    struct shown name, file;
    if (list == NULL) {
        out_of_memory(d);
        return;
    }
    for (size_t i = 0; i < s->n_refs && d->fatal == MP_OK; i++) {
        const struct ref *r = &s->refs[i];
        if (r->secret_at.line == 0)
            continue;
        if (r->shown_at.line != 0)
            problem(d, &r->shown_at, "${%s} is a secret (%s:%u), and would be shown here",
                    shown(r->name, &name), shown(str_from(r->secret_at.file), &file),
                    r->secret_at.line);
        for (size_t f = 0; !r->unset && f < ARRAY_LEN(forms); f++)
            add_form(d, list, &d->suite->n_secrets, r->value, forms[f]);
    }
    qsort(list, d->suite->n_secrets, sizeof *list, longer_first);
    d->suite->secrets = list;
}

static void wipe(struct str s)
{
    if (s.n > 0)
        explicit_bzero((char *)(uintptr_t)s.p, s.n);
}

void secrets_wipe(struct suite *s)
{
    const struct suite_source *source = s->source;
    for (size_t i = 0; source != NULL && i < source->n_refs; i++)
        wipe(source->refs[i].value);
    for (size_t i = 0; i < s->n_secrets; i++)
        wipe(s->secrets[i]);
    for (size_t i = 0; i < s->n_hosts; i++) {
        wipe(s->hosts[i].password);
        wipe(s->hosts[i].token);
    }
}
