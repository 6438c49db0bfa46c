/* The cache of MTA-STS policies: a small text header with a checksum, then the policy as fetched.
 */
#include "io/sts_cache.h"

#include <stdio.h>

#include "base/idna.h"
#include "crypto/digest.h"
#include "io/own_dir.h"
#include "io/sts_cache_internal.h"

static const char hex_digits[] = "0123456789abcdef";

/* ---- the form ---- */

/* "mailproof-sts 1", then these lines in this order, an empty line, and the policy. */
enum { LINE_DOMAIN, LINE_ID, LINE_FETCHED, LINE_MAX_AGE, LINE_BYTES, LINE_SHA256, LINES };
static const struct str line_names[LINES] = {
    [LINE_DOMAIN] = STR_INIT("domain: "),      [LINE_ID] = STR_INIT("id: "),
    [LINE_FETCHED] = STR_INIT("fetched: "),    [LINE_MAX_AGE] = STR_INIT("max-age: "),
    [LINE_BYTES] = STR_INIT("policy-bytes: "), [LINE_SHA256] = STR_INIT("sha256: "),
};
static const struct str magic = STR_INIT("mailproof-sts 1");

static void to_hex(const unsigned char *bytes, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = hex_digits[bytes[i] >> 4];
        out[2 * i + 1] = hex_digits[bytes[i] & 15];
    }
    out[2 * n] = '\0';
}

enum { CHECKSUM_TEXT = 2 * DIGEST_MAX_BYTES + 1 };

/* Over all that counts, so that one changed digit of the age is found too. */
static bool checksum(struct str domain, const struct sts_cached *e, char out[CHECKSUM_TEXT])
{
    char head[STS_DOMAIN_TEXT_MAX + STS_CACHE_ID_MAX + 80];
    unsigned char hash[DIGEST_MAX_BYTES];
    struct digest d;
    int n = snprintf(head, sizeof head, STR_FMT "\n" STR_FMT "\n%lld\n%lu\n", STR_ARG(domain),
                     STR_ARG(e->id), (long long)e->fetched_s, (unsigned long)e->max_age_s);
    if (n < 0 || (size_t)n >= sizeof head || !digest_start(&d, DIGEST_SHA256))
        return false;
    digest_update(&d, str_make(head, (size_t)n));
    digest_update(&d, e->body);
    if (!digest_final(&d, hash))
        return false;
    to_hex(hash, digest_bytes(DIGEST_SHA256), out);
    return true;
}

static bool is_id(struct str id) /* RFC 8461 3.1 */
{
    for (size_t i = 0; i < id.n; i++)
        if (!is_alnum(id.p[i]))
            return false;
    return id.n >= 1 && id.n <= STS_CACHE_ID_MAX;
}

static bool is_storable(const struct sts_cached *e)
{
    return is_id(e->id) && e->body.n <= STS_CACHE_BODY_MAX && e->fetched_s >= 0 &&
           e->max_age_s <= STS_CACHE_MAX_AGE_S;
}

bool sts_cache_write(struct buf *out, struct str domain, const struct sts_cached *e)
{
    char sum[CHECKSUM_TEXT];
    if (!is_storable(e) || !checksum(domain, e, sum))
        return false;
    buf_addf(out, STR_FMT "\ndomain: " STR_FMT "\nid: " STR_FMT "\n", STR_ARG(magic),
             STR_ARG(domain), STR_ARG(e->id));
    buf_addf(out, "fetched: %lld\nmax-age: %lu\npolicy-bytes: %zu\nsha256: %s\n\n",
             (long long)e->fetched_s, (unsigned long)e->max_age_s, e->body.n, sum);
    buf_add(out, e->body);
    return !out->failed;
}

static bool take_lines(struct str *file, struct str values[LINES])
{
    if (!str_eq(str_cut(file, '\n'), magic))
        return false;
    for (size_t i = 0; i < LINES; i++) {
        struct str line = str_cut(file, '\n');
        if (!str_starts(line, line_names[i]))
            return false;
        values[i] = str_slice(line, line_names[i].n, line.n);
    }
    return file->p != NULL && file->n > 0 && str_cut(file, '\n').n == 0;
}

