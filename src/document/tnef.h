/* winmail.dat: attributes of TNEF and properties of MAPI in them ([MS-OXTNEF], [MS-OXRTFCP]). Bytes
 * in, pieces out; no memory but for what is decompressed. */
#ifndef MP_DOCUMENT_TNEF_H
#define MP_DOCUMENT_TNEF_H

#include "base/arena.h"

enum {
    TNEF_MAX_RTF_BYTES = 16 * 1024 * 1024 /* of a decompressed body: the rest is left out */
};

enum tnef_id {
    TNEF_BODY = 0x0002800c,
    TNEF_MESSAGE_PROPERTIES = 0x00069003,
    TNEF_ATTACHMENT = 0x00069002, /* a new one begins */
    TNEF_ATTACHMENT_TITLE = 0x00018010,
    TNEF_ATTACHMENT_DATA = 0x0006800f,
    TNEF_ATTACHMENT_PROPERTIES = 0x00069005
};

enum mapi_id {
    MAPI_BODY = 0x1000,
    MAPI_RTF_COMPRESSED = 0x1009,
    MAPI_BODY_HTML = 0x1013,
    MAPI_ATTACHMENT_DATA = 0x3701,
    MAPI_ATTACHMENT_NAME = 0x3704,
    MAPI_ATTACHMENT_LONG_NAME = 0x3707
};

enum mapi_type {
    MAPI_OBJECT = 0x000d, /* 16 bytes that say what it is, and its bytes */
    MAPI_TEXT = 0x001e,   /* in the code page of the message */
    MAPI_UTF16 = 0x001f,
    MAPI_BINARY = 0x0102
};

/* What is left to read. */
struct tnef {
    struct str rest;
    bool damaged; /* it ended within an attribute or a property, or one is of no known type */
};

struct tnef_attribute {
    uint32_t id;
    struct str data;
};

struct mapi_property {
    uint16_t id, type;
    struct str value; /* of several the first; of numbers their bytes */
};

/* False: no TNEF. */
bool tnef_open(struct str bytes, struct tnef *out);
/* False: no more. Checksums are not looked at: readers differ in that. */
bool tnef_next(struct tnef *in, struct tnef_attribute *out);

/* The properties of an attribute. */
void mapi_open(struct str data, struct tnef *out);
bool mapi_next(struct tnef *in, struct mapi_property *out);

/* A compressed body as RTF, as far as it goes. p == NULL: no memory; empty: none. Linear. */
struct str tnef_rtf(struct arena *arena, struct str packed);

#endif
