/* The state of a feed: lines in one order with a checksum; its entries in a file named by their
 * hash, so that a state never points to entries of another run. */
#include "feeds/state_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "crypto/digest.h"
#include "io/own_dir.h"

/* ---- the form ---- */

static const struct str magic = STR_INIT("mailproof-feed 1\n"), checksum = STR_INIT("sha256: ");

/* In the order of the file. */
static const struct field {
    struct str name;
    size_t at;
    bool is_text;
} fields[] = {
#define TEXT(member)                                                                               \
    {                                                                                              \
        STR_INIT(#member), offsetof(struct feed_state, member), true                               \
    }
#define NUMBER(member)                                                                             \
    {                                                                                              \
        STR_INIT(#member), offsetof(struct feed_state, member), false                              \
    }
    TEXT(definition), TEXT(etag),       TEXT(last_modified), TEXT(cursor),      TEXT(copy),
    TEXT(source),     TEXT(reason),     NUMBER(checked_s),   NUMBER(success_s), NUMBER(whole_s),
    NUMBER(next_s),   NUMBER(failures), NUMBER(outcome),     NUMBER(entries),   NUMBER(copy_bytes),
};

static struct str *text_of(struct feed_state *s, const struct field *f)
{
    return (struct str *)(void *)((char *)s + f->at);
}

static int64_t *number_of(struct feed_state *s, const struct field *f)
{
    return (int64_t *)(void *)((char *)s + f->at);
}

static bool is_line(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    return s.n <= FEED_STATE_MAX_VALUE_BYTES;
}

static bool hash_hex(struct str bytes, char out[2 * DIGEST_MAX_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[DIGEST_MAX_BYTES];
    if (!digest_once(DIGEST_SHA256, bytes, hash))
        return false;
    for (size_t i = 0; i < sizeof hash; i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
    return true;
}

void feed_state_write(struct buf *out, struct str name, const struct feed_state *state)
{
    struct feed_state copy = *state;
    char sum[2 * DIGEST_MAX_BYTES];
    size_t start = out->n;
    buf_add(out, magic);
    buf_addf(out, "feed: " STR_FMT "\n", STR_ARG(name));
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const struct field *f = &fields[i];
        buf_addf(out, STR_FMT ": ", STR_ARG(f->name));
        if (f->is_text && is_line(*text_of(&copy, f)))
            buf_add(out, *text_of(&copy, f));
        else if (!f->is_text)
            buf_addf(out, "%lld", *number_of(&copy, f) < 0 ? 0 : (long long)*number_of(&copy, f));
        buf_addc(out, '\n');
    }
    if (out->failed || !hash_hex(str_slice(buf_str(out), start, out->n), sum)) {
        out->failed = true;
        return;
    }
    buf_add(out, checksum);
    buf_add(out, str_make(sum, sizeof sum));
    buf_addc(out, '\n');
}

static bool take_line(struct str *left, struct str name, struct str *value)
{
    struct str line = str_cut(left, '\n');
    if (!str_starts(line, name) || left->p == NULL)
        return false;
    line = str_slice(line, name.n, line.n);
    if (!str_starts(line, STR(": ")))
        return false;
    *value = str_slice(line, 2, line.n);
    return is_line(*value);
}

bool feed_state_parse(struct str file, struct str name, struct feed_state *out)
{
    enum { SUM_LINE = 2 * DIGEST_MAX_BYTES + 1 };
    struct feed_state s = {.checked_s = 0};
    struct str value, left, sum;
    char is[2 * DIGEST_MAX_BYTES];
    if (!str_starts(file, magic) || file.n < magic.n + checksum.n + SUM_LINE)
        return false;
    left = str_slice(file, 0, file.n - SUM_LINE - checksum.n);
    sum = str_slice(file, left.n + checksum.n, file.n - 1);
    if (!hash_hex(left, is) || !str_eq(sum, str_make(is, sizeof is)) ||
        !str_ends(file, STR("\n")) ||
        !str_eq(str_slice(file, left.n, left.n + checksum.n), checksum))
        return false;
    left = str_slice(left, magic.n, left.n);
    if (!take_line(&left, STR("feed"), &value) || !str_eq(value, name))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        uint64_t n = 0;
        if (!take_line(&left, fields[i].name, &value) ||
            (!fields[i].is_text && !str_to_u64(value, INT64_MAX, &n)))
            return false;
        if (fields[i].is_text)
            *text_of(&s, &fields[i]) = value;
        else
            *number_of(&s, &fields[i]) = (int64_t)n;
    }
    if (left.n != 0)
        return false;
    *out = s;
    return true;
}

/* ---- the place ---- */

enum { STATE_PATH_MAX = 4096, COPY_NAME_DIGITS = 16 };

static struct own_dir states_in(const char *dir)
{
    return (struct own_dir){dir, "states of feeds"};
}

static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
            return false;
    return s.n > 0;
}

static int state_path(const char *dir, struct str name, char path[STATE_PATH_MAX],
                      struct mp_err *err)
{
    int n = snprintf(path, STATE_PATH_MAX, "%s/" STR_FMT ".state", dir, STR_ARG(name));
    if (!is_name(name) || n < 0 || n >= STATE_PATH_MAX)
        return mp_fail(err, MP_E_IO, 0, "directory %s for states of feeds: no file for this name",
                       dir);
    return MP_OK;
}

static bool copy_path(const char *dir, struct str name, struct str hash, char path[STATE_PATH_MAX])
{
    int n = snprintf(path, STATE_PATH_MAX, "%s/" STR_FMT "." STR_FMT ".entries", dir, STR_ARG(name),
                     STR_ARG(str_slice(hash, 0, COPY_NAME_DIGITS)));
    return is_name(name) && is_name(hash) && hash.n > COPY_NAME_DIGITS && n > 0 &&
           n < STATE_PATH_MAX;
}

int feed_state_load(struct arena *arena, const char *dir, struct str name, struct feed_state *out,
                    struct mp_err *err)
{
    char path[STATE_PATH_MAX];
    struct own_dir place = states_in(dir);
    struct feed_state s = {.checked_s = 0};
    bool absent = false;
    int st = own_dir_check(&place, &absent, err);
    if (st == MP_OK)
        st = state_path(dir, name, path, err);
    if (st != MP_OK)
        return st;
    struct str file = absent ? STR_NONE : own_file_read(arena, path, FEED_STATE_MAX_BYTES);
    if (file.p == NULL || !feed_state_parse(file, name, &s))
        s = (struct feed_state){.checked_s = 0};
    *out = s;
    return MP_OK;
}

/* Copies of this feed that no state points to any more. */
static void remove_others(const char *dir, struct str name, struct str keep)
{
    DIR *d = opendir(dir);
    char kept[STATE_PATH_MAX], path[STATE_PATH_MAX];
    if (!copy_path("", name, keep, kept))
        kept[0] = '\0';
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        struct str file = str_from(e->d_name), of = str_cut(&file, '.');
        if (!str_eq(of, name) || !str_ends(file, STR(".entries")) ||
            (kept[0] != '\0' && strcmp(kept + 1, e->d_name) == 0))
            continue;
        if (snprintf(path, sizeof path, "%s/%s", dir, e->d_name) < (int)sizeof path)
            unlink(path);
    }
    if (d != NULL)
        closedir(d);
}

