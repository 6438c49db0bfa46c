/* Header, FAT, small FAT and directory of compound files. Every number is the writer's word: chains
 * are as long as the file has sectors at most, and the tree is walked with a mark on each entry. */
#include "office/cfb.h"

#include "base/bytes.h"
#include "office/text.h"

enum {
    HEADER_BYTES = 512,
    ENTRY_BYTES = 128,
    NAME_BYTES = 64,
    MINI_BYTES = 64,
    MINI_CUTOFF = 4096,
    HEAD_DIFAT = 109, /* FAT sectors that the header names itself */
    DIFAT_AT = 76
};
#define LAST_SECTOR 0xfffffffau /* MAXREGSECT, 2.1 */
#define NO_STREAM   0xffffffffu

#define SIGNATURE STR("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")

bool cfb_is(struct str bytes)
{
    return bytes.n >= HEADER_BYTES && bytes_at(bytes, 0, SIGNATURE);
}

/* Sector 0 stands behind the header, which takes a whole sector. */
static size_t sector_at(const struct cfb *c, uint32_t sector)
{
    return ((size_t)sector + 1) * c->sector_bytes;
}

/* What follows `sector`; above LAST_SECTOR: the end, or nonsense. */
static uint32_t fat_next(const struct cfb *c, uint32_t sector)
{
    uint32_t per = c->sector_bytes / 4, block = sector / per;
    if (block >= c->n_fat)
        return NO_STREAM;
    return le32_at(c->bytes, sector_at(c, c->fat[block]) + (size_t)(sector % per) * 4);
}

/* ---- the FAT ---- */

struct fat_list {
    uint32_t *sectors;
    uint32_t n, cap;
};

static bool fat_add(const struct cfb *c, struct fat_list *l, uint32_t sector)
{
    if (sector >= c->n_sectors || l->n == l->cap)
        return false;
    l->sectors[l->n++] = sector;
    return true;
}

/* The FAT has at most one entry a sector, and so at most n_sectors / (entries a sector) + 1 of
 * its own. A DIFAT that names more, or names itself, ends there. */
static bool read_fat(struct arena *arena, struct cfb *c)
{
    uint32_t per = c->sector_bytes / 4, next = le32_at(c->bytes, 68);
    struct fat_list l = {.cap = c->n_sectors / per + 1};
    l.sectors = arena_new(arena, uint32_t, l.cap);
    if (l.sectors == NULL)
        return false;
    bool more = true;
    for (unsigned i = 0; more && i < HEAD_DIFAT; i++)
        more = fat_add(c, &l, le32_at(c->bytes, DIFAT_AT + (size_t)i * 4));
    for (uint32_t hops = 0; more && next < c->n_sectors && hops <= l.cap; hops++) {
        size_t at = sector_at(c, next);
        for (uint32_t i = 0; more && i < per - 1; i++)
            more = fat_add(c, &l, le32_at(c->bytes, at + (size_t)i * 4));
        next = le32_at(c->bytes, at + (size_t)(per - 1) * 4);
    }
    c->fat = l.sectors;
    c->n_fat = l.n;
    return true;
}

/* ---- chains ---- */

/* The number of sectors in a row from `start`, of the `max` that are asked for. */
static uint32_t run_of(const struct cfb *c, uint32_t start, uint32_t max, uint32_t *next)
{
    uint32_t n = 1;
    *next = fat_next(c, start);
    while (n < max && *next == start + n && *next < c->n_sectors) {
        *next = fat_next(c, start + n);
        n++;
    }
    return n;
}

/* Room for `n` octets of the budget. NULL: it is spent, and c->cut says so. */
static char *take(struct arena *arena, struct cfb *c, size_t n)
{
    char *out = n <= c->read_left ? arena_new(arena, char, n) : NULL;
    c->read_left -= out != NULL ? n : 0;
    c->cut |= out == NULL;
    return out;
}

/* The sectors of a chain: how many there are, and how many of them stand in a row at its start. */
struct chain {
    uint32_t start, n, first_run;
};

