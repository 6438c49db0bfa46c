/* What the groups of attachment rules know of each other. */
#ifndef MP_CONTENT_ATTACH_INTERNAL_H
#define MP_CONTENT_ATTACH_INTERNAL_H

#include "content/attach.h"
#include "content/lists.h"
#include "content/name.h"
#include "content/place.h"

/* A name that some reader sees, read. */
struct attach_name {
    struct name name;
    enum mime_name_form form;
};

/* One object under inspection. */
struct attach {
    struct content *c;
    const struct content_object *o;
    const struct content_lists *lists;
    struct attach_name *names;
    size_t n_names;
    bool is_member;
};

/* `"name"`, or "unnamed": for evidence. */
struct str attach_shown(const struct attach *a, const struct name *n);
/* The first name, or NULL. */
const struct name *attach_first(const struct attach *a);

/* A part of the text that people read: text, unnamed, not declared an attachment. */
bool attach_is_body(const struct attach *a);

void attach_names(struct attach *a);    /* attach_names.c: what the names say */
void attach_type(struct attach *a);     /* attach_type.c: the bytes, beside names and types */
void attach_links(struct attach *a);    /* attach_link.c: what shortcuts start and load */
void attach_polyglot(struct attach *a); /* attach_polyglot.c: two formats in one */

/* These hold whole files as they are, an archive at their very end among them; so do programs. */
bool attach_may_hold_files(enum file_type t);

#endif
