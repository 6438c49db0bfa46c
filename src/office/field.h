/* Fields of text documents: their instructions, put together from the pieces that they come in. */
#ifndef MP_OFFICE_FIELD_H
#define MP_OFFICE_FIELD_H

#include "office/office_internal.h"

enum { FIELD_DEPTH = 16, FIELD_TEXT_BYTES = 16 * 1024 };

/* Fields within fields: the instruction of one holds those of the ones in it. */
struct fields {
    struct reader *r;
    struct buf text;
    struct {
        size_t start; /* in `text` */
        bool result;  /* its instruction has ended */
    } open[FIELD_DEPTH];
    unsigned depth; /* may pass FIELD_DEPTH: then only counted */
};

void fields_start(struct fields *f, struct reader *r);
void field_begin(struct fields *f);
void field_text(struct fields *f, struct str text); /* ignored outside of an instruction */
void field_result(struct fields *f);
void field_end(struct fields *f);
void fields_done(struct fields *f); /* what is still open ends here; frees */

/* The instruction of one whole field. */
void field_read(struct reader *r, struct str instruction);

#endif
