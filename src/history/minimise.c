/* What may not be written of people: subjects, and addresses but for their domain. */
#include <stdio.h>

#include "base/hex.h"
#include "crypto/hmac.h"
#include "history/history_internal.h"
#include "io/own_dir.h"

enum {
    HASH_BYTES = 10,   /* of HMAC-SHA256: 80 bits, as 20 digits */
    QUOTE_BYTES = 8,   /* of a subject in a row: then it is quoted */
    ADDRESS_ATOM = 320 /* what may stand on one side of an @ in a text */
};

/* ---- the key ---- */

/* Beside the database, not in it: a copy of the database alone tells no address to who guesses.
 * Under the database's lock, because several processes may begin at once. */
static int load(struct history *h, struct mp_err *err)
{
    char path[DB_PATH_BYTES];
    struct arena a;
    const struct own_dir place = {h->dir, "the history"};
    snprintf(path, sizeof path, "%s/history.key", h->dir);
    arena_init(&a, 4096);
    struct str bytes = own_file_read(&a, path, HISTORY_KEY_BYTES);
    int st = MP_OK;
    if (bytes.p != NULL && bytes.n != HISTORY_KEY_BYTES)
        st = mp_fail(err, MP_E_IO, 0,
                     "%s: not a key of %d bytes: put the right one there, or take "
                     "it away and have new hashes",
                     path, HISTORY_KEY_BYTES);
    else if (bytes.p != NULL)
        memcpy(h->key, bytes.p, HISTORY_KEY_BYTES);
    else if (!crypto_random(h->key, HISTORY_KEY_BYTES))
        st = mp_fail(err, MP_E_CRYPTO, 0, "no random bytes for the key of the history");
    else
        st = own_dir_replace(&place, path,
                             &(const struct str){(const char *)h->key, HISTORY_KEY_BYTES}, 1, err);
    arena_clear(&a);
    return st;
}

int history_key_load(struct history *h, struct mp_err *err)
{
    int rc = db_run(h->sql[SQL_BEGIN]);
    if (rc != SQLITE_DONE)
        return db_fail(&h->spec, h->db, err);
    int st = load(h, err);
    db_run(h->sql[SQL_ROLLBACK]);
    return st;
}

/* ---- addresses ---- */

static struct str hashed(const struct history *h, struct arena *a, struct str address)
{
    unsigned char mac[HMAC_MAX_BYTES];
    struct str lower = arena_lower(a, address);
    size_t at = str_rfind(address, '@');
    if (lower.p == NULL ||
        !hmac_once(HMAC_SHA256, str_make((const char *)h->key, HISTORY_KEY_BYTES), lower, mac))
        return STR_NONE;
    struct str digits = hex_encode(a, str_make((const char *)mac, HASH_BYTES));
    const struct str parts[] = {STR("h-"), digits, str_slice(lower, at, lower.n)};
    return digits.p == NULL ? STR_NONE : arena_join(a, parts, ARRAY_LEN(parts));
}

struct str history_address(const struct history *h, struct arena *a, struct str address)
{
    return h->config.hash_addresses && address.n > 0 ? hashed(h, a, address) : address;
}

static bool is_atom(char c) /* RFC 5322 atext and the dot; and what UTF-8 has */
{
    return is_alnum(c) || (unsigned char)c >= 0x80 ||
           (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

/* Every address in a text for people becomes its hash. Linear: each byte is in one atom. */
static struct str hash_within(const struct history *h, struct arena *a, struct str text)
{
    struct buf out;
    size_t done = 0;
    buf_init(&out, 16 * SUMMARY_MAX_TEXT_BYTES);
    for (size_t at = str_find(text, '@'); at < text.n;
         at += 1 + str_find(str_slice(text, at + 1, text.n), '@')) {
        size_t from = at, to = at + 1;
        while (from > done && at - from < ADDRESS_ATOM && is_atom(text.p[from - 1]))
            from--;
        while (to < text.n && to - at < ADDRESS_ATOM &&
               (is_alnum(text.p[to]) || text.p[to] == '-' || text.p[to] == '.' ||
                (unsigned char)text.p[to] >= 0x80))
            to++;
        /* A quoted local part, or one of other bytes: all up to the space before it. */
        bool odd = from == at;
        while (odd && from > done && text.p[from - 1] != ' ')
            from--;
        if (from == at)
            continue;
        struct str hash = hashed(h, a, str_slice(text, from, to));
        if (hash.p == NULL)
            out.failed = true;
        buf_add(&out, str_slice(text, done, from));
        buf_add(&out, hash);
        done = to;
        at = to - 1;
    }
    buf_add(&out, str_slice(text, done, text.n));
    struct str copy = out.failed ? STR_NONE : arena_copy(a, buf_str(&out));
    buf_clear(&out);
    return copy;
}

static bool hash_one(const struct history *h, struct arena *a, struct str *s)
{
    bool empty = s->n == 0;
    *s = history_address(h, a, *s);
    return empty || s->p != NULL;
}

static bool hash_all(const struct history *h, struct arena *a, struct mail_summary *s)
{
    struct str *whole[] = {&s->mail_from, &s->from, &s->auth_user};
    struct str *texts[] = {&s->reply, &s->subject, &s->policy.comment};
    bool ok = true;
    for (size_t i = 0; i < ARRAY_LEN(whole); i++)
        ok = ok && hash_one(h, a, whole[i]);
    for (size_t i = 0; i < s->n_rcpts; i++)
        ok = ok && hash_one(h, a, &s->rcpt_to[i]);
    for (size_t i = 0; ok && i < ARRAY_LEN(texts); i++) {
        *texts[i] = hash_within(h, a, *texts[i]);
        ok = texts[i]->p != NULL;
    }
    for (size_t i = 0; ok && i < s->n_findings; i++) {
        s->findings[i].evidence = hash_within(h, a, s->findings[i].evidence);
        ok = s->findings[i].evidence.p != NULL;
    }
    return ok;
}

/* ---- subjects ---- */

static bool quotes(struct str text, struct str subject)
{
    if (subject.n < QUOTE_BYTES)
        return subject.n > 0 && str_search(text, subject) < text.n;
    for (size_t i = 0; i + QUOTE_BYTES <= text.n; i++)
        if (str_search(subject, str_slice(text, i, i + QUOTE_BYTES)) < subject.n)
            return true;
    return false;
}

static void drop_subject(struct mail_summary *s)
{
    for (size_t i = 0; i < s->n_findings; i++)
        if (quotes(s->findings[i].evidence, s->subject))
            s->findings[i].evidence = STR("");
    if (quotes(s->reply, s->subject)) /* its codes stay */
        s->reply = str_slice(s->reply, 0, 9);
    s->subject = STR("");
}

bool history_minimise(const struct history *h, struct arena *a, struct mail_summary *s)
{
    if (h->config.no_subjects)
        drop_subject(s);
    return !h->config.hash_addresses || hash_all(h, a, s);
}
