/* What SVG Tiny PS allows, as tables, and the cost of <use>; for the BIMI logo check only. */
#ifndef MP_AUTH_BIMI_SVG_INTERNAL_H
#define MP_AUTH_BIMI_SVG_INTERNAL_H

#include "auth/bimi.h"

/* Sets of attributes that elements share. */
enum svg_group {
    SVG_CORE = 1,        /* names, language, metadata */
    SVG_PROPERTIES = 2,  /* how things are painted and set */
    SVG_MEDIA = 4,       /* display, visibility, rendering hints */
    SVG_CONDITIONAL = 8, /* requiredFonts, systemLanguage */
    SVG_TRANSFORM = 16
};

struct svg_element {
    struct str name;
    struct str children; /* words; empty: none */
    unsigned groups;     /* enum svg_group */
    bool has_text;       /* character data may stand in it */
};

struct svg_attribute {
    struct str name;     /* "xlink:href": namespaces by their usual prefix */
    unsigned groups;     /* where it is allowed: with the elements of these sets, */
    struct str elements; /* and with these (words) */
    struct str values;   /* the only values allowed, separated by "|"; empty: any */
};

const struct svg_element *svg_element_find(struct str name);     /* NULL: not in the profile */
const struct svg_attribute *svg_attribute_find(struct str name); /* NULL: not in the profile */
bool svg_has_word(struct str words, struct str word);

/* Is the value one of a list of values? White space around it does not count. */
bool svg_value_allowed(struct str values, struct str value);

/* Does a value refer to nothing but elements of the same file: no url() but url(#name), no function
 * but colours and transformations, no CSS escape that could hide one? */
bool svg_value_is_local(struct str value);

/* ---- numbers of the root (bimi_svg_number.c) ---- */

enum svg_box { SVG_BOX_SQUARE, SVG_BOX_OBLONG, SVG_BOX_EMPTY, SVG_BOX_BROKEN };

/* "min-x min-y width height" (SVG Tiny 1.2 7.7). */
enum svg_box svg_view_box(struct str value);
/* Two lengths with their units. False also when one is no length. */
bool svg_same_length(struct str a, struct str b);

/* ---- what <use> makes of the file (bimi_svg_use.c) ---- */

/* Elements with an id are nodes, the file is node 0; a node holds nodes, and uses refer to nodes.
 */
struct svg_uses {
    struct arena *arena;
    struct svg_node *nodes;
    struct svg_edge *edges;
    size_t n_nodes, cap_nodes, n_edges, cap_edges;
    bool overflow, no_memory;
};

enum svg_uses_verdict {
    SVG_USES_OK,
    SVG_USES_DANGLING, /* a <use> refers to an id that is not there */
    SVG_USES_CIRCLE,   /* an element draws itself */
    SVG_USES_TOO_MANY, /* more ids, uses or drawn elements than the limits */
};

bool svg_uses_init(struct svg_uses *u, struct arena *a); /* false: no memory */
/* A new node inside `parent`; its index. Without room `parent` again, and overflow is set. */
size_t svg_uses_node(struct svg_uses *u, size_t parent, struct str id);
void svg_uses_element(struct svg_uses *u, size_t node); /* an element inside the node */
void svg_uses_refer(struct svg_uses *u, size_t node, struct str id);
/* Once, at the end of the file. MP_OK or MP_E_NOMEM. */
int svg_uses_judge(struct svg_uses *u, enum svg_uses_verdict *out);

#endif
