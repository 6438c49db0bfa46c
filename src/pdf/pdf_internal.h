/* What the files of this room share: objects as flat lists of nodes, and one budget of work. */
#ifndef MP_PDF_INTERNAL_H
#define MP_PDF_INTERNAL_H

#include "base/buf.h"
#include "base/inflate.h"
#include "pdf/pdf.h"

/* Names that something depends on. */
enum pdf_word {
    PDF_W_NONE,
#define PDF_WORDS_OF(n)                  PDF_W_OF_##n, PDF_W_BEFORE_##n = PDF_W_OF_##n - 1,
#define PDF_WORD(symbol, text, relevant) PDF_W_##symbol,
#include "pdf/words.def"
#undef PDF_WORD
#undef PDF_WORDS_OF
    PDF_WORD_COUNT
};

enum pdf_node_kind {
    PDF_NODE_WORD, /* true, null, anything else without a slash */
    PDF_NODE_NUMBER,
    PDF_NODE_NAME,
    PDF_NODE_STRING, /* (literal), still with its escapes */
    PDF_NODE_HEX,    /* <hex> string */
    PDF_NODE_REF,
    PDF_NODE_ARRAY,
    PDF_NODE_DICT
};

#define PDF_NO_NODE   UINT32_MAX
#define PDF_NO_OBJECT UINT32_MAX

/* Containers stand before what they contain; `end` is the index behind that. */
struct pdf_node {
    unsigned char kind, word;
    uint32_t parent, end;
    union {
        struct str text;
        int64_t number; /* PDF_NODE_NUMBER; PDF_NODE_REF: of the object */
    };
};

struct pdf_object {
    uint32_t number, generation;
    uint32_t first, end; /* its nodes */
    size_t at;           /* in the bytes; packed: of the object stream */
    size_t data, data_end;
    bool has_stream, packed, is_trailer;
    bool is_content, is_taken; /* marks of the passes: drawn on a page; already read */
    uint32_t owner;            /* is_content: the object with its resources */
};

enum pdf_cipher { PDF_CIPHER_NONE, PDF_CIPHER_RC4, PDF_CIPHER_AES };

struct pdf_crypt {
    bool active;
    enum pdf_cipher strings, streams;
    unsigned revision;
    size_t key_n;
    unsigned char key[32];
    bool plain_metadata;
    uint32_t object; /* of the dictionary: its strings are not encrypted */
};

struct pdf_font;

struct pdf_reader {
    struct arena *arena; /* of the caller: for what lasts */
    struct arena own;    /* nodes, objects, decoded object streams */
    struct str bytes;
    struct pdf *pdf;
    struct pdf_node *nodes;
    size_t n_nodes, cap_nodes;
    struct pdf_object *objects;
    size_t n_objects, cap_objects;
    uint32_t *by_number; /* indexes of objects, sorted by number, then by place */
    size_t n_by_number;
    uint64_t work_left; /* steps; what is read twice counts twice */
    uint64_t inflate_left, page_left, embedded_left, image_left, script_left;
    struct pdf_crypt crypt;
    struct buf plain, decoded[2], string; /* scratch */
    size_t next_endstream;  /* the first at or behind the last stream asked for; bytes.n: none */
    bool starved;           /* memory was short: the result is not to be used */
    struct pdf_font *fonts; /* those that were used */
    size_t cap_links, cap_actions, cap_scripts, cap_files, cap_images;
};

static inline void pdf_limit(struct pdf_reader *r, enum pdf_limit l)
{
    r->pdf->limits |= 1u << l;
}

enum { PDF_ENTRY_WORK = 4 /* steps that an entry of a dictionary costs: it is no byte */ };

/* Take `n` steps. False, and the limit is noted: they are used up. */
bool pdf_work(struct pdf_reader *r, uint64_t n);

/* One more at the end of a list in the caller's arena, zeroed. NULL: `max` are there, or no memory.
 */
void *pdf_more(struct pdf_reader *r, void *list, size_t *n, size_t *cap, size_t max, size_t size);

/* ---- token.c ---- */

enum pdf_char { PDF_CHAR_REGULAR, PDF_CHAR_SPACE, PDF_CHAR_DELIMITER };
extern const unsigned char pdf_chars[256]; /* enum pdf_char */
static inline enum pdf_char pdf_char_of(char c)
{
    return (enum pdf_char)pdf_chars[(unsigned char)c];
}
enum pdf_word pdf_word_of(struct str name);
/* Behind white space and comments. */
size_t pdf_skip_space(struct str s, size_t at);
/* Behind the string that begins at `at` with "(" or "<"; s.n when it has no end. */
size_t pdf_skip_string(struct str s, size_t at);

enum pdf_stop { PDF_STOP_END, PDF_STOP_VALUE, PDF_STOP_ENDOBJ, PDF_STOP_STREAM, PDF_STOP_OBJ };

/* Read the nodes of `o` from s, *at on: o->first, o->end. `one_value`: stop behind the first value;
 * otherwise at endobj, stream or the next object. *at is behind that word. */
enum pdf_stop pdf_tokens(struct pdf_reader *r, struct str s, size_t *at, bool one_value,
                         struct pdf_object *o);

/* ---- object.c ---- */

/* The next place of `word`, or s.n; word.p[rare] is what it is looked for by. Several times as fast
 * as memmem in compressed data. */
size_t pdf_find(struct str s, size_t at, struct str word, size_t rare);

void pdf_find_objects(struct pdf_reader *r);   /* of the bytes, with their streams */
void pdf_unpack_objects(struct pdf_reader *r); /* of object streams */
struct pdf_object *pdf_add_object(struct pdf_reader *r);
void pdf_sort_objects(struct pdf_reader *r);

