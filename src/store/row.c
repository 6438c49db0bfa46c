/* A delivery as a row of the database, and its identifier. */
#include <stddef.h>
#include <stdio.h>
#include <sys/random.h>

#include "store/store_internal.h"

/* The fixed columns first, then the texts in the order of `texts`. */
#define COLUMNS                                                                                    \
    "seq, id, outcome, received_ms, seen, size_bytes, stored_bytes, n_attachments, in_file, "      \
    "client_port, reply_code, rcpts, "                                                             \
    "inbox, message_id, subject, from_text, to_text, tag, snippet, mail_from, helo, client_ip, "   \
    "listener, protocol, auth_user, tls_version, tls_cipher, tls_sni, mail_params, stage, "        \
    "reply_text"

const char row_select_one[] = "SELECT " COLUMNS " FROM delivery WHERE seq = ?1";
const char row_insert[] = "INSERT INTO delivery (" COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,"
                          "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

static const size_t texts[] = {
    offsetof(struct store_delivery, inbox),       offsetof(struct store_delivery, message_id),
    offsetof(struct store_delivery, subject),     offsetof(struct store_delivery, from),
    offsetof(struct store_delivery, to),          offsetof(struct store_delivery, tag),
    offsetof(struct store_delivery, snippet),     offsetof(struct store_delivery, mail_from),
    offsetof(struct store_delivery, helo),        offsetof(struct store_delivery, client_ip),
    offsetof(struct store_delivery, listener),    offsetof(struct store_delivery, protocol),
    offsetof(struct store_delivery, auth_user),   offsetof(struct store_delivery, tls_version),
    offsetof(struct store_delivery, tls_cipher),  offsetof(struct store_delivery, tls_sni),
    offsetof(struct store_delivery, mail_params), offsetof(struct store_delivery, stage),
    offsetof(struct store_delivery, reply_text)};
_Static_assert(ARRAY_LEN(texts) == ROW_TEXTS, "one offset a text column");

const char *store_outcome_name(enum store_outcome o)
{
    static const char *const names[] = {[STORE_ACCEPTED] = "accepted",
                                        [STORE_DEFERRED] = "deferred",
                                        [STORE_REFUSED] = "refused",
                                        [STORE_DROPPED] = "dropped"};
    return (size_t)o < ARRAY_LEN(names) ? names[o] : "?";
}

/* ---- identifiers: 8 digits of seq, so that none needs an index, and 14 nobody can guess ---- */

enum { ID_SEQ_DIGITS = 8, ID_DIGITS = STORE_ID_BYTES - 1 };
static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void id_make(char id[STORE_ID_BYTES], int64_t seq)
{
    unsigned char random[ID_DIGITS - ID_SEQ_DIGITS];
    size_t got = 0;
    while (got < sizeof random) { /* so few octets come whole once the kernel's pool is ready */
        ssize_t n = getrandom(random + got, sizeof random - got, 0);
        got += n > 0 ? (size_t)n : 0;
    }
    for (int i = ID_SEQ_DIGITS - 1; i >= 0; i--, seq >>= 6)
        id[i] = digits[seq & 63];
    for (size_t i = 0; i < sizeof random; i++)
        id[ID_SEQ_DIGITS + i] = digits[random[i] & 63];
    id[ID_DIGITS] = '\0';
}

bool id_seq(struct str id, int64_t *seq)
{
    int64_t n = 0;
    if (id.n != ID_DIGITS)
        return false;
    for (size_t i = 0; i < ID_DIGITS; i++) {
        const char *at = memchr(digits, id.p[i], sizeof digits - 1);
        if (at == NULL)
            return false;
        if (i < ID_SEQ_DIGITS)
            n = n << 6 | (at - digits);
    }
    *seq = n;
    return true;
}

/* ---- recipients ---- */

bool rcpt_next(struct str *list, struct str *out)
{
    struct str number = str_cut(list, ':');
    uint64_t n;
    if (list->p == NULL || !str_to_u64(number, list->n, &n))
        return false;
    *out = str_slice(*list, 0, (size_t)n);
    *list = str_slice(*list, (size_t)n, list->n);
    return true;
}