/* Also the walk is paid for, so that many entries with one long chain are not walked for ever. */
static struct chain measure(struct cfb *c, uint32_t start, uint32_t want)
{
    struct chain out = {.start = start};
    uint64_t payable = c->read_left / c->sector_bytes;
    uint32_t next = start, most = want < payable ? want : (uint32_t)payable;
    while (next < c->n_sectors && out.n < most) {
        out.n += run_of(c, next, most - out.n, &next);
        if (out.first_run == 0)
            out.first_run = out.n;
    }
    c->read_left -= (uint64_t)out.n * c->sector_bytes;
    c->cut |= out.n == most && most < want && next < c->n_sectors;
    return out;
}

static struct str gather(struct arena *arena, struct cfb *c, struct chain chain)
{
    size_t n = (size_t)chain.n * c->sector_bytes;
    char *out = take(arena, c, n);
    uint32_t next = chain.start;
    if (out == NULL)
        return STR_NONE;
    for (uint32_t done = 0; done < chain.n;) {
        uint32_t at = next, run = run_of(c, at, chain.n - done, &next);
        struct str piece = str_slice(c->bytes, sector_at(c, at), sector_at(c, at + run));
        if (piece.n > 0)
            memcpy(out + (size_t)done * c->sector_bytes, piece.p, piece.n);
        done += run;
    }
    return str_make(out, n);
}

/* `size` octets of the chain, or less; UINT64_MAX: all of it. */
static struct str read_chain(struct arena *arena, struct cfb *c, uint32_t start, uint64_t size)
{
    uint64_t most = (uint64_t)c->n_sectors * c->sector_bytes, asked = size < most ? size : most;
    uint32_t want = (uint32_t)((asked + c->sector_bytes - 1) / c->sector_bytes);
    struct chain chain = measure(c, start, want);
    struct str all;
    c->damaged |= size != UINT64_MAX && (chain.n < want || size > most);
    if (chain.n == 0)
        return STR_NONE;
    if (chain.n == chain.first_run)
        all = str_slice(c->bytes, sector_at(c, start), sector_at(c, start + chain.n));
    else
        all = gather(arena, c, chain);
    return str_slice(all, 0, size < all.n ? (size_t)size : all.n);
}

/* The same in the small stream: its FAT stands in a row. */
static struct str read_mini(struct arena *arena, struct cfb *c, uint32_t start, uint64_t size)
{
    size_t total = c->mini.n / MINI_BYTES + (c->mini.n % MINI_BYTES != 0), n = 0;
    size_t want = (size_t)size;
    if (want == 0)
        return STR_NONE;
    char *out = take(arena, c, want);
    if (out == NULL)
        return STR_NONE;
    for (uint32_t s = start; n < want && s < total;) {
        size_t at = (size_t)s * MINI_BYTES;
        struct str piece = str_slice(c->mini, at, at + MINI_BYTES);
        piece = str_slice(piece, 0, want - n);
        memcpy(out + n, piece.p, piece.n);
        n += piece.n;
        if (piece.n < MINI_BYTES || (size_t)s * 4 + 4 > c->mini_fat.n)
            break;
        s = le32_at(c->mini_fat, (size_t)s * 4);
    }
    c->damaged |= n < want;
    return str_make(out, n);
}

/* ---- the directory ---- */

static bool read_entry(struct arena *arena, const struct cfb *c, struct str raw,
                       struct cfb_entry *e)
{
    size_t name = le16_at(raw, 64);
    name = name >= 2 && name <= NAME_BYTES ? name - 2 : 0;
    unsigned type = byte_at(raw, 66);
    *e = (struct cfb_entry){.parent = CFB_NO_ENTRY,
                            .type = type == CFB_STORAGE || type == CFB_STREAM || type == CFB_ROOT
                                        ? (enum cfb_type)type
                                        : CFB_UNUSED,
                            .start = le32_at(raw, 116),
                            .size_bytes = le32_at(raw, 120),
                            .guid = str_slice(raw, 80, 80 + CFB_GUID_BYTES)};
    if (c->sector_bytes > HEADER_BYTES) /* version 4; in version 3 the upper half may be waste */
        e->size_bytes |= (uint64_t)le32_at(raw, 124) << 32;
    if (e->type == CFB_UNUSED)
        return true;
    e->name = text_utf16(arena, str_slice(raw, 0, name), false);
    return e->name.p != NULL;
}

