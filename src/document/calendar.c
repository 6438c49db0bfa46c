/* Invitations (RFC 5545, 5546, 6047): what they carry, load and hide; their links and words. */
#include "base/buf.h"
#include "base/utf8.h"
#include "content/found.h"
#include "content/inspect.h"
#include "content/lists.h"
#include "content/name.h"
#include "content/place.h"
#include "document/ical.h"
#include "document/readers.h"
#include "mime/decode.h"
#include "url/url.h"

enum {
    INVISIBLE_RUN = 8,   /* more than any emoji is put together of */
    MAX_ATTENDEES = 100, /* compared with the identifier of their event */
    RECENT_LINKS = 32,   /* that are not added twice */
    MAX_COMPONENTS = 100 /* within each other: below, END counts no more */
};

/* An event or a task that is open. */
struct event {
    unsigned depth; /* of components at its BEGIN; 0: none is open */
    struct str name, uid;
    bool has_stamp, has_link;
    struct str attendees[MAX_ATTENDEES];
    size_t n_attendees;
};

struct calendar {
    struct content *c;
    size_t index;
    struct content_object object; /* a copy: the list may move */
    struct str method;
    unsigned depth;
    struct event event;
    size_t n_events;
    bool bad_uid, has_link, few_attendees, own_organizer;
    struct buf words; /* what a person reads of it */
    size_t first_link;
    struct mp_err *err;
};

static struct finding *tell(struct calendar *k, enum finding_id id, const char *what,
                            struct str shown)
{
    return finding_add(&k->c->report->findings, id, content_place(&k->object), "%s" STR_FMT, what,
                       STR_ARG(str_slice(shown, 0, FINDING_EVIDENCE_MAX)));
}

static int no_memory(struct calendar *k)
{
    return mp_fail(k->err, MP_E_NOMEM, 0, "no memory for a calendar");
}

/* ---- links and words ---- */

static bool was_added(const struct calendar *k, struct str url)
{
    const struct content_report *r = k->c->report;
    for (size_t i = r->n_links; i > k->first_link && r->n_links - i < RECENT_LINKS; i--)
        if (str_eq(r->links[i - 1].url, url))
            return true;
    return false;
}

static int add_link(struct calendar *k, struct str url, struct str text)
{
    struct content_link l = {
        .object = (uint32_t)k->index, .source = LINK_CALENDAR, .url = url, .text = text};
    return was_added(k, url) ? MP_OK : content_add_link(k->c, &l, k->err);
}

static int add_words(struct calendar *k, const struct ical_line *line)
{
    struct str text = ical_text(k->c->arena, line->value), url;
    size_t at = 0;
    int st = MP_OK;
    if (text.p == NULL)
        return no_memory(k);
    if (k->words.n + text.n < CONTENT_MAX_TEXT_BYTES) {
        buf_add(&k->words, text);
        buf_addc(&k->words, '\n');
    }
    while (st == MP_OK && url_find(text, &at, &url)) {
        k->event.has_link = true;
        st = add_link(k, url, STR_NONE);
    }
    return st;
}

static int add_url(struct calendar *k, const struct ical_line *line)
{
    k->event.has_link |= line->value.n > 0;
    return add_link(k, str_trim(line->value), STR_NONE);
}

/* ---- people ---- */

/* "mailto:a@example.com" as an address; empty when it is none. */
static struct str address_of(struct str value)
{
    static const struct str scheme = STR_INIT("mailto:");
    value = str_trim(value);
    if (str_istarts(value, scheme))
        value = str_slice(value, scheme.n, value.n);
    return str_has(value, '@') ? value : STR("");
}

/* The organizer's address becomes a link to write to: room phish compares it with the sender. */
static int add_organizer(struct calendar *k, const struct ical_line *line)
{
    struct str address = address_of(line->value), domain = address;
    if (address.n == 0)
        return MP_OK;
    str_cut(&domain, '@');
    struct str lower = arena_lower(k->c->arena, domain);
    struct str parts[] = {STR("mailto:"), address};
    struct str url = arena_join(k->c->arena, parts, ARRAY_LEN(parts));
    if (lower.p == NULL || url.p == NULL)
        return no_memory(k);
    k->own_organizer |= content_lists_domain(k->c->lists, LIST_DOMAINS_OWN, lower) != NULL;
    return add_link(k, url, ical_param(line, STR("CN")));
}

