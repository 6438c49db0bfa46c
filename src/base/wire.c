/* The cursor over a frame, and its counterpart. */
#include "base/wire.h"

enum { U32_BYTES = 4, U64_BYTES = 8 };

void wire_expect(struct wire_in *in, bool holds, const char *what)
{
    if (holds)
        return;
    if (in->bad == NULL)
        in->bad = what;
    in->left = STR_NONE;
}

void wire_expect_memory(struct wire_in *in, bool is_there)
{
    in->starved |= in->bad == NULL && !is_there;
    wire_expect(in, is_there, "no memory");
}

struct str wire_get_bytes(struct wire_in *in, size_t n, const char *what)
{
    wire_expect(in, n <= in->left.n, what);
    if (in->bad != NULL)
        return STR_NONE;
    struct str s = str_slice(in->left, 0, n);
    in->left = str_slice(in->left, n, in->left.n);
    return s;
}

static uint64_t get_number(struct wire_in *in, size_t n, uint64_t max, const char *what)
{
    uint64_t v = 0;
    struct str s = wire_get_bytes(in, n, what);
    for (size_t i = s.n; i > 0; i--)
        v = v << 8 | (unsigned char)s.p[i - 1];
    wire_expect(in, v <= max, what);
    return in->bad == NULL ? v : 0;
}

uint64_t wire_get_u64(struct wire_in *in, uint64_t max, const char *what)
{
    return get_number(in, U64_BYTES, max, what);
}

uint32_t wire_get_u32(struct wire_in *in, uint32_t max, const char *what)
{
    return (uint32_t)get_number(in, U32_BYTES, max, what);
}

bool wire_get_bool(struct wire_in *in, const char *what)
{
    return get_number(in, 1, 1, what) != 0;
}

struct str wire_get_str(struct wire_in *in, size_t max_bytes, const char *what)
{
    size_t n = wire_get_u32(in, UINT32_MAX, what);
    wire_expect(in, n <= max_bytes, what);
    return wire_get_bytes(in, n, what);
}

uint32_t wire_get_count(struct wire_in *in, uint32_t max, size_t each_bytes, const char *what)
{
    uint32_t n = wire_get_u32(in, max, what);
    wire_expect(in, n <= in->left.n / each_bytes, what);
    return in->bad == NULL ? n : 0;
}

static void put_number(struct buf *out, uint64_t v, size_t n)
{
    char *p = buf_reserve(out, n);
    if (p == NULL)
        return;
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(unsigned char)(v >> (8 * i));
    out->n += n;
}

void wire_put_u64(struct buf *out, uint64_t v)
{
    put_number(out, v, U64_BYTES);
}

void wire_put_u32(struct buf *out, uint32_t v)
{
    put_number(out, v, U32_BYTES);
}

void wire_put_bool(struct buf *out, bool v)
{
    put_number(out, v, 1);
}

void wire_put_str(struct buf *out, struct str s)
{
    if (s.n > UINT32_MAX)
        out->failed = true;
    wire_put_u32(out, (uint32_t)s.n);
    buf_add(out, s);
}