enum { PDF_MAX_DEFINITIONS = 4 /* of one number that are looked at: updates redefine objects */ };
/* The objects of that number, the last first. Returns how many. */
size_t pdf_definitions(const struct pdf_reader *r, int64_t number,
                       struct pdf_object *out[PDF_MAX_DEFINITIONS]);

/* The value of `key` in the dictionary, PDF_NO_NODE without: the last of them. */
uint32_t pdf_get(struct pdf_reader *r, uint32_t dict, enum pdf_word key);
/* The dictionary that an object begins with, or PDF_NO_NODE. */
uint32_t pdf_dict_of(const struct pdf_reader *r, const struct pdf_object *o);
/* The same of what `node` refers to, when it is a reference; *o becomes that object. Follows at
 * most 8 references, the last definition of each. */
uint32_t pdf_follow(struct pdf_reader *r, uint32_t node, const struct pdf_object **o);
/* The number, also when it is referred to; `otherwise` when there is none. */
int64_t pdf_number(struct pdf_reader *r, uint32_t node, int64_t otherwise);

static inline bool pdf_is(const struct pdf_reader *r, uint32_t node, enum pdf_node_kind kind)
{
    return node != PDF_NO_NODE && r->nodes[node].kind == kind;
}
static inline bool pdf_is_word(const struct pdf_reader *r, uint32_t node, enum pdf_word word)
{
    return pdf_is(r, node, PDF_NODE_NAME) && r->nodes[node].word == word;
}
static inline bool pdf_is_string(const struct pdf_reader *r, uint32_t node)
{
    return pdf_is(r, node, PDF_NODE_STRING) || pdf_is(r, node, PDF_NODE_HEX);
}

/* ---- stream.c ---- */

void pdf_coding_of(struct pdf_reader *r, uint32_t dict, struct pdf_coding *out);
/* The bytes of a stream, decrypted; a view of the file or of r->plain. */
struct str pdf_stream_raw(struct pdf_reader *r, const struct pdf_object *o);
/* Decrypted and decoded, at most *budget bytes, which it is taken from; p == NULL: nothing came
 * out, or an image is left. A view of scratch that the next call overwrites. */
struct str pdf_stream(struct pdf_reader *r, const struct pdf_object *o, uint64_t *budget,
                      enum pdf_limit limit, bool *cut);

/* ---- filter.c ---- */

enum pdf_decoded { /* the worse, the larger */
                   PDF_WHOLE = INFLATED_WHOLE,
                   PDF_DAMAGED = INFLATED_DAMAGED,
                   PDF_CUT = INFLATED_CUT
};
/* Undo the steps up to an image; *format says which, PDF_FILTER_NONE: all are undone. `scratch`:
 * two buffers, the result is a view of one of them or of `in`. At most `max` bytes come out of each
 * step. `*steps` counts the work. */
enum pdf_decoded pdf_decode(struct str in, const struct pdf_coding *coding, size_t max,
                            struct buf scratch[2], struct str *out, enum pdf_filter *format,
                            uint64_t *steps);
/* filter_small.c: one filter; at most `max` bytes are appended. */
enum pdf_decoded pdf_unlzw(struct str in, bool late, size_t max, struct buf *out);
enum pdf_decoded pdf_unhex(struct str in, size_t max, struct buf *out);
enum pdf_decoded pdf_unascii85(struct str in, size_t max, struct buf *out);
enum pdf_decoded pdf_unrun(struct str in, size_t max, struct buf *out);
/* In place. */
void pdf_unpredict(struct buf *b, unsigned predictor, unsigned colors, unsigned bits,
                   unsigned columns);

/* ---- crypt.c ---- */

void pdf_crypt_open(struct pdf_reader *r, const struct str *passwords, size_t n);
/* Decrypt what belongs to object `o` into `out`; false: it stays as it is. */
bool pdf_decrypt(struct pdf_reader *r, const struct pdf_object *o, enum pdf_cipher cipher,
                 struct str in, struct buf *out);

/* ---- string.c ---- */

/* The octets of a string, decrypted: a view of r->string, until the next call. */
struct str pdf_string(struct pdf_reader *r, const struct pdf_object *o, uint32_t node);
/* Undo escapes or hex digits of what stands between the delimiters. */
void pdf_unescape(struct str raw, bool hex, struct buf *out);
/* The octets of a text string (ISO 32000-2 7.9.2.2) as UTF-8 in the caller's arena. */
struct str pdf_text_of(struct pdf_reader *r, struct str octets);
/* Both: of a string, or of a reference to a string or a stream. Empty: none. */
struct str pdf_text_at(struct pdf_reader *r, const struct pdf_object *o, uint32_t node);
/* Windows-1252, which the encodings of simple fonts are nearly. */
int32_t pdf_code_point(unsigned char c);

/* ---- facts.c, file.c, image.c, text.c, font.c ---- */

void pdf_facts(struct pdf_reader *r);
/* The names in a file specification: a string, or a dictionary; *is_url: its file system is. */
size_t pdf_file_names(struct pdf_reader *r, const struct pdf_object *o, uint32_t node,
                      struct str names[2], bool *is_url);
void pdf_embedded(struct pdf_reader *r);
void pdf_images(struct pdf_reader *r);
void pdf_page_text(struct pdf_reader *r);

/* The font behind `name` in the resources of `owner`; NULL without memory. */
const struct pdf_font *pdf_font_find(struct pdf_reader *r, uint32_t owner, struct str name);
/* Append what the octets of a string mean in that font (NULL: none is set); counts characters. */
size_t pdf_font_add(const struct pdf_font *f, struct str octets, struct buf *out);

#endif
