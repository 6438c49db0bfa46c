/* GMime beside our views, in tests alone: each leaf that it extracts must be in the union. */
#ifndef MP_MIME_GMIME_ORACLE_H
#define MP_MIME_GMIME_ORACLE_H

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#include <gmime/gmime.h>
#pragma GCC diagnostic pop

#include "base/buf.h"
#include "mime/view.h"

/* Bytes above space: readers differ in white space and line ends everywhere. */
static void oracle_squeeze(struct buf *out, struct str s)
{
    buf_reset(out);
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] > ' ')
            buf_addc(out, s.p[i]);
}

struct oracle {
    const struct mime_union *u;
    /* What needed no decoding may also stand within a larger payload: noise makes structures that
     * no two readers cut alike, and the bytes are inspected all the same. */
    bool parts_of_texts;
    struct buf leaf, payload;
    size_t leaves, missing;
    struct str first_missing; /* to be freed with g_free */
};

/* GMime takes two octets of line end off a part that a bare LF ends: so many may be behind, and of
 * base64 those of the group of four that lost its last digit. */
enum { ORACLE_TAIL = 2, ORACLE_TAIL_DECODED = 3 };

/* Without lines of dashes at the end: one reader's delimiters are text to another. */
static struct str oracle_undelimited(struct str s)
{
    for (size_t line = s.n; line > 0;) {
        line = str_rfind(str_slice(s, 0, line), '\n');
        line = line == s.n ? 0 : line;
        struct str last = str_trim(str_slice(s, line, s.n));
        if (last.n != 0 && !str_starts(last, STR("--")))
            break;
        s.n = line;
    }
    return s;
}

static bool oracle_has(struct oracle *o, struct str bytes, bool decoded)
{
    if (o->parts_of_texts && !decoded)
        bytes = oracle_undelimited(bytes);
    oracle_squeeze(&o->leaf, bytes);
    for (size_t i = 0; i < o->u->n; i++) {
        oracle_squeeze(&o->payload, o->u->payloads[i].bytes);
        if (str_starts(buf_str(&o->payload), buf_str(&o->leaf)) &&
            o->payload.n - o->leaf.n <= (decoded ? ORACLE_TAIL_DECODED : ORACLE_TAIL))
            return true;
        if (o->parts_of_texts && !decoded && o->leaf.n <= o->payload.n &&
            str_search(buf_str(&o->payload), buf_str(&o->leaf)) + o->leaf.n <= o->payload.n)
            return true;
    }
    return o->leaf.n == 0 || str_starts(buf_str(&o->leaf), STR("--")); /* a delimiter's own line */
}

/* Is the body nothing but lines of dashes, as it stands? */
static bool oracle_is_delimiters(GMimeDataWrapper *content)
{
    GMimeStream *encoded = g_mime_data_wrapper_get_stream(content), *copy = g_mime_stream_mem_new();
    g_mime_stream_reset(encoded);
    g_mime_stream_write_to_stream(encoded, copy);
    GByteArray *bytes = g_mime_stream_mem_get_byte_array((GMimeStreamMem *)copy);
    struct str all = str_make((const char *)bytes->data, bytes->len);
    bool only = oracle_undelimited(all).n == 0;
    g_object_unref(copy);
    return only;
}

static void oracle_part(GMimeObject *parent, GMimeObject *part, gpointer data)
{
    struct oracle *o = data;
    (void)parent;
    GMimeDataWrapper *content =
        GMIME_IS_PART(part) ? g_mime_part_get_content((GMimePart *)part) : NULL;
    if (content == NULL || (o->parts_of_texts && oracle_is_delimiters(content)))
        return;
    GMimeStream *stream = g_mime_stream_mem_new();
    g_mime_data_wrapper_write_to_stream(content, stream);
    GByteArray *bytes = g_mime_stream_mem_get_byte_array((GMimeStreamMem *)stream);
    struct str leaf = str_make((const char *)bytes->data, bytes->len);
    GMimeContentType *type = g_mime_object_get_content_type(part);
    if (g_mime_content_type_is_type(type, "message", "*")) { /* ours are taken apart */
        g_object_unref(stream);
        return;
    }
    GMimeContentEncoding e = g_mime_part_get_content_encoding((GMimePart *)part);
    bool decoded = e == GMIME_CONTENT_ENCODING_BASE64 ||
                   e == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE ||
                   e == GMIME_CONTENT_ENCODING_UUENCODE;
    o->leaves++;
    if (!oracle_has(o, leaf, decoded)) {
        o->missing++;
        if (o->first_missing.p == NULL)
            o->first_missing = str_make(g_memdup2(leaf.p, leaf.n), leaf.n);
    }
    g_object_unref(stream);
}

/* GMime counts messages within messages in its own parts; they are walked here. */
static void oracle_message(GMimeObject *parent, GMimeObject *part, gpointer data)
{
    oracle_part(parent, part, data);
    if (GMIME_IS_MESSAGE_PART(part) && g_mime_message_part_get_message((GMimeMessagePart *)part))
        g_mime_message_foreach(g_mime_message_part_get_message((GMimeMessagePart *)part),
                               oracle_message, data);
}

static void oracle_run(struct oracle *o, struct str raw)
{
    g_mime_init();
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(raw.p == NULL ? "" : raw.p, raw.n);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    buf_init(&o->leaf, 256u << 20);
    buf_init(&o->payload, 256u << 20);
    if (message != NULL) {
        g_mime_message_foreach(message, oracle_message, o);
        g_object_unref(message);
    }
    buf_clear(&o->leaf);
    buf_clear(&o->payload);
    g_object_unref(parser);
    g_object_unref(stream);
}

#endif
