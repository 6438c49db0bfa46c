/* Pages, texts and documents made to cost as much as they can: rows of the hostile set of
 * content_bench. Pages are mails whose text they are. */
#include <stdlib.h>
#include <zlib.h>

#include "base/buf.h"
#include "bench/content_bench.h"

enum {
    MADE_MAX_BYTES = 64 * 1024 * 1024,
    MB = 1024 * 1024,
    ATTRIBUTES = 60000,
    FORMATS = 20000,
    SECTOR = 512,
    CFB_SECTORS = 8000, /* 4 MB */
    SIDE = 5000         /* 25 megapixels */
};

static void begin_mail(struct buf *b, const char *type)
{
    buf_init(b, MADE_MAX_BYTES);
    buf_addf(b,
             "From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
             "Content-Type: %s; charset=utf-8\r\n\r\n",
             type);
}

static void fill(struct buf *b, const char *unit, size_t bytes)
{
    for (size_t end = b->n + bytes; b->n < end && !b->failed;)
        buf_addz(b, unit);
}

static struct str made(struct buf *b)
{
    return b->failed ? STR_NONE : buf_str(b); /* the caller frees it */
}

static struct str page_of(const char *unit, size_t bytes)
{
    struct buf b;
    begin_mail(&b, "text/html");
    fill(&b, unit, bytes);
    return made(&b);
}

struct str hostile_page_nested(void)
{
    return page_of("<div>\r\n", MB);
}

struct str hostile_page_attributes(void)
{
    struct buf b;
    begin_mail(&b, "text/html");
    buf_addz(&b, "<a ");
    for (unsigned i = 0; i < ATTRIBUTES; i++)
        buf_addf(&b, "a%u=%u%s", i, i, i % 8 == 7 ? "\r\n" : " ");
    buf_addz(&b, "href=http://a.example/>x</a>");
    return made(&b);
}

/* Browsers open them anew in each paragraph. */
struct str hostile_page_formats(void)
{
    struct buf b;
    begin_mail(&b, "text/html");
    for (unsigned i = 0; i < FORMATS; i++)
        buf_addf(&b, "<p><b id=%u><i><font color=red><a href=http://a.example/%u>x\r\n", i, i);
    return made(&b);
}

struct str hostile_page_open(void)
{
    return page_of("<!--\r\n<a \"'<![CDATA[&#x", 4 * MB);
}

struct str hostile_page_styles(void)
{
    struct buf b;
    begin_mail(&b, "text/html");
    buf_addz(&b, "<style>");
    fill(&b, ".a,.b,div p.c{color:#fff;font-size:calc(1px - 1px)}\r\n", MB);
    buf_addz(&b, "</style>");
    fill(&b, "<p class='a b c d'>x</p>\r\n", MB);
    return made(&b);
}

struct str hostile_text_links(void)
{
    struct buf b;
    begin_mail(&b, "text/plain");
    fill(&b, "http://a.example@b.example/%68%74%74%70://aHR0cDovL2M= \r\n", 4 * MB);
    return made(&b);
}

struct str hostile_text_lures(void)
{
    struct buf b;
    begin_mail(&b, "text/plain");
    fill(&b,
         "your password account expires, verify now, gift card, bank account of the invoice\r\n",
         4 * MB);
    return made(&b);
}

static void put_u32(unsigned char *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> (8 * i));
}

/* A compound file (MS-CFB 2.2) whose every sector is a directory and leads to another one, in a
 * circle over all. */
