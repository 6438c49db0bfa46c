/* Another reader of pages, for comparison; absent where libgumbo-dev is. */
#ifndef MP_BENCH_HTML_RIVAL_H
#define MP_BENCH_HTML_RIVAL_H

#include "base/str.h"

extern const bool html_has_rival;
void html_rival_parse(struct str page);

#endif
