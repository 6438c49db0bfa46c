/* Workbooks: records of BIFF ([MS-XLS]; also as old files without a compound file around them) and
 * of BIFF12 ([MS-XLSB]). Macro sheets, names that run them, DDE, encryption, links. */
#include "base/bytes.h"
#include "office/office_internal.h"
#include "office/text.h"

enum record {
    NAME = 0x18,
    FILE_PASS = 0x2f,
    BOUND_SHEET = 0x85,
    HYPERLINK = 0x1b8,
    SUP_BOOK = 0x1ae,
    EXTERN_NAME = 0x23,
    EXTERN_SHEET = 0x17
};
enum {
    HEADER_BYTES = 4,
    KIND_MACRO = 0x40, /* of a substream: BOF */
    SHEET_MACRO = 1,   /* of a sheet: BOUNDSHEET */
    STATE_HIDDEN = 1,
    STATE_VERY_HIDDEN = 2,
    NAME_BUILT_IN = 0x20,
    NAME_AUTO_OPEN = 1,
    NAME_AUTO_CLOSE = 2,
    OLE_LINK = 0x10,       /* of EXTERNNAME: not DDE */
    SUP_BOOK_SELF = 0x401, /* the length says what it is of */
    SUP_BOOK_ADD_IN = 0x3a01,
    LINK_SEPARATOR = 3 /* between the server and the topic */
};

struct book {
    struct reader *r;
    struct str bytes, plain; /* as it stands; decrypted, when it was encrypted */
    unsigned version;        /* of the last BOF: 8, 5, 4, 3, 2 */
    struct str link;         /* "server|topic" of the last SUPBOOK or EXTERNSHEET; empty: none */
    bool sheets_told, macro_told, auto_open, encrypted;
};

bool is_biff(struct str bytes)
{
    uint32_t id = le16_at(bytes, 0), size = le16_at(bytes, 2);
    return byte_at(bytes, 0) == 9 && (id == 0x009 || id == 0x209 || id == 0x409 || id == 0x809) &&
           size >= 4 && size <= 32;
}

static bool is_bof(unsigned id)
{
    return id == 0x009 || id == 0x209 || id == 0x409 || id == 0x809;
}

/* Letters of one or two octets, by the flags in front of them (BIFF 8), else of one. */
static struct str letters(struct book *b, struct str s, size_t count, bool flags_in_front)
{
    bool wide = flags_in_front && (byte_at(s, 0) & 1) != 0;
    s = str_slice(s, flags_in_front, s.n);
    s = str_slice(s, 0, wide ? count * 2 : count);
    struct str out =
        wide ? text_utf16(b->r->arena, s, false) : text_code_page(b->r->arena, s, CODE_PAGE_LATIN);
    b->r->failed |= out.p == NULL;
    return out;
}

static void read_bof(struct book *b, unsigned id, struct str data)
{
    b->version = id == 0x009 ? 2 : id == 0x209 ? 3 : id == 0x409 ? 4 : le16_at(data, 0) >> 8;
    if (le16_at(data, 2) == KIND_MACRO && !b->sheets_told && !b->macro_told) {
        b->macro_told = true;
        add_xlm(b->r, STR("a macro sheet"));
    }
}

static void read_bound_sheet(struct book *b, struct str data)
{
    unsigned state = byte_at(data, 4) & 3;
    if (byte_at(data, 5) != SHEET_MACRO || b->encrypted)
        return;
    struct str name = letters(b, str_slice(data, 7, data.n), byte_at(data, 6), b->version >= 6);
    struct str what = arena_fmt(b->r->arena, "macro sheet \"" STR_FMT "\"%s", STR_ARG(name),
                                state == STATE_VERY_HIDDEN ? " (very hidden)"
                                : state == STATE_HIDDEN    ? " (hidden)"
                                                           : "");
    b->sheets_told = true;
    b->r->failed |= what.p == NULL;
    add_xlm(b->r, what);
}

/* A name that runs: built in, its one letter says which (BIFF 8 and 5); or "Auto_Open". */
static void read_name(struct book *b, struct str data)
{
    bool flags = b->version >= 6, built_in = (le16_at(data, 0) & NAME_BUILT_IN) != 0;
    size_t n = byte_at(data, 3);
    struct str raw = str_slice(data, 14, data.n);
    unsigned which = byte_at(raw, flags ? 1 : 0);
    bool runs = built_in && n == 1 && (which == NAME_AUTO_OPEN || which == NAME_AUTO_CLOSE);
    runs |= !built_in && str_istarts(letters(b, raw, n, flags), STR("auto_open"));
    b->auto_open |= runs && !b->encrypted;
}

