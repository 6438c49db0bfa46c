/* Objects whose keys the configuration names: arrays, one object a line, or nested. */
#include "intel/feed_objects.h"

/* "data.url": the first name, and what is behind it. */
static struct str first_of(struct str path, struct str *rest)
{
    *rest = path;
    return str_cut(rest, '.');
}

/* A path that began above, "data.url" for the items of "data": what is left of it behind `key`.
 * p == NULL: it does not pass there. */
static struct str behind(struct str path, struct str key)
{
    while (key.n > 0 && path.p != NULL)
        if (str_eq(first_of(path, &path), key))
            return path;
    return STR_NONE;
}

/* The member that a path leads to, as it is written; p == NULL: none. */
static struct str piece_at(struct str object, struct str path)
{
    struct str value = json_member(object, path);
    if (value.p != NULL)
        return value;
    value = object;
    for (struct str rest = path; value.p != NULL && rest.p != NULL;)
        value = json_member(value, first_of(rest, &rest));
    return value;
}

/* An object is a record when it has the value. */
static enum feed_look look(struct feed_objects *o, struct str object, struct feed_note *note)
{
    struct str path = o->r->feed->columns[COLUMN_VALUE];
    if (path.n == 0)
        return LOOK_INSIDE;
    struct str value = piece_at(object, path), left = behind(path, note->key);
    if (value.p == NULL && left.p != NULL)
        value = piece_at(object, left);
    return value.p != NULL && value.p[0] != '{' ? LOOK_RECORD : LOOK_INSIDE;
}

static const json_t *at_path(const json_t *object, struct str path)
{
    const json_t *v = json_object_getn(object, path.p, path.n);
    if (v != NULL)
        return v;
    v = object;
    for (struct str rest = path; v != NULL && rest.p != NULL;) {
        struct str name = first_of(rest, &rest);
        v = json_object_getn(v, name.p, name.n);
    }
    return v;
}

static const json_t *column(const struct feed_objects *o, const json_t *object, enum feed_column k,
                            const struct feed_note *note)
{
    struct str path = o->r->feed->columns[k], left = behind(path, note->key);
    const json_t *v = path.n > 0 ? at_path(object, path) : NULL;
    return v == NULL && left.p != NULL ? at_path(object, left) : v;
}

/* The value may be a list of them: each is an entry. Of other columns a list is its first item. */
static int record(struct feed_objects *o, json_t *object, const char *at,
                  const struct feed_note *note)
{
    struct feed_reader *r = o->r;
    struct str texts[COLUMN_COUNT];
    for (size_t k = 0; k < COLUMN_COUNT; k++) {
        const json_t *v = column(o, object, (enum feed_column)k, note);
        texts[k] = feed_json_text(r, json_is_array(v) ? json_array_get(v, 0) : v);
    }
    const json_t *values = column(o, object, COLUMN_VALUE, note);
    int st = MP_OK;
    if (!json_is_array(values))
        return feed_add_texts(r, at, texts);
    for (size_t i = 0; st == MP_OK && i < json_array_size(values); i++) {
        texts[COLUMN_VALUE] = feed_json_text(r, json_array_get(values, i));
        st = feed_add_texts(r, at, texts);
    }
    return st;
}

/* Without a column for the value: a list of texts. */
static int text(struct feed_objects *o, struct str bare)
{
    struct str texts[COLUMN_COUNT] = {[COLUMN_VALUE] = bare};
    json_t *v = NULL;
    feed_next_record(o->r);
    o->r->page.counts.lines++;
    if (str_has(bare, '\\') && bare.n < FEED_MAX_RECORD_BYTES) {
        v = json_loadb(bare.p - 1, bare.n + 2, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        texts[COLUMN_VALUE] = feed_json_text(o->r, v);
    }
    int st = feed_add_texts(o->r, bare.p, texts);
    json_decref(v);
    return st;
}

/* A list may be empty. An answer with other things in it is none of its lists: "no such key". */
int feed_read_json(struct feed_reader *r)
{
    bool values_alone = r->feed->columns[COLUMN_VALUE].n == 0;
    struct feed_objects o = {
        .r = r, .look = look, .record = record, .text = values_alone ? text : NULL};
    int st = feed_objects_read(&o);
    if (st == MP_OK && r->page.counts.lines == 0 && !o.empty && !r->page.counts.cut)
        return feed_fail(r, r->bytes.p,
                         values_alone ? "no list of texts" : "no object with a value");
    return st;
}
