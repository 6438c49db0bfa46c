/* A page (HTML or SVG) and the pages within it, between the files that read them. */
#ifndef MP_DOCUMENT_PAGE_H
#define MP_DOCUMENT_PAGE_H

#include "base/buf.h"
#include "content/content.h"
#include "html/html.h"
#include "url/url.h"

enum {
    PAGE_MAX_WITHIN = 16, /* pages in attributes, addresses and scripts of one object */
    PAGE_SMALL_BYTES = 10 * 1024,
    PAGE_FEW_LETTERS = 200
};

/* What the scripts of a page do: bits. */
enum script_does {
    SCRIPT_DECODES = 1,    /* atob, unescape, many character codes */
    SCRIPT_BUILDS = 2,     /* Blob, ArrayBuffer, typed arrays */
    SCRIPT_DELIVERS = 4,   /* createObjectURL, a download */
    SCRIPT_CLICKS = 8,     /* click(), location */
    SCRIPT_CARRIES = 16,   /* a long run of base64 or of escapes */
    SCRIPT_EVALUATES = 32, /* eval, Function, setTimeout with a string */
    SCRIPT_WRITES = 64     /* document.write */
};

struct script_facts {
    unsigned does;
    const char *words[16]; /* what was seen of it, for people */
    size_t n_words;
    size_t longest_run; /* of encoded characters */
    bool redirects;     /* sets the location, or opens a window when the page is loaded */
    struct str target;  /* of the first redirect, where it is written out */
};

struct page {
    struct content *c;
    size_t index;
    struct content_object object; /* a copy: the list may move */
    bool body;                    /* the text of the mail, not a file in it */
    bool svg;                     /* a picture as a file */
    struct html_facts facts;      /* of the one that is read now */
    struct script_facts scripts;  /* of all pages together */
    struct url base;              /* of the page that is read now */
    bool has_base;
    struct str base_text;
    size_t letters;     /* that are seen, of all pages */
    struct str refresh; /* where a page sends its reader by itself */

    struct str within[PAGE_MAX_WITHIN]; /* pages in it: of these, so many were begun */
    size_t n_within, begun_within;      /* none begun: the object's own page is read */
    uint64_t told;                      /* bits of the rules that raised their finding */
    struct mp_err *err;
};

/* %XX and %uXXXX undone, as unescape() does; `out` has room for text.n bytes. */
size_t page_unescape(struct str text, char *out);

/* A page found in another: read later, in turn; those beyond PAGE_MAX_WITHIN are told of. */
void page_add(struct page *p, struct str utf8);

/* Scripts of p->facts: what they do, where they lead, the pages that they write. MP_OK or
 * MP_E_NOMEM. */
int page_scripts(struct page *p);
/* Long runs of base64 and hexadecimal digits in the text of a page: files (html.embedded-payload),
 * pages. */
int page_payloads(struct page *p, struct str text);
/* The rules html.* and svg.* over p->facts; those of all pages at the end. */
int page_rules(struct page *p);
void page_rules_at_end(struct page *p);

#endif
