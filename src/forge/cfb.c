/* A writer of compound files (MS-CFB, version 3): storages one level deep, one sector of FAT. */
#include "forge/forge_internal.h"

enum {
    SECTOR = 512,
    MINI_SECTOR = 64,
    MINI_CUTOFF = 4096,
    ENTRY_BYTES = 128,
    ENTRIES_MAX = 32,
    FAT_SLOTS = SECTOR / 4,
    NAME_MAX_UNITS = 31
};
enum entry_type { ENTRY_FREE, ENTRY_STORAGE, ENTRY_STREAM, ENTRY_ROOT = 5 };
#define NO_ENTRY     0xffffffffu
#define FREE_SECTOR  0xffffffffu
#define END_OF_CHAIN 0xfffffffeu
#define FAT_SECTOR   0xfffffffdu

struct entry {
    const char *name;
    enum entry_type type;
    struct str bytes;
    uint32_t parent; /* index of the storage it is in */
    uint32_t left, right, child, start, size;
    bool red;
};

struct cfb {
    struct entry entries[ENTRIES_MAX];
    uint32_t n;
    uint32_t fat[FAT_SLOTS], n_sectors;
    struct buf sectors; /* from sector 1 on; sector 0 is the FAT */
    struct buf mini, mini_fat;
};

static void pad(struct buf *b, size_t unit, char c)
{
    while (b->n % unit != 0 && !b->failed)
        buf_addc(b, c);
}

/* ---- entries and their trees ---- */

static uint32_t add_entry(struct cfb *c, const char *name, enum entry_type type, struct str bytes,
                          uint32_t parent)
{
    c->entries[c->n] = (struct entry){.name = name,
                                      .type = type,
                                      .bytes = bytes,
                                      .parent = parent,
                                      .left = NO_ENTRY,
                                      .right = NO_ENTRY,
                                      .child = NO_ENTRY,
                                      .size = (uint32_t)bytes.n};
    return c->n++;
}

static uint32_t storage_named(struct cfb *c, const char *name)
{
    for (uint32_t i = 0; i < c->n; i++)
        if (c->entries[i].type == ENTRY_STORAGE && strcmp(c->entries[i].name, name) == 0)
            return i;
    return add_entry(c, name, ENTRY_STORAGE, STR_NONE, 0);
}

static int upper(char c)
{
    return c >= 'a' && c <= 'z' ? c - 0x20 : c;
}

/* MS-CFB 2.6.4: shorter names first, then by upper-case letters ('_' stands behind them). */
static bool before(const struct entry *a, const struct entry *b)
{
    size_t n = strlen(a->name), i = 0;
    if (n != strlen(b->name))
        return n < strlen(b->name);
    while (i < n && upper(a->name[i]) == upper(b->name[i]))
        i++;
    return i < n && upper(a->name[i]) < upper(b->name[i]);
}

/* A tree of the sorted entries [from, to): the middle is its root. Levels above `full` are full and
 * black, the one below is red: so each path has as many black nodes. */
static uint32_t build_tree(struct cfb *c, const uint32_t *sorted, uint32_t from, uint32_t to,
                           unsigned depth, unsigned full)
{
    if (from == to)
        return NO_ENTRY;
    uint32_t middle = from + (to - from) / 2;
    struct entry *e = &c->entries[sorted[middle]];
    e->red = depth >= full;
    e->left = build_tree(c, sorted, from, middle, depth + 1, full);
    e->right = build_tree(c, sorted, middle + 1, to, depth + 1, full);
    return sorted[middle];
}

