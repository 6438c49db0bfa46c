/* The headers of RAR, as far as they tell that members are encrypted: libarchive does not. */
#include "base/bytes.h"
#include "content/archive_lib.h"

enum {
    RAR4_HEADERS_ENCRYPTED = 0x80,
    RAR4_FILE_ENCRYPTED = 0x04,
    RAR4_HAS_DATA = 0x8000,
    RAR5_EXTRA_ENCRYPTION = 1
};

static void add_member(struct rar_marks *m, bool encrypted)
{
    if (m->n < RAR_MAX_MEMBERS && encrypted)
        m->bits[m->n / 8] |= (unsigned char)(1u << (m->n % 8));
    m->n += m->n < RAR_MAX_MEMBERS;
    m->any |= encrypted;
}

static void read_rar4(struct str s, struct rar_marks *m)
{
    uint64_t at = 7;
    while (m->n < RAR_MAX_MEMBERS && at < s.n) {
        size_t here = (size_t)at;
        unsigned type = byte_at(s, here + 2), flags = le16_at(s, here + 3);
        uint64_t size = le16_at(s, here + 5);
        if (type == RAR4_MAIN && (flags & RAR4_HEADERS_ENCRYPTED) != 0)
            m->any = true;
        if (type == RAR4_FILE)
            add_member(m, (flags & RAR4_FILE_ENCRYPTED) != 0);
        if (size < 7)
            return;
        at += size + ((flags & RAR4_HAS_DATA) != 0 || type == RAR4_FILE ? le32_at(s, here + 7) : 0);
    }
}

/* Seven bits an octet, the lowest first; `*at` moves on. */
static uint64_t vint(struct str s, size_t *at)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 63 && *at < s.n; shift += 7) {
        unsigned b = byte_at(s, (*at)++);
        v |= (uint64_t)(b & 0x7f) << shift;
        if ((b & 0x80) == 0)
            break;
    }
    return v;
}

/* Is one of the records of a header's extra area that of encryption? */
static bool extra_is_encrypted(struct str extra)
{
    for (size_t at = 0; at < extra.n;) {
        uint64_t size = vint(extra, &at);
        size_t start = at;
        if (vint(extra, &at) == RAR5_EXTRA_ENCRYPTION)
            return true;
        if (size == 0 || size > extra.n - start)
            return false;
        at = start + (size_t)size;
    }
    return false;
}

static void read_rar5(struct str s, struct rar_marks *m)
{
    size_t at = 8;
    while (m->n < RAR_MAX_MEMBERS && at < s.n) {
        at += 4; /* CRC */
        uint64_t size = vint(s, &at);
        if (size == 0 || at > s.n || size > s.n - at)
            return;
        struct str header = str_slice(s, at, at + (size_t)size);
        size_t in = 0;
        uint64_t type = vint(header, &in), flags = vint(header, &in);
        uint64_t extra_n = (flags & 1) != 0 ? vint(header, &in) : 0;
        uint64_t data_n = (flags & 2) != 0 ? vint(header, &in) : 0;
        size_t extra = extra_n < header.n ? header.n - (size_t)extra_n : 0;
        if (type == RAR5_ENCRYPTION)
            m->any = true;
        if (type == RAR5_FILE)
            add_member(m, extra_n > 0 && extra_is_encrypted(str_slice(header, extra, header.n)));
        at += (size_t)size;
        if (data_n > s.n - at)
            return;
        at += (size_t)data_n;
    }
}

void rar_read_marks(struct str bytes, struct rar_marks *m)
{
    *m = (struct rar_marks){.any = false};
    if (bytes_at(bytes, 0, STR("Rar!\x1a\x07\x01\x00")))
        read_rar5(bytes, m);
    else if (bytes_at(bytes, 0, STR("Rar!\x1a\x07\x00")))
        read_rar4(bytes, m);
}

bool rar_member_encrypted(const struct rar_marks *m, size_t i)
{
    return i < m->n && (m->bits[i / 8] >> (i % 8) & 1) != 0;
}