/* The server and the topic have one letter between them; others are names of workbooks. */
static void keep_link(struct book *b, struct str text)
{
    struct str topic = text, server = str_cut(&topic, LINK_SEPARATOR);
    b->link = STR_NONE;
    if (topic.p == NULL)
        return;
    while (server.n > 0 && (unsigned char)*server.p < ' ')
        server = str_slice(server, 1, server.n);
    b->link = arena_fmt(b->r->arena, STR_FMT "|" STR_FMT, STR_ARG(server), STR_ARG(topic));
    b->r->failed |= b->link.p == NULL;
}

static void read_sup_book(struct book *b, struct str data)
{
    unsigned n = le16_at(data, 2);
    b->link = STR_NONE;
    if (n != SUP_BOOK_SELF && n != SUP_BOOK_ADD_IN)
        keep_link(b, letters(b, str_slice(data, 4, data.n), n, true));
}

static void read_extern_name(struct book *b, struct str data)
{
    if (b->link.n == 0 || (le16_at(data, 0) & OLE_LINK) != 0)
        return;
    add_dde(b->r, b->link);
    b->link = STR_NONE;
}

static void read_file_pass(struct book *b, struct str data)
{
    size_t which;
    b->r->o->encrypted = "a workbook of Excel";
    b->encrypted =
        !crypt_open_book(b->r->arena, data, b->bytes, b->r->passwords, &b->plain, &which);
    if (!b->encrypted)
        b->r->o->password = b->r->passwords.list[which];
}

static void take_record(struct book *b, unsigned id, struct str data)
{
    struct str target;
    if (is_bof(id))
        read_bof(b, id, data);
    else if (id == FILE_PASS)
        read_file_pass(b, data);
    else if (id == BOUND_SHEET)
        read_bound_sheet(b, data);
    else if (id == NAME)
        read_name(b, data);
    else if (id == SUP_BOOK)
        read_sup_book(b, data);
    else if (id == EXTERN_SHEET && b->version < 6)
        keep_link(b, letters(b, str_slice(data, 1, data.n), byte_at(data, 0), false));
    else if (id == EXTERN_NAME)
        read_extern_name(b, data);
    else if (id == HYPERLINK && !b->encrypted && find_moniker(b->r, data, &target))
        add_link(b->r, STR("hyperlink"), target, true);
}

void read_biff(struct reader *r, struct str stream)
{
    struct book b = {.r = r, .bytes = stream, .plain = stream, .version = 8};
    size_t at = 0;
    while (at + HEADER_BYTES <= stream.n && !r->failed) {
        unsigned id = le16_at(stream, at);
        size_t size = le16_at(stream, at + 2);
        if (id == 0 && size == 0) /* waste behind the last record */
            break;
        at += HEADER_BYTES;
        take_record(&b, id, str_slice(is_bof(id) ? b.bytes : b.plain, at, at + size));
        at += size;
    }
    if (b.auto_open && r->o->n_xlm > 0)
        add_xlm(r, STR("run by the name Auto_Open or Auto_Close"));
}

/* ---- BIFF12 ---- */

enum { BEGIN_SUP_BOOK = 360, SUP_BOOK_DDE = 1, ID_OCTETS_MAX = 2, SIZE_OCTETS_MAX = 4 };

/* Seven bits an octet; the highest says that more follow. */
static uint32_t take_number(struct str s, size_t *at, unsigned octets_max)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < octets_max && *at < s.n; i++) {
        unsigned c = byte_at(s, (*at)++);
        v |= (uint32_t)(c & 0x7f) << (7 * i);
        if (c < 0x80)
            break;
    }
    return v;
}

static struct str wide_counted(struct reader *r, struct str data, size_t *at)
{
    size_t n = le32_at(data, *at);
    *at += 4;
    struct str out = STR("");
    if (n <= data.n / 2)
        out = text_utf16(r->arena, str_slice(data, *at, *at + n * 2), false);
    *at += n <= data.n / 2 ? n * 2 : 0;
    r->failed |= out.p == NULL;
    return out;
}

void read_biff12(struct reader *r, struct str part)
{
    size_t at = 0;
    while (at < part.n && !r->failed) {
        uint32_t id = take_number(part, &at, ID_OCTETS_MAX);
        size_t size = take_number(part, &at, SIZE_OCTETS_MAX);
        struct str data = str_slice(part, at, at + size);
        if (id == BEGIN_SUP_BOOK && le16_at(data, 0) == SUP_BOOK_DDE) {
            size_t in = 2;
            struct str server = wide_counted(r, data, &in), topic = wide_counted(r, data, &in);
            struct str what =
                arena_fmt(r->arena, STR_FMT "|" STR_FMT, STR_ARG(server), STR_ARG(topic));
            r->failed |= what.p == NULL;
            add_dde(r, what);
        }
        at += size;
    }
}
