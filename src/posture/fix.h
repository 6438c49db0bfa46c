/* A remedy as edits of what is published, so that it can be tried out before it is told. */
#ifndef MP_POSTURE_FIX_H
#define MP_POSTURE_FIX_H

#include "dns/dns.h"
#include "finding/check.h"

enum { FIX_MAX_EDITS = 40, FIXES_MAX = 300 };

enum fix_op {
    FIX_ADD,        /* add this record */
    FIX_REMOVE,     /* remove the record with this data */
    FIX_REMOVE_ALL, /* remove all records of the type at the name */
    FIX_FILE        /* serve this body at the URL in `name` */
};

struct fix_edit {
    enum fix_op op;
    enum dns_type type;
    struct str name; /* A-label form, no final dot; or the URL */
    struct str data; /* TXT: the bytes; others: RDATA in presentation form, names absolute with a
                      * final dot; file: the body */
};

struct fix {
    size_t finding; /* index in the list of findings */
    struct fix_edit edits[FIX_MAX_EDITS];
    size_t n;
    bool broken;          /* an edit did not fit: there are none then */
    bool tried, verified; /* set by posture_verify */
};

struct fix_list {
    struct arena *arena;
    struct fix *items;
    size_t n, cap;
};
void fix_list_init(struct fix_list *l, struct arena *a);
/* A fix for a finding that was just added (NULL: it was dropped, then there is none). Returns NULL
 * when there is no room. The pointer is good until the next fix_new. */
struct fix *fix_new(struct fix_list *l, const struct finding_list *findings,
                    const struct finding *f);
void fix_edit_add(struct fix *x, enum fix_op op, struct str name, enum dns_type type,
                  struct str data);
/* accepts NULL; texts are borrowed and must live as long as the list. Too many edits, or a text
 * with p == NULL (memory), make the fix empty. An added CNAME is shown, but never verified. */

/* As lines to publish: `example.org. TXT "v=spf1 -all"`, with "remove " or "serve URL:" before
 * what is not added. TXT longer than 255 octets is split as zone files want it. */
struct str fix_text(struct arena *a, const struct fix *x);

#endif
