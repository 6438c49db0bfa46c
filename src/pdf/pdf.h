/* What a PDF holds (ISO 32000-2), as the most forgiving of its readers would find it: every object
 * that stands anywhere in the bytes, whatever the table of references says. No findings. */
#ifndef MP_PDF_PDF_H
#define MP_PDF_PDF_H

#include "base/arena.h"
#include "base/err.h"

enum {
    PDF_MAX_OBJECTS = 10000,
    PDF_MAX_NODES = 500000,            /* names, numbers, strings, containers of all objects */
    PDF_MAX_INFLATED_BYTES = 8 << 20,  /* of object streams, scripts, palettes */
    PDF_MAX_PAGE_BYTES = 8 << 20,      /* of what draws pages, and of the maps of fonts */
    PDF_MAX_EMBEDDED_BYTES = 16 << 20, /* of embedded files, decoded */
    PDF_MAX_IMAGE_BYTES = 32 << 20,    /* of images, as they stand there, when they are encrypted */
    PDF_MAX_TEXT_BYTES = 256 << 10,
    PDF_MAX_SCRIPT_BYTES = 1 << 20, /* of all scripts */
    PDF_MAX_LINKS = 2000,
    PDF_MAX_LINK_BYTES = 8192,
    PDF_MAX_ACTIONS = 200,
    PDF_MAX_SCRIPTS = 200,
    PDF_MAX_FILES = 100,
    PDF_MAX_IMAGES = 200,
    PDF_MAX_OBFUSCATED = 8, /* names kept */
    PDF_MAX_FILTERS = 8,    /* of one stream */
    PDF_MAX_PASSWORDS = 33
};

/* Limits that were hit, as bits of pdf.limits. */
enum pdf_limit {
    PDF_LIMIT_OBJECTS,
    PDF_LIMIT_NODES,
    PDF_LIMIT_INFLATED,
    PDF_LIMIT_WORK, /* steps: objects within objects, streams without an end */
    PDF_LIMIT_TEXT, /* `text` is its beginning only; all else is there */
    PDF_LIMIT_EMBEDDED,
    PDF_LIMIT_IMAGES,
    PDF_LIMIT_FACTS, /* more links, actions, scripts, files or images than are kept */
    PDF_LIMIT_COUNT
};
const char *pdf_limit_name(enum pdf_limit l); /* "objects", "inflated bytes": for evidence */

enum pdf_action_kind {
    PDF_LAUNCH,      /* a program or file is opened */
    PDF_GOTO_REMOTE, /* another PDF, GoToR and GoToE */
    PDF_SUBMIT_FORM,
    PDF_IMPORT_DATA,
    PDF_FILE, /* any other reference to a file outside */
    PDF_ACTION_COUNT
};
const char *pdf_action_name(enum pdf_action_kind k); /* as PDF writes it: "Launch" */

/* `offset` is always that of the object in the bytes; of the object stream it is packed in. */
struct pdf_action {
    enum pdf_action_kind kind;
    struct str target;     /* file or URL; empty: none was found */
    struct str parameters; /* of a program */
    bool is_url;           /* the file system of the target is URL */
    size_t offset;
};

struct pdf_link { /* /URI */
    struct str uri;
    size_t offset;
};

struct pdf_script {
    struct str text; /* UTF-8; may be empty when it could not be read */
    size_t offset;
};

struct pdf_file {        /* embedded */
    struct str names[2]; /* UTF-8: of /UF, and of /F where it differs */
    size_t n_names;
    struct str bytes; /* decoded */
    bool has_bytes;
    bool cut; /* `bytes` is its beginning only */
    size_t offset;
};

enum pdf_filter {
    PDF_FILTER_NONE,
    PDF_FLATE,
    PDF_LZW,
    PDF_ASCII_HEX,
    PDF_ASCII85,
    PDF_RUN_LENGTH,
    PDF_CRYPT,
    PDF_DCT, /* from here on: images, which stay as they are */
    PDF_JPX,
    PDF_CCITT,
    PDF_JBIG2,
    PDF_FILTER_UNKNOWN
};