static int add_attendee(struct calendar *k, const struct ical_line *line)
{
    struct event *e = &k->event;
    if (e->n_attendees < MAX_ATTENDEES)
        e->attendees[e->n_attendees] = address_of(line->value);
    e->n_attendees++;
    return MP_OK;
}

/* ---- files ---- */

static const struct str page_types[] = {STR_INIT("text/html"), STR_INIT("image/svg"),
                                        STR_INIT("application/xhtml")};

static bool is_page_type(struct str type)
{
    for (size_t i = 0; i < ARRAY_LEN(page_types); i++)
        if (str_istarts(type, page_types[i]))
            return true;
    return false;
}

/* The extension of a name or of the path of a URL, in lower case. */
static struct str extension_of(struct calendar *k, struct str name)
{
    struct name read;
    name = str_slice(name, 0, str_find(name, '?'));
    name = str_slice(name, 0, str_find(name, '#'));
    return name_read(k->c->arena, name, &read) ? read.extension : STR("");
}

static bool is_page_name(struct str extension)
{
    return str_eq(extension, STR("html")) || str_eq(extension, STR("htm")) ||
           str_eq(extension, STR("svg")) || str_eq(extension, STR("xhtml")) ||
           str_eq(extension, STR("shtml"));
}

static struct str file_name(const struct ical_line *line)
{
    static const struct str params[] = {STR_INIT("FILENAME"), STR_INIT("X-FILENAME"),
                                        STR_INIT("X-APPLE-FILENAME"), STR_INIT("X-LABEL")};
    for (size_t i = 0; i < ARRAY_LEN(params); i++) {
        struct str name = ical_param(line, params[i]);
        if (name.n > 0)
            return name;
    }
    return STR("");
}

/* A file that stands in the calendar is looked at like any other. */
static int add_file(struct calendar *k, struct str name, struct str base64)
{
    static const struct base64_way way = {PAD_STOPS, JUNK_SKIPPED, false};
    unsigned odd = 0;
    char *p = arena_new(k->c->arena, char, base64_room(base64.n));
    if (p == NULL)
        return no_memory(k);
    struct str bytes = str_make(p, base64_read(base64, &way, p, &odd));
    return bytes.n == 0 ? MP_OK : content_add_member(k->c, k->index, name, bytes, k->err);
}

/* "data:text/html;base64,PGh0..." */
static int add_data(struct calendar *k, struct str name, struct str data)
{
    struct str head = str_cut(&data, ',');
    return str_isearch(head, STR(";base64")) < head.n && data.p != NULL ? add_file(k, name, data)
                                                                        : MP_OK;
}

/* Is the file that the URL names one that should not come by this way? */
static bool is_bad_file(struct calendar *k, struct str extension)
{
    return content_lists_has(k->c->lists, LIST_EXTENSIONS_DANGEROUS, extension) ||
           content_lists_has(k->c->lists, LIST_EXTENSIONS_RISKY, extension);
}

static int attach(struct calendar *k, const struct ical_line *line)
{
    struct str value = str_trim(line->value), name = file_name(line);
    struct str type = ical_param(line, STR("FMTTYPE"));
    bool binary = str_ieq(ical_param(line, STR("VALUE")), STR("BINARY")) ||
                  str_ieq(ical_param(line, STR("ENCODING")), STR("BASE64"));
    bool cid = str_istarts(value, STR("cid:")), data = str_istarts(value, STR("data:"));
    struct str extension = extension_of(k, name.n > 0 || binary || data ? name : value);
    bool page = is_page_type(type) || is_page_name(extension) ||
                (data && is_page_type(str_slice(value, STR("data:").n, value.n)));
    int st = MP_OK;
    if (binary)
        st = add_file(k, name, value);
    else if (data)
        st = add_data(k, name, value);
    else if (!cid)
        st = add_url(k, line);
    if (st != MP_OK || !(binary || cid || data || page || is_bad_file(k, extension)))
        return st;
    const char *how = binary || data ? "ATTACH carries a file" : "ATTACH";
    struct finding *f =
        finding_add(&k->c->report->findings, FINDING_CALENDAR_ATTACH, content_place(&k->object),
                    "%s%s" STR_FMT "%s" STR_FMT " " STR_FMT, how, type.n > 0 ? " of type " : "",
                    STR_ARG(type), name.n > 0 ? " named " : "", STR_ARG(name),
                    STR_ARG(binary ? STR("") : str_slice(value, 0, FINDING_EVIDENCE_MAX)));
    if (page)
        finding_raise(f, SEV_HIGH);
    return MP_OK;
}