void feed_state_sweep(const char *dir)
{
    DIR *d = opendir(dir);
    char path[STATE_PATH_MAX];
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        if (str_starts(str_from(e->d_name), STR(".new-")) &&
            snprintf(path, sizeof path, "%s/%s", dir, e->d_name) < (int)sizeof path)
            unlink(path);
    if (d != NULL)
        closedir(d);
}

/* The copy first: a state that is not there yet points to nothing. */
static int save_copy(struct arena *arena, const char *dir, struct str name,
                     struct feed_state *state, struct str packed, struct mp_err *err)
{
    char path[STATE_PATH_MAX], hash[2 * DIGEST_MAX_BYTES];
    struct own_dir place = states_in(dir);
    if (!hash_hex(packed, hash))
        return mp_fail(err, MP_E_CRYPTO, 0, "SHA-256 of a feed failed");
    state->copy = arena_copy(arena, str_make(hash, sizeof hash));
    state->copy_bytes = (int64_t)packed.n;
    if (state->copy.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a feed");
    if (!copy_path(dir, name, state->copy, path))
        return mp_fail(err, MP_E_IO, 0, "directory %s for states of feeds: its name is too long",
                       dir);
    return own_dir_replace(&place, path, &packed, 1, err);
}

int feed_state_save(struct arena *arena, const char *dir, struct str name, struct feed_state *state,
                    const struct str *packed, struct mp_err *err)
{
    char path[STATE_PATH_MAX];
    struct own_dir place = states_in(dir);
    struct buf text;
    int st = own_dir_make(&place, err);
    if (st == MP_OK)
        st = state_path(dir, name, path, err);
    if (st == MP_OK && packed != NULL)
        st = save_copy(arena, dir, name, state, *packed, err);
    if (st != MP_OK)
        return st;
    buf_init(&text, FEED_STATE_MAX_BYTES);
    feed_state_write(&text, name, state);
    st = text.failed ? mp_fail(err, MP_E_NOMEM, 0, "no memory for the state of a feed")
                     : own_dir_replace(&place, path, (struct str[]){buf_str(&text)}, 1, err);
    buf_clear(&text);
    if (st == MP_OK)
        remove_others(dir, name, state->copy);
    return st;
}

/* ---- the copy ---- */

bool feed_copy_open(const char *dir, struct str name, const struct feed_state *state,
                    struct feed_copy *out)
{
    char path[STATE_PATH_MAX], hash[2 * DIGEST_MAX_BYTES];
    struct stat sb;
    struct feed_copy copy = {.packed = STR("")};
    if (state->copy.n == 0 || !copy_path(dir, name, state->copy, path))
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool ok =
        fd >= 0 && fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode) && sb.st_size == state->copy_bytes;
    if (ok && sb.st_size > 0) {
        void *map = mmap(NULL, (size_t)sb.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        ok = map != MAP_FAILED;
        if (ok)
            copy = (struct feed_copy){str_make(map, (size_t)sb.st_size), map, (size_t)sb.st_size};
    }
    if (fd >= 0)
        close(fd);
    ok = ok && hash_hex(copy.packed, hash) && str_eq(state->copy, str_make(hash, sizeof hash));
    if (ok)
        *out = copy;
    else
        feed_copy_close(&copy);
    return ok;
}

void feed_copy_close(struct feed_copy *copy)
{
    if (copy->map != NULL)
        munmap(copy->map, copy->map_bytes);
    *copy = (struct feed_copy){.map = NULL};
}
