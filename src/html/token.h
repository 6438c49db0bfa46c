/* HTML as tokens, by the states of the WHATWG's tokenizer: linear, no memory, no tree. */
#ifndef MP_HTML_TOKEN_H
#define MP_HTML_TOKEN_H

#include "html/words_internal.h"

enum {
    HTML_MAX_ATTRIBUTES = 256, /* of one tag; what follows is passed over, and told of */
    HTML_MAX_KEPT = 64         /* of those: attributes.def, and handlers */
};

enum html_tag_flag {
    IS_VOID = 1,           /* has no content */
    IS_BLOCK = 2,          /* begins and ends a line, and an open <p> */
    IS_LINE = 4,           /* begins and ends a line */
    IS_FORMATTING = 8,     /* may end while others that began in it are open */
    IS_SCOPE = 16,         /* end tags within do not reach out of it */
    IS_RAW = 32,           /* its content is text up to its end tag, without references ... */
    IS_RCDATA = 64,        /* ... with references ... */
    IS_SCRIPT = 128,       /* ... by the states of scripts */
    IS_UNSEEN = 256,       /* its content is not shown */
    IS_FOREIGN = 512,      /* of SVG or MathML: what is in it is read by their rules */
    IS_INTEGRATION = 1024, /* in these, HTML again */
    IS_PRE = 2048,         /* white space in it stays */
    IS_ROOT = 4096,        /* never closed: what stands behind its end tag belongs to it */
    IS_BREAKOUT = 8192,    /* ends SVG and MathML around it */
    IS_SPECIAL = IS_BLOCK | IS_LINE | IS_SCOPE | IS_ROOT /* an end tag of others stops at it */
};

enum html_tag {
    TAG_OTHER,
#define TAG(symbol, name, flags) TAG_##symbol,
#include "html/tags.def"
#undef TAG
    TAG_COUNT
};

enum html_attribute_id {
    ATTR_OTHER,
#define ATTRIBUTE(symbol, name) ATTR_##symbol,
#include "html/attributes.def"
#undef ATTRIBUTE
    ATTR_COUNT
};

extern const uint16_t html_tag_flags[TAG_COUNT];

/* Views into the input; references in `value` are not decoded yet. */
struct html_attribute {
    struct str name, value;
    enum html_attribute_id id; /* ATTR_OTHER: a handler */
};

enum html_token_kind {
    TOKEN_END,
    TOKEN_TEXT,    /* with references */
    TOKEN_RAW,     /* text without: of raw elements, scripts, CDATA */
    TOKEN_START,   /* a start tag */
    TOKEN_CLOSE,   /* an end tag */
    TOKEN_COMMENT, /* "<!--" */
    TOKEN_OTHER    /* "<!DOCTYPE", "<?", bogus comments */
};

struct html_token {
    enum html_token_kind kind;
    struct str text; /* of text and comments; of a tag its name */
    enum html_tag tag;
    bool self_closing;
    unsigned n; /* attributes that are kept: the first of each known name, and handlers */
    unsigned handlers;
    struct html_attribute attributes[HTML_MAX_KEPT];
};

struct html_tokenizer {
    const char *p, *end;
    enum html_tag raw; /* the content of this element comes next */
    bool raw_references;
    bool xml;     /* XML: processing instructions, CDATA anywhere, no raw elements */
    bool foreign; /* within SVG or MathML: set by whoever knows what is open */
    bool too_many_attributes;
};

void html_tokenizer_init(struct html_tokenizer *t, struct str input, bool xml);

/* The next token; `out` is overwritten, of `attributes` only the first `n`. TOKEN_END, again and
 * again, at the end. A tag that the end of the input cuts is none, as browsers have it. */
void html_token_next(struct html_tokenizer *t, struct html_token *out);

/* The value of the attribute; p == NULL: it has none. */
struct str html_token_value(const struct html_token *t, enum html_attribute_id id);

static inline bool is_html_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

#endif
