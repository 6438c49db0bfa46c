/* What libarchive unpacks for us: 7z, RAR, CAB, ISO, tar and the like, and single compressed files.
 * From memory, formats enabled one by one, counted and stopped by us. Runs in workers only. */
#include <archive_entry.h>

#include "content/archive_filter.h"
#include "content/archive_lib.h"

enum {
    LIB_FILTERS = 3,                      /* compressions around each other */
    IDLE_BLOCKS = 16,                     /* without a byte, one after the other: no more come */
    LIB_OVERHEAD_BYTES = 64 * 1024 * 1024 /* of headers and padding that come out, of one archive */
};

static const struct archive_filter filters[] = {
    {archive_read_support_filter_gzip, archive_zlib_version},
    {archive_read_support_filter_bzip2, archive_bzlib_version},
    {archive_read_support_filter_xz, archive_liblzma_version},
    {archive_read_support_filter_lzma, archive_liblzma_version},
    {archive_read_support_filter_lzip, archive_liblzma_version},
    {archive_read_support_filter_zstd, archive_libzstd_version},
    {archive_read_support_filter_lz4, archive_liblz4_version},
    {archive_read_support_filter_compress, NULL},
    {archive_read_support_filter_rpm, NULL},
};

/* Which formats a kind may turn out to be. `is_unix`: names of its members are not those of
 * Windows. */
static const struct lib_way {
    enum file_type kind;
    int (*formats[3])(struct archive *);
    bool filtered, is_unix;
} ways[] = {
    {FILE_RAR, {archive_read_support_format_rar, archive_read_support_format_rar5}, false, false},
    {FILE_SEVENZIP, {archive_read_support_format_7zip}, false, false},
    {FILE_CAB, {archive_read_support_format_cab}, false, false},
    {FILE_ISO, {archive_read_support_format_iso9660}, false, false},
    {FILE_LZH, {archive_read_support_format_lha}, false, false},
    {FILE_TAR, {archive_read_support_format_tar}, false, true},
    {FILE_CPIO, {archive_read_support_format_cpio}, false, true},
    {FILE_AR, {archive_read_support_format_ar}, false, true},
    {FILE_DEB, {archive_read_support_format_ar}, false, true},
    {FILE_RPM, {archive_read_support_format_cpio}, true, true},
#define COMPRESSED                                                                                 \
    {archive_read_support_format_tar, archive_read_support_format_cpio,                            \
     archive_read_support_format_raw},                                                             \
        true, true
    {FILE_GZIP, COMPRESSED},
    {FILE_BZIP2, COMPRESSED},
    {FILE_XZ, COMPRESSED},
    {FILE_LZMA, COMPRESSED},
    {FILE_LZIP, COMPRESSED},
    {FILE_ZSTD, COMPRESSED},
    {FILE_LZ4, COMPRESSED},
    {FILE_COMPRESS, COMPRESSED},
};

static const struct lib_way *find_way(enum file_type kind)
{
    for (size_t i = 0; i < ARRAY_LEN(ways); i++)
        if (ways[i].kind == kind)
            return &ways[i];
    return NULL;
}

bool lib_opens(enum file_type kind)
{
    return find_way(kind) != NULL;
}

static struct archive *reader_for(const struct lib_way *way)
{
    struct archive *a = archive_read_new();
    if (a == NULL)
        return NULL;
    if (way->filtered)
        archive_enable(a, filters, ARRAY_LEN(filters));
    for (size_t i = 0; i < ARRAY_LEN(way->formats) && way->formats[i] != NULL; i++)
        way->formats[i](a);
    return a;
}

/* A hole of a sparse file takes room when it is unpacked: zeros up to `offset`. */
static bool fill_hole(struct inspector *in, int64_t offset)
{
    while (offset > 0 && (uint64_t)offset > in->out_n) {
        uint64_t missing = (uint64_t)offset - in->out_n;
        size_t n = missing < UNPACK_STEP_BYTES ? (size_t)missing : UNPACK_STEP_BYTES;
        char *room = out_room(in, n);
        if (room == NULL)
            return false;
        memset(room, 0, n);
        if (!out_more(in, n))
            return false;
    }
    return true;
}

/* The bytes of the entry that stands next. `*fatal`: libarchive gave up. Of some methods that it
 * does not know (LHA) it only warns, and does so forever. */
