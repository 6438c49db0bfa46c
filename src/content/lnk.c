/* Shell links: header, item list, link information, strings, extra blocks ([MS-SHLLINK] 2). Each
 * length is the writer's word: nothing outside of the bytes is read. */
#include "content/lnk.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "base/charset.h"
#include "base/utf8.h"

enum { HEADER_BYTES = 76, FLAGS_AT = 20 };

enum lnk_flag { /* 2.1.1 */
                HAS_ITEMS = 1 << 0,
                HAS_INFO = 1 << 1,
                HAS_NAME = 1 << 2,
                HAS_RELATIVE = 1 << 3,
                HAS_WORKING_DIR = 1 << 4,
                HAS_ARGUMENTS = 1 << 5,
                HAS_ICON = 1 << 6,
                IS_UNICODE = 1 << 7
};

struct cursor {
    struct arena *arena;
    struct str bytes;
    size_t at;
    bool damaged;
};

static struct str text8(struct arena *arena, struct str s)
{
    s = str_slice(s, 0, LNK_MAX_TEXT);
    return arena_copy(arena, str_slice(s, 0, str_find(s, 0)));
}

/* UTF-16, little end first, to its NUL; halves of surrogates become the replacement character. */
static struct str text16(struct arena *arena, struct str s)
{
    enum { REPLACEMENT = 0xfffd, GROWTH = 3 };
    struct buf b;
    s = str_slice(s, 0, LNK_MAX_TEXT);
    buf_init(&b, s.n * GROWTH + 1);
    for (int32_t c; (c = utf16_next(&s, false)) != UTF8_END && c != 0;)
        utf8_add(&b, c == UTF8_BAD ? REPLACEMENT : c);
    struct str out = b.failed ? STR_NONE : arena_copy(arena, buf_str(&b));
    buf_clear(&b);
    return out;
}

static struct str take(struct cursor *c, size_t n)
{
    size_t left = c->bytes.n - c->at;
    c->damaged |= n > left;
    struct str out = str_slice(c->bytes, c->at, c->at + (n < left ? n : left));
    c->at += out.n;
    return out;
}

/* What is printable of the items; a NUL between letters is the other half of UTF-16. */
static struct str printable(struct arena *arena, struct str s)
{
    struct buf b;
    s = str_slice(s, 0, LNK_MAX_ITEM_BYTES);
    buf_init(&b, s.n + 1);
    for (size_t i = 0; i < s.n; i++) {
        bool plain = s.p[i] > ' ' && s.p[i] < 0x7f;
        bool half = s.p[i] == 0 && i > 0 && s.p[i - 1] > ' ' && i + 2 < s.n && s.p[i + 2] == 0;
        if (plain || (!half && b.n > 0 && b.p[b.n - 1] != ' '))
            buf_addc(&b, plain ? s.p[i] : ' ');
    }
    struct str out = arena_copy(arena, buf_str(&b));
    buf_clear(&b);
    return out;
}

/* A string that the information names by offsets: in Unicode where there is one. */
static struct str info_text(struct cursor *c, struct str info, size_t at8, size_t at16)
{
    size_t wide = at16 == 0 ? 0 : le32_at(info, at16), narrow = le32_at(info, at8);
    if (wide != 0 && wide < info.n)
        return text16(c->arena, str_slice(info, wide, info.n));
    return narrow != 0 && narrow < info.n ? text8(c->arena, str_slice(info, narrow, info.n))
                                          : STR("");
}

/* 2.3: a local path, or the name of a share and what stands below it. */
static struct str read_info(struct cursor *c, struct str info)
{
    enum { LOCAL = 1, NETWORK = 2, WITH_UNICODE = 0x24, SHARE_WITH_UNICODE = 0x14 };
    uint32_t flags = le32_at(info, 8);
    bool unicode = le32_at(info, 4) >= WITH_UNICODE;
    struct str suffix = info_text(c, info, 24, unicode ? 32 : 0);
    struct str base = STR("");
    if ((flags & LOCAL) != 0)
        base = info_text(c, info, 16, unicode ? 28 : 0);
    if ((flags & NETWORK) != 0 && le32_at(info, 20) < info.n) {
        struct str share = str_slice(info, le32_at(info, 20), info.n);
        bool wide = le32_at(share, 8) > SHARE_WITH_UNICODE;
        base = info_text(c, share, 8, wide ? 20 : 0);
        if (suffix.n > 0)
            base = arena_fmt(c->arena, STR_FMT "\\" STR_FMT, STR_ARG(base), STR_ARG(suffix));
        return base;
    }
    return arena_fmt(c->arena, STR_FMT STR_FMT, STR_ARG(base), STR_ARG(suffix));
}

/* 2.4: a count of characters, then these. */
static struct str read_string(struct cursor *c, bool unicode)
{
    size_t n = le16_at(take(c, 2), 0);
    struct str s = take(c, unicode ? n * 2 : n);
    return unicode ? text16(c->arena, s) : text8(c->arena, s);
}

/* 2.5.4: the target with environment variables, 260 bytes of ANSI and then 260 of Unicode. */
static void read_extra(struct cursor *c, struct lnk *out)
{
    enum { ANSI = 260 };
    static const uint32_t environment = 0xa0000001;
    for (unsigned i = 0; i < LNK_MAX_BLOCKS; i++) {
        size_t n = le32_at(str_slice(c->bytes, c->at, c->bytes.n), 0);
        if (n < 4 || n > c->bytes.n - c->at)
            return;
        struct str block = take(c, n);
        if (le32_at(block, 4) != environment)
            continue;
        struct str wide = text16(c->arena, str_slice(block, 8 + ANSI, block.n));
        out->expanded = wide.n > 0 ? wide : text8(c->arena, str_slice(block, 8, 8 + ANSI));
    }
}

bool lnk_read(struct arena *arena, struct str bytes, struct lnk *out)
{
    struct cursor c = {.arena = arena, .bytes = bytes, .at = HEADER_BYTES};
    struct lnk l = {0};
    if (!bytes_at(bytes, 0, STR("L\0\0\0\1\x14\2\0")))
        return false;
    if (bytes.n < HEADER_BYTES)
        c.at = bytes.n;
    uint32_t flags = le32_at(bytes, FLAGS_AT);
    bool unicode = (flags & IS_UNICODE) != 0;
    if ((flags & HAS_ITEMS) != 0)
        l.items = printable(arena, take(&c, le16_at(take(&c, 2), 0)));
    if ((flags & HAS_INFO) != 0) {
        size_t n = le32_at(str_slice(bytes, c.at, bytes.n), 0);
        l.target = read_info(&c, take(&c, n));
    }
    struct {
        uint32_t flag;
        struct str *to;
    } strings[] = {{HAS_NAME, NULL},
                   {HAS_RELATIVE, &l.relative},
                   {HAS_WORKING_DIR, &l.working_dir},
                   {HAS_ARGUMENTS, &l.arguments},
                   {HAS_ICON, &l.icon}};
    for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
        struct str text = (flags & strings[i].flag) != 0 ? read_string(&c, unicode) : STR("");
        if (strings[i].to != NULL)
            *strings[i].to = text;
    }
    read_extra(&c, &l);
    l.damaged = c.damaged;
    *out = l;
    return true;
}