static struct str rcpts_write(struct arena *a, const struct store_delivery *d)
{
    enum { NUMBER_MAX = 24 };
    size_t room = 1, n = 0;
    for (size_t i = 0; i < d->n_rcpts; i++)
        room += d->rcpts[i].n + NUMBER_MAX;
    char *p = arena_new(a, char, room);
    if (p == NULL)
        return STR_NONE;
    for (size_t i = 0; i < d->n_rcpts; i++) {
        n += (size_t)snprintf(p + n, NUMBER_MAX, "%zu:", d->rcpts[i].n);
        if (d->rcpts[i].n != 0)
            memcpy(p + n, d->rcpts[i].p, d->rcpts[i].n);
        n += d->rcpts[i].n;
    }
    return str_make(p, n);
}

static bool rcpts_read(struct arena *a, struct str list, struct store_delivery *d)
{
    struct str copy = arena_copy(a, list), rest = copy, one;
    size_t n = 0;
    if (copy.p == NULL)
        return false;
    while (rcpt_next(&rest, &one))
        n++;
    struct str *rcpts = arena_new(a, struct str, n + 1);
    if (rcpts == NULL)
        return false;
    rest = copy;
    for (size_t i = 0; i < n; i++)
        rcpt_next(&rest, &rcpts[i]);
    d->rcpts = rcpts;
    d->n_rcpts = n;
    return true;
}

/* ---- rows ---- */

int row_put(struct store *s, const struct work *w, struct mp_err *err)
{
    const struct store_delivery *d = &w->d;
    sqlite3_stmt *st = s->sql[SQL_INSERT];
    struct str rcpts = rcpts_write(&s->change.arena, d);
    if (rcpts.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the recipients of a delivery");
    const int64_t numbers[] = {[2] = d->outcome,
                               [3] = d->received_ms,
                               [4] = d->seen,
                               [5] = (int64_t)d->size_bytes,
                               [6] = (int64_t)(d->raw.n + d->transcript.n),
                               [7] = d->n_attachments,
                               [ROW_IN_FILE] = w->in_file,
                               [9] = d->client_port,
                               [10] = d->reply_code};
    sqlite3_bind_int64(st, 1, d->seq);
    store_db_bind(st, 2, str_make(d->id, ID_DIGITS));
    for (int i = 2; i < (int)ARRAY_LEN(numbers); i++)
        sqlite3_bind_int64(st, i + 1, numbers[i]);
    sqlite3_bind_blob64(st, ROW_FIXED, rcpts.p, rcpts.n, SQLITE_STATIC);
    for (int i = 0; i < ROW_TEXTS; i++)
        store_db_bind(st, ROW_FIXED + 1 + i, *(const struct str *)((const char *)d + texts[i]));
    int status = store_db_run(s, SQL_INSERT, err);
    if (status != MP_OK)
        return status;
    st = s->sql[SQL_INSERT_BODY];
    sqlite3_bind_int64(st, 1, d->seq);
    if (w->in_file)
        sqlite3_bind_null(st, 2);
    else
        sqlite3_bind_blob64(st, 2, d->raw.n == 0 ? "" : d->raw.p, d->raw.n, SQLITE_STATIC);
    store_db_bind(st, 3, d->transcript);
    return store_db_run(s, SQL_INSERT_BODY, err);
}

bool row_read(sqlite3_stmt *st, struct arena *a, struct store_delivery *out)
{
    struct store_delivery d = {
        .seq = sqlite3_column_int64(st, 0),
        .outcome = (enum store_outcome)sqlite3_column_int(st, 2),
        .received_ms = sqlite3_column_int64(st, 3),
        .seen = sqlite3_column_int(st, 4) != 0,
        .size_bytes = (uint64_t)sqlite3_column_int64(st, 5),
        .n_attachments = (unsigned)sqlite3_column_int64(st, 7),
        .client_port = (uint16_t)sqlite3_column_int(st, 9),
        .reply_code = (unsigned)sqlite3_column_int(st, 10),
    };
    struct str id = store_db_text(st, 1);
    if (id.n == ID_DIGITS)
        memcpy(d.id, id.p, ID_DIGITS);
    for (int i = 0; i < ROW_TEXTS; i++) {
        struct str *to = (struct str *)((char *)&d + texts[i]);
        *to = arena_copy(a, store_db_text(st, ROW_FIXED + i));
        if (to->p == NULL)
            return false;
    }
    if (!rcpts_read(a, store_db_text(st, ROW_FIXED - 1), &d))
        return false;
    *out = d;
    return true;
}
