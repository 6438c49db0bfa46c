/* Key records as texts to publish, between check_dkim.c and dkim_fix.c. */
#ifndef MP_POSTURE_DKIM_FIX_H
#define MP_POSTURE_DKIM_FIX_H

#include "base/arena.h"

/* A key that can verify? p == NULL: no. */
bool dkim_text_usable(struct str text);
/* As it was meant: each tag once, the version first, without the quotes of a zone file. p == NULL
 * when that is no usable key either. */
struct str dkim_text_mended(struct arena *a, struct str text);
struct str dkim_text_without(struct arena *a, struct str text, const char *tag);
/* t=y:s becomes t=s. */
struct str dkim_text_without_testing(struct arena *a, struct str text);

#endif
