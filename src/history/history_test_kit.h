/* What the tests of the history share: a place that goes away, mails, and searches that collect. */
#ifndef MP_HISTORY_HISTORY_TEST_KIT_H
#define MP_HISTORY_HISTORY_TEST_KIT_H

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "history/history.h"
#include "tests/tap.h"

enum { KIT_FOUND_MAX = 64, KIT_PATH_BYTES = 300 };

/* ---- a directory ---- */

static char kit_dir[64];

static inline const char *kit_make_dir(void)
{
    snprintf(kit_dir, sizeof kit_dir, "/tmp/mailproof-history-XXXXXX");
    if (mkdtemp(kit_dir) == NULL)
        abort();
    return kit_dir;
}

static inline const char *kit_path(const char *name)
{
    static char path[KIT_PATH_BYTES];
    snprintf(path, sizeof path, "%s/%.200s", kit_dir, name);
    return path;
}

static inline void kit_remove_dir(void)
{
    DIR *d = opendir(kit_dir);
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        unlink(kit_path(e->d_name));
    if (d != NULL)
        closedir(d);
    if (rmdir(kit_dir) < 0)
        abort();
}

/* ---- the history ---- */

static inline struct history *kit_open(const struct history_config *config)
{
    struct history_config c = config == NULL ? (struct history_config){0} : *config;
    struct history *h = NULL;
    struct mp_err err = {0};
    c.dir = kit_dir;
    if (history_open(&c, &h, &err) != MP_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    return h;
}

static inline struct history_status kit_status(struct history *h)
{
    struct history_status s;
    history_status(h, &s);
    return s;
}

/* Another program at the file, for what only it can do. */
static inline void kit_sql(const char *sql)
{
    sqlite3 *db;
    char *why = NULL;
    if (sqlite3_open(kit_path("history.db"), &db) != SQLITE_OK ||
        (sqlite3_busy_timeout(db, 10000), sqlite3_exec(db, sql, NULL, NULL, &why)) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", sql, why);
        abort();
    }
    sqlite3_close(db);
}

static inline int64_t kit_number(const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *q;
    if (sqlite3_open(kit_path("history.db"), &db) != SQLITE_OK ||
        sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK || sqlite3_step(q) != SQLITE_ROW)
        abort();
    int64_t n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return n;
}

/* ---- mails ---- */

enum { KIT_NOW_S = 1790000000 };

static inline struct mail_summary kit_mail(int n)
{
    static char id[33], name[64];
    snprintf(id, sizeof id, "%032x", (unsigned)n);
    snprintf(name, sizeof name, "<%d@mid.example>", n);
    return (struct mail_summary){.id = str_from(id),
                                 .time_ms = KIT_NOW_S * 1000LL + n,
                                 .mode = STR("inbound"),
                                 .listener = STR("mx"),
                                 .client = {IP_V4, {192, 0, 2, 7}},
                                 .has_mail_from = true,
                                 .mail_from = STR("bounce@sender.example"),
                                 .rcpt_to = {STR("ann@example.org")},
                                 .n_rcpts = 1,
                                 .n_rcpt_to = 1,
                                 .from = STR("Boss@author.example"),
                                 .from_domain = STR("author.example"),
                                 .subject = STR("hello"),
                                 .message_id = str_from(name),
                                 .size_bytes = 100,
                                 .done = STR("accept"),
                                 .complete = true,
                                 .spf = STR("pass"),
                                 .dmarc = STR("none")};
}

static inline void kit_add(struct history *h, const struct mail_summary *s)
{
    tap_ok(history_add(h, s, STR(""), STR("")));
}

/* ---- what a search finds: the numbers of kit_mail, "3 2 1" ---- */

struct kit_found {
    char ids[KIT_FOUND_MAX * 8];
    size_t n;
};

static inline bool kit_collect(void *ctx, const struct history_message *m)
{
    struct kit_found *f = ctx;
    char id[33];
    if (f->n == KIT_FOUND_MAX || m->s.id.n >= sizeof id)
        return false;
    memcpy(id, m->s.id.p, m->s.id.n);
    id[m->s.id.n] = '\0';
    size_t used = strlen(f->ids);
    snprintf(f->ids + used, sizeof f->ids - used, "%s%lu", f->n++ == 0 ? "" : " ",
             strtoul(id, NULL, 16));
    return true;
}

static inline struct kit_found kit_search(struct history *h, const struct history_query *q,
                                          struct history_page *page)
{
    struct kit_found f = {0};
    struct history_page p;
    struct mp_err err = {0};
    if (!tap_int(history_search(h, q, kit_collect, &f, page == NULL ? &p : page, &err), MP_OK))
        tap_note("%s", err.text);
    return f;
}

#endif
