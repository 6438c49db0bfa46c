/* What the files of the views share: heads, facts, leaves, and the union that takes them. */
#ifndef MP_MIME_VIEW_INTERNAL_H
#define MP_MIME_VIEW_INTERNAL_H

#include "mime/decode.h"
#include "mime/view.h"

/* ---- heads (head.c) ---- */

enum eol {
    EOL_CRLF, /* only CRLF ends a line */
    EOL_LF,   /* LF does, with or without CR */
};

enum { HEAD_FIELDS_KEPT = 12 };

struct head_field {
    struct str name, value;
    size_t offset; /* of the value in the bytes that were read */
};

struct head {
    struct head_field fields[HEAD_FIELDS_KEPT]; /* those that begin with "Content-", in order */
    size_t n;
    size_t start, end, body; /* of the lines; of what stands behind the empty line */
    bool odd;                /* something in it could be read in another way */
    bool cut;                /* MIME_HEAD_MAX_BYTES or _FIELDS */
};

struct head_rules {
    enum eol eol;
    bool junk_ends; /* a line that is no field is the first of the body */
    /* Is the line at `pos` a delimiter? It ends the head. NULL: none does. */
    bool (*delimiter)(void *walker, size_t pos);
    void *walker;
};

void head_read(const struct head_rules *rules, struct str bytes, size_t pos, struct head *out);

/* The field of that name, the first or the last one, or NULL. */
const struct head_field *head_field(const struct head *h, struct str name, bool last);

/* ---- facts (facts.c) ---- */

struct facts {
    struct str type, subtype, charset, method, disposition, boundary;
    enum body_encoding encoding;
    struct str encoding_text; /* "base64": how a payload names it */
    bool odd;                 /* another reader could take them in another way */
};

/* What one reader takes from a head. False: no memory. */
bool facts_read(struct arena *arena, const struct head *h, enum mime_view view, bool digest,
                struct facts *out);

/* What a body is that no field describes: text/plain in 7bit. */
struct facts facts_of_text(void);

/* message/rfc822 and its kin: what stands in it is a message. */
bool facts_is_message(const struct facts *f);

/* The encoding that a word names: any reader's words when `lenient`. ENCODING_UNKNOWN: none. */
enum body_encoding encoding_by_name(struct str word, bool lenient);
struct str encoding_text(enum body_encoding e);

/* ---- where bytes stand ---- */

/* The message itself, or what was decoded out of a container: walked as a message. */
struct region {
    struct str bytes;
    size_t offset, length; /* in the raw message; of the container when decoded */
    bool decoded;
    bool structural; /* a label said that it is one */
    struct str path;
    unsigned depth, message_depth;
    unsigned views;  /* who sees it */
    unsigned number; /* of those of this message, from 0 */
    struct region *next;
};

struct leaf {
    const struct region *region;
    enum mime_view view;
    bool guess;              /* it proves no difference */
    const struct head *head; /* NULL: none */
    struct facts facts;
    struct str path;
    size_t body, end; /* in region->bytes */
    unsigned depth, message_depth;
};

/* ---- names (names.c) ---- */

/* Every form of every name in these fields, added to what is there already. `base` is what the
 * offsets of the fields count from; with `fixed` it is the offset of all. `*work` as in param.h.
 * False: no memory. */
struct name_list {
    struct mime_name *items;
    size_t n;
};
struct name_place {
    size_t base;
    bool fixed;
};
bool names_read(struct arena *arena, const struct head_field *fields, size_t n,
                struct name_place place, size_t *work, struct name_list *out);
bool names_add(struct arena *arena, enum mime_name_form form, struct str text, size_t offset,
               struct name_list *out);

/* ---- the union (payload.c) ---- */

/* How bytes were decoded: a number for each way of a decoder. */
enum decoding_way {
    WAY_NONE,
    WAY_PLAIN,
    WAY_CARVED, /* taken out of a text, when nothing was */
    WAY_UU,     /* lines of uuencode, by a label alone */
    WAY_UU_STREAM,
    WAY_BASE64,
    WAY_QP = WAY_BASE64 + 18
};

/* What came of bytes that one decoder read in one way. Broken bodies are asked for again and again,
 * by every view and for every label. */
struct decoding {
    const struct region *region; /* NULL: none is kept here */
    size_t body, end;
    unsigned way, odd;
    uint32_t slot; /* index + 1; 0: no bytes came out */
};

/* One payload while it is being collected. */
struct slot {
    struct mime_payload p;
    const struct region *region;
    size_t body, end; /* in the region */
    enum body_encoding encoding;
    unsigned odd;             /* enum decode_odd of the first decoder that took it */
    bool structural, decoded; /* see struct taken */
    bool one_way;             /* so was it taken each time */
    struct name_list names;
    const struct region *head_region; /* of the head whose names were read last */
    size_t head_start;
    uint32_t next; /* of the same bucket: index + 1 */
};