struct pdf_coding {
    struct {
        enum pdf_filter filter;
        unsigned predictor, colors, bits, columns;
        bool late; /* LZW without EarlyChange */
    } steps[PDF_MAX_FILTERS];
    unsigned n;
};

enum pdf_colour { PDF_COLOUR_OTHER, PDF_GREY, PDF_RGB, PDF_CMYK, PDF_INDEXED };

struct pdf_image {
    struct str packed;        /* decrypted, its filters not yet undone; pdf_image_read */
    struct pdf_coding coding; /* its last step is PDF_DCT for a JPEG */
    uint32_t width, height;
    unsigned bits; /* of one component: 1, 2, 4, 8 or 16 */
    enum pdf_colour colour;
    struct str palette; /* PDF_INDEXED: entries of `palette_colour` */
    enum pdf_colour palette_colour;
    bool is_mask;  /* painted with a colour where the bits are 0 */
    bool inverted; /* /Decode turns dark to light */
    bool is_drawn; /* no image of the document: small squares that a page draws, as a picture */
    size_t offset;
};

enum pdf_encryption {
    PDF_NOT_ENCRYPTED,
    PDF_OPENED,      /* with the empty password: readers ask for none */
    PDF_OPENED_WITH, /* one of the passwords given */
    PDF_LOCKED,      /* by a password that was not given, by a certificate */
};

struct pdf {
    unsigned limits; /* 1 << enum pdf_limit */
    size_t n_objects, n_pages;

    bool has_header;
    size_t header;                   /* offset of the first "%PDF-" */
    size_t n_headers, second_header; /* outside of streams */
    size_t trailing; /* bytes behind the last %%EOF and the line end there; 0 without %%EOF */

    enum pdf_encryption encryption;
    size_t password; /* PDF_OPENED_WITH: which one */

    bool has_script; /* a name /JS or /JavaScript */
    bool has_launch; /* a name /Launch */
    /* What begins an action by itself: "OpenAction", "AA"; NULL: nothing does. */
    const char *automatic;

    struct str obfuscated[PDF_MAX_OBFUSCATED]; /* as written: "/J#61vaScript" */
    size_t n_obfuscated; /* names of which something depends, written with #xx; may be more */

    struct pdf_link *links;
    struct pdf_action *actions;
    struct pdf_script *scripts;
    struct pdf_file *files;
    struct pdf_image *images;
    size_t n_links, n_actions, n_scripts, n_files, n_images;

    struct str text;     /* of the pages, UTF-8, in the order it is drawn */
    size_t n_characters; /* drawn, also those whose meaning is not known */
};

/* Read `bytes`. `passwords`: tried when the empty one does not open it; at most PDF_MAX_PASSWORDS.
 * Borrows: `bytes`, which the result points into. Owns: the rest lives in `arena`.
 * Time is linear in bytes.n, memory bounded by the limits above. No recursion.
 * Returns MP_OK, also for what is no PDF at all; MP_E_NOMEM: nothing was written. */
int pdf_read(struct arena *arena, struct str bytes, const struct str *passwords, size_t n_passwords,
             struct pdf **out, struct mp_err *err);

/* Undo the filters of an image, at most `max_bytes` of the result. PDF_DCT: the bytes of a JPEG;
 * PDF_FILTER_NONE: rows of samples, each row begins at an octet; others: what that filter reads.
 * Linear. False: damaged from its beginning on, or no memory; what was read until damage counts. */
bool pdf_image_read(struct arena *arena, const struct pdf_image *image, size_t max_bytes,
                    struct str *out, enum pdf_filter *format);

/* The samples of pdf_image_read (PDF_FILTER_NONE) as one octet of brightness for each pixel, rows
 * of image->width: for readers of QR codes. Rows that are missing are white. False: a colour that
 * is not known, more than `max_pixels`, or no memory. */
bool pdf_image_grey(struct arena *arena, const struct pdf_image *image, struct str samples,
                    size_t max_pixels, struct str *out);

#endif
