/* The state of one reading, between the files of the room. */
#ifndef MP_HTML_HTML_INTERNAL_H
#define MP_HTML_HTML_INTERNAL_H

#include "html/css.h"
#include "html/html.h"
#include "html/token.h"

/* ---- what is seen (seen.c) ---- */

/* How an element shows its text, all that is around it counted in. */
struct html_seen {
    uint16_t unseen;    /* enum html_unseen, of everything below */
    uint16_t sticky;    /* what no element within can undo */
    bool invisible;     /* visibility */
    bool rtl;           /* direction */
    int32_t font;       /* thousandths of a pixel */
    int32_t opacity;    /* per mille */
    int32_t color;      /* as in css.h */
    int32_t background; /* opaque, or CSS_COLOR_UNKNOWN */
};

struct html_seen seen_of_page(void);
/* An element with its own declarations, within `parent`. */
struct html_seen seen_within(const struct html_seen *parent, const struct css_style *own,
                             enum html_tag tag);

/* ---- open elements (open.c) ---- */

struct html_open {
    enum html_tag tag;
    uint32_t hash; /* of the name of TAG_OTHER */
    bool foreign;
    bool styled; /* its own declarations lie in html_reader.styles */
    struct html_seen seen;
};

/* Styles repeat: what was read of those seen last, by a hash of their text. */
enum { HTML_STYLES_KEPT = 32, HTML_FIRST_OPEN = 32 };

struct html_style {
    struct str text; /* as it stands in the page */
    struct css_style style;
};

/* ---- text (text.c) ---- */

struct html_out {
    char *p;
    size_t n, cap;
    bool blank, line; /* owed before the next letter */
};

/* A word that characters without glyph cut into pieces: where its last piece begins. */
struct html_split {
    bool open, hard; /* hard: cut by more than soft hyphens */
    size_t at;
    unsigned shortest, letters;
};

struct html_reader {
    struct arena *arena;
    struct html_facts *facts;
    struct html_tokenizer tokens;
    struct html_token token;
    bool xml, no_memory;

    struct html_open *open; /* the first is the page itself */
    unsigned open_cap;      /* of `open` and `styles` */
    unsigned depth, beyond; /* elements that are open; deeper than counted */
    unsigned floor;         /* end tags do not reach below: of a conditional comment */
    uint32_t counts[TAG_COUNT];
    struct css_style **styles; /* of each depth, made when first needed */
    struct css_sheet sheet;
    struct html_style *known; /* HTML_STYLES_KEPT */
    uint32_t ends[256];       /* open elements of TAG_OTHER, by the last bits of their hash */
    unsigned end_tags;

    struct html_out text, dark;
    unsigned numeric; /* references in a row */
    unsigned breaks, empty;
    struct html_split split;
    size_t hidden_from; /* where the last piece of hidden text begins in `dark` */

    int32_t link, form; /* the open ones, or -1 */
    unsigned link_depth;
    size_t link_text; /* where its text begins: in `dark` within a conditional comment */
    size_t links_cap, forms_cap, scripts_cap, srcdocs_cap, hidden_cap;

    enum html_tag content; /* the raw element whose content comes next */
    bool late_rules;       /* a <style> stood behind text that it may hide */
    bool again;            /* the second reading, with the rules of the first */

    /* Of the page around, within a conditional comment; outer_end is NULL outside. */
    const char *outer_end, *outer_next;
    int32_t outer_link, outer_form;
    unsigned outer_depth;
    size_t outer_text;
};

static inline struct html_open *reader_top(struct html_reader *r)
{
    return &r->open[r->depth];
}

/* One more of an array in the arena that doubles; false (and no_memory) without memory. */
bool reader_room(struct html_reader *r, void *items, size_t n, size_t *cap, size_t size);

/* Open the element of the token; `styled` says whether `own` has declarations. */
void open_push(struct html_reader *r, const struct css_style *own, bool styled);
/* What a start tag ends without saying so. */
void open_imply(struct html_reader *r, enum html_tag tag);
/* An end tag. False: nothing of that name is open. */
bool open_close(struct html_reader *r, enum html_tag tag, struct str name);
void open_pop_to(struct html_reader *r, unsigned depth);
bool open_is_foreign(const struct html_reader *r);

/* Text of the page; `references` are decoded. */
void text_add(struct html_reader *r, struct str s, bool references);
void text_break(struct html_reader *r);
void text_end(struct html_reader *r); /* no more comes */
/* References decoded, white space as it is. */
struct str text_decode(struct html_reader *r, struct str s, bool in_attribute);

/* The addresses, forms and scripts of a start tag. */
void link_read(struct html_reader *r, const struct css_style *own);
void link_add(struct html_reader *r, struct str url, enum html_source source);
void link_end(struct html_reader *r);    /* the open <a> */
void link_finish(struct html_reader *r); /* no more text comes: texts of links become views */
void link_add_css(struct html_reader *r, struct str css, bool sheet);
void script_add(struct html_reader *r, enum html_script_kind kind, struct str name,
                struct str text);

/* The declarations of the token's element: false when there are none. */
bool style_read(struct html_reader *r, struct css_style *own);

#endif
