/* The loop with real processes and a clock of the test: what is due, what is told, what a run that
 * hangs, dies or floods costs, and that a restart tells nothing again. */
#include "monitor/monitor.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tap.h"

/* The program is a shell script that reads the suite file as a script of its own. */
static const char script[] =
    "#!/bin/sh\n"
    "for last; do :; done\n"
    "all=\"$*\"\n"
    "doc() {\n"
    "    printf '{\"schema\":\"mailproof/run/1\",\"subject\":\"%s\",'"
    " \"$1\"\n"
    "    printf '\"headline\":\"%s\",\"result\":\"%s\"}\\n' \"$3\" \"$2\"\n"
    "}\n"
    "case $1 in\n"
    "audit) printf '{\"schema\":\"mailproof/audit/1\",\"subject\":\"%s\",'"
    " \"$last\"\n"
    "    printf '\"grade\":\"A\",\"findings\":[],\"result\":\"passed\",'\n"
    "    printf '\"headline\":\"%s\"}\\n' \"$all\" ;;\n"
    "*) . \"$last\" ;;\n"
    "esac\n";

static struct arena arena;
static struct mp_err err;
static char directory[] = "/tmp/mailproof-monitor-XXXXXX";

static const char *path_of(const char *name)
{
    return arena_fmt(&arena, "%s/%s", directory, name).p;
}

