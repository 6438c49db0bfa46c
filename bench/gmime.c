/* GMime, as a program that reads mail would call it. */
#include <gmime/gmime.h>

#include "bench/content_bench.h"

const bool bench_has_gmime = true;

static void decode_part(GMimeObject *parent, GMimeObject *part, gpointer sink)
{
    (void)parent;
    if (GMIME_IS_PART(part) && g_mime_part_get_content(GMIME_PART(part)) != NULL)
        g_mime_data_wrapper_write_to_stream(g_mime_part_get_content(GMIME_PART(part)), sink);
}

void bench_gmime(struct str raw, bool decode)
{
    static bool started;
    if (!started)
        g_mime_init();
    started = true;
    GMimeStream *in = g_mime_stream_mem_new_with_buffer(raw.p, raw.n);
    GMimeParser *parser = g_mime_parser_new_with_stream(in);
    GMimeMessage *m = g_mime_parser_construct_message(parser, NULL);
    if (m != NULL && decode) {
        GMimeStream *sink = g_mime_stream_null_new();
        g_mime_message_foreach(m, decode_part, sink);
        g_object_unref(sink);
    }
    if (m != NULL)
        g_object_unref(m);
    g_object_unref(parser);
    g_object_unref(in);
}
