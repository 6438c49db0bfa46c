/* Rows as entries: whatever a damaged file holds, it is read within bounds. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/inflate.h"
#include "history/history_internal.h"

struct mail_reader {
    struct history *h;
    sqlite3 *db;
    sqlite3_stmt *mail, *findings, *dkim;
    struct arena arena;
    struct history_message m;
};

#define NAME(column, member) ", " #column
static const char mail_sql[] = "SELECT " HISTORY_NUMBERS HISTORY_TEXTS(
    NAME) ", EXISTS (SELECT 1 FROM report WHERE report.seq = message.seq),"
          " EXISTS (SELECT 1 FROM body WHERE body.seq = message.seq) FROM message WHERE seq = ?1";
#undef NAME
static const char findings_sql[] = "SELECT text, severity, count, evidence FROM finding LEFT JOIN"
                                   " name ON name.n = finding.name WHERE seq = ?1"
                                   " ORDER BY finding.n";
static const char dkim_sql[] =
    "SELECT domain, selector, result FROM dkim WHERE seq = ?1 ORDER BY n";

int mail_reader_open(struct reader *r, struct mail_reader **out, struct mp_err *err)
{
    struct mail_reader *m = calloc(1, sizeof *m);
    if (m == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a mail of the history");
    m->h = r->h;
    m->db = r->db;
    arena_init(&m->arena, HISTORY_ARENA_BYTES);
    int st = db_prepare(&r->h->spec, r->db, mail_sql, &m->mail, err);
    if (st == MP_OK)
        st = db_prepare(&r->h->spec, r->db, findings_sql, &m->findings, err);
    if (st == MP_OK)
        st = db_prepare(&r->h->spec, r->db, dkim_sql, &m->dkim, err);
    if (st == MP_OK)
        *out = m;
    else
        mail_reader_close(m);
    return st;
}

void mail_reader_close(struct mail_reader *m)
{
    if (m == NULL)
        return;
    sqlite3_finalize(m->mail);
    sqlite3_finalize(m->findings);
    sqlite3_finalize(m->dkim);
    arena_clear(&m->arena);
    free(m);
}

/* A damaged row may hold anything; a text of ours is never longer. */
static struct str text(struct mail_reader *m, sqlite3_stmt *st, int column)
{
    return arena_copy(&m->arena, str_slice(db_text(st, column), 0, SUMMARY_MAX_TEXT_BYTES));
}

static void read_rcpts(struct mail_reader *m, struct str all)
{
    struct mail_summary *s = &m->m.s;
    struct str left =
        arena_copy(&m->arena, str_slice(all, 0, SUMMARY_MAX_RCPTS * (SUMMARY_MAX_TEXT_BYTES + 1)));
    while (left.n > 0 && left.p != NULL && s->n_rcpts < SUMMARY_MAX_RCPTS)
        s->rcpt_to[s->n_rcpts++] = str_slice(str_cut(&left, '\n'), 0, SUMMARY_MAX_TEXT_BYTES);
}

static void read_numbers(struct mail_reader *m, sqlite3_stmt *q)
{
    struct mail_summary *s = &m->m.s;
    static const uint64_t max = INT64_MAX;
    m->m.seq = sqlite3_column_int64(q, 0);
    s->time_ms = sqlite3_column_int64(q, 1);
    s->elapsed_us = (uint32_t)db_u64(q, 2, UINT32_MAX);
    s->has_mail_from = db_u64(q, 3, 1) != 0;
    s->n_rcpt_to = (uint32_t)db_u64(q, 4, UINT32_MAX);
    s->size_bytes = db_u64(q, 5, max);
    s->action = (enum verdict_action)db_u64(q, 6, ACTION_TEMPFAIL);
    uint64_t done = (uint64_t)sqlite3_column_int64(q, 7);
    s->done = done <= ACTION_TEMPFAIL ? str_from(action_name((enum verdict_action)done)) : STR("");
    s->complete = db_u64(q, 8, 1) != 0;
    s->spf_aligned = db_u64(q, 9, 1) != 0;
    s->dkim_aligned = db_u64(q, 10, 1) != 0;
    s->policy.testing = db_u64(q, 11, 1) != 0;
    s->policy.wants_reports = db_u64(q, 12, 1) != 0;
    m->m.worst = (enum severity)db_u64(q, 13, SEV_CRITICAL);
    (void)ip_parse(db_text(q, 14), &s->client);
    read_rcpts(m, db_text(q, 15));
}

static int read_lists(struct mail_reader *m)
{
    struct mail_summary *s = &m->m.s;
    sqlite3_stmt *q = m->findings;
    int rc = SQLITE_DONE;
    sqlite3_bind_int64(q, 1, m->m.seq);
    while (s->n_findings < SUMMARY_MAX_FINDINGS && (rc = sqlite3_step(q)) == SQLITE_ROW)
        s->findings[s->n_findings++] =
            (struct summary_finding){.id = text(m, q, 0),
                                     .severity = (enum severity)db_u64(q, 1, SEV_CRITICAL),
                                     .count = (uint32_t)db_u64(q, 2, UINT32_MAX),
                                     .evidence = text(m, q, 3)};
    sqlite3_reset(q);
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        return rc;
    q = m->dkim;
    sqlite3_bind_int64(q, 1, m->m.seq);
    while (s->n_dkim < SUMMARY_MAX_SIGNATURES && (rc = sqlite3_step(q)) == SQLITE_ROW)
        s->dkim[s->n_dkim++] =
            (struct summary_signature){text(m, q, 0), text(m, q, 1), text(m, q, 2)};
    sqlite3_reset(q);
    return rc == SQLITE_ROW ? SQLITE_DONE : rc;
}

int mail_read(struct mail_reader *m, int64_t seq, const struct history_message **out, bool *found,
              struct mp_err *err)
{
    sqlite3_stmt *q = m->mail;
    arena_reset(&m->arena);
    m->m = (struct history_message){0};
    sqlite3_bind_int64(q, 1, seq);
    int rc = sqlite3_step(q);
    bool is_there = rc == SQLITE_ROW;
    if (is_there) {
        int at = HISTORY_N_NUMBERS;
        read_numbers(m, q);
        for (size_t i = 0; i < history_n_texts; i++)
            *(struct str *)(void *)((char *)&m->m.s + history_texts[i].at) = text(m, q, at++);
        m->m.has_report = sqlite3_column_int(q, at) != 0;
        m->m.has_message = sqlite3_column_int(q, at + 1) != 0;
    }
    sqlite3_reset(q);
    if (is_there)
        rc = read_lists(m);
    if (rc != SQLITE_DONE)
        return db_fail(&m->h->spec, m->db, err);
    *found = is_there;
    *out = &m->m;
    return MP_OK;
}

bool history_unpack(struct str packed, size_t max, struct buf *out)
{
    max = max + 1 < out->max_bytes ? max + 1 : out->max_bytes; /* one more: is that the end? */
    return inflate_add(packed, INFLATE_ZLIB, max, out) == INFLATED_WHOLE && !out->failed;
}