struct str hostile_cfb_circle(void)
{
    static const unsigned char magic[] = {0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1};
    size_t n = (CFB_SECTORS + 1) * (size_t)SECTOR;
    unsigned char *p = calloc(n, 1);
    if (p == NULL)
        return STR_NONE;
    memcpy(p, magic, sizeof magic);
    p[0x18] = 0x3e; /* minor version */
    p[0x1a] = 3;    /* version 3: sectors of 512 bytes */
    p[0x1c] = 0xfe, p[0x1d] = 0xff;
    p[0x1e] = 9, p[0x20] = 6;
    put_u32(p + 0x2c, 1);          /* sectors of the FAT */
    put_u32(p + 0x30, 1);          /* the directory begins there */
    put_u32(p + 0x38, 4096);       /* smaller streams are in the mini stream */
    put_u32(p + 0x3c, 0xfffffffe); /* no mini FAT */
    put_u32(p + 0x44, 0xfffffffe); /* no further DIFAT */
    memset(p + 0x4c, 0xff, SECTOR - 0x4c);
    put_u32(p + 0x4c, 0);
    for (uint32_t i = 0; i < SECTOR / 4; i++) /* the FAT: 1 -> 2 -> ... -> 1 */
        put_u32(p + SECTOR + 4 * i, i == 0 ? 0xfffffffd : i + 1 < SECTOR / 4 ? i + 1 : 1);
    for (size_t s = 2; s <= CFB_SECTORS; s++) {
        for (size_t e = 0; e < 4; e++) {
            unsigned char *entry = p + s * SECTOR + e * 128;
            entry[0] = 'V', entry[2] = 'B', entry[4] = 'A';
            entry[0x40] = 8;
            entry[0x42] = s == 2 && e == 0 ? 5 : (unsigned char)(1 + e % 2);
            put_u32(entry + 0x44, (uint32_t)(e + 1)), put_u32(entry + 0x48, (uint32_t)e);
            put_u32(entry + 0x4c, 1);
            put_u32(entry + 0x74, 1);
            put_u32(entry + 0x78, 0x7fffffff);
        }
    }
    return str_make((const char *)p, n);
}

struct str hostile_rtf(void)
{
    struct buf b;
    buf_init(&b, MADE_MAX_BYTES);
    buf_addz(&b, "{\\rtf1");
    fill(&b, "{\\object\\objdata 0105{\\*\\x 0}000002{\\bin3 abc}{\\fonttbl{\\f0 a}}", 8 * MB);
    return made(&b);
}

/* A PNG of 25 megapixels of noise in the form of a finder pattern everywhere. */
struct str hostile_png(void)
{
    static const unsigned char head[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    uLong packed_n = compressBound((SIDE + 1) * (uLong)SIDE);
    Bytef *rows = malloc((SIDE + 1) * (size_t)SIDE), *packed = malloc(packed_n);
    struct buf b;
    buf_init(&b, MADE_MAX_BYTES);
    if (rows == NULL || packed == NULL)
        return STR_NONE;
    for (size_t y = 0; y < SIDE; y++) {
        Bytef *row = rows + y * (SIDE + 1);
        row[0] = 0;
        for (size_t x = 0; x < SIDE; x++) {
            static const char runs[] = "1011101"; /* dark, light, three dark, light, dark */
            row[x + 1] = runs[x % 7] == '1' && runs[y % 7] == '1' ? 0 : 255;
        }
    }
    if (compress2(packed, &packed_n, rows, (SIDE + 1) * (uLong)SIDE, 1) != Z_OK)
        return STR_NONE;
    buf_add(&b, str_make((const char *)head, sizeof head));
    const unsigned char ihdr[] = {'I',       'H',         'D', 'R', 0,         0,
                                  SIDE >> 8, SIDE & 0xff, 0,   0,   SIDE >> 8, SIDE & 0xff,
                                  8,         0,           0,   0,   0};
    const struct {
        const unsigned char *bytes;
        size_t n;
    } chunks[] = {{ihdr, sizeof ihdr}, {NULL, packed_n + 4}, {(const unsigned char *)"IEND", 4}};
    for (size_t i = 0; i < ARRAY_LEN(chunks); i++) {
        struct buf chunk;
        unsigned char number[4];
        buf_init(&chunk, MADE_MAX_BYTES);
        if (chunks[i].bytes != NULL) {
            buf_add(&chunk, str_make((const char *)chunks[i].bytes, chunks[i].n));
        } else {
            buf_addz(&chunk, "IDAT");
            buf_add(&chunk, str_make((const char *)packed, packed_n));
        }
        uint32_t n = (uint32_t)chunk.n - 4,
                 sum = (uint32_t)crc32(0, (const Bytef *)chunk.p, (uInt)chunk.n);
        for (unsigned k = 0; k < 4; k++)
            number[k] = (unsigned char)(n >> (24 - 8 * k));
        buf_add(&b, str_make((const char *)number, 4));
        buf_add(&b, buf_str(&chunk));
        for (unsigned k = 0; k < 4; k++)
            number[k] = (unsigned char)(sum >> (24 - 8 * k));
        buf_add(&b, str_make((const char *)number, 4));
        buf_clear(&chunk);
    }
    free(rows);
    free(packed);
    return made(&b);
}
