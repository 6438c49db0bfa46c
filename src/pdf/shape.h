/* What pages draw as filled squares: QR codes that are no image. For text.c alone. */
#ifndef MP_PDF_SHAPE_H
#define MP_PDF_SHAPE_H

#include "pdf/pdf_internal.h"

/* Scale and place; what turns and bends is not followed. */
struct pdf_matrix {
    double a, d, e, f;
};

/* What "q" saves. */
struct pdf_pen {
    struct pdf_matrix page;
    unsigned char grey; /* 0 is black, of what is filled ... */
    unsigned char line; /* ... and stroked */
    double width;       /* of lines */
};

enum pdf_path_op {
    PDF_PATH_RECT,
    PDF_PATH_MOVE,
    PDF_PATH_LINE,
    PDF_PATH_CURVE, /* to the last of its points */
    PDF_PATH_FILL,
    PDF_PATH_STROKE,
    PDF_PATH_BOTH,
    PDF_PATH_NONE
};

struct pdf_shapes;

/* NULL without memory (noted). Lives in r->own. */
struct pdf_shapes *pdf_shapes_new(struct pdf_reader *r);
/* Forget those of the page before. */
void pdf_shapes_begin(struct pdf_shapes *s);
/* v: its operands, in their order. */
void pdf_shapes_path(struct pdf_shapes *s, enum pdf_path_op op, const double v[6],
                     const struct pdf_pen *pen);
/* When enough small ones were drawn, they become an image of the document. */
void pdf_shapes_end(struct pdf_shapes *s, size_t offset);

#endif
