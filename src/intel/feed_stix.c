/* STIX 2.1: indicators of bundles and of TAXII envelopes. */
#include "intel/feed_objects.h"
#include "intel/stix_pattern.h"

/* Marking definitions of the Traffic Light Protocol, in version 1.0 (STIX 2.1, 7.2.1.4) and 2.0
 * (the common objects of OASIS). */
static enum tlp tlp_of_marking(struct str id)
{
    static const struct {
        struct str id;
        enum tlp tlp;
    } markings[] = {
        {STR_INIT("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"), TLP_CLEAR},
        {STR_INIT("marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"), TLP_GREEN},
        {STR_INIT("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"), TLP_AMBER},
        {STR_INIT("marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"), TLP_RED},
        {STR_INIT("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"), TLP_CLEAR},
        {STR_INIT("marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"), TLP_GREEN},
        {STR_INIT("marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"), TLP_AMBER},
        {STR_INIT("marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"), TLP_AMBER_STRICT},
        {STR_INIT("marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"), TLP_RED},
    };
    for (size_t i = 0; i < ARRAY_LEN(markings); i++)
        if (str_ieq(markings[i].id, id))
            return markings[i].tlp;
    return TLP_UNKNOWN;
}

/* The strictest of those it has. */
static enum tlp tlp_of(struct feed_reader *r, const json_t *indicator)
{
    const json_t *refs = json_object_get(indicator, "object_marking_refs");
    enum tlp tlp = TLP_UNKNOWN;
    for (size_t i = 0; i < json_array_size(refs); i++) {
        enum tlp one = tlp_of_marking(feed_json_text(r, json_array_get(refs, i)));
        tlp = one > tlp ? one : tlp;
    }
    return tlp;
}

/* Its labels or types, or its name. */
static struct str label_of(struct feed_reader *r, const json_t *indicator)
{
    static const char *const lists[] = {"labels", "indicator_types"};
    for (size_t k = 0; k < ARRAY_LEN(lists); k++) {
        struct str label =
            feed_json_text(r, json_array_get(json_object_get(indicator, lists[k]), 0));
        if (label.n > 0)
            return label;
    }
    return feed_json_member(r, indicator, "name");
}

static bool has_word(struct feed_reader *r, const json_t *list, struct str word)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (str_ieq(feed_json_text(r, json_array_get(list, i)), word))
            return true;
    return false;
}

/* Taken back, or said to be harmless: such an indicator is there so that nobody fears the thing. */
static bool is_harmless(struct feed_reader *r, const json_t *indicator)
{
    return json_is_true(json_object_get(indicator, "revoked")) ||
           has_word(r, json_object_get(indicator, "indicator_types"), STR("benign")) ||
           has_word(r, json_object_get(indicator, "labels"), STR("benign"));
}

/* The pattern's values; MP_OK also when it was refused. */
static int add_values(struct feed_reader *r, const char *at, struct str pattern,
                      struct feed_value *v)
{
    struct stix_pattern p = {0};
    struct mp_err why = {0};
    if (pattern.n > FEED_MAX_PATTERN_BYTES) {
        feed_refuse(r, at, "a pattern longer than %d bytes", FEED_MAX_PATTERN_BYTES);
        return MP_OK;
    }
    int st = stix_pattern_read(&r->scratch, pattern, &p, &why);
    if (st == MP_E_NOMEM)
        return feed_no_memory(r);
    if (st != MP_OK)
        feed_refuse(r, at, "%s", why.text);
    r->page.counts.compound += p.compound;
    if (p.foreign > 0 && p.compound == 0)
        feed_refuse(r, at, "nothing that a mail has: " STR_FMT, STR_ARG(str_slice(p.other, 0, 80)));
    st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < p.n; i++) {
        v->kind = p.values[i].kind;
        v->value = p.values[i].text;
        st = feed_add(r, at, v);
    }
    return st;
}

static int record(struct feed_objects *o, json_t *indicator, const char *at,
                  const struct feed_note *note)
{
    (void)note;
    struct feed_reader *r = o->r;
    struct str type = feed_json_member(r, indicator, "pattern_type");
    const json_t *confidence = json_object_get(indicator, "confidence");
    int64_t created = feed_time(feed_json_member(r, indicator, "created"));
    struct feed_value v = {.id = feed_json_member(r, indicator, "id"),
                           .label = label_of(r, indicator),
                           .first_seen_s = feed_time(feed_json_member(r, indicator, "valid_from")),
                           .last_seen_s = feed_time(feed_json_member(r, indicator, "modified")),
                           .valid_until_s =
                               feed_time(feed_json_member(r, indicator, "valid_until")),
                           .confidence = feed_confidence(feed_json_text(r, confidence)),
                           .tlp = tlp_of(r, indicator)};
    if (v.last_seen_s < created)
        v.last_seen_s = created;
    if (v.last_seen_s > r->page.newest_s)
        r->page.newest_s = v.last_seen_s;
    if (is_harmless(r, indicator)) {
        r->page.counts.revoked++;
        return MP_OK;
    }
    if (v.first_seen_s > r->now_s) { /* not valid yet: it is asked for again */
        r->page.counts.expired++;
        return MP_OK;
    }
    if (type.n > 0 && !str_ieq(type, STR("stix"))) {
        feed_refuse(r, at, "a pattern of another language: " STR_FMT,
                    STR_ARG(str_slice(type, 0, 80)));
        return MP_OK;
    }
    return add_values(r, at, feed_json_member(r, indicator, "pattern"), &v);
}

/* Other objects (malware, reports) have no indicators within. */
static enum feed_look look(struct feed_objects *o, struct str object, struct feed_note *note)
{
    static const struct str names[] = {STR_INIT("type"), STR_INIT("objects"), STR_INIT("more")};
    struct str members[ARRAY_LEN(names)];
    (void)note;
    json_members(object, names, ARRAY_LEN(names), members);
    struct str type = json_bare(members[0]);
    o->known |= type.p != NULL || members[1].p != NULL || members[2].p != NULL;
    if (str_eq(type, STR("indicator")))
        return LOOK_RECORD;
    return type.p == NULL || str_eq(type, STR("bundle")) ? LOOK_INSIDE : LOOK_PAST;
}

/* {"more": true, "next": "...", "objects": [...]}; an empty collection is {}. */
static int read_envelope(struct feed_reader *r)
{
    struct str rest = r->bytes, envelope;
    if (json_take(&rest, &envelope) != JSON_PIECE)
        return MP_OK; /* told by the one who reads the objects */
    struct str more = json_member(envelope, STR("more"));
    struct str next = json_member(envelope, STR("next"));
    r->page.more = str_eq(more, STR("true"));
    if (!r->page.more || next.p == NULL || str_eq(next, STR("null")))
        return MP_OK;
    if (next.n > FEED_MAX_NEXT_BYTES)
        return feed_fail(r, next.p, "the name of the next page is too long");
    json_t *v = json_loadb(next.p, next.n, JSON_DECODE_ANY, NULL);
    r->page.next = arena_copy(r->arena, feed_json_text(r, v));
    json_decref(v);
    return r->page.next.p == NULL ? feed_no_memory(r) : MP_OK;
}

int feed_read_stix(struct feed_reader *r)
{
    struct feed_objects o = {.r = r, .look = look, .record = record};
    int st = r->feed->format == FEED_TAXII ? read_envelope(r) : MP_OK;
    if (st == MP_OK)
        st = feed_objects_read(&o);
    if (st == MP_OK && !o.known && !o.empty)
        return feed_fail(r, r->bytes.p, "no objects of STIX");
    return st;
}
