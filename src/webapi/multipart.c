/* multipart/form-data (RFC 7578): parts as views into the body, one pass, nothing decoded. */
#include "webapi/webapi_internal.h"

enum { BOUNDARY_MAX_BYTES = 70, PART_HEAD_MAX_BYTES = 4096 };

struct str webapi_media_type(struct arena *a, struct str content_type)
{
    return arena_lower(a, str_trim_wsp(str_slice(content_type, 0, str_find(content_type, ';'))));
}

/* A quoted-string at the front of *s, taken off; p == NULL: it has no end. */
static struct str take_quoted(struct arena *a, struct str *s)
{
    size_t end = 1, n = 0;
    while (end < s->n && s->p[end] != '"')
        end += s->p[end] == '\\' && end + 1 < s->n ? 2 : 1;
    char *to = end < s->n ? arena_new(a, char, end) : NULL;
    if (to == NULL)
        return STR_NONE;
    for (size_t i = 1; i < end; i++) {
        i += s->p[i] == '\\';
        to[n++] = s->p[i];
    }
    *s = str_slice(*s, end + 1, s->n);
    return str_make(to, n);
}

/* A parameter of a field: token or quoted-string. p == NULL: it is not there, or broken. */
static struct str parameter(struct arena *a, struct str field, struct str name)
{
    str_cut(&field, ';');
    while (field.p != NULL) {
        size_t eq = str_find(field, '=');
        struct str key = str_trim_wsp(str_slice(field, 0, eq)), value;
        if (eq == field.n)
            return STR_NONE;
        field = str_trim_wsp(str_slice(field, eq + 1, field.n));
        if (field.n != 0 && *field.p == '"') {
            value = take_quoted(a, &field);
            if (value.p == NULL)
                return STR_NONE;
            str_cut(&field, ';');
        } else {
            value = str_trim_wsp(str_cut(&field, ';'));
        }
        if (str_ieq(key, name))
            return value;
    }
    return STR_NONE;
}

static bool is_boundary(struct str s)
{
    static const char marks[] = "'()+_,-./:=? ";
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && memchr(marks, s.p[i], sizeof marks - 1) == NULL)
            return false;
    return s.n != 0 && s.n <= BOUNDARY_MAX_BYTES && s.p[s.n - 1] != ' ';
}

/* Head and body of one part. */
static int read_part(struct arena *a, struct str text, struct form_part *out, struct mp_err *err)
{
    size_t end = str_search(str_slice(text, 0, PART_HEAD_MAX_BYTES), STR("\r\n\r\n"));
    struct str head = str_slice(text, 0, end), body = str_slice(text, end + 4, text.n);
    bool empty_head = str_starts(text, STR("\r\n"));
    struct str name = STR_NONE;
    if (empty_head || end + 4 > text.n || end + 4 > PART_HEAD_MAX_BYTES)
        return mp_fail(err, MP_E_SYNTAX, 0, "a part of the form has no head, or a long one");
    while (head.n != 0) {
        size_t line_end = str_search(head, STR("\r\n"));
        struct str value = str_slice(head, 0, line_end), field = str_cut(&value, ':');
        head = str_slice(head, line_end + 2, head.n);
        if (str_ieq(field, STR("Content-Disposition")) &&
            str_ieq(str_trim_wsp(str_slice(value, 0, str_find(value, ';'))), STR("form-data")))
            name = parameter(a, value, STR("name"));
        value = str_trim_wsp(value);
        if (str_ieq(field, STR("Content-Transfer-Encoding")) && !str_ieq(value, STR("binary")) &&
            !str_ieq(value, STR("8bit")) && !str_ieq(value, STR("7bit")))
            return mp_fail(err, MP_E_SYNTAX, 0, "parts of the form may not be encoded");
    }
    if (name.p == NULL)
        return mp_fail(err, MP_E_SYNTAX, 0, "a part of the form has no name");
    *out = (struct form_part){name, body};
    return MP_OK;
}

/* Behind a delimiter: "--" at the end, or the line's end. */
static bool after_delimiter(struct str *rest, bool *last)
{
    *last = str_starts(*rest, STR("--"));
    if (*last)
        return true;
    size_t blanks = 0;
    while (blanks < rest->n && is_wsp(rest->p[blanks]))
        blanks++;
    *rest = str_slice(*rest, blanks, rest->n);
    if (!str_starts(*rest, STR("\r\n")))
        return false;
    *rest = str_slice(*rest, 2, rest->n);
    return true;
}

int webapi_multipart_read(struct arena *a, struct str content_type, struct str body,
                          struct form *out, struct mp_err *err)
{
    struct str boundary = parameter(a, content_type, STR("boundary"));
    if (!is_boundary(boundary))
        return mp_fail(err, MP_E_SYNTAX, 0, "the type of the body has no usable boundary");
    struct str first = arena_fmt(a, "--" STR_FMT, STR_ARG(boundary));
    struct str next = arena_fmt(a, "\r\n--" STR_FMT, STR_ARG(boundary));
    struct form f = {.parts = arena_new(a, struct form_part, WEBAPI_MULTIPART_MAX_PARTS)};
    if (first.p == NULL || next.p == NULL || f.parts == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "the request needs more memory than allowed");
    size_t at = str_starts(body, first) ? first.n : str_search(body, next) + next.n;
    struct str rest = str_slice(body, at, body.n);
    bool last = false, good = at <= body.n && after_delimiter(&rest, &last);
    while (good && !last) {
        size_t end = str_search(rest, next);
        if (f.n == WEBAPI_MULTIPART_MAX_PARTS)
            return mp_fail(err, MP_E_SYNTAX, 0, "the form has more than %d parts",
                           WEBAPI_MULTIPART_MAX_PARTS);
        good = end < rest.n;
        int st = good ? read_part(a, str_slice(rest, 0, end), &f.parts[f.n++], err) : MP_OK;
        if (st != MP_OK)
            return st;
        rest = str_slice(rest, end + next.n, rest.n);
        good = good && after_delimiter(&rest, &last);
    }
    if (!good)
        return mp_fail(err, MP_E_SYNTAX, 0, "the form ends in the middle");
    *out = f;
    return MP_OK;
}