struct walk {
    const struct cfb *c;
    struct str raw;
    uint32_t *stack;
    size_t n;
    bool damaged;
};

/* An entry is entered once: loops and shared branches are damage. */
static void enter(struct walk *w, uint32_t index, int32_t parent)
{
    if (index == NO_STREAM)
        return;
    if (index >= w->c->n || w->c->entries[index].reachable ||
        w->c->entries[index].type == CFB_UNUSED) {
        w->damaged = true;
        return;
    }
    w->c->entries[index].reachable = true;
    w->c->entries[index].parent = parent;
    w->stack[w->n++] = index;
}

static bool walk_tree(struct arena *arena, struct cfb *c, struct str raw)
{
    struct walk w = {.c = c, .raw = raw, .stack = arena_new(arena, uint32_t, c->n + 1)};
    if (w.stack == NULL)
        return false;
    enter(&w, 0, CFB_NO_ENTRY);
    while (w.n > 0) {
        uint32_t at = w.stack[--w.n];
        size_t from = (size_t)at * ENTRY_BYTES;
        if (at != 0) {
            enter(&w, le32_at(raw, from + 68), c->entries[at].parent);
            enter(&w, le32_at(raw, from + 72), c->entries[at].parent);
        }
        if (c->entries[at].type != CFB_STREAM)
            enter(&w, le32_at(raw, from + 76), (int32_t)at);
    }
    c->damaged |= w.damaged;
    return true;
}

static bool read_directory(struct arena *arena, struct cfb *c)
{
    struct str raw = read_chain(arena, c, le32_at(c->bytes, 48), UINT64_MAX);
    size_t n = raw.n / ENTRY_BYTES;
    c->cut |= n > CFB_MAX_ENTRIES;
    n = n > CFB_MAX_ENTRIES ? CFB_MAX_ENTRIES : n;
    c->entries = arena_new(arena, struct cfb_entry, n + 1);
    if (c->entries == NULL)
        return false;
    for (; c->n < n; c->n++)
        if (!read_entry(arena, c, str_slice(raw, c->n * ENTRY_BYTES, raw.n), &c->entries[c->n]))
            return false;
    return c->n == 0 || walk_tree(arena, c, raw);
}

int cfb_open(struct arena *arena, struct str bytes, struct cfb *out, struct mp_err *err)
{
    unsigned shift = le16_at(bytes, 30);
    if (!cfb_is(bytes) || (shift != 9 && shift != 12))
        return mp_fail(err, MP_E_SYNTAX, 0, "no compound file");
    struct cfb c = {.bytes = bytes, .sector_bytes = 1u << shift};
    size_t behind = bytes.n > c.sector_bytes ? bytes.n - c.sector_bytes : 0;
    size_t sectors = (behind + c.sector_bytes - 1) / c.sector_bytes;
    c.n_sectors = sectors > LAST_SECTOR ? LAST_SECTOR : (uint32_t)sectors;
    c.read_left = (uint64_t)bytes.n * CFB_READ_FACTOR;
    if (!read_fat(arena, &c) || !read_directory(arena, &c))
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a compound file");
    if (c.n > 0) {
        c.mini_fat = read_chain(arena, &c, le32_at(bytes, 60), UINT64_MAX);
        c.mini = read_chain(arena, &c, c.entries[0].start, c.entries[0].size_bytes);
    }
    *out = c;
    return MP_OK;
}

/* ---- streams ---- */

const struct cfb_entry *cfb_find(const struct cfb *c, int32_t parent, struct str name)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct cfb_entry *e = &c->entries[i];
        if (e->type != CFB_UNUSED && (parent == CFB_NO_ENTRY || e->parent == parent) &&
            str_ieq(e->name, name))
            return e;
    }
    return NULL;
}

struct str cfb_read(struct arena *arena, struct cfb *c, const struct cfb_entry *e)
{
    if (e == NULL || e->type != CFB_STREAM)
        return STR_NONE;
    if (e->size_bytes < MINI_CUTOFF)
        return read_mini(arena, c, e->start, e->size_bytes);
    return read_chain(arena, c, e->start, e->size_bytes);
}
