/* XML as a row of tags and texts: no tree, no entities but those of XML itself, no documents of
 * others. For what only looks for names and attributes. */
#ifndef MP_OFFICE_XML_H
#define MP_OFFICE_XML_H

#include "base/arena.h"

enum xml_event { XML_END, XML_OPEN, XML_CLOSE, XML_TEXT };

struct xml {
    struct str rest;
    struct str name;  /* of a tag, without its prefix */
    struct str attrs; /* for xml_attr_next */
    struct str text;  /* raw: xml_text */
    bool empty;       /* "<a/>": no XML_CLOSE comes */
};

static inline struct xml xml_of(struct str bytes)
{
    return (struct xml){.rest = bytes};
}

/* The next tag or text; comments, declarations and instructions are passed over, CDATA is text.
 * Linear over all calls; what is not closed ends with the bytes. */
enum xml_event xml_next(struct xml *x);

struct xml_attr {
    struct str name, value; /* without prefix; raw */
};

bool xml_attr_next(struct str *attrs, struct xml_attr *out);
/* The raw value of the first attribute of that name, any prefix; empty: none. */
struct str xml_attr(struct str attrs, struct str name);

/* &amp; &#65; &#x41; and the like replaced; a view where there are none. p == NULL: no memory. */
struct str xml_text(struct arena *arena, struct str raw);

/* The bytes as UTF-8: UTF-16 by its mark or its first "<". A view where they are. */
struct str xml_utf8(struct arena *arena, struct str bytes);

#endif
