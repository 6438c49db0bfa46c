/* The list of modules of a VBA project (its stream "dir"), and the source of each. */
#include "office/ovba.h"

#include "base/bytes.h"
#include "base/utf8.h"
#include "office/text.h"

enum record { /* 2.3.4.2 */
              CODE_PAGE = 0x03,
              PROJECT_VERSION = 0x09,
              END = 0x10,
              MODULE_NAME = 0x19,
              MODULE_STREAM = 0x1a,
              MODULE_END = 0x2b,
              MODULE_OFFSET = 0x31,
              MODULE_STREAM_WIDE = 0x32,
              MODULE_NAME_WIDE = 0x47
};
enum { RECORD_HEADER_BYTES = 6, ATTRIBUTE_BYTES = 4, HEADER_IN_FRONT = 3 };

/* A module as the list says. */
struct listed {
    struct str name, stream;
    uint32_t offset; /* of its source in its stream */
};

struct project {
    struct arena *arena;
    struct cfb *c;
    int32_t vba;
    struct ovba *out;
    struct buf source; /* what was unpacked last */
    size_t source_left;
    bool *taken; /* by index of entry: its source was read */
    struct listed now;
    bool failed; /* no memory */
};

static struct ovba_module *add_module(struct project *p, struct str name)
{
    if (p->out->n == OVBA_MAX_MODULES) {
        p->out->cut = true;
        return NULL;
    }
    struct ovba_module *m = &p->out->modules[p->out->n++];
    *m = (struct ovba_module){.name = utf8_cut(name, OVBA_MAX_NAME_BYTES)};
    return m;
}

/* The source that stands at `at` of a stream, as UTF-8. False: there is none. */
static bool unpack(struct project *p, struct str stream, size_t at, struct str *out)
{
    buf_reset(&p->source);
    if (!ovba_decompress(&p->source, str_slice(stream, at, stream.n), p->source_left))
        p->out->damaged |= p->source.n > 0;
    struct str raw = arena_copy(p->arena, buf_str(&p->source));
    p->failed |= p->source.failed || raw.p == NULL;
    p->source_left -= p->source.n;
    p->out->cut |= p->source_left == 0;
    if (p->failed || raw.n == 0)
        return false;
    *out = text_code_page(p->arena, raw, p->out->code_page);
    p->failed |= out->p == NULL;
    return !p->failed;
}

/* ---- found by their look ---- */

/* The beginning of compressed source: "\1", the header of a chunk, no copy among the first eight
 * tokens, and "Attribut" ("Attribute VB_Name = ..."), 2.4.1.1.5 and 2.3.4.3. */
static size_t find_source(struct str stream, size_t from)
{
    static const struct str look = STR_INIT("\0Attribut");
    while (from < stream.n) {
        size_t at = from + str_search(str_slice(stream, from, stream.n), look);
        if (at >= stream.n)
            return stream.n;
        if (at >= HEADER_IN_FRONT && byte_at(stream, at - 3) == 1 &&
            (byte_at(stream, at - 1) & 0xf0) == 0xb0)
            return at - HEADER_IN_FRONT;
        from = at + 1;
    }
    return stream.n;
}

static void find_modules(struct project *p)
{
    for (size_t i = 0; i < p->c->n && !p->failed; i++) {
        const struct cfb_entry *e = &p->c->entries[i];
        if (e->type != CFB_STREAM || p->taken[i] || (p->vba >= 0 && e->parent != p->vba))
            continue;
        struct str stream = cfb_read(p->arena, p->c, e), source;
        size_t at = find_source(stream, 0);
        if (at < stream.n && unpack(p, stream, at, &source)) {
            struct ovba_module *m = add_module(p, e->name);
            if (m == NULL)
                return;
            m->source = source;
        }
    }
}

/* ---- as the list says ---- */

