/* What the parts of content_bench share. */
#ifndef MP_BENCH_CONTENT_BENCH_H
#define MP_BENCH_CONTENT_BENCH_H

#include "base/arena.h"

/* GMime of the system, when it was there at build time. With `decode`, the content of every leaf is
 * written to nowhere. */
extern const bool bench_has_gmime;
void bench_gmime(struct str raw, bool decode);

struct content_lists;

/* A message, or with is_object a file that is attached to one, made to be slow. */
struct hostile {
    const char *name;
    struct str (*make)(void); /* heap */
    bool is_object;
};
extern const struct hostile hostile_mails[];
extern const size_t n_hostile;

struct str hostile_pdf_strings(void);
struct str hostile_page_nested(void);
struct str hostile_page_attributes(void);
struct str hostile_page_formats(void);
struct str hostile_page_open(void);
struct str hostile_page_styles(void);
struct str hostile_text_links(void);
struct str hostile_text_lures(void);
struct str hostile_cfb_circle(void);
struct str hostile_rtf(void);
struct str hostile_png(void);
struct str hostile_pdf_streams(void);
struct str hostile_pdf_loops(void);
struct str hostile_pdf_dictionary(void);
struct str hostile_pdf_bomb(void);

/* What a worker does with such a file. */
void hostile_object(struct arena *arena, const struct content_lists *lists, struct str bytes);

#endif