static enum unpacked read_data(struct inspector *in, struct archive *a, bool *fatal)
{
    const void *block = NULL;
    size_t n = 0, idle = 0;
    la_int64_t offset = 0;
    int st;
    while ((st = archive_read_data_block(a, &block, &n, &offset)) == ARCHIVE_OK ||
           st == ARCHIVE_WARN) {
        uint64_t before = in->out_n;
        if (!fill_hole(in, offset) || !out_add(in, str_make(block, n)))
            return UNPACKED_CUT;
        idle = in->out_n == before ? idle + 1 : 0;
        if (idle == IDLE_BLOCKS)
            return UNPACKED_DAMAGED;
        n = 0;
    }
    *fatal = st == ARCHIVE_FATAL;
    return st == ARCHIVE_EOF ? UNPACKED_WHOLE : UNPACKED_DAMAGED;
}

static struct str path_of(struct archive_entry *e)
{
    const char *name = archive_entry_pathname_utf8(e);
    return str_from(name != NULL ? name : archive_entry_pathname(e));
}

/* "report.exe.gz" holds "report.exe". */
static struct str without_compression(struct str name)
{
    static const struct {
        struct str from, to;
    } rows[] = {
        {STR_INIT(".gz"), STR_INIT("")},    {STR_INIT(".bz2"), STR_INIT("")},
        {STR_INIT(".xz"), STR_INIT("")},    {STR_INIT(".lzma"), STR_INIT("")},
        {STR_INIT(".lz"), STR_INIT("")},    {STR_INIT(".zst"), STR_INIT("")},
        {STR_INIT(".lz4"), STR_INIT("")},   {STR_INIT(".z"), STR_INIT("")},
        {STR_INIT(".svgz"), STR_INIT("g")}, {STR_INIT(".emz"), STR_INIT("")},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (str_iends(name, rows[i].from) && name.n > rows[i].from.n)
            return str_slice(name, 0, name.n - rows[i].from.n);
    return name;
}

static struct str plain_name(const struct inspector *in)
{
    const struct content_object *o = &in->c->report->objects[in->archive];
    return o->n_names > 0 ? without_compression(o->names[0].text) : STR("data");
}

struct lib_run {
    struct inspector *in;
    struct archive *a;
    const struct lib_way *way;
    struct str bytes;
    struct name_set names;
    uint64_t data_out;    /* of all members */
    size_t index, listed; /* of the entry; entries so far */
    bool fatal;           /* the data of the latest entry */
    bool names_only;      /* no more data are read */
    struct rar_marks rar;
};

/* A single compressed file has no name but the archive's, and at times one in its header. */
static int set_names(struct lib_run *r, struct archive_entry *e, struct member *m,
                     struct mp_err *err)
{
    bool raw = archive_format(r->a) == ARCHIVE_FORMAT_RAW;
    struct str path = path_of(e);
    if (raw)
        m->names[m->n_names++] = plain_name(r->in);
    if (raw && (str_eq(path, STR("data")) || path.n == 0))
        return MP_OK;
    struct str kept = arena_copy(r->in->c->arena, path);
    if (kept.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the names of an archive");
    if (m->n_names == 0 || !str_eq(kept, m->names[0]))
        m->names[m->n_names++] = kept;
    return MP_OK;
}

/* A link that leads out: what is unpacked behind it lands there. */
static void check_link(struct lib_run *r, struct archive_entry *e, struct str name)
{
    const char *target = archive_entry_symlink_utf8(e);
    struct str rest = str_from(target != NULL ? target : archive_entry_symlink(e)), all = rest;
    int64_t depth = 0;
    for (size_t i = 0; i < name.n; i++)
        depth += name.p[i] == '/';
    bool out = false;
    while (rest.p != NULL && rest.n > 0) {
        struct str segment = str_cut(&rest, '/');
        if (str_eq(segment, STR("..")))
            out |= --depth < 0;
        else if (segment.n > 0 && !str_eq(segment, STR(".")))
            depth++;
    }
    if (out)
        finding_add(r->in->site.findings, FINDING_ARCHIVE_TRAVERSAL,
                    site_member(&r->in->site, name), "a link to \"" STR_FMT "\"", STR_ARG(all));
}

static const char *reason(struct archive *a)
{
    const char *why = archive_error_string(a);
    return why != NULL ? why : "it is broken";
}

/* False: nothing more is to be read. */
static bool unpack_entry(struct lib_run *r, struct archive_entry *e, struct member *m)
{
    struct inspector *in = r->in;
    m->encrypted = archive_entry_is_encrypted(e) > 0 || rar_member_encrypted(&r->rar, r->index++);
    m->size = archive_entry_size_is_set(e) && archive_entry_size(e) > 0
                  ? (uint64_t)archive_entry_size(e)
                  : 0;
    m->is_directory = archive_entry_filetype(e) == AE_IFDIR;
    bool no_data = m->is_directory || archive_entry_filetype(e) == AE_IFLNK ||
                   archive_entry_hardlink(e) != NULL;
    m->cut = m->encrypted || (r->names_only && !no_data);
    if (m->encrypted)
        tell_encrypted(in, m->names[0], archive_format_name(r->a));
    if (no_data || m->encrypted || r->names_only)
        return true;
    if (!out_begin(in, m->names[0], OUT_PACKED_UNKNOWN, m->size))
        return false;
    enum unpacked how = read_data(in, r->a, &r->fatal);
    r->data_out += in->out_n;
    if (how == UNPACKED_DAMAGED)
        tell_damaged(in, m->names[0], reason(r->a));
    m->has_bytes = how != UNPACKED_DAMAGED || in->out.n > 0;
    m->cut = how != UNPACKED_WHOLE;
    if (m->has_bytes) {
        m->bytes = out_keep(in, how);
        m->has_bytes = m->bytes.p != NULL;
    }
    return how != UNPACKED_CUT;
}

/* What comes out beside members' bytes is not charged to them: headers, padding, what is skipped.
 */
static bool within_overhead(const struct lib_run *r)
{
    int64_t out = archive_filter_bytes(r->a, 0);
    return out <= 0 || (uint64_t)out < r->data_out + r->in->archive_in + LIB_OVERHEAD_BYTES;
}

static int add_entry(struct lib_run *r, struct archive_entry *e, bool *more, struct mp_err *err)
{
    struct member m = {.n_names = 0};
    int st = set_names(r, e, &m, err);
    if (st != MP_OK)
        return st;
    for (size_t i = 0; i < m.n_names; i++)
        name_check_escape(r->in, m.names[i], r->way->is_unix);
    check_link(r, e, m.names[0]);
    if (!r->way->is_unix)
        st = name_set_add(r->in, &r->names, m.names[0], err);
    *more = unpack_entry(r, e, &m);
    return st == MP_OK ? member_add(r->in, &m, err) : st;
}

/* libarchive 3.6 follows a wild pointer when it is asked that of what it did not recognise. */
static bool has_encrypted(struct archive *a)
{
    return archive_format(a) != 0 && archive_read_has_encrypted_entries(a) > 0;
}

static void tell_end(struct lib_run *r, int st)
{
    if (has_encrypted(r->a) || r->rar.any)
        tell_encrypted(r->in, STR(""), archive_format_name(r->a));
    else if (r->in->is_guess && r->listed == 0)
        return;
    else if (st != ARCHIVE_EOF)
        tell_damaged(r->in, STR(""), reason(r->a));
    else if (r->listed == 0)
        tell_damaged(r->in, STR(""), "no member could be read");
    if (archive_filter_count(r->a) > LIB_FILTERS + 1)
        finding_add(r->in->site.findings, FINDING_ARCHIVE_DEPTH, r->in->site.where,
                    "%d compressions around each other", archive_filter_count(r->a) - 1);
}

/* "Raw" takes what no filter took for its own: then nothing was unpacked. */
static bool is_unread(struct archive *a)
{
    return archive_format(a) == ARCHIVE_FORMAT_RAW && archive_filter_count(a) < 2;
}

/* libarchive 3.6 follows a null pointer when it leaves a member of a CAB whose data it could not
 * read. So another reader lists the rest, and reads no data. False: nothing more is to be read. */
static bool list_rest(struct lib_run *r)
{
    struct archive *a = reader_for(r->way);
    struct archive_entry *e;
    bool ok = a != NULL && archive_read_open_memory(a, r->bytes.p, r->bytes.n) == ARCHIVE_OK;
    for (size_t i = 0; ok && i < r->listed; i++) {
        int got = archive_read_next_header(a, &e);
        ok = got == ARCHIVE_OK || got == ARCHIVE_WARN;
    }
    archive_read_free(ok ? r->a : a);
    if (ok)
        r->a = a;
    r->names_only = true;
    return ok;
}

static int read_all(struct lib_run *r, struct mp_err *err)
{
    struct archive_entry *e;
    bool more = true;
    int st = MP_OK, got = ARCHIVE_EOF;
    while (st == MP_OK && more &&
           ((got = archive_read_next_header(r->a, &e)) == ARCHIVE_OK || got == ARCHIVE_WARN)) {
        if (is_unread(r->a)) {
            tell_damaged(r->in, STR(""), "its compression was not recognised");
            return MP_OK;
        }
        if (++r->listed > r->in->c->limits->max_listed || !within_overhead(r)) {
            inspect_cut(r->in, CUT_LISTED);
            return MP_OK;
        }
        st = add_entry(r, e, &more, err);
        if (st == MP_OK && r->fatal && !r->names_only && archive_format(r->a) == ARCHIVE_FORMAT_CAB)
            more = list_rest(r);
    }
    if (st == MP_OK)
        tell_end(r, more ? got : ARCHIVE_EOF);
    return st;
}

int lib_open(struct inspector *in, enum file_type kind, struct str bytes, struct mp_err *err)
{
    struct lib_run r = {.in = in, .way = find_way(kind), .bytes = bytes};
    rar_read_marks(bytes, &r.rar);
    r.a = r.way == NULL ? NULL : reader_for(r.way);
    if (r.a == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to open an archive");
    int st = MP_OK;
    if (archive_read_open_memory(r.a, bytes.p, bytes.n) == ARCHIVE_OK)
        st = read_all(&r, err);
    else
        tell_end(&r, ARCHIVE_FATAL);
    if (st == MP_OK)
        name_set_tell(in, &r.names);
    archive_read_free(r.a);
    if (st == MP_OK && kind == FILE_GZIP && r.listed == 0)
        st = gzip_open_rest(in, plain_name(in), bytes, err);
    return st;
}

/* A member of a ZIP as a ZIP of its own, which is read from the beginning: two blocks. */
struct one_member {
    struct str block[2];
    unsigned next;
};

static la_ssize_t read_block(struct archive *a, void *ctx, const void **out)
{
    struct one_member *m = ctx;
    (void)a;
    if (m->next == ARRAY_LEN(m->block))
        return 0;
    *out = m->block[m->next].p;
    return (la_ssize_t)m->block[m->next++].n;
}

static void put_le(char *at, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        at[i] = (char)(v >> (8 * i));
}

static enum unpacked read_one(struct inspector *in, struct archive *a, struct one_member *m)
{
    struct archive_entry *e;
    bool fatal;
    if (archive_read_open(a, m, NULL, read_block, NULL) != ARCHIVE_OK ||
        archive_read_next_header(a, &e) < ARCHIVE_WARN || is_unread(a))
        return UNPACKED_DAMAGED;
    return read_data(in, a, &fatal);
}

enum unpacked lib_unpack(struct inspector *in, const struct zip_source *s)
{
    enum { HEADER = ZIP_LOCAL_HEADER_BYTES + 1 };
    char header[HEADER] = "PK\3\4\x3f";
    bool raw = s->method == ZIP_ZSTD, as_zip = s->method == ZIP_BZIP2 || s->method == ZIP_LZMA ||
                                               s->method == ZIP_XZ || s->method == ZIP_PPMD;
    if ((!raw && !as_zip) || s->size > UINT32_MAX || s->packed.n > UINT32_MAX)
        return UNPACKED_UNSUPPORTED;
    struct archive *a = archive_read_new();
    if (a == NULL) {
        inspect_cut(in, CUT_MEMORY);
        return UNPACKED_CUT;
    }
    put_le(header + 8, s->method, 2);
    put_le(header + 14, s->crc, 4);
    put_le(header + 18, s->packed.n, 4);
    put_le(header + 22, s->size, 4);
    put_le(header + 26, 1, 2);
    header[HEADER - 1] = 'a';
    struct one_member m = {.block = {str_make(header, HEADER), s->packed}, .next = raw};
    if (raw && archive_libzstd_version() != NULL) {
        archive_read_support_filter_zstd(a);
        archive_read_support_format_raw(a);
    }
    if (as_zip)
        archive_read_support_format_zip_streamable(a);
    enum unpacked how = read_one(in, a, &m);
    archive_read_free(a);
    return how;
}