/* All that was said of a module is known. */
static void read_module(struct project *p)
{
    struct str name = p->now.name.n > 0 ? p->now.name : p->now.stream, source;
    const struct cfb_entry *e =
        cfb_find(p->c, p->vba, p->now.stream.n > 0 ? p->now.stream : p->now.name);
    struct ovba_module *m = name.n > 0 ? add_module(p, name) : NULL;
    if (m == NULL)
        return;
    if (e == NULL || p->taken[cfb_index(p->c, e)]) {
        p->out->damaged = true;
        return;
    }
    struct str stream = cfb_read(p->arena, p->c, e);
    p->taken[cfb_index(p->c, e)] = true;
    size_t at = p->now.offset;
    if (at >= stream.n || byte_at(stream, at) != 1)
        at = find_source(stream, 0);
    if (at < stream.n && unpack(p, stream, at, &source))
        m->source = source;
    else
        m->stomped = stream.n > 0;
}

static struct str text_of(struct project *p, struct str raw, bool wide)
{
    struct str out =
        wide ? text_utf16(p->arena, raw, false) : text_code_page(p->arena, raw, p->out->code_page);
    p->failed |= out.p == NULL;
    return out;
}

static void take_record(struct project *p, unsigned id, struct str value)
{
    switch (id) {
    case CODE_PAGE:
        p->out->code_page = le16_at(value, 0);
        break;
    case MODULE_NAME: /* the first of a module */
        p->now = (struct listed){.name = text_of(p, value, false)};
        break;
    case MODULE_NAME_WIDE:
        p->now.name = text_of(p, value, true);
        break;
    case MODULE_STREAM:
        p->now.stream = text_of(p, value, false);
        break;
    case MODULE_STREAM_WIDE:
        p->now.stream = text_of(p, value, true);
        break;
    case MODULE_OFFSET:
        p->now.offset = le32_at(value, 0);
        break;
    case MODULE_END:
        read_module(p);
        p->now = (struct listed){.offset = 0};
        break;
    default:
        break;
    }
}

static bool is_record(unsigned id)
{
    return id <= 0x4c; /* the largest of 2.3.4.2 is 0x4a; what is larger is no list */
}

/* False: the list is damaged. */
static bool read_list(struct project *p, struct str dir)
{
    size_t at = 0;
    while (at + RECORD_HEADER_BYTES <= dir.n && !p->failed) {
        unsigned id = le16_at(dir, at);
        size_t size = le32_at(dir, at + 2);
        if (id == PROJECT_VERSION) /* its size says 4, its bytes are 6 */
            size = 6;
        if (!is_record(id) || size > dir.n - at - RECORD_HEADER_BYTES)
            return false;
        at += RECORD_HEADER_BYTES;
        take_record(p, id, str_slice(dir, at, at + size));
        if (id == END)
            return true;
        at += size;
    }
    return false;
}

static void read_listed(struct project *p)
{
    struct buf dir;
    if (p->vba < 0)
        return;
    buf_init(&dir, OVBA_MAX_DIR_BYTES);
    struct str packed = cfb_read(p->arena, p->c, cfb_find(p->c, p->vba, STR("dir")));
    bool whole = ovba_decompress(&dir, packed, OVBA_MAX_DIR_BYTES);
    p->failed |= dir.failed;
    struct str kept = arena_copy(p->arena, buf_str(&dir));
    p->failed |= kept.p == NULL;
    if (!p->failed && (!read_list(p, kept) || !whole))
        p->out->damaged = true;
    buf_clear(&dir);
}

int ovba_read(struct arena *arena, struct cfb *c, int32_t vba, struct ovba *out, struct mp_err *err)
{
    struct ovba found = {.code_page = CODE_PAGE_LATIN};
    struct project p = {.arena = arena,
                        .c = c,
                        .vba = vba,
                        .out = &found,
                        .source_left = OVBA_MAX_SOURCE_BYTES,
                        .taken = arena_new(arena, bool, c->n + 1)};
    found.modules = arena_new(arena, struct ovba_module, OVBA_MAX_MODULES);
    if (p.taken == NULL || found.modules == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for macros");
    buf_init(&p.source, OVBA_MAX_SOURCE_BYTES);
    read_listed(&p);
    find_modules(&p);
    buf_clear(&p.source);
    if (p.failed)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for macros");
    *out = found;
    return MP_OK;
}