/* ---- identifiers ---- */

static bool is_example(struct str uid)
{
    static const struct str domains[] = {STR_INIT("@example.com"), STR_INIT("@example.org"),
                                         STR_INIT("@example.net"), STR_INIT("@example")};
    for (size_t i = 0; i < ARRAY_LEN(domains); i++)
        if (str_iends(uid, domains[i]))
            return true;
    return false;
}

static bool is_attendee(const struct event *e, struct str address)
{
    for (size_t i = 0; i < e->n_attendees && i < MAX_ATTENDEES; i++)
        if (address.n > 0 && str_ieq(e->attendees[i], address))
            return true;
    return false;
}

static void check_uid(struct calendar *k, const struct event *e)
{
    if (k->bad_uid)
        return;
    k->bad_uid = true;
    if (e->uid.n == 0)
        tell(k, FINDING_CALENDAR_UID, "no UID in ", e->name);
    else if (!e->has_stamp)
        tell(k, FINDING_CALENDAR_UID, "no DTSTAMP in ", e->name);
    else if (is_example(e->uid))
        tell(k, FINDING_CALENDAR_UID, "UID is of an example: ", e->uid);
    else if (is_attendee(e, address_of(e->uid)))
        tell(k, FINDING_CALENDAR_UID, "UID is the address of an attendee: ", e->uid);
    else
        k->bad_uid = false;
}

/* ---- components ---- */

static bool is_event(struct str component)
{
    return str_ieq(component, STR("VEVENT")) || str_ieq(component, STR("VTODO"));
}

static void begin(struct calendar *k, struct str component)
{
    if (k->depth < MAX_COMPONENTS)
        k->depth++;
    if (k->event.depth != 0 || !is_event(component))
        return;
    k->event.depth = k->depth;
    k->event.name = component;
    k->event.uid = STR_NONE;
    k->event.has_stamp = k->event.has_link = false;
    k->event.n_attendees = 0;
}

static void end_event(struct calendar *k)
{
    struct event *e = &k->event;
    if (e->depth == 0)
        return;
    check_uid(k, e);
    k->n_events++;
    k->has_link |= e->has_link;
    k->few_attendees |= e->n_attendees <= 1;
    e->depth = 0;
}

static void end(struct calendar *k)
{
    if (k->event.depth != 0 && k->depth == k->event.depth)
        end_event(k);
    if (k->depth > 0)
        k->depth--;
}

/* ---- properties ---- */

/* Within an event, but not in an alarm of it. */
static bool in_event(const struct calendar *k)
{
    return k->event.depth != 0 && k->event.depth == k->depth;
}

static void check_invisible(struct calendar *k, const struct ical_line *line)
{
    struct str rest = line->value;
    unsigned run = 0;
    if (str_is_ascii(rest))
        return;
    for (int32_t c; run < INVISIBLE_RUN && (c = utf8_next(&rest)) != UTF8_END;)
        run = utf8_is_invisible(c) ? run + 1 : 0;
    if (run == INVISIBLE_RUN)
        finding_add(&k->c->report->findings, FINDING_CALENDAR_INVISIBLE, content_place(&k->object),
                    STR_FMT ": " STR_FMT, STR_ARG(str_slice(line->name, 0, 40)),
                    STR_ARG(str_slice(line->value, 0, FINDING_EVIDENCE_MAX)));
}

static const struct property {
    struct str name;
    int (*read)(struct calendar *k, const struct ical_line *line);
} properties[] = {
    {STR_INIT("ORGANIZER"), add_organizer}, {STR_INIT("ATTENDEE"), add_attendee},
    {STR_INIT("ATTACH"), attach},           {STR_INIT("URL"), add_url},
    {STR_INIT("CONFERENCE"), add_url},      {STR_INIT("SUMMARY"), add_words},
    {STR_INIT("DESCRIPTION"), add_words},   {STR_INIT("LOCATION"), add_words},
    {STR_INIT("COMMENT"), add_words},       {STR_INIT("X-ALT-DESC"), add_words},
};

