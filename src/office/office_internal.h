/* What the readers of the formats share: where facts are put, and what is to be read later. */
#ifndef MP_OFFICE_OFFICE_INTERNAL_H
#define MP_OFFICE_OFFICE_INTERNAL_H

#include "base/buf.h"
#include "office/cfb.h"
#include "office/crypt.h"
#include "office/office.h"

/* Lists of the document being read, with their limits. */
struct reader {
    struct office *o;
    struct arena *arena;
    struct crypt_passwords passwords;
    size_t cap_macros, cap_links, cap_objects, cap_dde, cap_xlm;
    struct str *later; /* documents within it */
    size_t n_later, cap_later;
    size_t unpack_left, later_left; /* octets */
    bool failed;                    /* no memory */
};

/* Texts are cut at OFFICE_MAX_TEXT_BYTES; they must live as long as the arena. */
void add_macro(struct reader *r, struct office_macro m);
void add_link(struct reader *r, struct str type, struct str target, bool external);
void add_dde(struct reader *r, struct str what);
void add_xlm(struct reader *r, struct str what);
void add_object(struct reader *r, struct office_object object);
/* `bytes` are a document if they look like one: read them after this. */
void read_later(struct reader *r, struct str bytes);
/* The zlib stream at `in`, as far as limits let it; empty: none. */
bool is_zlib(struct str in);
struct str unpack_zlib(struct reader *r, struct str in);

/* The formats; each reads what it can and tells the rest by damaged and cut. */
void read_compound(struct reader *r, struct str bytes); /* compound.c */
void read_rtf(struct reader *r, struct str bytes);      /* rtf.c */
void read_xml(struct reader *r, struct str bytes);      /* office_xml.c */
void read_sylk(struct reader *r, struct str bytes);     /* sheet_text.c */
void read_csv(struct reader *r, struct str bytes);      /* sheet_text.c */
void read_biff(struct reader *r, struct str stream);    /* biff.c */
void read_biff12(struct reader *r, struct str part);    /* biff.c */
void read_page(struct reader *r, struct str bytes);     /* carriers.c */
void read_notebook(struct reader *r, struct str bytes); /* carriers.c */

bool is_rtf(struct str bytes);
bool is_sylk(struct str bytes);
bool is_biff(struct str bytes);
bool is_page(struct str bytes);
bool is_notebook(struct str bytes);
bool is_active_mime(struct str bytes);
struct str unpack_active_mime(struct reader *r, struct str bytes);

/* `server|'topic'!item`: a formula that asks another program. */
bool is_dde_formula(struct str formula);

/* An object, or a VBA project, that is a compound file of its own. */
void read_object_file(struct reader *r, struct str bytes);

/* Of a compound file: a text document, a presentation. */
void read_word(struct reader *r, struct cfb *c);       /* word.c */
void read_powerpoint(struct reader *r, struct cfb *c); /* powerpoint.c */

/* Objects (ole_object.c): the stream "\1Ole10Native"; what stands in "\objdata" of RTF; a stream
 * in which monikers lead elsewhere; an identifier of the equation editor. */
void read_native(struct reader *r, struct str stream, struct str class);
void read_ole1(struct reader *r, struct str bytes);
/* Is there a moniker of a URL or of a file on another machine? *target is in the arena. */
bool find_moniker(struct reader *r, struct str stream, struct str *target);
bool is_equation_guid(struct str guid);
bool is_equation_class(struct str class);

#endif