/* As it is written: no leading zero, so that a policy has one form. */
static bool take_number(struct str s, uint64_t max, uint64_t *out)
{
    return (s.n == 1 || (s.n > 1 && s.p[0] != '0')) && str_to_u64(s, max, out);
}

bool sts_cache_parse(struct str file, struct str domain, struct sts_cached *out)
{
    struct str values[LINES];
    char sum[CHECKSUM_TEXT];
    uint64_t fetched, max_age, bytes;
    if (file.n > STS_FILE_MAX_BYTES || !take_lines(&file, values) ||
        !str_eq(values[LINE_DOMAIN], domain) ||
        !take_number(values[LINE_FETCHED], INT64_MAX, &fetched) ||
        !take_number(values[LINE_MAX_AGE], STS_CACHE_MAX_AGE_S, &max_age) ||
        !take_number(values[LINE_BYTES], STS_CACHE_BODY_MAX, &bytes) || bytes != file.n)
        return false;
    struct sts_cached e = {.id = values[LINE_ID],
                           .body = file,
                           .fetched_s = (int64_t)fetched,
                           .max_age_s = (uint32_t)max_age};
    if (!is_storable(&e) || !checksum(domain, &e, sum) ||
        !str_eq(values[LINE_SHA256], str_from(sum)))
        return false;
    *out = e;
    return true;
}

/* ---- the place ---- */

bool sts_cache_path(const char *dir, struct str domain, char path[STS_PATH_MAX],
                    char lower[STS_DOMAIN_TEXT_MAX])
{
    unsigned char hash[DIGEST_MAX_BYTES];
    char name[2 * DIGEST_MAX_BYTES + 1];
    if (domain.n == 0 || !domain_is_ldh(domain))
        return false;
    for (size_t i = 0; i < domain.n; i++)
        lower[i] = to_lower(domain.p[i]);
    lower[domain.n] = '\0';
    if (!digest_once(DIGEST_SHA256, str_make(lower, domain.n), hash))
        return false;
    to_hex(hash, digest_bytes(DIGEST_SHA256), name);
    int n = snprintf(path, STS_PATH_MAX, "%s/%s.sts", dir, name);
    return n > 0 && n < STS_PATH_MAX;
}

static struct own_dir policies_in(const char *dir)
{
    return (struct own_dir){dir, "MTA-STS policies"};
}

int sts_cache_load(struct arena *a, const char *dir, struct str domain, int64_t now_s,
                   struct sts_cached *out, bool *found, struct mp_err *err)
{
    char path[STS_PATH_MAX], lower[STS_DOMAIN_TEXT_MAX];
    struct sts_cached e;
    struct own_dir place = policies_in(dir);
    bool absent;
    *found = false;
    int st = own_dir_check(&place, &absent, err);
    if (st != MP_OK || absent || !sts_cache_path(dir, domain, path, lower))
        return st;
    struct str file = own_file_read(a, path, STS_FILE_MAX_BYTES);
    if (file.p == NULL || !sts_cache_parse(file, str_from(lower), &e))
        return MP_OK;
    if (e.fetched_s > now_s || now_s - e.fetched_s >= (int64_t)e.max_age_s)
        return MP_OK;
    *out = e;
    *found = true;
    return MP_OK;
}

int sts_cache_store(const char *dir, struct str domain, const struct sts_cached *entry,
                    struct mp_err *err)
{
    char path[STS_PATH_MAX], lower[STS_DOMAIN_TEXT_MAX];
    struct own_dir place = policies_in(dir);
    struct buf file;
    if (!sts_cache_path(dir, domain, path, lower) || !is_storable(entry))
        return mp_fail(err, MP_E_USAGE, 0, "a policy for this domain, id or age cannot be kept");
    int st = own_dir_make(&place, err);
    if (st != MP_OK)
        return st;
    buf_init(&file, STS_FILE_MAX_BYTES);
    if (sts_cache_write(&file, str_from(lower), entry))
        st = own_dir_replace(&place, path, (struct str[]){buf_str(&file)}, 1, err);
    else
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory to keep a policy");
    buf_clear(&file);
    return st;
}
