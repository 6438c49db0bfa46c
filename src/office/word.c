/* Documents of Word in compound files ([MS-DOC]): is it encrypted, and the fields of its text. */
#include "base/bytes.h"
#include "base/utf8.h"
#include "office/field.h"

enum {
    FIB_MAGIC = 0xa5ec,
    FLAG_ENCRYPTED = 1 << 8,
    FLAG_TABLE_1 = 1 << 9,
    CLX_AT = 0x1a2, /* fcClx and lcbClx of FibRgFcLcb97 */
    CLX_FORMATS = 1,
    CLX_PIECES = 2,
    PIECE_BYTES = 8,
    PIECES_MAX = 100000,
    TEXT_FACTOR = 4, /* pieces may lie over each other */
    FIELD_BEGIN = 0x13,
    FIELD_RESULT = 0x14,
    FIELD_END = 0x15
};

/* One letter of the text. */
static void take_letter(struct fields *f, uint32_t c)
{
    char text[4];
    if (c == FIELD_BEGIN)
        field_begin(f);
    else if (c == FIELD_RESULT)
        field_result(f);
    else if (c == FIELD_END)
        field_end(f);
    else if (f->depth > 0 && (c < 0xd800 || c >= 0xe000)) /* halves of pairs are left out */
        field_text(f, str_make(text, utf8_put((int32_t)c, text)));
}

static void take_text(struct fields *f, struct str text, bool wide)
{
    if (wide)
        for (size_t i = 0; i + 1 < text.n; i += 2)
            take_letter(f, le16_at(text, i));
    else
        for (size_t i = 0; i < text.n; i++)
            take_letter(f, byte_at(text, i));
}

/* The table of pieces within the "Clx", 2.9.38; empty: there is none. */
static struct str piece_table(struct str clx)
{
    size_t at = 0;
    while (byte_at(clx, at) == CLX_FORMATS && at + 3 <= clx.n)
        at += 3 + le16_at(clx, at + 1);
    if (byte_at(clx, at) != CLX_PIECES || at + 5 > clx.n)
        return STR_NONE;
    size_t n = le32_at(clx, at + 1);
    return n <= clx.n - at - 5 ? str_slice(clx, at + 5, at + 5 + n) : STR_NONE;
}

/* False: the table leads outside of the document. */
static bool read_pieces(struct fields *f, struct str document, struct str table)
{
    size_t n = table.n > 4 ? (table.n - 4) / (4 + PIECE_BYTES) : 0;
    uint64_t left = (uint64_t)document.n * TEXT_FACTOR;
    if (n == 0 || n > PIECES_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        uint32_t from = le32_at(table, i * 4), to = le32_at(table, i * 4 + 4);
        uint32_t fc = le32_at(table, (n + 1) * 4 + i * PIECE_BYTES + 2);
        bool wide = (fc >> 30 & 1) == 0;
        size_t at = wide ? fc & 0x3fffffff : (fc & 0x3fffffff) / 2;
        uint64_t size = to > from ? (uint64_t)(to - from) * (wide ? 2 : 1) : 0;
        if (to < from || at > document.n || size > document.n - at || size > left)
            return false;
        left -= size;
        take_text(f, str_slice(document, at, at + (size_t)size), wide);
    }
    return true;
}

void read_word(struct reader *r, struct cfb *c)
{
    struct str document = cfb_read(r->arena, c, cfb_find(c, 0, STR("WordDocument")));
    struct fields f;
    if (le16_at(document, 0) != FIB_MAGIC)
        return;
    unsigned flags = le16_at(document, 10);
    if ((flags & FLAG_ENCRYPTED) != 0) {
        r->o->encrypted = "a document of Word";
        return;
    }
    struct str name = (flags & FLAG_TABLE_1) != 0 ? STR("1Table") : STR("0Table");
    struct str tables = cfb_read(r->arena, c, cfb_find(c, 0, name));
    size_t clx = le32_at(document, CLX_AT), n = le32_at(document, CLX_AT + 4);
    struct str pieces = n <= tables.n && clx <= tables.n - n
                            ? piece_table(str_slice(tables, clx, clx + n))
                            : STR_NONE;
    fields_start(&f, r);
    bool sound = read_pieces(&f, document, pieces);
    fields_done(&f);
    for (int wide = 0; !sound && wide < 2; wide++) { /* by the look of it */
        fields_start(&f, r);
        take_text(&f, document, wide != 0);
        fields_done(&f);
    }
}
