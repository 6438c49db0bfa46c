/* What the files of the lint share: the findings with their places, values of MIME fields. */
#ifndef MP_MIME_LINT_INTERNAL_H
#define MP_MIME_LINT_INTERNAL_H

#include "mime/lint.h"

struct lint {
    struct arena *arena;
    const struct message *m;
    const struct mime_tree *tree;
    struct finding_list *findings;
    struct lint_param *params; /* room for MIME_FIELD_MAX_PARAMS, used for one field at a time */
    unsigned conversions;      /* of charsets, so far: each may load a table */
    bool no_memory;
};

/* Bytes of the raw message, the part they belong to, and the field when they stand in one. */
struct lint_at {
    const struct mime_part *part;
    struct str header;
    size_t offset, length;
};

/* The finding with its evidence: the formatted words and the bytes at the place, made readable.
 * Cheap when enough of that kind were kept. NULL when it was not kept. */
struct finding *lint_add(struct lint *l, enum finding_id id, struct lint_at at, const char *fmt,
                         ...) __attribute__((format(printf, 4, 5)));

/* The line at `pos` without its LF or CRLF, and where the next one begins (or raw.n). */
struct str lint_line(struct str raw, size_t pos);
size_t lint_next_line(struct str raw, size_t pos);

/* The boundary of a multipart; empty: it has none, or is a leaf. */
struct str lint_boundary(const struct mime_part *p);

/* Is the line "Content-…:"? */
bool lint_is_content_field(struct str line);

/* The field that a head holds, as it stands. */
struct lint_field {
    struct str name, value;
    size_t offset, length;
};

/* A parameter, or what stands in place of one. */
struct lint_param {
    struct str text, name, value; /* the value without quotes, still with its escapes */
    struct str base;              /* the name without the marks of RFC 2231 */
    uint64_t hash;                /* of the base, any case */
    unsigned number;              /* of the piece; LINT_PLAIN for a name without marks */
    bool is_pair;                 /* name=value */
    bool numbered, extended, quoted, spaced;
};
enum { LINT_PLAIN = 1 << 20, LINT_PIECE_MAX = 9999 };

struct lint_value {
    struct str word, after_slash;
    const char *wrong;  /* why it is not the grammar of RFC 2045 5.1; NULL when it is */
    struct str comment; /* the first one that stands outside of quotes; p == NULL: none */
    struct str rest;    /* what stands behind the word (and the type behind the slash) */
    struct lint_param *params;
    size_t n;
};

/* Linear time. Parameters from MIME_FIELD_MAX_PARAMS on are left out. */
void lint_value_read(struct str value, bool has_slash, struct lint_param *room,
                     struct lint_value *out);

/* Every rule about parameters. `is_type`: of Content-Type, where boundaries stand. */
void lint_params(struct lint *l, const struct mime_part *part, const struct lint_field *f,
                 const struct lint_value *v, bool is_type);

/* The rules by place: heads, what stands outside of parts, lines, bodies. */
void lint_heads(struct lint *l);
void lint_structure(struct lint *l);
void lint_lines(struct lint *l);
void lint_bodies(struct lint *l);

#endif
