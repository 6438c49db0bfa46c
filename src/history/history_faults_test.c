/* What goes wrong: a full queue, a full disk, a locked, damaged or foreign file, kill -9, several
 * processes at once; and what goes by age and size. Mail never waits; what is lost is counted. */
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "history/history_test_kit.h"

enum { DAY_MS = 86400000, CROWD = 3, EACH = 700 };

static size_t add_many(struct history *h, int from, int n, const char *report)
{
    size_t taken = 0;
    for (int i = from; i < from + n; i++) {
        const struct mail_summary s = kit_mail(i);
        taken += history_add(h, &s, str_from(report), STR(""));
    }
    return taken;
}

static struct history_totals totals(struct history *h)
{
    struct history_totals t = {0};
    tap_int(history_totals(h, &t, NULL), MP_OK);
    return t;
}

/* ---- the file is held by somebody ---- */

static void held(void)
{
    tap_case("while the file is held, adding goes on; what has no room is lost and counted");
    sqlite3 *db;
    kit_make_dir();
    struct history *h = kit_open(NULL);
    sqlite3_open(kit_path("history.db"), &db);
    tap_int(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    size_t taken = add_many(h, 0, HISTORY_QUEUE_MAX + 100, "");
    tap_int(taken, HISTORY_QUEUE_MAX);
    struct history_status s = kit_status(h);
    tap_ok(s.lost == 100 && s.queued == HISTORY_QUEUE_MAX && s.added == HISTORY_QUEUE_MAX + 100);
    tap_ok(s.queued_bytes > 0);
    tap_case("readers read meanwhile");
    tap_cstr(kit_search(h, &(struct history_query){0}, NULL).ids, "");
    tap_case("then all that waited is written");
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(db);
    do {
        history_flush(h);
        s = kit_status(h);
    } while (s.queued > 0);
    tap_ok(s.written == HISTORY_QUEUE_MAX && s.lost == 100 && s.state == HISTORY_OK);
    tap_int(totals(h).messages, HISTORY_QUEUE_MAX);
    history_close(h);
    kit_remove_dir();
}

/* ---- no more bytes for files: as a full disk has none ---- */

static struct rlimit set_limit(rlim_t bytes)
{
    struct rlimit before, after;
    getrlimit(RLIMIT_FSIZE, &before);
    after = before;
    after.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &after);
    return before;
}

static void disk_full(void)
{
    tap_case("a full disk: adding goes on, the state says so, reading works, nothing is broken");
    kit_make_dir();
    struct history *h = kit_open(NULL);
    struct history_status s;
    add_many(h, 0, 10, "");
    history_flush(h);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit before = set_limit(256 * 1024);
    add_many(h, 10, 2000, "");
    history_flush(h);
    s = kit_status(h);
    tap_int(s.state, HISTORY_FAILING);
    tap_ok(s.failures > 0 && s.failed_ms > 0 && s.problem[0] != '\0' && s.queued > 0);
    tap_ok(totals(h).messages >= 10);
    tap_int(add_many(h, 3000, 1, ""), 1);
    tap_case("when there is room again, what waited is written");
    setrlimit(RLIMIT_FSIZE, &before);
    do {
        history_flush(h);
        s = kit_status(h);
    } while (s.queued > 0);
    tap_ok(s.lost == 0 && s.written == 2011 && s.state == HISTORY_OK);
    tap_int(totals(h).messages, 2011);
    tap_case("closing on a full disk ends, and loses what waits");
    before = set_limit(64 * 1024);
    add_many(h, 4000, 2000, "");
    history_close(h);
    setrlimit(RLIMIT_FSIZE, &before);
    h = kit_open(NULL);
    tap_ok(totals(h).messages >= 2011);
    history_close(h);
    kit_remove_dir();
}

/* ---- damaged and foreign files ---- */

static void write_file(const char *name, const char *bytes, size_t n)
{
    FILE *f = fopen(kit_path(name), "w");
    if (f == NULL || fwrite(bytes, 1, n, f) != n)
        abort();
    fclose(f);
    chmod(kit_path(name), 0600);
}

static bool is_there(const char *prefix)
{
    bool found = false;
    DIR *d = opendir(kit_dir);
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        found = found || str_starts(str_from(e->d_name), str_from(prefix));
    closedir(d);
    return found;
}

