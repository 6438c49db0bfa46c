/* Messages and files made to cost as much as they can: the hostile set of content_bench. */
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/buf.h"
#include "bench/content_bench.h"
#include "content/attach.h"
#include "document/document.h"

enum {
    MADE_MAX_BYTES = 64 * 1024 * 1024,
    MB = 1024 * 1024,
    NEST = 2000,
    PARTS = 10000,
    BOUNDARIES = 30
};

#define HEAD "From: a@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n"

static struct str done(struct buf *b)
{
    if (b->failed) {
        fputs("content_bench: no memory\n", stderr);
        exit(2);
    }
    return buf_str(b); /* the caller frees it */
}

static void fill(struct buf *b, const char *unit, size_t bytes)
{
    for (size_t n = strlen(unit), i = 0; i < bytes; i += n)
        buf_add(b, str_make(unit, n));
}

static struct str deep_multiparts(void)
{
    struct buf b;
    buf_init(&b, MADE_MAX_BYTES);
    buf_addz(&b, HEAD);
    for (unsigned i = 0; i < NEST; i++)
        buf_addf(&b, "Content-Type: multipart/mixed; boundary=b%u\r\n\r\n--b%u\r\n", i, i);
    buf_addz(&b, "\r\ntext\r\n");
    for (unsigned i = NEST; i > 0; i--)
        buf_addf(&b, "--b%u--\r\n", i - 1);
    return done(&b);
}

static struct str deep_messages(void)
{
    struct buf b;
    buf_init(&b, MADE_MAX_BYTES);
    for (unsigned i = 0; i < 10 * NEST; i++)
        buf_addz(&b, "Content-Type: message/rfc822\r\n\r\n");
    return done(&b);
}

