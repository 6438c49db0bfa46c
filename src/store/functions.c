/* Functions that our SQL calls: words in text, recipients, bodies. LIKE has no part in it, so
 * nothing that a user writes is a wildcard. */
#include "message/limits.h"
#include "store/store_internal.h"
#include "store/summary_internal.h"

static struct str value_text(sqlite3_value *v)
{
    const char *p = (const char *)sqlite3_value_blob(v);
    int n = sqlite3_value_bytes(v);
    return p == NULL ? STR_NONE : str_make(p, (size_t)n);
}

/* has(FOLDED, TEXT...): does any hold it? */
static void sql_has(sqlite3_context *ctx, int n, sqlite3_value **v)
{
    struct str folded = value_text(v[0]);
    bool has = false;
    for (int i = 1; i < n && !has; i++)
        has = text_has(value_text(v[i]), folded);
    sqlite3_result_int(ctx, has);
}

/* has_rcpt(FOLDED, RCPTS), rcpt_is(FOLDED, RCPTS) */
static void sql_has_rcpt(sqlite3_context *ctx, int n, sqlite3_value **v)
{
    struct str folded = value_text(v[0]), list = value_text(v[1]), one;
    bool has = false;
    (void)n;
    while (!has && rcpt_next(&list, &one))
        has = text_has(one, folded);
    sqlite3_result_int(ctx, has);
}

static void sql_rcpt_is(sqlite3_context *ctx, int n, sqlite3_value **v)
{
    struct str folded = value_text(v[0]), list = value_text(v[1]), one;
    bool is = false;
    (void)n;
    while (!is && rcpt_next(&list, &one))
        is = text_has(one, folded) && one.n == folded.n;
    sqlite3_result_int(ctx, is);
}

/* body_has(TEXT, RAW, ID, IN_FILE): decoded text parts. What cannot be read has nothing. */
static void sql_body_has(sqlite3_context *ctx, int n, sqlite3_value **v)
{
    struct store *s = sqlite3_user_data(ctx);
    struct str raw = value_text(v[1]);
    struct arena a;
    struct buf file;
    bool found = true;
    (void)n;
    buf_init(&file, MESSAGE_MAX_BYTES);
    if (sqlite3_value_int(v[3]) != 0) {
        const char *id = (const char *)sqlite3_value_text(v[2]);
        found = id != NULL && files_read(s, id, &file, &found, NULL) == MP_OK && found;
        raw = buf_str(&file);
    }
    arena_init(&a, STORE_ARENA_BYTES);
    sqlite3_result_int(ctx, found && body_has(&a, raw, value_text(v[0])));
    arena_clear(&a);
    buf_clear(&file);
}

int functions_add(struct store *s, sqlite3 *db)
{
    static const struct {
        const char *name;
        int args;
        void (*fn)(sqlite3_context *ctx, int n, sqlite3_value **v);
    } rows[] = {{"has", -1, sql_has},
                {"has_rcpt", 2, sql_has_rcpt},
                {"rcpt_is", 2, sql_rcpt_is},
                {"body_has", 4, sql_body_has}};
    int rc = SQLITE_OK;
    for (size_t i = 0; i < ARRAY_LEN(rows) && rc == SQLITE_OK; i++)
        rc = sqlite3_create_function_v2(db, rows[i].name, rows[i].args,
                                        SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, s,
                                        rows[i].fn, NULL, NULL, NULL);
    return rc;
}
