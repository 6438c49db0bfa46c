/* MISP: attributes of restSearch, with or without their events. */
#include "base/utf8.h"
#include "intel/feed_objects.h"

/* ---- types of attributes ---- */

enum part { PART_WHOLE, PART_FIRST, PART_SECOND, PART_BOTH };

/* What an attribute's type is to us; of "a|b" the parts that are meant. email-dst is left out: it
 * may be the address of a victim. */
static const struct {
    struct str type;
    enum part part;
    enum indicator_kind kind, second;
} types[] = {
    {STR_INIT("url"), PART_WHOLE, INDICATOR_URL, 0},
    {STR_INIT("uri"), PART_WHOLE, INDICATOR_URL, 0},
    {STR_INIT("domain"), PART_WHOLE, INDICATOR_DOMAIN, 0},
    {STR_INIT("hostname"), PART_WHOLE, INDICATOR_HOST, 0},
    {STR_INIT("ip-src"), PART_WHOLE, INDICATOR_IP, 0},
    {STR_INIT("ip-dst"), PART_WHOLE, INDICATOR_IP, 0},
    {STR_INIT("ip-src|port"), PART_FIRST, INDICATOR_IP, 0},
    {STR_INIT("ip-dst|port"), PART_FIRST, INDICATOR_IP, 0},
    {STR_INIT("hostname|port"), PART_FIRST, INDICATOR_HOST, 0},
    {STR_INIT("domain|ip"), PART_BOTH, INDICATOR_DOMAIN, INDICATOR_IP},
    {STR_INIT("md5"), PART_WHOLE, INDICATOR_MD5, 0},
    {STR_INIT("sha1"), PART_WHOLE, INDICATOR_SHA1, 0},
    {STR_INIT("sha256"), PART_WHOLE, INDICATOR_SHA256, 0},
    {STR_INIT("filename|md5"), PART_SECOND, INDICATOR_KIND_COUNT, INDICATOR_MD5},
    {STR_INIT("filename|sha1"), PART_SECOND, INDICATOR_KIND_COUNT, INDICATOR_SHA1},
    {STR_INIT("filename|sha256"), PART_SECOND, INDICATOR_KIND_COUNT, INDICATOR_SHA256},
    {STR_INIT("malware-sample"), PART_SECOND, INDICATOR_KIND_COUNT, INDICATOR_MD5},
    {STR_INIT("email"), PART_WHOLE, INDICATOR_EMAIL, 0},
    {STR_INIT("email-src"), PART_WHOLE, INDICATOR_EMAIL, 0},
    {STR_INIT("email-reply-to"), PART_WHOLE, INDICATOR_EMAIL, 0},
};

static int add_part(struct feed_reader *r, const char *at, struct feed_value *v, struct str value,
                    enum indicator_kind kind)
{
    v->value = value;
    v->kind = kind;
    return feed_add(r, at, v);
}

/* The value of an attribute, by its type. A name of a file may hold a "|", a hash cannot. */
static int add_typed(struct feed_reader *r, const char *at, struct feed_value *v, struct str type,
                     struct str value)
{
    size_t i = 0;
    while (i < ARRAY_LEN(types) && !str_eq(types[i].type, type))
        i++;
    if (i == ARRAY_LEN(types)) {
        feed_refuse(r, at, "no kind of ours: " STR_FMT, STR_ARG(str_slice(type, 0, 80)));
        return MP_OK;
    }
    if (types[i].part == PART_WHOLE)
        return add_part(r, at, v, value, types[i].kind);
    size_t bar = str_rfind(value, '|');
    int st = MP_OK;
    if (types[i].part != PART_SECOND)
        st = add_part(r, at, v, str_slice(value, 0, bar), types[i].kind);
    if (st == MP_OK && types[i].part != PART_FIRST)
        st = add_part(r, at, v, str_slice(value, bar + 1, value.n), types[i].second);
    return st;
}

/* ---- attributes ---- */

/* true, 1, "1": each version has its own. */
static bool is_true(const json_t *v)
{
    return json_is_true(v) || json_integer_value(v) == 1 ||
           (json_is_string(v) &&
            (strcmp(json_string_value(v), "1") == 0 || strcmp(json_string_value(v), "true") == 0));
}

/* The strictest label of the Traffic Light Protocol among tags. */
static enum tlp tlp_of_tags(struct feed_reader *r, const json_t *tags)
{
    enum tlp tlp = TLP_UNKNOWN, one;
    for (size_t i = 0; i < json_array_size(tags); i++) {
        struct str name = feed_json_member(r, json_array_get(tags, i), "name");
        if (str_istarts(name, STR("tlp:")) && tlp_by_name(name, &one) && one > tlp)
            tlp = one;
    }
    return tlp;
}

