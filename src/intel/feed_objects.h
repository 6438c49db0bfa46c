/* Records of a JSON feed, wherever they stand in it. */
#ifndef MP_INTEL_FEED_OBJECTS_H
#define MP_INTEL_FEED_OBJECTS_H

#include <jansson.h>

#include "intel/feed_internal.h"
#include "intel/json_pieces.h"

/* What is known of an object by what stands around it. */
struct feed_note {
    struct str key; /* of the nearest member above */
    enum tlp tlp;
    bool revoked;
    size_t n_label;
    char label[INDICATOR_MAX_LABEL_BYTES];
};

enum feed_look { LOOK_RECORD, LOOK_INSIDE, LOOK_PAST };

/* A format: which objects are its records, and what to do with them. */
struct feed_objects {
    struct feed_reader *r;
    /* `note`: that of above, to be changed for what is within. */
    enum feed_look (*look)(struct feed_objects *o, struct str object, struct feed_note *note);
    int (*record)(struct feed_objects *o, json_t *record, const char *at,
                  const struct feed_note *note);
    int (*text)(struct feed_objects *o, struct str text); /* an item of an array; may be NULL */
    bool empty; /* set: an array or the whole has nothing in it, so that no record is no wonder */
    bool known, events; /* the format's own: something that only it has was seen */
};

/* All of r->bytes: one value, or one behind the other. MP_E_SYNTAX: it is no JSON, or cut off. */
int feed_objects_read(struct feed_objects *o);

/* A string, or a number as text, of a record; p == NULL: none. Views, or in r->scratch. */
struct str feed_json_text(struct feed_reader *r, const json_t *value);
struct str feed_json_member(struct feed_reader *r, const json_t *object, const char *key);

#endif
