/* Any values in the rows of a mail, as a damaged file may hold them: read within bounds. */
#include "history/history_internal.h"
#include "history/history_test_kit.h"

static const char *const updates[] = {
    "UPDATE message SET rcpts = ?1",    "UPDATE message SET client = ?1",
    "UPDATE message SET subject = ?1",  "UPDATE message SET time_ms = ?1, done = ?1, worst = ?1",
    "UPDATE message SET action = ?1",   "UPDATE finding SET severity = ?1, count = ?1",
    "UPDATE finding SET evidence = ?1", "UPDATE name SET text = ?1",
    "UPDATE dkim SET domain = ?1",      "UPDATE message SET from_domain = ?1, mail_from = ?1",
    "UPDATE finding SET name = ?1",     "INSERT OR IGNORE INTO dkim VALUES (1, ?1, '', '', '')"};

static void begin(void)
{
    struct mail_summary s = kit_mail(1);
    s.findings[0] = (struct summary_finding){STR("auth.spf.fail"), SEV_LOW, 1, STR("x")};
    s.n_findings = s.n_dkim = 1;
    s.dkim[0] = (struct summary_signature){STR("d.example"), STR("s"), STR("pass")};
    kit_make_dir();
    struct history *h = kit_open(NULL);
    history_add(h, &s, STR(""), STR(""));
    history_close(h);
    atexit(kit_remove_dir);
}

/* A history without its writer's thread: one connection, all taken back. */
static struct history *own(void)
{
    static struct history h;
    begin();
    h.dir = kit_dir;
    if (history_db_open(&h, NULL) != MP_OK)
        abort();
    arena_init(&h.arena, HISTORY_ARENA_BYTES);
    return &h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct history *h;
    const struct history_message *m;
    struct domain_role roles[HISTORY_DOMAINS];
    struct str rest = str_make((const char *)data, size);
    bool found;
    h = h == NULL ? own() : h;
    db_run(h->sql[SQL_BEGIN]);
    while (rest.p != NULL && rest.n > 1) { /* which, of what kind, the value, a line end */
        struct str value = str_cut(&rest, '\n');
        sqlite3_stmt *q = NULL;
        if (value.n < 2 ||
            sqlite3_prepare_v2(h->db, updates[(uint8_t)value.p[0] % ARRAY_LEN(updates)], -1, &q,
                               NULL) != SQLITE_OK)
            continue;
        struct str bytes = str_slice(value, 2, value.n);
        if (value.p[1] % 3 == 0)
            sqlite3_bind_int64(q, 1, (int64_t)str_hash(bytes));
        else if (value.p[1] % 3 == 1)
            db_bind(q, 1, bytes);
        else
            db_bind_blob(q, 1, bytes);
        db_run(q);
        sqlite3_finalize(q);
    }
    if (mail_read(h->victims, 1, &m, &found, NULL) == MP_OK && found) {
        arena_reset(&h->arena);
        if (m->s.n_rcpts > SUMMARY_MAX_RCPTS || m->worst > SEV_CRITICAL ||
            history_domains(&h->arena, &m->s, roles) > HISTORY_DOMAINS)
            abort();
        struct buf b; /* whoever passes it on must be able to */
        buf_init(&b, 1 << 20);
        mail_summary_write(&b, &m->s);
        if (b.failed)
            abort();
        buf_clear(&b);
    }
    db_run(h->sql[SQL_ROLLBACK]);
    return 0;
}