static enum tlp stricter(enum tlp a, enum tlp b)
{
    return a > b ? a : b;
}

/* An attribute of attributes/restSearch brings its event along. */
static int record(struct feed_objects *o, json_t *attribute, const char *at,
                  const struct feed_note *note)
{
    struct feed_reader *r = o->r;
    const json_t *event = json_object_get(attribute, "Event");
    const json_t *to_ids = json_object_get(attribute, "to_ids");
    int64_t changed = feed_time(feed_json_member(r, attribute, "timestamp"));
    struct feed_value v = {.id = feed_json_member(r, attribute, "uuid"),
                           .label = feed_json_member(r, event, "info"),
                           .first_seen_s = feed_time(feed_json_member(r, attribute, "first_seen")),
                           .last_seen_s = feed_time(feed_json_member(r, attribute, "last_seen")),
                           .confidence = INDICATOR_NO_CONFIDENCE,
                           .tlp = tlp_of_tags(r, json_object_get(attribute, "Tag"))};
    if (v.tlp == TLP_UNKNOWN)
        v.tlp = stricter(note->tlp, tlp_of_tags(r, json_object_get(event, "Tag")));
    if (v.label.n == 0)
        v.label = str_make(note->label, note->n_label);
    if (v.last_seen_s == 0)
        v.last_seen_s = changed;
    if (changed > r->page.newest_s)
        r->page.newest_s = changed;
    if (note->revoked || is_true(json_object_get(attribute, "deleted"))) {
        r->page.counts.revoked++;
        return MP_OK;
    }
    if (to_ids != NULL && !is_true(to_ids)) {
        r->page.counts.low++;
        return MP_OK;
    }
    return add_typed(r, at, &v, feed_json_member(r, attribute, "type"),
                     feed_json_member(r, attribute, "value"));
}

/* ---- where they stand ---- */

enum member { VALUE, TYPE, RESPONSE, TAG, INFO, DELETED, MEMBERS };
static const struct str member_names[MEMBERS] = {
    [VALUE] = STR_INIT("value"), [TYPE] = STR_INIT("type"), [RESPONSE] = STR_INIT("response"),
    [TAG] = STR_INIT("Tag"),     [INFO] = STR_INIT("info"), [DELETED] = STR_INIT("deleted")};

/* Read by jansson; NULL: not there, or too long. */
static json_t *load(struct str text)
{
    if (text.p == NULL || text.n > FEED_MAX_RECORD_BYTES)
        return NULL;
    return json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

/* What an event or object says of all that is within. */
static void take_note(struct feed_reader *r, const struct str members[MEMBERS],
                      struct feed_note *note)
{
    json_t *tags = load(members[TAG]), *info = load(members[INFO]);
    json_t *deleted = load(members[DELETED]);
    note->tlp = stricter(note->tlp, tlp_of_tags(r, tags));
    note->revoked |= is_true(deleted);
    if (json_is_string(info)) {
        struct str label = utf8_cut(feed_json_text(r, info), sizeof note->label);
        memcpy(note->label, label.p, label.n);
        note->n_label = label.n;
    }
    json_decref(tags);
    json_decref(info);
    json_decref(deleted);
}

/* Proposals, sightings and related events have values too, which nobody has confirmed. */
static enum feed_look look(struct feed_objects *o, struct str object, struct feed_note *note)
{
    static const struct str inside[] = {STR_INIT(""), STR_INIT("response"), STR_INIT("Event"),
                                        STR_INIT("Attribute"), STR_INIT("Object")};
    struct str members[MEMBERS];
    bool known = false;
    for (size_t i = 0; i < ARRAY_LEN(inside); i++)
        known |= str_eq(note->key, inside[i]);
    if (!known)
        return LOOK_PAST;
    json_members(object, member_names, MEMBERS, members);
    o->events |= str_eq(note->key, STR("Event"));
    o->known |= o->events || members[RESPONSE].p != NULL;
    if (members[VALUE].p != NULL && members[TYPE].p != NULL)
        return LOOK_RECORD;
    take_note(o->r, members, note);
    return LOOK_INSIDE;
}

/* A page without anything in it is behind the last one. */
int feed_read_misp(struct feed_reader *r)
{
    struct feed_objects o = {.r = r, .look = look, .record = record};
    int st = feed_objects_read(&o);
    if (st == MP_OK && !o.known && !o.empty && r->page.counts.lines == 0)
        return feed_fail(r, r->bytes.p, "no answer of MISP");
    r->page.more = r->page.counts.lines > 0 || o.events;
    return st;
}
