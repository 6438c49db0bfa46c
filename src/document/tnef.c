/* TNEF and MAPI are rows of numbers and bytes; compressed RTF is LZ77 over a dictionary that begins
 * with what every RTF has. */
#include "document/tnef.h"

#include "base/bytes.h"

enum { SIGNATURE = 0x223e9f78, HEAD_BYTES = 6, ATTRIBUTE_BYTES = 9, CHECKSUM_BYTES = 2 };

/* The first `n` bytes come off; false: there are fewer. */
static bool take(struct tnef *in, size_t n, struct str *out)
{
    if (in->rest.n < n) {
        in->damaged = in->damaged || in->rest.n > 0 || n > 0;
        in->rest = STR("");
        return false;
    }
    *out = str_slice(in->rest, 0, n);
    in->rest = str_slice(in->rest, n, in->rest.n);
    return true;
}

static bool take_u32(struct tnef *in, uint32_t *out)
{
    struct str bytes;
    if (!take(in, 4, &bytes))
        return false;
    *out = le32_at(bytes, 0);
    return true;
}

bool tnef_open(struct str bytes, struct tnef *out)
{
    if (bytes.n < HEAD_BYTES || le32_at(bytes, 0) != SIGNATURE)
        return false;
    *out = (struct tnef){.rest = str_slice(bytes, HEAD_BYTES, bytes.n)};
    return true;
}

bool tnef_next(struct tnef *in, struct tnef_attribute *out)
{
    struct str head, sum;
    if (in->rest.n == 0 || !take(in, ATTRIBUTE_BYTES, &head))
        return false;
    uint32_t n = le32_at(head, 5);
    out->id = le32_at(head, 1);
    if (n > in->rest.n) { /* what is there of it is still worth a look */
        in->damaged = true;
        out->data = in->rest;
        in->rest = STR("");
        return out->data.n > 0;
    }
    out->data = str_slice(in->rest, 0, n);
    in->rest = str_slice(in->rest, n, in->rest.n);
    if (in->rest.n > 0)
        take(in, CHECKSUM_BYTES, &sum);
    return true;
}

/* ---- properties ---- */

enum { MANY = 0x1000, NAMED = 0x8000, GUID_BYTES = 16, NAME_IS_TEXT = 1 };

static const struct {
    uint16_t type;
    uint8_t bytes;
} fixed[] = {{0x0001, 4}, {0x0002, 4}, {0x0003, 4}, {0x0004, 4}, {0x0005, 8}, {0x0006, 8},
             {0x0007, 8}, {0x000a, 4}, {0x000b, 4}, {0x0014, 8}, {0x0040, 8}, {0x0048, 16}};

/* 0: it says its length itself, or it is no type at all. */
static size_t fixed_bytes(uint16_t type)
{
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
        if (fixed[i].type == type)
            return fixed[i].bytes;
    return 0;
}

static bool has_length(uint16_t type)
{
    return type == MAPI_OBJECT || type == MAPI_TEXT || type == MAPI_UTF16 || type == MAPI_BINARY;
}

/* `n` bytes and what fills them up to a multiple of four. */
static bool take_padded(struct tnef *in, uint32_t n, struct str *out)
{
    struct str filler;
    if (!take(in, n, out))
        return false;
    size_t fill = (4 - n % 4) % 4;
    return take(in, fill < in->rest.n ? fill : in->rest.n, &filler);
}

/* The name of a property that has one. */
static bool skip_name(struct tnef *in)
{
    struct str guid, name;
    uint32_t kind, n;
    if (!take(in, GUID_BYTES, &guid) || !take_u32(in, &kind) || !take_u32(in, &n))
        return false;
    return kind != NAME_IS_TEXT || take_padded(in, n, &name);
}

