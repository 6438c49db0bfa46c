/* Files that carry others without a directory: the packing of Word ("ActiveMime"), pages of Word
 * with all their files as text, notebooks of OneNote. */
#include "base/base64.h"
#include "base/bytes.h"
#include "office/office_internal.h"

/* ---- ActiveMime: zlib, somewhere behind the head ---- */

bool is_active_mime(struct str bytes)
{
    return str_starts(bytes, STR("ActiveMime"));
}

struct str unpack_active_mime(struct reader *r, struct str bytes)
{
    enum { HEAD_MIN = 0x1e, HEAD_MAX = 0x200 };
    for (size_t at = HEAD_MIN; at < HEAD_MAX && at < bytes.n; at++) {
        struct str packed = str_slice(bytes, at, bytes.n);
        if (byte_at(bytes, at) != 'x' || !is_zlib(packed))
            continue;
        struct str out = unpack_zlib(r, packed);
        if (out.n > 0)
            return out;
    }
    return STR_NONE;
}

/* ---- pages: "ActiveMim", in base64 ---- */

#define PAGE_MARK STR("QWN0aXZlTWlt")

bool is_page(struct str bytes)
{
    enum { HEAD_BYTES = 4096 };
    struct str head = str_slice(bytes, 0, HEAD_BYTES), mark = STR("MIME-Version");
    return str_isearch(head, mark) < head.n && str_search(bytes, PAGE_MARK) < bytes.n;
}

static bool is_digit_64(char c)
{
    return is_alnum(c) || c == '+' || c == '/' || c == '=' || is_fws(c);
}

void read_page(struct reader *r, struct str bytes)
{
    size_t at = 0;
    while (!r->failed && (at += str_search(str_slice(bytes, at, bytes.n), PAGE_MARK)) < bytes.n) {
        size_t end = at;
        struct str packed;
        while (end < bytes.n && is_digit_64(bytes.p[end]))
            end++;
        if (base64_decode(r->arena, str_slice(bytes, at, end), BASE64_IGNORE_FWS, &packed))
            read_later(r, unpack_active_mime(r, packed));
        else
            r->o->damaged = true;
        at = end;
    }
}

/* ---- notebooks ([MS-ONESTORE] 2.6.13): each file behind its mark and its length ---- */

#define NOTEBOOK_MARK  STR("\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3")
#define FILE_DATA_MARK STR("\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac")

bool is_notebook(struct str bytes)
{
    return str_starts(bytes, NOTEBOOK_MARK);
}

void read_notebook(struct reader *r, struct str bytes)
{
    enum { LENGTH_AT = 16, DATA_AT = 36 };
    size_t at = 0;
    while (!r->failed && !r->o->cut) {
        at += str_search(str_slice(bytes, at, bytes.n), FILE_DATA_MARK);
        if (at >= bytes.n)
            return;
        uint64_t told = le64_at(bytes, at + LENGTH_AT);
        struct str data = str_slice(bytes, at + DATA_AT, bytes.n);
        r->o->damaged |= told > data.n;
        data = str_slice(data, 0, told < data.n ? (size_t)told : data.n);
        size_t nested = str_search(data, FILE_DATA_MARK);
        data = told > nested ? str_slice(data, 0, nested) : data;
        if (data.n > 0)
            add_object(r, (struct office_object){.sort = OBJECT_PACKAGE, .bytes = data});
        at += DATA_AT + data.n;
        at = at < bytes.n ? at : bytes.n;
    }
}