static int read_property(struct calendar *k, const struct ical_line *line)
{
    check_invisible(k, line);
    if (str_ieq(line->name, STR("BEGIN")))
        begin(k, str_trim(line->value));
    else if (str_ieq(line->name, STR("END")))
        end(k);
    else if (str_ieq(line->name, STR("METHOD")) && k->method.p == NULL)
        k->method = str_trim(line->value);
    else if (in_event(k) && str_ieq(line->name, STR("UID")))
        k->event.uid = str_trim(line->value);
    else if (in_event(k) && str_ieq(line->name, STR("DTSTAMP")))
        k->event.has_stamp = true;
    for (size_t i = 0; i < ARRAY_LEN(properties); i++)
        if (str_ieq(line->name, properties[i].name))
            return properties[i].read(k, line);
    return MP_OK;
}

/* ---- the whole ---- */

/* RFC 6047 2.4: both are required and say the same. A file in a mail is no invitation. */
static void check_method(struct calendar *k)
{
    const struct content_object *o = &k->object;
    bool invites = o->member.n == 0 && str_eq(o->type, STR("text")) &&
                   str_eq(o->subtype, STR("calendar")) &&
                   !str_eq(o->disposition, STR("attachment"));
    if (!invites || (o->method.n > 0 && str_ieq(o->method, k->method)))
        return;
    finding_add(&k->c->report->findings, FINDING_CALENDAR_METHOD, content_place(o),
                "Content-Type says %s" STR_FMT ", the calendar %s" STR_FMT,
                o->method.n > 0 ? "method=" : "no method", STR_ARG(str_slice(o->method, 0, 50)),
                k->method.n > 0 ? "METHOD:" : "none", STR_ARG(str_slice(k->method, 0, 50)));
}

static void check_auto(struct calendar *k)
{
    const struct content_report *r = k->c->report;
    if (!str_ieq(k->method, STR("REQUEST")) || !k->has_link || !k->few_attendees ||
        k->own_organizer)
        return;
    struct str shown = STR("");
    for (size_t i = r->n_links; i > k->first_link && shown.n == 0; i--)
        if (!str_istarts(r->links[i - 1].url, STR("mailto:")))
            shown = r->links[i - 1].url;
    tell(k, FINDING_CALENDAR_AUTO, "METHOD:REQUEST for one person, with ", shown);
}

static int read_lines(struct calendar *k, struct ical *in)
{
    struct ical_line line;
    int st = MP_OK;
    while (st == MP_OK && ical_next(in, &line))
        st = read_property(k, &line);
    if (st != MP_OK)
        return st;
    end_event(k);
    check_method(k);
    check_auto(k);
    if (in->cut)
        content_cut(k->c, k->index, "a calendar is too long");
    return MP_OK;
}

static int keep_words(struct calendar *k)
{
    struct content_text t = {.object = (uint32_t)k->index, .kind = TEXT_SEEN};
    if (k->words.failed)
        return no_memory(k);
    t.text = arena_copy(k->c->arena, buf_str(&k->words));
    return t.text.p == NULL ? no_memory(k) : content_add_text(k->c, &t, k->err);
}

int calendar_read(struct content *c, size_t index, struct mp_err *err)
{
    struct calendar *k = arena_new(c->arena, struct calendar, 1);
    struct ical in;
    if (k == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a calendar");
    *k = (struct calendar){.c = c,
                           .index = index,
                           .object = c->report->objects[index],
                           .first_link = c->report->n_links,
                           .err = err};
    struct str text = object_text(c, &k->object, ICAL_MAX_BYTES + 1);
    if (text.p == NULL || !ical_open(c->arena, text, &in))
        return no_memory(k);
    buf_init(&k->words, CONTENT_MAX_TEXT_BYTES + 1);
    int st = read_lines(k, &in);
    if (st == MP_OK)
        st = keep_words(k);
    buf_clear(&k->words);
    return st;
}