static bool take_values(struct tnef *in, uint16_t type, bool many, struct str *out)
{
    size_t each = fixed_bytes(type);
    uint32_t n = 1, length;
    struct str value;
    if (each == 0 && !has_length(type)) {
        in->damaged = true;
        return false;
    }
    if ((many || each == 0) && !take_u32(in, &n))
        return false;
    *out = STR("");
    for (uint32_t i = 0; i < n; i++) {
        bool ok = each > 0 ? take(in, each, &value)
                           : take_u32(in, &length) && take_padded(in, length, &value);
        if (!ok)
            return false;
        *out = i == 0 ? value : *out;
    }
    return true;
}

void mapi_open(struct str data, struct tnef *out)
{
    uint32_t count; /* the bytes tell as well */
    *out = (struct tnef){.rest = data};
    take_u32(out, &count);
}

bool mapi_next(struct tnef *in, struct mapi_property *out)
{
    struct str head;
    if (in->rest.n == 0 || !take(in, 4, &head))
        return false;
    uint16_t type = (uint16_t)le16_at(head, 0);
    out->id = (uint16_t)le16_at(head, 2);
    out->type = (uint16_t)(type & ~MANY);
    if (out->id >= NAMED && !skip_name(in))
        return false;
    return take_values(in, out->type, (type & MANY) != 0, &out->value);
}

/* ---- compressed RTF ([MS-OXRTFCP] 2.2) ---- */

enum {
    RTF_HEAD = 16,
    RTF_PACKED = 0x75465a4c,   /* "LZFu" */
    RTF_AS_IT_IS = 0x414c454d, /* "MELA" */
    WINDOW = 4096,
    MOST_OF_TWO_BYTES = 17 /* comes out of a reference */
};

static const struct str beginning =
    STR_INIT("{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss "
             "\\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier"
             "{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx");

struct unpacking {
    char window[WINDOW];
    size_t at; /* where the window is written next */
    char *out;
    size_t n, max;
};

static void put(struct unpacking *u, char c)
{
    if (u->n < u->max)
        u->out[u->n++] = c;
    u->window[u->at] = c;
    u->at = (u->at + 1) % WINDOW;
}

/* False: the end was told. */
static bool put_reference(struct unpacking *u, unsigned reference)
{
    size_t from = reference >> 4, length = (reference & 15) + 2;
    if (from == u->at)
        return false;
    for (size_t i = 0; i < length; i++)
        put(u, u->window[(from + i) % WINDOW]);
    return true;
}

static void unpack(struct unpacking *u, struct str in)
{
    memcpy(u->window, beginning.p, beginning.n);
    u->at = beginning.n;
    for (size_t i = 0; i < in.n && u->n < u->max;) {
        unsigned flags = (unsigned char)in.p[i++];
        for (unsigned bit = 0; bit < 8 && i < in.n; bit++) {
            if ((flags >> bit & 1) == 0) {
                put(u, in.p[i++]);
                continue;
            }
            if (i + 1 >= in.n)
                return;
            unsigned high = (unsigned char)in.p[i], low = (unsigned char)in.p[i + 1];
            i += 2;
            if (!put_reference(u, high << 8 | low))
                return;
        }
    }
}

struct str tnef_rtf(struct arena *arena, struct str packed)
{
    if (packed.n < RTF_HEAD)
        return STR("");
    uint32_t kind = le32_at(packed, 8);
    struct str in = str_slice(packed, RTF_HEAD, packed.n);
    if (kind == RTF_AS_IT_IS)
        return in;
    if (kind != RTF_PACKED)
        return STR("");
    size_t most = in.n < TNEF_MAX_RTF_BYTES ? in.n * MOST_OF_TWO_BYTES : TNEF_MAX_RTF_BYTES;
    size_t told = le32_at(packed, 4);
    most = most < TNEF_MAX_RTF_BYTES ? most : TNEF_MAX_RTF_BYTES;
    most = told < most ? told : most;
    struct unpacking *u = arena_new(arena, struct unpacking, 1);
    char *out = u == NULL ? NULL : arena_new(arena, char, most + 1);
    if (out == NULL)
        return STR_NONE;
    u->out = out;
    u->max = most;
    unpack(u, in);
    return str_make(u->out, u->n);
}
