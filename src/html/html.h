/* What a page of HTML (or SVG) shows, hides, links to and does: facts, in one pass, no tree. */
#ifndef MP_HTML_HTML_H
#define MP_HTML_HTML_H

#include "base/arena.h"
#include "base/err.h"

enum {
    HTML_MAX_TAGS = 50000, /* start tags; and as many end tags */
    HTML_MAX_DEPTH = 512,  /* of open elements: deeper ones look like the last that was counted */
    HTML_MAX_TEXT_BYTES = 4 * 1024 * 1024, /* kept of each: seen and not seen */
    HTML_MAX_LINKS = 4000,
    HTML_MAX_LINK_BYTES = 8192, /* kept of an address; of "data:" all is */
    HTML_MAX_FORMS = 200,
    HTML_MAX_SCRIPTS = 1000,
    HTML_MAX_HIDDEN = 1000 /* pieces of text that is not seen */
};

/* Which limits were hit: what lies beyond was not looked at. */
enum html_limit {
    HTML_LIMIT_TAGS = 1,
    HTML_LIMIT_DEPTH = 2,
    HTML_LIMIT_ATTRIBUTES = 4,
    HTML_LIMIT_TEXT = 8,
    HTML_LIMIT_LINKS = 16, /* or forms or scripts */
    HTML_LIMIT_RULES = 32  /* of <style> */
};

/* Why text is not seen; bits, for several may apply. */
enum html_unseen {
    HTML_UNSEEN_DISPLAY = 1,    /* display:none, the attribute hidden */
    HTML_UNSEEN_VISIBILITY = 2, /* visibility:hidden */
    HTML_UNSEEN_OPACITY = 4,    /* at most 0.05 */
    HTML_UNSEEN_FONT = 8,       /* at most 1px */
    HTML_UNSEEN_CLIP = 16,      /* clip, clip-path, transform */
    HTML_UNSEEN_AWAY = 32,      /* at least 500px out of the page */
    HTML_UNSEEN_BOX = 64,       /* a box without height or width that shows nothing beyond it */
    HTML_UNSEEN_COLOR = 128,    /* that of its background, or none */
    HTML_UNSEEN_ELEMENT = 256,  /* of elements that show nothing: template, datalist */
    HTML_UNSEEN_OUTLOOK = 512   /* in a conditional comment: only Outlook shows it */
};

/* How somebody tries to hide text, beside what is never meant to be read. */
#define HTML_UNSEEN_TRICKS (HTML_UNSEEN_ELEMENT - 1)

enum html_source {
    HTML_FROM_A,
    HTML_FROM_AREA,
    HTML_FROM_FORM,   /* action */
    HTML_FROM_BUTTON, /* formaction */
    HTML_FROM_IMG,    /* also <input type=image>, srcset, VML's and SVG's images */
    HTML_FROM_FRAME,  /* iframe, frame */
    HTML_FROM_OBJECT, /* object, embed, applet, param */
    HTML_FROM_BASE,
    HTML_FROM_REFRESH, /* <meta http-equiv=refresh> */
    HTML_FROM_LINK,    /* <link href> */
    HTML_FROM_BACKGROUND,
    HTML_FROM_MEDIA,  /* video, audio, source, track, poster, bgsound */
    HTML_FROM_SCRIPT, /* <script src> */
    HTML_FROM_SVG,    /* use, animate and set of SVG; any other href */
    HTML_FROM_CSS,    /* url() and @import */
    HTML_SOURCES
};

struct html_link {
    struct str url;  /* references decoded, white space at both ends off */
    struct str text; /* what is seen between <a> and </a>, or on the button */
    enum html_source source;
    uint16_t unseen;  /* enum html_unseen where it stands */
    bool visible;     /* a person can see and press it, or sees the image */
    bool has_image;   /* an image is seen in it */
    bool rtl;         /* ASCII text in it is written from right to left */
    bool cut;         /* `url` is its beginning only */
    uint16_t numeric; /* numeric character references of ASCII in the address */
    int32_t form;     /* index of the form of an action; -1 */
};

struct html_form {
    struct str action; /* as html_link.url; empty: none */
    unsigned inputs, passwords;
};

enum html_script_kind {
    HTML_SCRIPT_ELEMENT, /* <script> with text */
    HTML_SCRIPT_HANDLER, /* on...= */
    HTML_SCRIPT_ADDRESS  /* javascript: of a link */
};

struct html_script {
    enum html_script_kind kind;
    struct str name; /* of the handler, "onload" */
    struct str tag;  /* of its element */
    struct str text; /* references decoded where the reader decodes them */
};

struct html_hidden {
    struct str text;
    uint16_t unseen;
    bool early; /* before any text that is seen: where newsletters put a summary */
};

struct html_facts {
    /* What a person reads: one blank for white space, lines by blocks, no characters without a
     * glyph. Beside it what is not seen, apart for Outlook. */
    struct str text, title;
    struct html_hidden *hidden;
    size_t n_hidden;
    size_t seen_letters, hidden_letters, early_letters; /* letters: anything but white space */
    uint16_t unseen;                                    /* all ways that text is hidden */

    struct html_link *links;
    size_t n_links;
    struct html_form *forms;
    size_t n_forms;
    struct html_script *scripts;
    size_t n_scripts;
    struct str *srcdocs; /* pages in attributes of frames, references decoded */
    size_t n_srcdocs;

    unsigned tags, passwords; /* fields for passwords, also outside of forms */
    unsigned images_in_links; /* that are seen */
    unsigned foreign;         /* foreignObject with HTML in it */
    unsigned bidi;            /* elements that turn the direction of text: bdo, unicode-bidi */
    unsigned split_words;     /* Latin words with a character without glyph in them */
    unsigned numeric_runs;    /* at least 10 numeric references of ASCII letters in a row */
    unsigned numeric_href;    /* addresses with at least 3 of them */
    unsigned most_breaks, most_empty; /* br, empty p: in a row, with text behind */
    bool has_svg, has_entities;       /* entities: an XML document declares some */
    unsigned limits;                  /* enum html_limit */
};

struct html_options {
    bool xml; /* SVG or XHTML as a file of its own */
};

/* Read `page`, UTF-8 (bytes that are none become U+FFFD). Views point into it or the arena. Time
 * and memory are linear. MP_OK or MP_E_NOMEM. */
int html_read(struct arena *arena, struct str page, const struct html_options *options,
              struct html_facts *out, struct mp_err *err);

/* The page as UTF-8, by its byte order mark, `declared` (of MIME), its <meta> or XML declaration,
 * else as UTF-8 when it is that and as windows-1252 when not. `*out` is `page` itself where nothing
 * changes. When the charset is not one of ours (charsets.def), `*unknown` names it and `*out` is
 * `page`. MP_OK or MP_E_NOMEM. Linear. */
int html_to_utf8(struct arena *arena, struct str page, struct str declared, struct str *out,
                 struct str *unknown, struct mp_err *err);

const char *html_source_name(enum html_source source);
/* "display:none, visibility:hidden" of the first bits, as far as they fit. */
void html_unseen_write(uint16_t unseen, char *out, size_t size);

#endif