static void check_refused(const char *says)
{
    struct history *h = NULL;
    struct mp_err err = {0};
    tap_int(history_open(&(struct history_config){.dir = kit_dir}, &h, &err), MP_E_IO);
    tap_ok(str_search(str_from(err.text), str_from(says)) < strlen(err.text));
    tap_ok(str_search(str_from(err.text), STR("history.db")) < strlen(err.text));
}

static void damaged(void)
{
    static const char junk[5000] = "this is no database";
    kit_make_dir();
    tap_case("a file that is no database is an error, and stays as it is");
    write_file("history.db", junk, sizeof junk);
    check_refused("damaged");
    tap_ok(str_eq(tap_read_file(kit_path("history.db")), str_make(junk, sizeof junk)));
    tap_case("it is moved aside when the config says so");
    struct history *h = kit_open(&(struct history_config){.move_damaged = true});
    tap_ok(is_there("history.db.damaged-"));
    tap_ok(kit_status(h).problem[0] != '\0');
    add_many(h, 0, 3, "");
    history_flush(h);
    tap_int(totals(h).messages, 3);
    history_close(h);
    tap_case("a database of another program is refused, whatever the config says");
    kit_remove_dir();
    kit_make_dir();
    kit_sql("CREATE TABLE t (x)");
    check_refused("another program");
    tap_case("one of a newer version too");
    kit_remove_dir();
    kit_make_dir();
    history_close(kit_open(NULL));
    kit_sql("PRAGMA user_version = 99");
    check_refused("newer");
    kit_sql("PRAGMA user_version = 1");
    history_close(kit_open(NULL));
    tap_case("one that others can write is refused");
    chmod(kit_path("history.db"), 0666);
    check_refused("others can write");
    kit_remove_dir();
}

static void damaged_later(void)
{
    tap_case("a file that breaks while it is in use: all is lost and counted, and it says why");
    kit_make_dir();
    struct history *h = kit_open(NULL);
    add_many(h, 0, 2000, "");
    history_flush(h);
    kit_sql("CREATE TABLE other (x)"); /* the writer forgets the pages that it has in memory */
    kit_number("PRAGMA wal_checkpoint(TRUNCATE)");
    char junk[4096];
    memset(junk, 0x5a, sizeof junk);
    FILE *f = fopen(kit_path("history.db"), "r+");
    for (long at = 1; f != NULL && at <= 100; at++) /* all but the first page */
        if (fseek(f, at * 4096, SEEK_SET) == 0)
            fwrite(junk, 1, sizeof junk, f);
    fclose(f);
    add_many(h, 5000, 10, "");
    history_flush(h);
    struct history_status s = kit_status(h);
    tap_int(s.state, HISTORY_DAMAGED);
    tap_ok(s.lost > 0 && str_search(str_from(s.problem), STR("damaged")) < strlen(s.problem));
    tap_int(add_many(h, 0, 1, ""), 0);
    history_close(h);
    kit_remove_dir();
}

/* A row that no code of ours would write. */
static void odd_rows(void)
{
    tap_case("odd values in rows are read within bounds");
    kit_make_dir();
    struct history *h = kit_open(NULL);
    struct mail_summary s = kit_mail(1);
    s.findings[0] = (struct summary_finding){STR("a.b"), SEV_LOW, 1, STR("x")};
    s.n_findings = s.n_dkim = 1;
    s.dkim[0] = (struct summary_signature){STR("d.example"), STR("s"), STR("pass")};
    kit_add(h, &s);
    history_flush(h);
    kit_sql("UPDATE message SET action = 99, done = -5, worst = 70, complete = 9, size_bytes = -1,"
            " client = zeroblob(40), rcpts = randomblob(200000), subject = zeroblob(5000000),"
            " n_rcpt_to = 1e30, elapsed_us = 'x'");
    kit_sql("UPDATE finding SET severity = -1, count = 1 << 40, name = 77");
    kit_sql("UPDATE dkim SET domain = zeroblob(2000)");
    tap_cstr(kit_search(h, &(struct history_query){0}, NULL).ids, "1");
    tap_cstr(kit_search(h, &(struct history_query){.text = STR("zz")}, NULL).ids, "");
    history_close(h);
    kit_remove_dir();
}

/* ---- several processes ---- */

static pid_t child(void (*work)(int number), int number)
{
    pid_t pid = fork();
    if (pid < 0)
        abort();
    if (pid == 0) {
        work(number);
        _exit(0);
    }
    return pid;
}

