/* Reading lines of calendars, as forgiving as the programs that show them. */
#include "document/ical.h"

static bool is_eol(char c)
{
    return c == '\r' || c == '\n';
}

/* RFC 5545 3.1, and line ends that are none of it. */
bool ical_open(struct arena *arena, struct str text, struct ical *out)
{
    struct ical in = {.cut = text.n > ICAL_MAX_BYTES};
    text = str_slice(text, 0, ICAL_MAX_BYTES);
    char *p = arena_new(arena, char, text.n + 1);
    if (p == NULL)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < text.n;) {
        if (!is_eol(text.p[i])) {
            p[n++] = text.p[i++];
            continue;
        }
        i += text.p[i] == '\r' && i + 1 < text.n && text.p[i + 1] == '\n' ? 2 : 1;
        if (i < text.n && is_wsp(text.p[i]))
            i++;
        else
            p[n++] = '\n';
    }
    in.rest = str_make(p, n);
    *out = in;
    return true;
}

static bool is_name_byte(char c)
{
    return is_alnum(c) || c == '-' || c == '_' || c == '.';
}

/* Where the parameters end: the first colon that is not in quotes. */
static size_t params_end(struct str s, size_t at)
{
    bool quoted = false;
    for (; at < s.n && (quoted || s.p[at] != ':'); at++)
        quoted ^= s.p[at] == '"';
    return at;
}

static bool parse_line(struct str line, struct ical_line *out)
{
    size_t name_end = 0;
    while (name_end < line.n && is_name_byte(line.p[name_end]))
        name_end++;
    size_t at = name_end;
    while (at < line.n && is_wsp(line.p[at]))
        at++;
    if (name_end == 0 || at == line.n || (line.p[at] != ':' && line.p[at] != ';'))
        return false;
    size_t colon = params_end(line, at);
    if (colon == line.n) /* a quote that never ends: readers take the first colon */
        colon = at + str_find(str_slice(line, at, line.n), ':');
    if (colon >= line.n)
        return false;
    struct str name = str_slice(line, 0, name_end);
    size_t dot = str_rfind(name, '.');
    out->name = dot < name.n ? str_slice(name, dot + 1, name.n) : name;
    out->params = str_slice(line, at, colon);
    out->value = str_slice(line, colon + 1, line.n);
    return out->name.n > 0;
}

bool ical_next(struct ical *in, struct ical_line *out)
{
    while (in->rest.p != NULL && in->rest.n > 0) {
        if (in->lines == ICAL_MAX_LINES) {
            in->cut = true;
            return false;
        }
        in->lines++;
        if (parse_line(str_cut(&in->rest, '\n'), out))
            return true;
    }
    return false;
}

/* The piece before the next semicolon that is not in quotes. */
static struct str next_param(struct str *s)
{
    bool quoted = false;
    size_t n = 0;
    for (; n < s->n && (quoted || s->p[n] != ';'); n++)
        quoted ^= s->p[n] == '"';
    struct str piece = str_slice(*s, 0, n);
    *s = str_slice(*s, n + 1, s->n);
    return piece;
}

struct str ical_param(const struct ical_line *line, struct str name)
{
    struct str rest = str_slice(line->params, 1, line->params.n);
    for (unsigned i = 0; i < ICAL_MAX_PARAMS && rest.n > 0; i++) {
        struct str value = next_param(&rest), key = str_trim_wsp(str_cut(&value, '='));
        if (value.p == NULL || !str_ieq(key, name))
            continue;
        value = str_trim_wsp(value);
        bool quoted = value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"';
        return quoted ? str_slice(value, 1, value.n - 1) : value;
    }
    return STR_NONE;
}

struct str ical_text(struct arena *arena, struct str value)
{
    if (!str_has(value, '\\'))
        return value.p == NULL ? STR("") : value;
    char *p = arena_new(arena, char, value.n);
    size_t n = 0;
    for (size_t i = 0; p != NULL && i < value.n; i++) {
        char c = value.p[i];
        if (c == '\\' && i + 1 < value.n) {
            c = value.p[++i];
            c = c == 'n' || c == 'N' ? '\n' : c;
        }
        p[n++] = c;
    }
    return str_make(p, n);
}
