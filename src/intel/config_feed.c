/* Feeds of the configuration. */
#include <jansson.h>
#include <stddef.h>

#include "intel/config_internal.h"

enum {
    FEED_REFRESH_S = 3600,
    FEED_STALE_S = 3 * 86400,
    FEED_MAX_BYTES = 64 * 1024 * 1024,
    FEED_MOST_BYTES = 512 * 1024 * 1024
};

static const struct config_word formats[] = {
    {"plain", FEED_PLAIN}, {"csv", FEED_CSV},   {"json", FEED_JSON}, {"stix", FEED_STIX},
    {"taxii", FEED_TAXII}, {"misp", FEED_MISP}, {NULL, 0},
};

const char *feed_format_name(enum feed_format f)
{
    return (unsigned)f < FEED_FORMAT_COUNT ? formats[f].name : "?";
}

static int read_format(struct yaml *y, void *into)
{
    int value = 0;
    int st = config_take_word(y, "a format", formats, &value);
    if (st == MP_OK)
        *(enum feed_format *)into = (enum feed_format)value;
    return st;
}

static int read_separator(struct yaml *y, void *into)
{
    static const struct config_word words[] = {
        {",", ','}, {";", ';'}, {"tab", '\t'}, {"auto", 0}, {NULL, 0}};
    int value = 0;
    int st = config_take_word(y, "a separator", words, &value);
    if (st == MP_OK)
        *(char *)into = (char)value;
    return st;
}

/* A file beside the configuration, or somewhere. What is there is the caller's to see. */
static int read_place(struct yaml *y, void *into)
{
    struct str text;
    int st = yaml_next_scalar(y, "an https URL or a file", &text);
    if (st != MP_OK)
        return st;
    bool file = str_starts(text, STR("/")) ||
                (str_starts(text, STR("file:")) && text.n > 5 && !str_starts(text, STR("file://")));
    return file ? config_check_text(y, text, into) : config_check_url(y, text, into);
}

static int read_columns(struct yaml *y, void *into)
{
#define COLUMN(name, number)                                                                       \
    {                                                                                              \
        STR_INIT(name), config_read_text, (number) * sizeof(struct str)                            \
    }
    static const struct yaml_key keys[] = {
        COLUMN("value", COLUMN_VALUE),
        COLUMN("kind", COLUMN_KIND),
        COLUMN("id", COLUMN_ID),
        COLUMN("label", COLUMN_LABEL),
        COLUMN("first_seen", COLUMN_FIRST_SEEN),
        COLUMN("last_seen", COLUMN_LAST_SEEN),
        COLUMN("valid_until", COLUMN_VALID_UNTIL),
        COLUMN("confidence", COLUMN_CONFIDENCE),
        COLUMN("tlp", COLUMN_TLP),
    };
#undef COLUMN
    uint32_t seen;
    struct str columns[COLUMN_COUNT] = {{NULL, 0}};
    int st = yaml_next_expected(y, YAML_MAP, "a mapping of what is told to columns");
    if (st == MP_OK)
        st = yaml_map(y, keys, ARRAY_LEN(keys), &seen, columns);
    if (st == MP_OK)
        memcpy(into, columns, sizeof columns);
    return st;
}

/* The words of the source are the keys: "ip:port": ip. */
static int read_kinds(struct yaml *y, void *into)
{
    struct feed *feed = into;
    feed->n_kinds = 0;
    int st = yaml_next_expected(y, YAML_MAP, "a mapping of the source's words to kinds");
    while (st == MP_OK && (st = yaml_next(y)) == MP_OK && y->event != YAML_MAP_END) {
        struct str word;
        struct feed_word *kind = &feed->kinds[feed->n_kinds];
        st = yaml_scalar(y, "a word of the source", &word);
        if (st == MP_OK && feed->n_kinds == INTEL_MAX_KINDS)
            return yaml_fail(y, MP_E_LIMIT, "more than %d kinds", INTEL_MAX_KINDS);
        if (st == MP_OK)
            st = yaml_copy(y, word, &kind->word);
        if (st == MP_OK)
            st = config_read_kind(y, &kind->kind);
        if (st == MP_OK && kind->kind == INDICATOR_KIND_COUNT)
            return yaml_fail(y, MP_E_SYNTAX, "a word stands for one kind, not for any");
        if (st == MP_OK)
            feed->n_kinds++;
    }
    return st;
}