static void put(const char *name, const char *text, mode_t mode)
{
    const char *path = path_of(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    tap_ok(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    tap_ok(fchmod(fd, mode) == 0);
    close(fd);
}

/* ---- a clock of the test, and what was told ---- */

enum { WALL_MS_AHEAD = 1790000000, LOG_BYTES = 65536 };

struct world {
    int64_t now_ms;
    uint64_t random;
    struct buf log;
    struct str kept; /* what is remembered, of one target */
    unsigned runs;
    int complaints;
    bool save_fails;
};

static int64_t wall(void *ctx)
{
    return ((struct world *)ctx)->now_ms + (int64_t)WALL_MS_AHEAD * 1000;
}

static int64_t monotonic(void *ctx)
{
    return ((struct world *)ctx)->now_ms;
}

static uint64_t chance(void *ctx)
{
    return ((struct world *)ctx)->random;
}

static void on_ran(void *ctx, const struct monitor_target *t, const struct monitor_run *r)
{
    struct world *w = ctx;
    w->runs++;
    buf_addf(&w->log, "ran " STR_FMT " %s%s", STR_ARG(t->name), monitor_result_name(r->result),
             r->whole ? "" : " broken");
    for (size_t i = 0; i < r->n_cases; i++)
        buf_addf(&w->log, " " STR_FMT "=%s", STR_ARG(r->cases[i].name),
                 monitor_result_name(r->cases[i].result));
    if (r->why.n > 0)
        buf_addf(&w->log, " (" STR_FMT ")", STR_ARG(r->why));
    if (t->kind == MONITOR_AUDIT)
        buf_addf(&w->log, " grade " STR_FMT, STR_ARG(r->grade));
    buf_addc(&w->log, '\n');
}

static void on_changed(void *ctx, const struct monitor_target *t, const struct monitor_change *c)
{
    struct world *w = ctx;
    buf_addf(&w->log, "%s " STR_FMT " " STR_FMT " %s>%s\n", monitor_change_name(c->kind),
             STR_ARG(t->name), STR_ARG(c->name), monitor_result_name(c->from),
             monitor_result_name(c->to));
}

static int on_load(void *ctx, struct str key, struct buf *out, struct mp_err *e)
{
    struct world *w = ctx;
    (void)e;
    tap_ok(str_starts(key, STR("suite:")) || str_starts(key, STR("audit:")));
    buf_add(out, w->kept);
    return MP_OK;
}

static int on_save(void *ctx, struct str key, struct str state, struct mp_err *e)
{
    struct world *w = ctx;
    (void)key;
    if (w->save_fails)
        return mp_fail(e, MP_E_IO, 0, "no room");
    w->kept = arena_copy(&arena, state);
    return MP_OK;
}

static void on_failed(void *ctx, const struct mp_err *e)
{
    (void)e;
    ((struct world *)ctx)->complaints++;
}

static struct monitor_target suite(const char *name)
{
    return (struct monitor_target){.kind = MONITOR_SUITE,
                                   .name = str_from(name),
                                   .file = str_from(path_of(name)),
                                   .profile = STR(""),
                                   .every_ms = 60000,
                                   .only_one = true,
                                   .confirm = 1,
                                   .time_limit_ms = 10000};
}

static int try_open(struct world *w, const struct monitor_target *targets, size_t n,
                    unsigned running, struct monitor **out)
{
    struct monitor_clock clock = {wall, monotonic, chance, w};
    const char *const more[] = {"--allow-private", NULL};
    struct monitor_config config = {.targets = targets,
                                    .n_targets = n,
                                    .program = path_of("program"),
                                    .audit_arguments = more,
                                    .running = running,
                                    .clock = &clock};
    struct monitor_calls calls = {on_ran, on_changed, on_load, on_save, on_failed, w};
    static const char *kept_more[2];
    memcpy(kept_more, more, sizeof more);
    config.audit_arguments = kept_more;
    return monitor_new(&config, &calls, out, &err);
}

static struct monitor *start(struct world *w, const struct monitor_target *targets, size_t n,
                             unsigned running)
{
    struct monitor *m = NULL;
    if (!tap_int(try_open(w, targets, n, running, &m), MP_OK))
        tap_note("%s", err.text);
    return m;
}

static void world_start(struct world *w)
{
    *w = (struct world){.now_ms = 1000000};
    buf_init(&w->log, LOG_BYTES);
}

/* What is due begins, and the turns go on until nothing runs. */
static void settle(struct monitor *m)
{
    bool stop = false;
    tap_int(monitor_turn(m, -1, 0, &stop, &err), MP_OK);
    while (monitor_running(m) > 0)
        if (!tap_int(monitor_turn(m, -1, -1, &stop, &err), MP_OK))
            return;
}

static void expect_log(struct world *w, const char *want)
{
    tap_str(buf_str(&w->log), str_from(want));
    buf_reset(&w->log);
}

/* ---- runs ---- */

static void test_runs(void)
{
    struct world w;
    struct monitor_target t = suite("flow");
    world_start(&w);
    put("flow", "doc one passed; doc two passed\n", 0600);
    struct monitor *m = start(&w, &t, 1, 1);
    tap_case("run: it passes, and nothing else is told");
    settle(m);
    expect_log(&w, "ran flow passed one=passed two=passed\n");
    tap_case("run: not before it is due");
    w.now_ms += 59999;
    settle(m);
    expect_log(&w, "");
    w.now_ms += 1;
    put("flow", "doc one passed; doc two failed why; exit 1\n", 0600);
    settle(m);
    expect_log(&w, "ran flow failed one=passed two=failed\nworse flow two passed>failed\n");
    tap_case("run: the same again is no change");
    w.now_ms += 60000;
    settle(m);
    expect_log(&w, "ran flow failed one=passed two=failed\n");
    tap_case("run: a case that is gone is forgotten, a new one is told when it does not pass");
    w.now_ms += 60000;
    put("flow", "doc one passed; doc three undecided; exit 3\n", 0600);
    settle(m);
    expect_log(&w, "ran flow undecided one=passed three=undecided\n"
                   "worse flow three unknown>undecided\n");
    tap_case("run: at once, by hand");
    monitor_now(m, 0);
    settle(m);
    tap_int(w.runs, 5);
    monitor_free(m);
    buf_clear(&w.log);
}

/* Each row breaks a run whose cases had passed. */
static const struct {
    const char *label, *text, *ran;
} broken[] = {
    {"killed by a signal", "doc one passed; kill -9 $$\n",
     "ran flow undecided broken one=passed (the run was ended by signal 9)\n"},
    {"an exit code of no report, and why", "echo 'flow:3: no such key' >&2; exit 2\n",
     "ran flow undecided broken (the run ended with exit code 2: flow:3: no such key)\n"},
    {"nothing written", "exit 0\n", "ran flow undecided broken (no result)\n"},
    {"garbage", "echo oops; doc one passed\n",
     "ran flow undecided broken (line 1: not a JSON document)\n"},
    {"half a line", "doc one failed; printf '{\"schema'; kill -9 $$\n",
     "ran flow failed broken one=failed (the run was ended by signal 9)\nworse flow one "
     "passed>failed\n"},
    {"a flood", "yes\n", "ran flow undecided broken (the run wrote more than 67108864 bytes)\n"},
    {"terminal controls in the errors", "printf 'a\\033[2J' >&2; exit 70\n",
     "ran flow undecided broken (the run ended with exit code 70: a\\x1b[2J)\n"},
};

static void test_broken(void)
{
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        struct world w;
        struct monitor_target t = suite("flow");
        world_start(&w);
        put("flow", "doc one passed\n", 0600);
        struct monitor *m = start(&w, &t, 1, 1);
        settle(m);
        buf_reset(&w.log);
        tap_case("broken: %s: the run itself is undecided, once; its cases are as they were",
                 broken[i].label);
        put("flow", broken[i].text, 0600);
        w.now_ms += 60000;
        settle(m);
        struct str log = buf_str(&w.log);
        size_t told = str_search(log, STR("worse flow (run) passed>undecided\n"));
        tap_ok(told < log.n);
        w.log.n = told < log.n ? told : log.n;
        struct buf rest;
        buf_init(&rest, LOG_BYTES);
        buf_add(&rest, buf_str(&w.log));
        buf_add(&rest, str_slice(log, told + STR("worse flow (run) passed>undecided\n").n, log.n));
        tap_str(buf_str(&rest), str_from(broken[i].ran));
        buf_clear(&rest);
        buf_reset(&w.log);
        put("flow", "doc one passed\n", 0600);
        w.now_ms += 60000;
        settle(m);
        log = buf_str(&w.log);
        tap_ok(str_search(log, STR("better flow (run) undecided>passed\n")) < log.n);
        monitor_free(m);
        buf_clear(&w.log);
    }
}

/* A pipe that the run holds until it dies says that it is dead. */
static void test_hang(void)
{
    struct world w;
    struct monitor_target t = suite("flow");
    bool stop = false;
    char byte;
    world_start(&w);
    put("flow", "doc one passed; exec 3>\"$last.alive\"; sleep 1000 & sleep 1000\n", 0600);
    tap_case("hang: it is ended with all that it began, and costs that run");
    const char *alive = path_of("flow.alive");
    unlink(alive);
    tap_int(mkfifo(alive, 0600), 0);
    struct monitor *m = start(&w, &t, 1, 1);
    tap_int(monitor_turn(m, -1, 0, &stop, &err), MP_OK);
    tap_int(monitor_running(m), 1);
    int fd = open(alive, O_RDONLY | O_CLOEXEC); /* waits until the script has come so far */
    w.now_ms += 9999;
    tap_int(monitor_turn(m, -1, 0, &stop, &err), MP_OK);
    tap_int(monitor_running(m), 1);
    w.now_ms += 1;
    settle(m);
    expect_log(&w, "ran flow undecided broken one=passed (the run did not end within 10 s)\n"
                   "worse flow (run) unknown>undecided\n");
    tap_int(read(fd, &byte, 1), 0); /* nobody has its other end any more */
    close(fd);

    tap_case("hang: the monitor's end is its end too");
    w.now_ms += 60000;
    tap_int(monitor_turn(m, -1, 0, &stop, &err), MP_OK);
    fd = open(alive, O_RDONLY | O_CLOEXEC);
    monitor_free(m);
    tap_int(read(fd, &byte, 1), 0);
    close(fd);
    unlink(alive);

    tap_case("what a run leaves behind in its group does not outlive it");
    put("flow", "exec 3>\"$last.alive\"; sleep 1000 & doc one passed\n", 0600);
    tap_int(mkfifo(alive, 0600), 0);
    fd = open(alive, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    m = start(&w, &t, 1, 1);
    w.now_ms += 60000;
    settle(m);
    struct str log = buf_str(&w.log);
    tap_ok(str_search(log, STR("ran flow passed one=passed\n")) < log.n);
    tap_int(fcntl(fd, F_SETFL, 0), 0);
    tap_int(read(fd, &byte, 1), 0);
    close(fd);
    unlink(alive);
    monitor_free(m);
    buf_clear(&w.log);
}

static void test_stop(void)
{
    struct world w;
    struct monitor_target t = suite("flow");
    int ends[2];
    world_start(&w);
    put("flow", "sleep 1000\n", 0600);
    tap_case("stop: the loop ends while something runs, which is not told");
    tap_int(pipe(ends), 0);
    struct monitor *m = start(&w, &t, 1, 1);
    close(ends[1]);
    tap_int(monitor_run(m, ends[0], &err), MP_OK);
    tap_int(monitor_running(m), 1);
    monitor_free(m);
    close(ends[0]);
    expect_log(&w, "");
    buf_clear(&w.log);
}

/* ---- when ---- */

static void test_schedule(void)
{
    struct world w;
    struct monitor_target t[3] = {suite("a"), suite("b"), suite("c")};
    static const char *const names[] = {"a", "b", "c"};
    bool stop = false;
    world_start(&w);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        put(names[i], "doc one passed\n", 0600);
    tap_case("schedule: no more than may run at a time, the others as soon as there is room");
    struct monitor *m = start(&w, t, 3, 2);
    tap_int(monitor_turn(m, -1, 0, &stop, &err), MP_OK);
    tap_ok(monitor_running(m) <= 2);
    settle(m);
    tap_int(w.runs, 3);
    monitor_free(m);
    buf_reset(&w.log);

    tap_case("schedule: jitter is added to the grid, and does not add up");
    w.runs = 0;
    w.kept = STR("");
    t[0].jitter_ms = 10000;
    m = start(&w, t, 1, 1);
    w.random = 5000;
    int64_t begun = w.now_ms;
    settle(m);
    tap_int(w.runs, 1);
    w.now_ms = begun + 64999;
    settle(m);
    tap_int(w.runs, 1);
    w.now_ms = begun + 65000;
    w.random = 0;
    settle(m);
    tap_int(w.runs, 2);
    w.now_ms = begun + 120000;
    settle(m);
    tap_int(w.runs, 3);
    tap_case("schedule: times that were slept through are not made up for");
    w.now_ms = begun + 1000000;
    settle(m);
    settle(m);
    tap_int(w.runs, 4);
    w.now_ms = begun + 1020000;
    settle(m);
    tap_int(w.runs, 5);
    monitor_free(m);

    tap_case("schedule: only one at a time");
    put("a", "sleep 1000\n", 0600);
    t[0].jitter_ms = 0;
    t[0].time_limit_ms = 1000000;
    m = start(&w, t, 1, 4);
    w.now_ms += 60000;
    tap_int(monitor_turn(m, -1, 0, &stop, &err), MP_OK);
    w.now_ms += 60000;
    tap_int(monitor_turn(m, -1, 0, &stop, &err), MP_OK);
    monitor_now(m, 0);
    tap_int(monitor_turn(m, -1, 0, &stop, &err), MP_OK);
    tap_int(monitor_running(m), 1);
    monitor_free(m);
    tap_case("schedule: two may overlap where the suite allows it, not three");
    t[0].only_one = false;
    m = start(&w, t, 1, 4);
    for (int i = 0; i < 3; i++) {
        w.now_ms += 60000;
        tap_int(monitor_turn(m, -1, 0, &stop, &err), MP_OK);
    }
    tap_int(monitor_running(m), 2);
    monitor_free(m);
    buf_clear(&w.log);
}

static void test_confirm(void)
{
    struct world w;
    struct monitor_target t = suite("flow");
    t.confirm = 2;
    t.every_ms = 3600000;
    world_start(&w);
    put("flow", "doc one passed\n", 0600);
    struct monitor *m = start(&w, &t, 1, 1);
    settle(m);
    w.now_ms += MONITOR_RECHECK_MS;
    settle(m);
    w.runs = 0;
    buf_reset(&w.log);
    tap_case("confirm: what is not confirmed is tried again soon, and then told");
    put("flow", "doc one failed\n", 0600);
    w.now_ms += t.every_ms - MONITOR_RECHECK_MS;
    settle(m);
    expect_log(&w, "ran flow failed one=failed\n");
    w.now_ms += MONITOR_RECHECK_MS - 1;
    settle(m);
    tap_int(w.runs, 1);
    w.now_ms += 1;
    settle(m);
    expect_log(&w, "ran flow failed one=failed\nworse flow one passed>failed\n");
    tap_case("confirm: then it is due by its schedule again");
    w.now_ms += MONITOR_RECHECK_MS;
    settle(m);
    tap_int(w.runs, 2);
    w.now_ms += t.every_ms;
    settle(m);
    tap_int(w.runs, 3);
    monitor_free(m);
    buf_clear(&w.log);
}

/* ---- restarts ---- */

static void test_restart(void)
{
    struct world w;
    struct monitor_target t = suite("flow");
    world_start(&w);
    put("flow", "doc one failed; doc two passed\n", 0600);
    struct monitor *m = start(&w, &t, 1, 1);
    settle(m);
    expect_log(&w, "ran flow failed one=failed two=passed\nworse flow one unknown>failed\n");
    monitor_free(m);
    tap_case("restart: not due before it would have been, and nothing is told again");
    w.now_ms += 30000;
    m = start(&w, &t, 1, 1);
    settle(m);
    expect_log(&w, "");
    w.now_ms += 30000;
    settle(m);
    expect_log(&w, "ran flow failed one=failed two=passed\n");
    monitor_free(m);
    tap_case("restart: what changed meanwhile is told");
    put("flow", "doc one passed; doc two passed\n", 0600);
    w.now_ms += 600000;
    m = start(&w, &t, 1, 1);
    settle(m);
    expect_log(&w, "ran flow passed one=passed two=passed\nbetter flow one failed>passed\n");
    monitor_free(m);
    tap_case("restart: a damaged memory is complained of, and begins anew");
    w.kept = STR("damaged");
    m = start(&w, &t, 1, 1);
    tap_int(w.complaints, 1);
    settle(m);
    expect_log(&w, "ran flow passed one=passed two=passed\n");
    tap_case("restart: what cannot be kept is complained of");
    w.save_fails = true;
    w.now_ms += 60000;
    settle(m);
    tap_int(w.complaints, 2);
    monitor_free(m);
    buf_clear(&w.log);
}

static void test_files(void)
{
    struct buf out;
    struct str kept = path_of("states") == NULL ? STR("") : STR("some state");
    char *dir = (char *)(uintptr_t)path_of("states");
    buf_init(&out, MONITOR_MAX_STATE_BYTES);
    tap_case("files: nothing is kept yet; then it is, by key");
    tap_int(monitor_file_load(dir, STR("suite:/a/b"), &out, &err), MP_OK);
    tap_int(out.n, 0);
    tap_int(monitor_file_save(dir, STR("suite:/a/b"), kept, &err), MP_OK);
    tap_int(monitor_file_load(dir, STR("suite:/a/b"), &out, &err), MP_OK);
    tap_str(buf_str(&out), kept);
    buf_reset(&out);
    tap_int(monitor_file_load(dir, STR("suite:/a/c"), &out, &err), MP_OK);
    tap_int(out.n, 0);
    tap_case("files: a directory that others may write to is refused");
    tap_int(chmod(dir, 0777), 0);
    tap_int(monitor_file_load(dir, STR("suite:/a/b"), &out, &err), MP_E_IO);
    tap_int(monitor_file_save(dir, STR("suite:/a/b"), kept, &err), MP_E_IO);
    tap_int(chmod(dir, 0700), 0);
    buf_clear(&out);
}

/* ---- targets ---- */

static void test_audit(void)
{
    struct world w;
    struct monitor_target t = monitor_audit_target(STR("-a.test"), STR("parked"), 86400000);
    world_start(&w);
    tap_case("audit: its grade, and arguments behind which nothing is an option");
    struct monitor *m = start(&w, &t, 1, 1);
    settle(m);
    expect_log(&w, "ran -a.test passed -a.test=passed grade A\n");
    monitor_free(m);
    buf_clear(&w.log);
}

static void test_refused(void)
{
    struct world w;
    struct monitor *m = NULL;
    struct monitor_target t[2] = {suite("flow"), suite("flow")};
    world_start(&w);
    tap_case("refused: a target twice");
    tap_int(try_open(&w, t, 2, 1, &m), MP_E_USAGE);
    tap_case("refused: runs without a pause");
    t[0].every_ms = 999;
    tap_int(try_open(&w, t, 1, 1, &m), MP_E_USAGE);
    tap_case("refused: too many runs that must agree, too many at a time");
    t[0] = suite("flow");
    t[0].confirm = MONITOR_MAX_CONFIRM + 1;
    tap_int(try_open(&w, t, 1, 1, &m), MP_E_LIMIT);
    t[0] = suite("flow");
    tap_int(try_open(&w, t, 1, MONITOR_MAX_RUNNING + 1, &m), MP_E_LIMIT);
    tap_case("a program that is not there: told as a run that broke");
    unlink(path_of("program"));
    m = start(&w, t, 1, 1);
    settle(m);
    struct str log = buf_str(&w.log);
    tap_ok(str_starts(log, STR("ran flow undecided broken (")));
    tap_ok(str_search(log, STR("program: No such file or directory)\n")) < log.n);
    monitor_free(m);
    buf_clear(&w.log);
}

/* Suite files as strings. */
static int file_of(void *ctx, const char *path, struct buf *out, struct mp_err *e)
{
    (void)path;
    (void)e;
    buf_addz(out, ctx);
    return MP_OK;
}

static const char *env_of(void *ctx, struct str name)
{
    (void)ctx;
    return str_eq(name, STR("KEY")) ? "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" : NULL;
}

static bool readable(void *ctx, const char *path)
{
    (void)ctx;
    (void)path;
    return true;
}

static void test_suite_target(void)
{
    static const char tests[] = "tests: [{name: a, probe: {url: 'smtp://127.0.0.1'}}]\n";
    static const struct {
        const char *label, *head;
        int want;
    } rows[] = {
        {"schedule and report",
         "mailproof: 1\nname: nightly\nschedule: {every: 5m, jitter: 30s, only-one: true}\n"
         "report: {prometheus: true, keep: 90d, webhook: {url: 'https://h.test/x', secret: "
         "'${env:KEY}', on: [change, undecided]}}\n",
         MP_OK},
        {"no schedule", "mailproof: 1\n", MP_E_USAGE},
        {"a mistake", "mailproof: 1\nschedule: {evry: 5m}\n", MP_E_SYNTAX},
        {"a secret that is not set",
         "mailproof: 1\nschedule: {every: 5m}\n"
         "report: {webhook: {url: 'https://h.test/x', secret: '${env:NONE}'}}\n",
         MP_E_SYNTAX},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct monitor_target t = {.every_ms = 0};
        char text[1024];
        snprintf(text, sizeof text, "%s%s", rows[i].head, tests);
        struct suite_outside outside = {env_of, file_of, readable, text};
        tap_case("suite: %s", rows[i].label);
        err = (struct mp_err){0};
        tap_int(monitor_suite_target(&arena, "night.yaml", &outside, &t, &err), rows[i].want);
        if (rows[i].want != MP_OK) {
            tap_ok(t.every_ms == 0 && str_starts(str_from(err.text), STR("night.yaml:")));
            continue;
        }
        tap_note("%s", err.text);
        tap_str(t.name, STR("nightly"));
        tap_ok(t.every_ms == 300000 && t.jitter_ms == 30000 && t.only_one && t.prometheus);
        tap_int(t.confirm, 2);
        tap_str(t.webhook_url, STR("https://h.test/x"));
        tap_ok(str_starts(t.webhook_secret, STR("whsec_")));
        tap_int(t.webhook_on, SUITE_ON_CHANGE | SUITE_ON_UNDECIDED);
        tap_int(t.keep_s, 90 * 86400);
    }
    tap_case("what a run is for webhooks");
    struct monitor_case cases[] = {{.result = MONITOR_PASSED}, {.result = MONITOR_FAILED}};
    struct monitor_run r = {.result = MONITOR_FAILED, .cases = cases, .n_cases = 2};
    tap_int(monitor_run_on(&r), SUITE_ON_ALWAYS | SUITE_ON_FAIL);
    r = (struct monitor_run){.result = MONITOR_UNDECIDED};
    tap_int(monitor_run_on(&r), SUITE_ON_ALWAYS | SUITE_ON_UNDECIDED);
}

static int remove_one(const char *path, const struct stat *sb, int type, struct FTW *at)
{
    (void)sb;
    (void)type;
    (void)at;
    return remove(path);
}

int main(void)
{
    arena_init(&arena, (size_t)64 << 20);
    tap_ok(mkdtemp(directory) != NULL);
    put("program", script, 0700);
    test_runs();
    test_broken();
    test_hang();
    test_stop();
    test_schedule();
    test_confirm();
    test_restart();
    test_files();
    test_audit();
    test_refused();
    test_suite_target();
    tap_case("the test leaves nothing behind");
    tap_int(nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    arena_clear(&arena);
    return tap_done();
}
