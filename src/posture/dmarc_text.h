/* DMARC records as texts to publish, between the files of the DMARC check. */
#ifndef MP_POSTURE_DMARC_TEXT_H
#define MP_POSTURE_DMARC_TEXT_H

#include "auth/dmarc.h"
#include "posture/rewrite.h"

/* Does it begin with v=DMARC1 as it must (RFC 9989 4.8)? */
bool dmarc_text_is_record(struct str text);

/* A record whose policy counts as it is written? */
bool dmarc_text_usable(struct str text);

/* Each tag once, policies that can be read; `unknown` takes the place of one that cannot. p == NULL
 * when that is still no usable record. */
struct str dmarc_text_mended(struct arena *a, struct str text, enum dmarc_policy unknown);

/* Is it meant as DMARC, but not in the form that is read? *after: what was meant, or p == NULL. */
bool dmarc_text_is_nearly(struct arena *a, struct str text, enum dmarc_policy unknown,
                          struct str *after);

/* With this value of a tag; without the tag when value.p is NULL. */
struct str dmarc_text_with(struct arena *a, struct str text, struct str tag, struct str value);

/* Without pct, rf, ri and size limits; p == NULL when there are none. *seen names them. */
struct str dmarc_text_modern(struct arena *a, struct str text, struct str *seen);

/* What is wrong with tag i (static), or NULL. Policies and URIs are judged elsewhere. */
const char *dmarc_tag_fault(const struct tags *t, size_t i);

/* A "mailto:" URI without "!10m", which counted before RFC 9989. */
struct str dmarc_uri_without_size(struct str uri);

#endif