static struct str many_parts(void)
{
    struct buf b;
    buf_init(&b, MADE_MAX_BYTES);
    buf_addz(&b, HEAD "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    for (unsigned i = 0; i < PARTS; i++)
        buf_addf(&b,
                 "--b\r\nContent-Type: application/octet-stream; name=f%u.bin\r\n"
                 "Content-Transfer-Encoding: base64\r\n\r\nQUJD%04u\r\n",
                 i, i);
    buf_addz(&b, "--b--\r\n");
    return done(&b);
}

/* Every line almost is a delimiter of thirty open multiparts. */
static struct str near_delimiters(void)
{
    struct buf b;
    buf_init(&b, MADE_MAX_BYTES);
    buf_addz(&b, HEAD);
    for (unsigned i = 0; i < BOUNDARIES; i++)
        buf_addf(&b,
                 "Content-Type: multipart/mixed; boundary=\"aaaaaaaaaaaaaaaaaaaaaaaaaa%u\"\r\n"
                 "\r\n--aaaaaaaaaaaaaaaaaaaaaaaaaa%u\r\n",
                 i, i);
    buf_addz(&b, "\r\n");
    fill(&b, "--aaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", 10 * MB);
    return done(&b);
}

static struct str dashes(void)
{
    struct buf b;
    buf_init(&b, MADE_MAX_BYTES);
    buf_addz(&b, HEAD "Content-Type: multipart/mixed; boundary=\"-\"\r\n\r\n");
    fill(&b, "--\r\n", 10 * MB);
    return done(&b);
}

static struct str open_comments(void)
{
    struct buf b;
    buf_init(&b, MADE_MAX_BYTES);
    buf_addz(&b, HEAD "Content-Type: text/plain; ");
    fill(&b, "((((((((", 4 * MB);
    buf_addz(&b, "\r\n\r\nx\r\n");
    return done(&b);
}

static struct str encoded_words(void)
{
    struct buf b;
    buf_init(&b, MADE_MAX_BYTES);
    buf_addz(&b, HEAD "Content-Disposition: attachment; filename=\"");
    fill(&b, "=?utf-8?q?", 4 * MB);
    buf_addz(&b, "\"\r\n\r\nx\r\n");
    return done(&b);
}

static struct str many_params(void)
{
    struct buf b;
    buf_init(&b, MADE_MAX_BYTES);
    buf_addz(&b, HEAD "Content-Type: text/plain");
    for (unsigned i = 0; i < 200000; i++)
        buf_addf(&b, ";\r\n name*%u*=%%41", i);
    buf_addz(&b, "\r\n\r\nx\r\n");
    return done(&b);
}

static struct str broken_base64(void)
{
    struct buf b;
    buf_init(&b, MADE_MAX_BYTES);
    buf_addz(&b, HEAD "Content-Type: application/octet-stream\r\n"
                      "Content-Transfer-Encoding: base64\r\n\r\n");
    fill(&b, "QUJD=\r\n.", 10 * MB);
    return done(&b);
}

static struct str labelled(const char *encoding, const char *unit)
{
    struct buf b;
    buf_init(&b, MADE_MAX_BYTES);
    buf_addf(&b,
             HEAD "Content-Type: application/octet-stream\r\n"
                  "Content-Transfer-Encoding: %s\r\n\r\n",
             encoding);
    fill(&b, unit, 10 * MB);
    return done(&b);
}

static struct str equals_signs(void)
{
    return labelled("quoted-printable", "=");
}

/* Units that cost much when they are repeated (one label, all labels). */
static struct str equals_cr(void)
{
    return labelled("quoted-printable", "\r=");
}

static struct str short_lines(void)
{
    return labelled("x-uuencode base64 quoted-printable gzip64", ":\n");
}

static struct str uu_starts(void)
{
    struct buf b;
    buf_init(&b, MADE_MAX_BYTES);
    buf_addz(&b, HEAD "\r\n");
    fill(&b, "begin 644 a\r\n", 5 * MB);
    fill(&b, "=ybegin line=128 size=1 name=a\r\n", 5 * MB);
    return done(&b);
}

static struct str head_of_fields(void)
{
    struct buf b;
    buf_init(&b, MADE_MAX_BYTES);
    fill(&b, "Content-Type: multipart/mixed; boundary=a\r\n", 4 * MB);
    buf_addz(&b, "\r\n--a\r\n\r\nx\r\n--a--\r\n");
    return done(&b);
}

/* ---- files ---- */

static void put16(struct buf *b, unsigned v)
{
    buf_addc(b, (char)(v & 0xff));
    buf_addc(b, (char)(v >> 8 & 0xff));
}

static void put32(struct buf *b, uint32_t v)
{
    put16(b, v & 0xffff);
    put16(b, v >> 16);
}

/* `bytes` zeros, deflated without a header. */
static struct str deflated_zeros(size_t bytes)
{
    static char zeros[MB];
    z_stream z = {0};
    size_t cap = bytes / 900 + MB;
    char *out = malloc(cap);
    if (out == NULL || deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        exit(2);
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)cap;
    for (size_t i = 0; i < bytes; i += sizeof zeros) {
        z.next_in = (Bytef *)zeros;
        z.avail_in = sizeof zeros;
        deflate(&z, i + sizeof zeros >= bytes ? Z_FINISH : Z_NO_FLUSH);
    }
    struct str s = str_make(out, z.total_out);
    deflateEnd(&z);
    return s;
}

static void zip_head(struct buf *b, bool central, struct str name, size_t packed, size_t size,
                     size_t offset)
{
    put32(b, central ? 0x02014b50 : 0x04034b50);
    if (central)
        put16(b, 20);
    put16(b, 20);
    put16(b, 0);
    put16(b, 8);
    put32(b, 0);
    put32(b, 0); /* CRC: nobody gets that far */
    put32(b, (uint32_t)packed);
    put32(b, (uint32_t)size);
    put16(b, (unsigned)name.n);
    put16(b, 0);
    if (central) {
        put16(b, 0);
        put16(b, 0);
        put16(b, 0);
        put32(b, 0);
        put32(b, (uint32_t)offset);
    }
    buf_add(b, name);
}

static void zip_end(struct buf *b, unsigned n, size_t directory)
{
    size_t size = b->n - directory;
    put32(b, 0x06054b50);
    put32(b, 0);
    put16(b, n);
    put16(b, n);
    put32(b, (uint32_t)size);
    put32(b, (uint32_t)directory);
    put16(b, 0);
}

/* `n` entries of a directory share the data of one local header (Fifield's quoting aside). */
static struct str zip_of_zeros(unsigned n, size_t zeros)
{
    struct buf b;
    struct str data = deflated_zeros(zeros);
    buf_init(&b, MADE_MAX_BYTES);
    zip_head(&b, false, STR("a.bin"), data.n, zeros, 0);
    buf_add(&b, data);
    size_t directory = b.n;
    for (unsigned i = 0; i < n; i++) {
        char name[16];
        int len = snprintf(name, sizeof name, "a%u.bin", i);
        zip_head(&b, true, n == 1 ? STR("a.bin") : str_make(name, (size_t)len), data.n, zeros, 0);
    }
    zip_end(&b, n, directory);
    free((char *)(uintptr_t)data.p);
    return done(&b);
}

static struct str zip_bomb(void)
{
    return zip_of_zeros(1, (size_t)1000 * MB);
}

static struct str zip_overlap(void)
{
    return zip_of_zeros(65000, 10 * MB);
}

/* Local headers everywhere, no directory. */
static struct str zip_heads(void)
{
    struct buf b;
    buf_init(&b, MADE_MAX_BYTES);
    for (unsigned i = 0; i < 300000; i++)
        zip_head(&b, false, STR("a"), 0, 0, 0);
    return done(&b);
}

/* Ends of directories everywhere. */
static struct str zip_ends(void)
{
    struct buf b;
    buf_init(&b, MADE_MAX_BYTES);
    for (unsigned i = 0; i < 400000; i++)
        zip_end(&b, 65535, b.n / 2);
    return done(&b);
}

void hostile_object(struct arena *arena, const struct content_lists *lists, struct str bytes)
{
    struct content_limits limits = content_limits_default();
    struct content_budget budget = content_budget_of(&limits);
    struct content_report report = {.complete = true};
    struct content c = {
        .arena = arena, .lists = lists, .limits = &limits, .budget = &budget, .report = &report};
    arena_reset(arena);
    finding_list_init(&report.findings, arena);
    report.objects = arena_new(arena, struct content_object, 1);
    report.n = report.cap = 1;
    report.objects[0] = (struct content_object){.part = STR("2"),
                                                .parent = -1,
                                                .bytes = bytes,
                                                .has_bytes = true,
                                                .size_bytes = bytes.n,
                                                .kind = file_type_of(bytes)};
    if (document_inspect(&c, NULL) != MP_OK)
        puts("  (no memory)");
}

const struct hostile hostile_mails[] = {
    {"2,000 multiparts within each other", deep_multiparts, false},
    {"20,000 messages within each other", deep_messages, false},
    {"10,000 parts", many_parts, false},
    {"10 MB of lines that almost are delimiters", near_delimiters, false},
    {"10 MB of \"--\" lines", dashes, false},
    {"4 MB of unclosed comments in Content-Type", open_comments, false},
    {"4 MB of \"=?utf-8?q?\" in a file name", encoded_words, false},
    {"200,000 pieces of a parameter (RFC 2231)", many_params, false},
    {"10 MB of base64 with junk and padding", broken_base64, false},
    {"10 MB of \"=\" in quoted-printable", equals_signs, false},
    {"10 MB of \"=\" and CR in quoted-printable", equals_cr, false},
    {"10 MB of \":\" lines with four encodings", short_lines, false},
    {"10 MB of uuencode and yEnc starts", uu_starts, false},
    {"100,000 Content-Type fields", head_of_fields, false},
    {"zip: 1,000 MB of zeros", zip_bomb, true},
    {"zip: 65,000 entries share 10 MB", zip_overlap, true},
    {"zip: 300,000 local headers", zip_heads, true},
    {"zip: 400,000 ends of directories", zip_ends, true},
    {"html: 1 MB of nested tags", hostile_page_nested, false},
    {"html: a tag with 60,000 attributes", hostile_page_attributes, false},
    {"html: 20,000 formats that stay open", hostile_page_formats, false},
    {"html: 4 MB of comments and quotes left open", hostile_page_open, false},
    {"html: 1 MB of styles, 1 MB of classes", hostile_page_styles, false},
    {"text: 4 MB of links within links", hostile_text_links, false},
    {"text: 4 MB of words of lures", hostile_text_lures, false},
    {"office: 4 MB of directories in a circle", hostile_cfb_circle, true},
    {"office: 8 MB of objects within objects in RTF", hostile_rtf, true},
    {"picture: 25 megapixels of finder patterns", hostile_png, true},
    {"pdf: 100,000 strings without an end", hostile_pdf_strings, true},
    {"pdf: 10,000 streams without an end", hostile_pdf_streams, true},
    {"pdf: 20,000 actions that refer in a circle", hostile_pdf_loops, true},
    {"pdf: 100,000 programs in one dictionary", hostile_pdf_dictionary, true},
    {"pdf: three times 64 MB of zeros", hostile_pdf_bomb, true},
};
const size_t n_hostile = ARRAY_LEN(hostile_mails);
