/* What is inspected, under which limits, and what comes of it. */
#ifndef MP_CONTENT_CONTENT_H
#define MP_CONTENT_CONTENT_H

#include "content/file_type.h"
#include "crypto/digest.h"
#include "finding/finding.h"
#include "mime/view.h"

struct content_lists; /* content/lists.h: extensions, types and words as data */

/* Defaults; struct content_limits carries what holds for a run. */
enum {
    CONTENT_MAX_OBJECTS = 1000,                    /* extracted, of one message */
    CONTENT_MAX_LISTED = 10000,                    /* members looked at, of one payload */
    CONTENT_MAX_DEPTH = 5,                         /* archives within archives */
    CONTENT_MAX_DECODED_BYTES = 200 * 1024 * 1024, /* of all objects of one message */
    CONTENT_MAX_RATIO = 200,                       /* out to in ... */
    CONTENT_RATIO_FLOOR_BYTES = 10 * 1024 * 1024,  /* ... once this much came out */
    CONTENT_MAX_NAME_BYTES = 4096,
    CONTENT_MAX_PASSWORDS = 32,
    CONTENT_MAX_LINKS = 2000, /* of one message ... */
    CONTENT_MAX_LINK_BYTES = 8192,
    CONTENT_MAX_TEXTS = 1000,
    CONTENT_MAX_TEXT_BYTES = 256 * 1024, /* kept of each; of macros: */
    CONTENT_MAX_MACRO_BYTES = 1024 * 1024,
    CONTENT_MAX_PICTURES = 10,     /* that are searched for QR codes */
    CONTENT_WORKER_WALL_MS = 5000, /* one request to a worker */
    CONTENT_WORKER_CPU_S = 4,
    CONTENT_WORKER_MEMORY_BYTES = 768 * 1024 * 1024
};

struct content_limits {
    unsigned max_objects, max_listed, max_depth, max_ratio, max_pictures;
    uint64_t max_decoded_bytes, ratio_floor_bytes;
};

static inline struct content_limits content_limits_default(void)
{
    return (struct content_limits){.max_objects = CONTENT_MAX_OBJECTS,
                                   .max_listed = CONTENT_MAX_LISTED,
                                   .max_depth = CONTENT_MAX_DEPTH,
                                   .max_ratio = CONTENT_MAX_RATIO,
                                   .max_pictures = CONTENT_MAX_PICTURES,
                                   .max_decoded_bytes = CONTENT_MAX_DECODED_BYTES,
                                   .ratio_floor_bytes = CONTENT_RATIO_FLOOR_BYTES};
}

/* Spent as an inspection goes; handed down by pointer. Decrement before you allocate. */
struct content_budget {
    unsigned objects_left, depth_left, pictures_left;
    uint64_t bytes_left;
};

/* Nothing spent yet. */
static inline struct content_budget content_budget_of(const struct content_limits *l)
{
    return (struct content_budget){.objects_left = l->max_objects,
                                   .depth_left = l->max_depth,
                                   .pictures_left = l->max_pictures,
                                   .bytes_left = l->max_decoded_bytes};
}

/* A payload of the mail, or a member of an archive in it. */
struct content_object {
    struct str part; /* MIME part, "2.1" */
    /* "inner.zip/docs/a.exe" within the part, printable; empty for the payload itself */
    struct str member;
    int32_t parent; /* index of the archive it came from, in the same list; -1 for payloads */
    unsigned depth; /* archives around it */
    unsigned message_depth; /* messages around it: of the payload that it is, or is packed in */
    struct str bytes;       /* decoded; empty when it was only listed */
    bool has_bytes;
    bool cut;            /* `bytes` is its beginning only: a limit or damage stopped the rest */
    uint64_t size_bytes; /* as declared where it was only listed or cut */
    unsigned char sha256[DIGEST_MAX_BYTES]; /* of `bytes`, when has_bytes */
    struct str type, subtype;               /* declared MIME type; empty for members */
    struct str charset, method;             /* declared, empty when absent; method of calendars */
    struct str disposition;
    const struct mime_name *names; /* of a member: as its readers see it, NAME_ENCODED */
    size_t n_names;
    enum file_type kind; /* by its bytes: content/file_type.h */
    bool encrypted;
    size_t offset, length; /* in the raw message (payloads), for the place in findings */
    struct str before;     /* of a picture: the one before it, when it is as large; qr.split */
    bool inspected;        /* a worker's answer brought it: what is packed in it was opened there */
};

/* How a link came to stand where it was found. */
enum link_source {
    LINK_TEXT,     /* written out in text, or in the text of a page */
    LINK_HREF,     /* what a click on a page follows: a, area */
    LINK_FORM,     /* where a form sends to */
    LINK_LOADED,   /* what a page loads: pictures, frames, styles */
    LINK_REFRESH,  /* where a page sends its reader by itself */
    LINK_SCRIPT,   /* in a script */
    LINK_CALENDAR, /* in an invitation */
    LINK_PDF,
    LINK_OFFICE,      /* a hyperlink of a document */
    LINK_OFFICE_PART, /* a part of a document that is loaded when it is opened */
    LINK_SHORTCUT,    /* .url, .lnk and their like */
    LINK_QR,
    LINK_SOURCE_COUNT
};

/* A link of an object. */
struct content_link {
    uint32_t object; /* index in the list it stands in */
    enum link_source source;
    struct str url; /* as it stands, character references and escapes of its format undone: UTF-8 */
    struct str text; /* what a person sees in its place, without blanks around; may be empty */
    bool hidden;     /* nobody sees it */
};

enum text_kind {
    TEXT_SEEN,   /* what a person reads: of a text, a page, a document */
    TEXT_HIDDEN, /* what stands there and is not seen */
    TEXT_MACRO,  /* source of a macro or a script */
    TEXT_QR,     /* what a QR code holds, when it is no link */
    TEXT_KIND_COUNT
};

/* Text of an object, UTF-8. */
struct content_text {
    uint32_t object;
    enum text_kind kind;
    struct str name; /* of a macro's module; else empty */
    struct str text; /* at most CONTENT_MAX_TEXT_BYTES or CONTENT_MAX_MACRO_BYTES */
};

/* What one inspection gave. Lives in its arena. */
struct content_report {
    struct content_object *objects; /* parents before their members */
    size_t n, cap;
    struct content_link *links; /* content/found.h */
    size_t n_links, cap_links;
    struct content_text *texts;
    size_t n_texts, cap_texts;
    struct finding_list findings;
    bool complete; /* false: a limit cut it, and a limit.* finding says which */
};

/* Everything an inspection needs. One thread at a time; lists are shared and read-only. */
struct content {
    struct arena *arena;
    const struct content_lists *lists;
    const struct content_limits *limits;
    struct content_budget *budget;
    const struct str *passwords; /* candidates, from the mail's text */
    size_t n_passwords;
    struct content_report *report;
};

#endif
