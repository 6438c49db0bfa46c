/* Every limit of the MIME room, with the reason for its size. Each one hit gives a limit.* finding
 * and an incomplete result. */
#ifndef MP_MIME_LIMITS_H
#define MP_MIME_LIMITS_H

enum {
    MIME_UNION_MAX_PAYLOADS = 1000,   /* distinct, of one message */
    MIME_UNION_MAX_DEPTH = 32,        /* multiparts and messages within each other */
    MIME_UNION_MAX_GROWTH = 2,        /* distinct decoded bytes a byte of the message ... */
    MIME_UNION_SPARE_BYTES = 1 << 20, /* ... and this much for small ones */
    MIME_UNION_MAX_REGIONS = 200,     /* messages that were decoded first */
    MIME_UNION_MAX_BOUNDARIES = 1000, /* that the lenient view looks for at once */
    MIME_ODD_WORK_BYTES = 8 << 20,    /* spent on cutting odd parameters in every way */
    MIME_NAME_MAX_FORMS = 32,         /* kept of one payload's name */
    MIME_NAME_MAX_BYTES = 4096,
    MIME_HEAD_MAX_BYTES = 256 * 1024, /* of a part's head */
    MIME_HEAD_MAX_FIELDS = 1000,
    MIME_FIELD_MAX_PARAMS = 200
};

#endif
