/* Loading the private keys, and whether they are what the table takes them for. */
#include "signer/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    KEY_FILE_MAX_BYTES = 64 * 1024,
    PUBLIC_MAX_BYTES = 4096,
    OTHERS = S_IRWXG | S_IRWXO /* group and world, in any way */
};

struct signer_keys {
    struct arena arena; /* names */
    struct signer_key_info *infos;
    struct private_key **keys; /* as infos */
    size_t n;
};

/* ---- a file ---- */

static int check_file(const char *path, const struct stat *sb, struct mp_err *err)
{
    if (!S_ISREG(sb->st_mode))
        return mp_fail(err, MP_E_IO, 0, "%s: not a file", path);
    if (sb->st_uid != geteuid() && sb->st_uid != 0 && geteuid() != 0)
        return mp_fail(err, MP_E_IO, 0,
                       "%s: the private key belongs to user %ld: give it to root or to the user "
                       "that runs this (chown)",
                       path, (long)sb->st_uid);
    if ((sb->st_mode & OTHERS) != 0)
        return mp_fail(err, MP_E_IO, sb->st_mode & 07777,
                       "%s: others may use the private key (mode %04o): chmod 600, and make a new "
                       "key if strangers had an account here",
                       path, (unsigned)sb->st_mode & 07777);
    return MP_OK;
}

/* The file into `room`; its length is what counts, whatever stat said. */
static int read_key(const char *path, char room[KEY_FILE_MAX_BYTES], size_t *n, struct mp_err *err)
{
    struct stat sb;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &sb) < 0) {
        int st = mp_fail(err, MP_E_IO, errno, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return st;
    }
    int st = check_file(path, &sb, err);
    ssize_t got = 0;
    for (*n = 0; st == MP_OK && *n < KEY_FILE_MAX_BYTES; *n += (size_t)got) {
        got = read(fd, room + *n, KEY_FILE_MAX_BYTES - *n);
        if (got < 0 && errno != EINTR)
            st = mp_fail(err, MP_E_IO, errno, "%s: %s", path, strerror(errno));
        if (got == 0)
            break;
        if (got < 0)
            got = 0;
    }
    if (st == MP_OK && *n == KEY_FILE_MAX_BYTES)
        st = mp_fail(err, MP_E_LIMIT, KEY_FILE_MAX_BYTES, "%s: not a key: longer than %d bytes",
                     path, KEY_FILE_MAX_BYTES);
    close(fd);
    return st;
}

static int load_file(const char *path, struct private_key **out, struct mp_err *err)
{
    char room[KEY_FILE_MAX_BYTES];
    size_t n = 0;
    int st = read_key(path, room, &n, err);
    if (st == MP_OK)
        st = private_key_load(str_make(room, n), path, out, err);
    explicit_bzero(room, sizeof room);
    return st;
}

/* ---- all of them ---- */

static int describe(const struct private_key *key, struct signer_key_info *info, struct mp_err *err)
{
    struct buf octets;
    buf_init(&octets, PUBLIC_MAX_BYTES);
    int st = private_key_public_octets(key, &octets, err);
    if (st == MP_OK && !digest_once(DIGEST_SHA256, buf_str(&octets), info->public_sha256))
        st = mp_fail(err, MP_E_CRYPTO, 0, "SHA-256 failed");
    buf_clear(&octets);
    info->type = private_key_type(key);
    info->bits = private_key_bits(key);
    return st;
}

static int load_one(struct signer_keys *k, const struct signing_key_file *f, struct mp_err *err)
{
    int st = load_file(f->path.p, &k->keys[k->n], err);
    if (st != MP_OK)
        return st;
    const struct private_key *key = k->keys[k->n];
    struct signer_key_info *info = &k->infos[k->n++];
    info->name = arena_copy(&k->arena, f->name);
    if (info->name.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the keys");
    if (private_key_type(key) == KEY_RSA && private_key_bits(key) < KEY_RSA_MIN_BITS)
        return mp_fail(err, MP_E_USAGE, private_key_bits(key),
                       "%s: RSA key of %u bits: verifiers refuse less than %d (RFC 8301): make "
                       "another (`mailproof keygen`)",
                       f->path.p, private_key_bits(key), KEY_RSA_MIN_BITS);
    return describe(key, info, err);
}

int signer_keys_load(const struct signing_table *t, struct signer_keys **out, struct mp_err *err)
{
    int st = MP_OK;
    struct signer_keys *k = calloc(1, sizeof *k);
    if (k == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the keys");
    arena_init(&k->arena, (size_t)SIGNING_MAX_KEYS * 2 * (SIGNING_MAX_KEY_NAME_BYTES + 64));
    k->infos = calloc(t->n_keys + 1, sizeof *k->infos);
    k->keys = calloc(t->n_keys + 1, sizeof(struct private_key *));
    if (k->infos == NULL || k->keys == NULL)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for the keys");
    for (size_t i = 0; st == MP_OK && i < t->n_keys; i++)
        st = load_one(k, &t->keys[i], err);
    if (st == MP_OK)
        *out = k;
    else
        signer_keys_free(k);
    return st;
}

void signer_keys_free(struct signer_keys *k)
{
    if (k == NULL)
        return;
    for (size_t i = 0; k->keys != NULL && i < k->n; i++)
        private_key_free(k->keys[i]);
    free(k->keys);
    free(k->infos);
    arena_clear(&k->arena);
    free(k);
}

const struct signer_key_info *signer_keys_infos(const struct signer_keys *k, size_t *n)
{
    *n = k->n;
    return k->infos;
}

/* ---- by name ---- */

const struct private_key *signer_keys_find(const struct signer_keys *k, struct str name)
{
    const struct signer_key_info *info = signer_info_of(k->infos, k->n, name);
    return info == NULL ? NULL : k->keys[info - k->infos];
}

/* ---- beside the table ---- */

static int check_entry(const struct signing_table *t, const struct signing_domain *d,
                       const struct signer_key_info *keys, size_t n, struct mp_err *err)
{
    static const char *const types[] = {"an RSA key", "an Ed25519 key"};
    for (size_t i = 0; i < d->n_selectors; i++) {
        const struct signing_selector *s = &d->selectors[i];
        const struct signer_key_info *k = signer_info_of(keys, n, s->key);
        if (k == NULL)
            return mp_fail(err, MP_E_USAGE, d->line,
                           "%s:%d:%d: there is no key '" STR_FMT "' for selector " STR_FMT, t->file,
                           d->line, d->column, STR_ARG(s->key), STR_ARG(s->selector));
        if (s->has_type && s->type != k->type)
            return mp_fail(err, MP_E_USAGE, d->line,
                           "%s:%d:%d: '" STR_FMT "' of selector " STR_FMT
                           " is %s, not what `algorithm` says",
                           t->file, d->line, d->column, STR_ARG(s->key), STR_ARG(s->selector),
                           types[k->type]);
        if (d == t->seal && k->type != KEY_RSA)
            return mp_fail(err, MP_E_USAGE, d->line,
                           "%s:%d:%d: ARC seals need an RSA key, '" STR_FMT "' is none", t->file,
                           d->line, d->column, STR_ARG(s->key));
    }
    return MP_OK;
}

int signing_check_keys(const struct signing_table *t, const struct signer_key_info *keys, size_t n,
                       struct mp_err *err)
{
    int st = t->seal == NULL ? MP_OK : check_entry(t, t->seal, keys, n, err);
    for (size_t i = 0; st == MP_OK && i < t->n_domains; i++)
        st = check_entry(t, &t->domains[i], keys, n, err);
    return st;
}