#define AT(field) offsetof(struct feed, field)
static const struct yaml_key feed_keys[] = {
    {STR_INIT("url"), read_place, AT(url)},
    {STR_INIT("title"), config_read_text, AT(title)},
    {STR_INIT("format"), read_format, AT(format)},
    {STR_INIT("kind"), config_read_kind, AT(kind)},
    {STR_INIT("columns"), read_columns, AT(columns)},
    {STR_INIT("kinds"), read_kinds, 0},
    {STR_INIT("separator"), read_separator, AT(separator)},
    {STR_INIT("enabled"), yaml_read_bool, AT(enabled)},
    {STR_INIT("key"), config_read_secret, AT(key)},
    {STR_INIT("key_header"), config_read_text, AT(key_header)},
    {STR_INIT("key_prefix"), config_read_text, AT(key_prefix)},
    {STR_INIT("body"), config_read_body, AT(body)},
    {STR_INIT("refresh"), config_read_seconds, AT(refresh_s)},
    {STR_INIT("stale"), config_read_seconds, AT(stale_s)},
    {STR_INIT("expire"), config_read_seconds, AT(expire_s)},
    {STR_INIT("max_bytes"), config_read_size, AT(max_bytes)},
    {STR_INIT("confidence"), config_read_percent, AT(confidence)},
    {STR_INIT("min_confidence"), config_read_percent, AT(min_confidence)},
    {STR_INIT("severity"), severity_read_yaml, AT(severity)},
    {STR_INIT("tlp"), config_read_tlp, AT(tlp)},
    {STR_INIT("licence"), config_read_text, AT(licence)},
    {STR_INIT("reference"), config_read_text, AT(reference)},
};
#undef AT

/* Of an entry of the operator's; the built-in table says what differs. */
static void feed_default(struct feed *f)
{
    f->format = FEED_PLAIN;
    f->kind = INDICATOR_KIND_COUNT;
    f->enabled = true;
    f->refresh_s = FEED_REFRESH_S;
    f->stale_s = FEED_STALE_S;
    f->max_bytes = FEED_MAX_BYTES;
    f->confidence = INDICATOR_NO_CONFIDENCE;
    f->severity = SEV_HIGH;
}

/* Words of a header, as HTTP has them. */
static bool header_ok(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!is_alnum(name.p[i]) && name.p[i] != '-')
            return false;
    return true;
}

/* Fields are added to what MISP is asked, so it must be an object. */
static bool body_ok(const struct feed *f)
{
    if (f->format != FEED_MISP || f->body.n == 0)
        return true;
    json_t *v = json_loadb(f->body.p, f->body.n, 0, NULL);
    bool ok = json_is_object(v);
    json_decref(v);
    return ok;
}

/* The sentence of what does not go together, or NULL. */
static const char *feed_mistake(const struct feed *f)
{
    bool table = f->format == FEED_CSV || f->format == FEED_JSON, columns = false;
    bool has_key = f->key.env.n > 0 || f->key.file.n > 0;
    bool key_in_url = str_search(f->url, STR("{key}")) < f->url.n;
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        columns |= f->columns[i].n > 0;
    if (f->url.n == 0)
        return "has no url";
    if ((columns || f->n_kinds > 0) && !table)
        return "has columns: formats csv and json have them";
    if (columns && f->columns[COLUMN_VALUE].n == 0)
        return "has columns, and none is 'value'";
    if (f->n_kinds > 0 && f->columns[COLUMN_KIND].n == 0)
        return "has 'kinds', and no column 'kind'";
    if ((key_in_url || f->key_header.n > 0) && !has_key)
        return "uses a key and does not say where it is: 'key'";
    if (has_key && !key_in_url && f->key_header.n == 0)
        return "has a key and no place for it: 'key_header', or {key} in the URL";
    if (!header_ok(f->key_header))
        return "has a 'key_header' that is no name of a header";
    if (!body_ok(f))
        return "has a 'body' that is no object of JSON";
    if (f->max_bytes == 0 || f->max_bytes > FEED_MOST_BYTES)
        return "has 'max_bytes' outside of 1 byte to 512MB";
    return NULL;
}

static int read_feed(struct yaml *y, struct str name, struct config_reading *r)
{
    uint32_t seen;
    void *entry = NULL;
    bool is_new = false;
    int st = config_entry(y, &r->feeds, INTEL_MAX_FEEDS, sizeof(struct feed), "feed", name, &entry,
                          &is_new);
    if (st == MP_OK)
        st = yaml_next_expected(y, YAML_MAP, "a feed (url, format, kind, ...)");
    if (st != MP_OK)
        return st;
    struct feed *f = entry;
    if (is_new)
        feed_default(f);
    st = yaml_map(y, feed_keys, ARRAY_LEN(feed_keys), &seen, f);
    const char *mistake = st == MP_OK ? feed_mistake(f) : NULL;
    if (mistake != NULL)
        return yaml_fail(y, MP_E_SYNTAX, "feed '" STR_FMT "' that ends here %s", STR_ARG(f->name),
                         mistake);
    if (st == MP_OK && f->title.n == 0)
        f->title = f->name;
    return st;
}

int config_read_feeds(struct yaml *y, void *into)
{
    return config_read_named(y, "a mapping of names to feeds", read_feed, into);
}