static void write_along(int number)
{
    struct history *h = NULL;
    const struct history_config config = {.dir = kit_dir, .hash_addresses = true};
    if (history_open(&config, &h, NULL) != MP_OK)
        _exit(2);
    for (int i = 0; i < EACH; i++) {
        struct mail_summary s = kit_mail(number * EACH + i);
        if (!history_add(h, &s, STR(""), STR("")))
            _exit(3);
        if (i % 50 == 0)
            history_flush(h);
    }
    history_flush(h);
    struct history_status s = kit_status(h);
    history_close(h);
    _exit(s.lost == 0 && s.written == EACH ? 0 : 4);
}

static void crowd(void)
{
    tap_case("several processes begin at once and write at once: nothing is lost, one key");
    pid_t pids[CROWD];
    int status;
    kit_make_dir();
    for (int i = 0; i < CROWD; i++)
        pids[i] = child(write_along, i);
    for (int i = 0; i < CROWD; i++)
        tap_ok(waitpid(pids[i], &status, 0) == pids[i] && WIFEXITED(status) &&
               WEXITSTATUS(status) == 0);
    tap_int(kit_number("SELECT count(*) FROM message"), CROWD * EACH);
    tap_int(kit_number("SELECT sum(messages) FROM minute"), CROWD * EACH);
    tap_int(kit_number("SELECT count(DISTINCT mail_from) FROM message"), 1);
    kit_remove_dir();
}

/* ---- kill -9 ---- */

static int told[2];

static void write_until_killed(int number)
{
    struct history *h = NULL;
    if (history_open(&(struct history_config){.dir = kit_dir, .keep_reports = 30}, &h, NULL) !=
        MP_OK)
        _exit(2);
    for (int n = number;; n += 20) {
        add_many(h, n, 20, "a report");
        if (n % 3 == 0)
            history_flush(h);
        struct history_status s = kit_status(h);
        uint32_t written = (uint32_t)s.written;
        if (write(told[1], &written, sizeof written) != sizeof written)
            _exit(0);
    }
}

static void killed(void)
{
    uint32_t written = 0, most = 0;
    int status;
    tap_case("kill -9 while writing: what was written before is there, whole");
    kit_make_dir();
    for (int round = 0; round < 5; round++) {
        int64_t before = round == 0 ? 0 : kit_number("SELECT count(*) FROM message");
        if (pipe(told) < 0)
            abort();
        pid_t pid = child(write_until_killed, 1);
        close(told[1]);
        for (int i = 0; i < 30 + 17 * round; i++)
            if (read(told[0], &written, sizeof written) == sizeof written)
                most = written;
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        close(told[0]);
        tap_ok(WIFSIGNALED(status));
        tap_ok(kit_number("SELECT count(*) FROM message") >= before + most);
        most = 0;
        struct history *h = kit_open(NULL);
        int64_t messages = (int64_t)totals(h).messages;
        tap_int(totals(h).counted, messages);
        history_close(h);
        tap_int(kit_number("SELECT count(*) FROM pragma_integrity_check"
                           " WHERE integrity_check <> 'ok'"),
                0);
        tap_int(kit_number("SELECT count(*) FROM domain_of WHERE domain = 'author.example'"),
                messages);
    }
    kit_remove_dir();
}

/* ---- what goes ---- */

static int64_t left_over(void)
{
    return kit_number("SELECT (SELECT count(*) FROM finding) + (SELECT count(*) FROM finding_of)"
                      " + (SELECT count(*) FROM dkim) + (SELECT count(*) FROM domain_of)"
                      " + (SELECT count(*) FROM report) + (SELECT count(*) FROM body)");
}

static void wait_until(struct history *h, const char *sql, int64_t want)
{
    while (kit_number(sql) != want) { /* the writer looks once a second */
        history_flush(h);
        usleep(20000);
    }
}

static void add_aged(struct history *h, int n, int64_t age_ms)
{
    struct mail_summary s = kit_mail(n);
    s.time_ms = clock_wall_ms() - age_ms;
    s.findings[0] = (struct summary_finding){STR("auth.spf.fail"), SEV_LOW, 1, STR("x")};
    s.n_findings = s.n_dkim = 1;
    s.dkim[0] = (struct summary_signature){STR("d.example"), STR("s"), STR("pass")};
    tap_ok(history_add(h, &s, STR("report"), STR("message")));
}

