/* BIMI (draft-brand-indicators-for-message-identification): record, and the SVG Tiny PS profile of
 * the logo (draft-svg-tiny-ps-abrotman). */
#ifndef MP_AUTH_BIMI_H
#define MP_AUTH_BIMI_H

#include "base/arena.h"
#include "dns/dns.h"

enum {
    BIMI_SVG_ADVISED_BYTES = 32 * 1024,
    BIMI_SVG_MAX_BYTES = 1 << 20,
    BIMI_SVG_MAX_DEPTH = 100,
    BIMI_SVG_MAX_ATTRIBUTES = 100, /* of one element */
    BIMI_SVG_MAX_IDS = 2000,       /* in a file with <use> */
    BIMI_SVG_MAX_USES = 1000,
    BIMI_SVG_MAX_DRAWN = 100000, /* elements after every <use> was followed */
    BIMI_SVG_MAX_PROBLEMS = 20
};

enum bimi_presence {
    BIMI_ABSENT,
    BIMI_PRESENT,
    BIMI_DECLINED, /* l= and a= empty: the domain says that it takes no part */
    BIMI_SEVERAL,
    BIMI_MALFORMED
};

struct bimi_record {
    struct str location, authority; /* l=, a=: https URLs, or empty */
    struct str avatar;              /* avp= "brand" or "personal"; empty without */
    struct str text;
    const char *problem; /* static; "" */
};
bool bimi_record_parse(struct str text, struct bimi_record *out);
enum bimi_presence bimi_record_of(const struct dns_answer *txt, struct bimi_record *out);

enum bimi_svg_verdict { BIMI_SVG_OK, BIMI_SVG_WARN, BIMI_SVG_BAD };

struct bimi_svg {
    enum bimi_svg_verdict verdict;
    struct str
        problems[BIMI_SVG_MAX_PROBLEMS]; /* in the arena: "line 4: <script> is not allowed" */
    bool only_warns[BIMI_SVG_MAX_PROBLEMS];
    size_t n_problems;
    struct str title; /* of the image */
};
/* Judge a logo, by a whitelist of elements and attributes; gzip (svgz) is told, not unpacked.
 * MP_OK whatever the file is; MP_E_NOMEM. */
int bimi_svg_check(struct arena *a, struct str svg, struct bimi_svg *out, struct mp_err *err);

#endif