enum { UNION_BUCKETS = 4096 }; /* four a payload */

struct taker {
    struct arena *arena;
    struct finding_list *findings;
    struct str raw;
    bool lf_only;    /* line ends of the raw message were LF, and made CRLF */
    bool mixed_ends; /* CRLF and bare LF */
    struct slot *slots;
    size_t n, cap;
    uint32_t *buckets; /* of sha256: index + 1 into slots */
    uint32_t *spans;   /* of (region, body, end, encoding): made when a second view walks */
    struct decoding *decodings; /* latest by hash; made when something is broken */
    size_t decodings_cap;       /* a power of two */
    size_t decoded_bytes, decoded_max;
    struct region *first, *last; /* regions to walk yet */
    size_t regions;
    size_t odd_work; /* bytes that may yet be spent on forms of odd parameters */
    struct buf scratch;
    bool cut; /* a limit was hit, and a finding says which */
    bool no_memory;
    bool doubt;     /* in the strict walk: some reader could see something else */
    bool odd_heads; /* or in some head, in any walk */
};

/* A leaf of a view: its body decoded as that view decodes, put into the union. */
void take_leaf(struct taker *t, const struct leaf *leaf);

/* Did another view take the same bytes, in a decoding that no reader doubts? Then this one does
 * too. `structural`: see struct taken. */
bool take_known(struct taker *t, const struct leaf *leaf, enum body_encoding e, bool structural);

/* Did another view decode the same bytes, and if they are broken in all other ways too? */
bool was_taken(struct taker *t, const struct leaf *leaf, enum body_encoding e);

/* What came of the leaf's bytes in that way, as far as it is remembered: NULL when not. */
const struct decoding *decoding_find(struct taker *t, const struct leaf *leaf, unsigned way);
struct str decoding_bytes(const struct taker *t, const struct decoding *found);
/* Remember that nothing did. */
void decoding_gave_nothing(struct taker *t, const struct leaf *leaf, unsigned way, unsigned odd);

/* Bytes that somebody sees. `structural`: a label said so, which makes views comparable; what was
 * only carved out of text is inspected but proves no difference. */
struct taken {
    struct str bytes, encoding_text;
    enum body_encoding encoding;
    unsigned odd;
    bool decoded, structural, in_scratch;
    bool one_way;     /* what other decoders make of it was not asked */
    struct str name;  /* within the encoding: of uuencode and the like */
    unsigned way;     /* of `bytes` out of the leaf's: remembered unless it is WAY_NONE */
    unsigned way_odd; /* what the decoder told */
};
/* The same for what a decoding that was found has given; `what` needs no bytes. */
void take_again(struct taker *t, const struct leaf *leaf, const struct decoding *found,
                const struct taken *what);
void take_bytes(struct taker *t, const struct leaf *leaf, const struct taken *what);

/* uuencode, yEnc and BinHex within a body of the leaf, each file a payload. Whether any was. */
bool take_old(struct taker *t, const struct leaf *l, struct str body, bool labelled);
/* What a label of uuencode alone makes of lines without "begin"; and of what follows "begin", as a
 * stream, which proves no difference. */
void take_uu_lines(struct taker *t, const struct leaf *l, struct str body);
void take_uu_stream(struct taker *t, const struct leaf *l, struct str body);

/* A decoded body that is a message, or the body of a multipart. */
void take_region(struct taker *t, const struct leaf *leaf, struct str bytes, bool structural);

void take_limit(struct taker *t, const char *what, size_t offset);

/* ---- walks ---- */

/* One of the views but VIEW_LENIENT over one region (walk.c). */
void walk_view(struct taker *t, const struct region *region, enum mime_view view);

/* Readers between the views, whose leaves are VIEW_LENIENT's: as VIEW_STRICT, but any LF ends a
 * line, where the two differ (delimiters that are exact below heads that are not); and as that one,
 * but the last of several types counts, and its boundary wherever it stands in it, where heads are
 * odd (a line that is no field ends no head). */
void walk_mixed(struct taker *t, const struct region *region);

/* VIEW_LENIENT over one region (lenient.c). */
void walk_lenient(struct taker *t, const struct region *region);

/* Is there, in a text, what some reader takes for more than text: heads of parts, encoded files,
 * with `base64_too` long lines of base64? (carve.c) */
bool text_holds_more(struct str text, bool base64_too);

/* NUL, or a CR that neither stands before an LF nor at the end? */
bool text_is_odd(struct str text);

/* mime_union_read; with `every_view` all views walk, although the strict one has no doubt: what
 * tests compare with. */
int union_read(struct arena *arena, const struct message *m, bool every_view,
               struct finding_list *findings, struct mime_union *out, struct mp_err *err);

/* mime.view-diff, when views differ (diff.c). Returns whether they do. */
bool views_compare(struct taker *t);

#endif
