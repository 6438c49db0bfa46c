/* YAML event by event, every mistake with its place: libfyaml behind a wall. */
#include "base/yaml.h"

#include <libfyaml.h>

#include "base/utf8.h"

/* ---- errors with a place ---- */

int yaml_fail(struct yaml *y, int code, const char *fmt, ...)
{
    char text[MP_ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return mp_fail(y->err, code, y->line, "%s:%d:%d: %s", y->file, y->line, y->column, text);
}

/* The first thing libfyaml complained about; its messages never hold bytes of the file. */
static int fail_by_parser(struct yaml *y)
{
    void *cursor = NULL;
    const struct fy_diag_error *e = fy_diag_errors_iterate(y->diag, &cursor);
    if (e == NULL)
        return mp_fail(y->err, MP_E_SYNTAX, 0, "%s: not a YAML document", y->file);
    return mp_fail(y->err, MP_E_SYNTAX, e->line, "%s:%d:%d: %s", y->file, e->line, e->column,
                   e->msg);
}

int yaml_fail_memory(struct yaml *y)
{
    return mp_fail(y->err, MP_E_NOMEM, 0, "%s: no memory to read the %s", y->file, y->what);
}

const char *yaml_shown(struct str s, char out[4 * YAML_SHOWN_BYTES])
{
    struct buf b;
    buf_init(&b, 16 * YAML_SHOWN_BYTES);
    utf8_add_printable(&b, s, YAML_SHOWN_BYTES);
    snprintf(out, (size_t)4 * YAML_SHOWN_BYTES, STR_FMT, STR_ARG(buf_str(&b)));
    buf_clear(&b);
    return out;
}

int yaml_fail_unknown(struct yaml *y, const char *what, const struct nearest *n)
{
    char word[4 * YAML_SHOWN_BYTES];
    if (n->best.p == NULL)
        return yaml_fail(y, MP_E_SYNTAX, "unknown %s '%s'", what, yaml_shown(n->wanted, word));
    return yaml_fail(y, MP_E_SYNTAX, "unknown %s '%s', did you mean '" STR_FMT "'?", what,
                     yaml_shown(n->wanted, word), STR_ARG(n->best));
}

/* ---- events ---- */

static enum yaml_event event_of(enum fy_event_type type)
{
    static const struct {
        enum fy_event_type fy;
        enum yaml_event event;
    } events[] = {{FYET_SCALAR, YAML_SCALAR},
                  {FYET_MAPPING_START, YAML_MAP},
                  {FYET_MAPPING_END, YAML_MAP_END},
                  {FYET_SEQUENCE_START, YAML_LIST},
                  {FYET_SEQUENCE_END, YAML_LIST_END}};
    for (size_t i = 0; i < ARRAY_LEN(events); i++)
        if (events[i].fy == type)
            return events[i].event;
    return YAML_OTHER;
}

int yaml_next(struct yaml *y)
{
    fy_parser_event_free(y->parser, y->fy);
    y->fy = fy_parser_parse(y->parser);
    if (y->fy == NULL)
        return fail_by_parser(y);
    const struct fy_mark *mark = fy_event_start_mark(y->fy);
    if (mark != NULL) {
        y->line = mark->line + 1;
        y->column = mark->column + 1;
    }
    const struct fy_event *e = y->fy;
    y->event = event_of(e->type);
    bool anchored = (e->type == FYET_SCALAR && e->scalar.anchor != NULL) ||
                    (e->type == FYET_MAPPING_START && e->mapping_start.anchor != NULL) ||
                    (e->type == FYET_SEQUENCE_START && e->sequence_start.anchor != NULL);
    bool tagged = (e->type == FYET_SCALAR && e->scalar.tag != NULL) ||
                  (e->type == FYET_MAPPING_START && e->mapping_start.tag != NULL) ||
                  (e->type == FYET_SEQUENCE_START && e->sequence_start.tag != NULL);
    if (anchored || e->type == FYET_ALIAS)
        return yaml_fail(y, MP_E_SYNTAX, "anchors and aliases are not used in a %s", y->what);
    if (tagged)
        return yaml_fail(y, MP_E_SYNTAX, "tags are not used in a %s", y->what);
    return MP_OK;
}

int yaml_expect(struct yaml *y, enum yaml_event event, const char *what)
{
    if (y->event != event)
        return yaml_fail(y, MP_E_SYNTAX, "%s is wanted here", what);
    return MP_OK;
}

int yaml_next_expected(struct yaml *y, enum yaml_event event, const char *what)
{
    int st = yaml_next(y);
    return st == MP_OK ? yaml_expect(y, event, what) : st;
}

int yaml_scalar(struct yaml *y, const char *what, struct str *out)
{
    int st = yaml_expect(y, YAML_SCALAR, what);
    if (st != MP_OK)
        return st;
    size_t n = 0;
    const char *p = fy_token_get_text(y->fy->scalar.value, &n);
    *out = str_make(p, p == NULL ? 0 : n);
    return MP_OK;
}

int yaml_next_scalar(struct yaml *y, const char *what, struct str *out)
{
    int st = yaml_next(y);
    return st == MP_OK ? yaml_scalar(y, what, out) : st;
}

/* ---- mappings by table, and lists ---- */

static int read_key(struct yaml *y, const struct yaml_key *keys, size_t n, uint32_t *seen,
                    char *into)
{
    struct str name;
    int st = yaml_scalar(y, "a key", &name);
    if (st != MP_OK)
        return st;
    struct nearest nearest = {.wanted = name};
    for (size_t i = 0; i < n; i++) {
        nearest_try(&nearest, keys[i].name);
        if (!str_eq(keys[i].name, name))
            continue;
        if (*seen >> i & 1)
            return yaml_fail(y, MP_E_SYNTAX, "key '" STR_FMT "' stands twice",
                             STR_ARG(keys[i].name));
        *seen |= 1u << i;
        return keys[i].read(y, into + keys[i].offset);
    }
    return yaml_fail_unknown(y, "key", &nearest);
}

int yaml_map(struct yaml *y, const struct yaml_key *keys, size_t n, uint32_t *seen, void *into)
{
    *seen = 0;
    for (;;) {
        int st = yaml_next(y);
        if (st == MP_OK && y->event == YAML_MAP_END)
            return MP_OK;
        if (st == MP_OK)
            st = read_key(y, keys, n, seen, into);
        if (st != MP_OK)
            return st;
    }
}

int yaml_next_list(struct yaml *y, const char *what, int (*item)(struct yaml *y, void *into),
                   void *into)
{
    int st = yaml_next_expected(y, YAML_LIST, what);
    while (st == MP_OK && (st = yaml_next(y)) == MP_OK && y->event != YAML_LIST_END)
        st = item(y, into);
    return st;
}

/* ---- values ---- */

int yaml_copy(struct yaml *y, struct str text, struct str *out)
{
    struct str copy = arena_copy(y->arena, text);
    if (copy.p == NULL)
        return yaml_fail_memory(y);
    *out = copy;
    return MP_OK;
}

int yaml_read_bool(struct yaml *y, void *into)
{
    struct str word;
    int st = yaml_next_scalar(y, "true or false", &word);
    if (st != MP_OK)
        return st;
    bool yes = str_eq(word, STR("true"));
    if (!yes && !str_eq(word, STR("false")))
        return yaml_fail(y, MP_E_SYNTAX, "true or false is wanted here");
    *(bool *)into = yes;
    return MP_OK;
}

/* ---- the document ---- */

/* The same, of what the users of this reader never meet: the frame of a document. */
static int next_frame(struct yaml *y, enum fy_event_type type, const char *what)
{
    int st = yaml_next(y);
    if (st == MP_OK && y->fy->type != type)
        return yaml_fail(y, MP_E_SYNTAX, "%s is wanted here", what);
    return st;
}

/* A file of comments is an empty stream; "---" alone is a document with an empty scalar. */
static int read_document(struct yaml *y, const struct yaml_key *keys, size_t n, void *into)
{
    char what[4 * YAML_SHOWN_BYTES];
    uint32_t seen;
    struct str text;
    int st = yaml_next(y);
    if (st != MP_OK)
        return st;
    if (y->event == YAML_MAP)
        return yaml_map(y, keys, n, &seen, into);
    snprintf(what, sizeof what, "a mapping of %s keys", y->what);
    st = yaml_scalar(y, what, &text);
    if (st == MP_OK && text.n > 0)
        return yaml_fail(y, MP_E_SYNTAX, "%s is wanted here", what);
    return st;
}

static int read_stream(struct yaml *y, const struct yaml_key *keys, size_t n, void *into)
{
    int st = next_frame(y, FYET_STREAM_START, "the beginning");
    if (st == MP_OK)
        st = yaml_next(y);
    if (st != MP_OK || y->fy->type == FYET_STREAM_END)
        return st;
    st = read_document(y, keys, n, into);
    if (st == MP_OK)
        st = next_frame(y, FYET_DOCUMENT_END, "the end of the document");
    if (st == MP_OK)
        st = next_frame(y, FYET_STREAM_END, "the end of the file, not a second document,");
    return st;
}

/* libfyaml is never given what is not text. */
static int check_text(struct yaml *y, struct str text, size_t max_bytes)
{
    if (text.n > max_bytes)
        return mp_fail(y->err, MP_E_LIMIT, (int64_t)max_bytes, "%s: a %s has at most %zu bytes",
                       y->file, y->what, max_bytes);
    int line = 1;
    while (text.n > 0) {
        int32_t cp = utf8_next(&text);
        bool control = cp < 0x20 && cp != '\n' && cp != '\r' && cp != '\t';
        if (cp == UTF8_BAD || control || cp == 0x7f)
            return mp_fail(y->err, MP_E_SYNTAX, line, "%s:%d: %s", y->file, line,
                           cp == UTF8_BAD ? "not UTF-8 text" : "a control character");
        line += cp == '\n';
    }
    return MP_OK;
}

int yaml_read_file(struct yaml *y, struct str text, size_t max_bytes, const struct yaml_key *keys,
                   size_t n, void *into)
{
    struct fy_diag_cfg diag_config;
    int st = check_text(y, text, max_bytes);
    if (st != MP_OK)
        return st;
    y->line = y->column = 1;
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    y->diag = fy_diag_create(&diag_config);
    if (y->diag == NULL)
        return yaml_fail_memory(y);
    fy_diag_set_collect_errors(y->diag, true);
    struct fy_parse_cfg config = {.flags = FYPCF_QUIET, .diag = y->diag};
    y->parser = fy_parser_create(&config);
    if (y->parser == NULL ||
        fy_parser_set_string(y->parser, text.n == 0 ? "" : text.p, text.n) != 0)
        st = yaml_fail_memory(y);
    if (st == MP_OK)
        st = read_stream(y, keys, n, into);
    fy_parser_event_free(y->parser, y->fy);
    fy_parser_destroy(y->parser);
    fy_diag_destroy(y->diag);
    y->fy = NULL;
    y->parser = NULL;
    y->diag = NULL;
    return st;
}
