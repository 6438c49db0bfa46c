/* An Office document that was read, between the reader and its rules: for office*.c alone. */
#ifndef MP_DOCUMENT_OFFICE_H
#define MP_DOCUMENT_OFFICE_H

#include "content/content.h"
#include "office/office.h"

enum { OFFICE_MAX_PASSWORDS = 5 }; /* tried on one document */

struct office_case {
    struct content *c;
    size_t index;               /* of the object */
    struct content_object o;    /* a copy: the list moves */
    enum file_type parent_kind; /* FILE_UNKNOWN: it is no member */
    const struct office *facts;
};

/* What `x` is guilty of, as findings of the group office.*; links and macros into the report. */
int office_rules(struct office_case *x, struct mp_err *err);
/* The part of that which is about relationships, hyperlinks and fields. */
int office_link_rules(struct office_case *x, struct mp_err *err);

#endif