static void link_children(struct cfb *c, uint32_t storage)
{
    uint32_t sorted[ENTRIES_MAX], n = 0;
    unsigned full = 0;
    for (uint32_t i = 1; i < c->n; i++) {
        if (c->entries[i].parent != storage)
            continue;
        uint32_t at = n++;
        for (; at > 0 && before(&c->entries[i], &c->entries[sorted[at - 1]]); at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = i;
    }
    while ((2u << full) - 1 <= n)
        full++;
    c->entries[storage].child = build_tree(c, sorted, 0, n, 0, full);
}

/* ---- sectors ---- */

/* Puts the bytes into sectors of their own; the number of the first, END_OF_CHAIN for none. */
static uint32_t add_sectors(struct cfb *c, struct str bytes, char filler)
{
    uint32_t first = c->n_sectors, n = (uint32_t)((bytes.n + SECTOR - 1) / SECTOR);
    if (n == 0)
        return END_OF_CHAIN;
    if (c->n_sectors + n > FAT_SLOTS) {
        c->sectors.failed = true;
        return END_OF_CHAIN;
    }
    buf_add(&c->sectors, bytes);
    pad(&c->sectors, SECTOR, filler);
    for (uint32_t i = 0; i < n; i++)
        c->fat[first + i] = i + 1 < n ? first + i + 1 : END_OF_CHAIN;
    c->n_sectors += n;
    return first;
}

static uint32_t add_mini(struct cfb *c, struct str bytes)
{
    uint32_t first = (uint32_t)(c->mini.n / MINI_SECTOR);
    uint32_t n = (uint32_t)((bytes.n + MINI_SECTOR - 1) / MINI_SECTOR);
    buf_add(&c->mini, bytes);
    pad(&c->mini, MINI_SECTOR, 0);
    for (uint32_t i = 0; i < n; i++)
        forge_put32(&c->mini_fat, i + 1 < n ? first + i + 1 : END_OF_CHAIN);
    return n == 0 ? END_OF_CHAIN : first;
}

static void place_streams(struct cfb *c)
{
    for (uint32_t i = 1; i < c->n; i++) {
        struct entry *e = &c->entries[i];
        if (e->type == ENTRY_STREAM)
            e->start = e->size < MINI_CUTOFF ? add_mini(c, e->bytes) : add_sectors(c, e->bytes, 0);
    }
    c->entries[0].size = (uint32_t)c->mini.n;
    c->entries[0].start = add_sectors(c, buf_str(&c->mini), 0);
}

static void put_entry(struct buf *b, const struct entry *e)
{
    size_t units = strlen(e->name);
    for (size_t i = 0; i <= NAME_MAX_UNITS; i++)
        forge_put16(b, i < units ? (unsigned char)e->name[i] : 0);
    forge_put16(b, units > 0 ? (unsigned)(units + 1) * 2 : 0);
    buf_addc(b, (char)e->type);
    buf_addc(b, e->red ? 0 : 1);
    forge_put32(b, e->left);
    forge_put32(b, e->right);
    forge_put32(b, e->child);
    for (int i = 0; i < 4 + 1 + 4; i++) /* class, state bits, two times */
        forge_put32(b, 0);
    forge_put32(b, e->start);
    forge_put32(b, e->size);
    forge_put32(b, 0);
}

static void put_directory(struct cfb *c, struct buf *out)
{
    static const struct entry unused = {
        .name = "", .left = NO_ENTRY, .right = NO_ENTRY, .child = NO_ENTRY};
    for (uint32_t i = 0; i < c->n; i++)
        put_entry(out, &c->entries[i]);
    while (out->n % SECTOR != 0 && !out->failed)
        put_entry(out, &unused);
}

/* MS-CFB 2.2. */
static void put_header(struct buf *b, uint32_t directory, uint32_t mini_fat, uint32_t n_mini_fat)
{
    buf_add(b, STR("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"));
    for (int i = 0; i < 4; i++) /* class */
        forge_put32(b, 0);
    forge_put16(b, 0x3e); /* minor version */
    forge_put16(b, 3);
    forge_put16(b, 0xfffe); /* little endian */
    forge_put16(b, 9);      /* sectors of 2^9 bytes */
    forge_put16(b, 6);      /* mini sectors of 2^6 */
    forge_put16(b, 0);
    forge_put32(b, 0);
    forge_put32(b, 0); /* directory sectors: not in version 3 */
    forge_put32(b, 1); /* FAT sectors */
    forge_put32(b, directory);
    forge_put32(b, 0); /* transaction */
    forge_put32(b, MINI_CUTOFF);
    forge_put32(b, mini_fat);
    forge_put32(b, n_mini_fat);
    forge_put32(b, END_OF_CHAIN); /* DIFAT sectors */
    forge_put32(b, 0);
    forge_put32(b, 0); /* the FAT is sector 0 */
    for (int i = 1; i < 109; i++)
        forge_put32(b, FREE_SECTOR);
}

static void write_file_bytes(struct cfb *c, struct buf *out)
{
    struct buf directory;
    buf_init(&directory, FORGE_MAX_BYTES);
    put_directory(c, &directory);
    uint32_t at_directory = add_sectors(c, buf_str(&directory), 0);
    uint32_t n_mini_fat = (uint32_t)((c->mini_fat.n + SECTOR - 1) / SECTOR);
    uint32_t at_mini_fat = add_sectors(c, buf_str(&c->mini_fat), (char)0xff);
    put_header(out, at_directory, at_mini_fat, n_mini_fat);
    for (uint32_t i = 0; i < FAT_SLOTS; i++)
        forge_put32(out, i < c->n_sectors ? c->fat[i] : FREE_SECTOR);
    buf_add(out, buf_str(&c->sectors));
    out->failed = out->failed || directory.failed;
    buf_clear(&directory);
}

int forge_cfb(struct arena *a, const struct forge_stream *streams, size_t n, struct str *out,
              struct mp_err *err)
{
    struct cfb c = {.n_sectors = 1};
    struct buf file;
    if (n > ENTRIES_MAX / 2 - 1)
        return mp_fail(err, MP_E_LIMIT, 0, "too many streams for a compound file");
    buf_init(&file, FORGE_MAX_BYTES);
    buf_init(&c.sectors, FORGE_MAX_BYTES);
    buf_init(&c.mini, FORGE_MAX_BYTES);
    buf_init(&c.mini_fat, FORGE_MAX_BYTES);
    c.fat[0] = FAT_SECTOR;
    add_entry(&c, "Root Entry", ENTRY_ROOT, STR_NONE, NO_ENTRY);
    for (size_t i = 0; i < n; i++) {
        uint32_t parent = streams[i].storage != NULL ? storage_named(&c, streams[i].storage) : 0;
        add_entry(&c, streams[i].name, ENTRY_STREAM, streams[i].bytes, parent);
    }
    for (uint32_t i = 0; i < c.n; i++)
        if (c.entries[i].type != ENTRY_STREAM)
            link_children(&c, i);
    place_streams(&c);
    write_file_bytes(&c, &file);
    bool failed = file.failed || c.sectors.failed || c.mini.failed || c.mini_fat.failed;
    *out = failed ? STR_NONE : arena_copy(a, buf_str(&file));
    buf_clear(&c.mini_fat);
    buf_clear(&c.mini);
    buf_clear(&c.sectors);
    buf_clear(&file);
    return out->p == NULL ? forge_no_memory(err) : MP_OK;
}