static void by_age(void)
{
    tap_case("by age: all of a mail goes, what is younger stays, counts stay longer");
    kit_make_dir();
    struct history *h = kit_open(&(struct history_config){.keep_days = 5,
                                                          .keep_reports = 2,
                                                          .keep_messages = 1,
                                                          .keep_counts_days = 20,
                                                          .keep_runs_days = 5});
    for (int i = 0; i < 450; i++)
        add_aged(h, 100 + i, 10 * (int64_t)DAY_MS);
    add_aged(h, 1, 1000);
    add_aged(h, 2, 3 * (int64_t)DAY_MS);
    add_aged(h, 3, 36 * (int64_t)3600000);
    add_aged(h, 4, 30 * (int64_t)DAY_MS);
    for (int i = 0; i < 2; i++)
        tap_ok(history_add_run(h, &(struct history_run){.suite = STR("s"),
                                                        .name = STR("c"),
                                                        .time_ms = clock_wall_ms() -
                                                                   i * 6 * (int64_t)DAY_MS}));
    history_flush(h);
    wait_until(h, "SELECT count(*) FROM message", 3);
    wait_until(h, "SELECT count(*) FROM report", 2);
    wait_until(h, "SELECT count(*) FROM body", 1);
    wait_until(h, "SELECT count(*) FROM run", 1);
    wait_until(h, "SELECT sum(messages) FROM minute", 453);
    tap_cstr(kit_search(h, &(struct history_query){0}, NULL).ids, "1 3 2");
    /* of each of three mails: a finding, three names, a signature, four domains */
    tap_int(left_over(), 3 * (1 + 3 + 1 + 4) + 2 + 1);
    tap_int(kit_status(h).deleted, 451);
    history_close(h);
    kit_remove_dir();
}

static void by_size(void)
{
    tap_case("by size: the oldest go, the newest stay, the file does not grow");
    kit_make_dir();
    struct history *h = kit_open(&(struct history_config){.max_bytes = 2 << 20});
    for (int round = 0; round < 24; round++) {
        add_many(h, round * 500, 500, "");
        history_flush(h);
    }
    struct history_status s;
    do {
        usleep(20000);
        s = kit_status(h);
    } while (s.deleted == 0 || s.bytes > 2 << 20);
    int64_t n = kit_number("SELECT count(*) FROM message");
    tap_ok(n > 500 && n < 12000);
    tap_int(kit_number("SELECT min(time_ms) FROM message"), KIT_NOW_S * 1000LL + 12000 - n);
    tap_int(s.deleted, 12000 - n);
    tap_int(kit_number("SELECT count(*) FROM domain_of"), 3 * n);
    history_close(h);
    kit_remove_dir();
}

static void ahead(void)
{
    tap_case("a time that is far ahead, or none, is taken for now");
    kit_make_dir();
    struct history *h = kit_open(NULL);
    struct mail_summary s = kit_mail(1);
    s.time_ms = INT64_MAX;
    kit_add(h, &s);
    s.time_ms = -1;
    kit_add(h, &s);
    history_flush(h);
    int64_t now_ms = clock_wall_ms();
    tap_ok(kit_number("SELECT max(time_ms) FROM message") <= now_ms);
    tap_ok(kit_number("SELECT min(time_ms) FROM message") >= now_ms - 600000);
    history_close(h);
    kit_remove_dir();
}

/* ---- threads ---- */

static void *read_along(void *arg)
{
    for (int i = 0; i < 60; i++) {
        struct history_page page;
        struct kit_found f = {0};
        if (history_search(arg, &(struct history_query){.limit = 5}, kit_collect, &f, &page,
                           NULL) != MP_OK)
            abort();
    }
    return NULL;
}

static void threads(void)
{
    tap_case("more readers than connections, beside the writer");
    pthread_t readers[7];
    kit_make_dir();
    struct history *h = kit_open(NULL);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++)
        pthread_create(&readers[i], NULL, read_along, h);
    add_many(h, 0, 3000, "");
    for (size_t i = 0; i < ARRAY_LEN(readers); i++)
        pthread_join(readers[i], NULL);
    history_flush(h);
    tap_int(totals(h).messages, 3000);
    history_close(h);
    kit_remove_dir();
}

int main(void)
{
    crowd(); /* forks: before there are threads */
    killed();
    held();
    disk_full();
    damaged();
    damaged_later();
    odd_rows();
    by_age();
    by_size();
    ahead();
    threads();
    return tap_done();
}
