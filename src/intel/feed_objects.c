/* Records of a JSON feed: pieces are found by json_pieces, each record is read by jansson. */
#include "intel/feed_objects.h"

#include <math.h>

struct level {
    struct json_within within;
    struct feed_note note;
};

struct walk {
    struct feed_objects *o;
    struct level levels[FEED_MAX_NESTING];
    size_t depth;
};

/* ---- one record ---- */

/* Numbers too large for an integer are no reason to refuse a record. */
static json_t *load(struct str text)
{
    json_error_t e;
    json_t *v = json_loadb(text.p, text.n, JSON_ALLOW_NUL, &e);
    if (v == NULL && json_error_code(&e) == json_error_numeric_overflow)
        v = json_loadb(text.p, text.n, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &e);
    return v;
}

static int read_record(struct walk *w, struct str object, const struct feed_note *note)
{
    struct feed_reader *r = w->o->r;
    feed_next_record(r);
    r->page.counts.lines++;
    if (object.n > FEED_MAX_RECORD_BYTES) {
        feed_refuse(r, object.p, "longer than %d bytes", FEED_MAX_RECORD_BYTES);
        return MP_OK;
    }
    json_t *v = load(object);
    if (v == NULL) {
        feed_refuse(r, object.p, "no JSON");
        return MP_OK;
    }
    int st = w->o->record(w->o, v, object.p, note);
    json_decref(v);
    return st;
}

/* ---- where they stand ---- */

/* What is within `value` comes next. What lies too deep is not looked at, and that is said. */
static int enter(struct walk *w, struct str value, const struct feed_note *note)
{
    struct level l = {.note = *note};
    if (!json_open(value, &l.within))
        return MP_OK;
    if (w->depth == FEED_MAX_NESTING) {
        w->o->r->page.counts.cut = true;
        feed_refuse(w->o->r, value.p, "deeper than %d", FEED_MAX_NESTING);
        return MP_OK;
    }
    w->levels[w->depth++] = l;
    return MP_OK;
}

static int visit(struct walk *w, struct str value, struct str key, const struct feed_note *above)
{
    struct feed_note note = *above;
    note.key = key;
    if (value.p[0] == '[')
        return enter(w, value, &note);
    if (value.p[0] != '{')
        return MP_OK;
    switch (w->o->look(w->o, value, &note)) {
    case LOOK_RECORD:
        return read_record(w, value, &note);
    case LOOK_INSIDE:
        return enter(w, value, &note);
    case LOOK_PAST:
        break;
    }
    return MP_OK;
}

/* What one value at the top holds. */
static int walk_value(struct walk *w, struct str top)
{
    struct feed_note none = {.tlp = TLP_UNKNOWN};
    int st = visit(w, top, STR_NONE, &none);
    while (st == MP_OK && w->depth > 0) {
        struct level *l = &w->levels[w->depth - 1];
        struct str key, value;
        const char *at = l->within.rest.p;
        enum json_step step = json_next(&l->within, &key, &value);
        if (step == JSON_BROKEN)
            return feed_fail(w->o->r, at, "no JSON");
        if (step == JSON_END) {
            w->o->empty |= !l->within.begun && (!l->within.object || w->depth == 1);
            w->depth--;
            continue;
        }
        struct str bare = json_bare(value);
        if (!l->within.object && bare.p != NULL && w->o->text != NULL)
            st = w->o->text(w->o, bare);
        else
            st = visit(w, value, l->within.object ? key : l->note.key, &l->note);
    }
    return st;
}

int feed_objects_read(struct feed_objects *o)
{
    struct walk w = {.o = o};
    struct feed_reader *r = o->r;
    struct str rest = r->bytes, value;
    bool any = false;
    for (;;) {
        const char *at = rest.p;
        enum json_step step = json_take(&rest, &value);
        if (step == JSON_END)
            return any ? MP_OK : feed_fail(r, r->bytes.p, "it is empty, and no JSON");
        if (step == JSON_BROKEN || (value.p[0] != '{' && value.p[0] != '['))
            return feed_fail(r, at, "no JSON, or it is cut off");
        int st = walk_value(&w, value);
        if (st != MP_OK)
            return st;
        any = true;
    }
}

/* ---- values ---- */

struct str feed_json_text(struct feed_reader *r, const json_t *value)
{
    if (json_is_string(value))
        return str_make(json_string_value(value), json_string_length(value));
    if (json_is_integer(value))
        return arena_fmt(&r->scratch, "%lld", (long long)json_integer_value(value));
    if (json_is_real(value))
        return arena_fmt(&r->scratch,
                         floor(json_real_value(value)) == json_real_value(value) ? "%.0f" : "%.6f",
                         json_real_value(value));
    return STR_NONE;
}

struct str feed_json_member(struct feed_reader *r, const json_t *object, const char *key)
{
    return feed_json_text(r, json_object_get(object, key));
}
