/* Answers of clamd as text: every form that it has, and what is none. */
#include "base/clock.h"
#include "io/clamd_internal.h"
#include "tests/tap.h"

#define HASH32 "44d88612fea8a8f36de82e1278abb02f"
#define HASH64 HASH32 HASH32

static const struct {
    const char *line;
    uint32_t id;
    enum clamd_reply_kind kind;
    const char *text;
} rows[] = {
    {"stream: OK", 0, CLAMD_REPLY_OK, "OK"},
    {"1: stream: OK", 1, CLAMD_REPLY_OK, "OK"},
    {"4294967295: fd[12]: OK", UINT32_MAX, CLAMD_REPLY_OK, "OK"},
    {"/memfd:mailproof (deleted): OK", 0, CLAMD_REPLY_OK, "OK"},
    {"stream: Win.Test.EICAR_HDB-1 FOUND", 0, CLAMD_REPLY_FOUND, "Win.Test.EICAR_HDB-1"},
    {"7: fd[9]: Own.Bad.UNOFFICIAL FOUND", 7, CLAMD_REPLY_FOUND, "Own.Bad.UNOFFICIAL"},
    {"stream: Win.Test(" HASH32 ":68) FOUND", 0, CLAMD_REPLY_FOUND, "Win.Test"},
    {"stream: Win.Test(" HASH64 ":68) FOUND", 0, CLAMD_REPLY_FOUND, "Win.Test"},
    {"stream: Win.Test(x:68) FOUND", 0, CLAMD_REPLY_FOUND, "Win.Test(x:68)"},
    {"stream: Win.Test(" HASH32 ":x) FOUND", 0, CLAMD_REPLY_FOUND, "Win.Test(" HASH32 ":x)"},
    {"stream: Win.Test(" HASH32 ") FOUND", 0, CLAMD_REPLY_FOUND, "Win.Test(" HASH32 ")"},
    {"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND", 0, CLAMD_REPLY_FOUND,
     "Heuristics.Limits.Exceeded.MaxFileSize"},
    {"stream: Odd: name FOUND", 0, CLAMD_REPLY_FOUND, "Odd: name"},
    {"stream:  FOUND", 0, CLAMD_REPLY_FOUND, ""},
    {"INSTREAM size limit exceeded. ERROR", 0, CLAMD_REPLY_LIMIT,
     "INSTREAM size limit exceeded. ERROR"},
    {"3: INSTREAM size limit exceeded. ERROR", 3, CLAMD_REPLY_LIMIT,
     "INSTREAM size limit exceeded. ERROR"},
    {"2: stream: Can't allocate memory ERROR", 2, CLAMD_REPLY_ERROR, "Can't allocate memory ERROR"},
    {"1: No file descriptor received. ERROR", 1, CLAMD_REPLY_ERROR,
     "No file descriptor received. ERROR"},
    {"3: Command invalid inside IDSESSION. ERROR", 3, CLAMD_REPLY_ERROR,
     "Command invalid inside IDSESSION. ERROR"},
    {"UNKNOWN COMMAND", 0, CLAMD_REPLY_ERROR, "UNKNOWN COMMAND"},
    {"COMMAND READ TIMED OUT", 0, CLAMD_REPLY_ERROR, "COMMAND READ TIMED OUT"},
    /* never clean, never found */
    {"", 0, CLAMD_REPLY_ERROR, ""},
    {"OK", 0, CLAMD_REPLY_ERROR, "OK"},
    {"1: OK", 1, CLAMD_REPLY_ERROR, "OK"},
    {"stream:OK", 0, CLAMD_REPLY_ERROR, "stream:OK"},
    {"stream: ok", 0, CLAMD_REPLY_ERROR, "ok"},
    {"stream: OK ", 0, CLAMD_REPLY_ERROR, "OK "},
    {"stream: NOT OK", 0, CLAMD_REPLY_ERROR, "NOT OK"},
    {"stream: FOUND", 0, CLAMD_REPLY_ERROR, "FOUND"},
    {"stream: X FOUND ERROR", 0, CLAMD_REPLY_ERROR, "X FOUND ERROR"},
    {"stream: X FOUND\n", 0, CLAMD_REPLY_ERROR, "X FOUND\n"},
    {"file: OK", 0, CLAMD_REPLY_ERROR, "file: OK"},
    {"fd[]: OK", 0, CLAMD_REPLY_ERROR, "fd[]: OK"},
    {"fd[x]: OK", 0, CLAMD_REPLY_ERROR, "fd[x]: OK"},
    {"fd[1: OK", 0, CLAMD_REPLY_ERROR, "fd[1: OK"},
    {"x: stream: OK", 0, CLAMD_REPLY_ERROR, "x: stream: OK"},
    {"-1: stream: OK", 0, CLAMD_REPLY_ERROR, "-1: stream: OK"},
    {"4294967296: stream: OK", 0, CLAMD_REPLY_ERROR, "4294967296: stream: OK"},
    {"1:stream: OK", 0, CLAMD_REPLY_ERROR, "1:stream: OK"},
    {"1: 2: stream: OK", 1, CLAMD_REPLY_ERROR, "2: stream: OK"},
    {"stream: stream: OK", 0, CLAMD_REPLY_ERROR, "stream: OK"},
};

static void test_answers(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct clamd_reply r = clamd_reply_parse(str_from(rows[i].line));
        tap_case("answer: %s", rows[i].line);
        tap_int(r.id, rows[i].id);
        tap_int(r.kind, rows[i].kind);
        tap_str(r.text, str_from(rows[i].text));
    }
}

/* All answers in one stream that arrives in two pieces, cut at each octet. */
static void test_pieces(void)
{
    char stream[8192];
    size_t n = 0, bad = 0;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t length = strlen(rows[i].line) + 1;
        memcpy(stream + n, rows[i].line, length);
        n += length;
    }
    for (size_t cut = 0; cut <= n; cut++) {
        size_t seen = 0, end = cut;
        struct str rest = str_make(stream, cut), line;
        for (;;) {
            if (clamd_reply_next(&rest, &line)) {
                bad += seen >= ARRAY_LEN(rows) || !str_eq(line, str_from(rows[seen].line));
                seen++;
            } else if (end < n) {
                rest.n += n - end; /* the second piece comes behind what is left of the first */
                end = n;
            } else {
                break;
            }
        }
        bad += seen != ARRAY_LEN(rows) || rest.n != 0;
    }
    tap_case("answers: cut at each octet of %zu", n);
    tap_int(bad, 0);
}

static void test_versions(void)
{
    static const struct {
        const char *text;
        bool is_version;
        const char *engine;
        uint32_t database;
        int64_t at_s;
    } versions[] = {
        {"ClamAV 1.4.6", true, "1.4.6", 0, 0},
        {"ClamAV 1.4.6/27123/Mon Nov 23 10:00:00 2026", true, "1.4.6", 27123, 1795428000},
        {"ClamAV 0.103.8/26800/Wed Feb  1 09:24:15 2023", true, "0.103.8", 26800, 1675243455},
        {"ClamAV 1.5.0-rc/1/Thu Jan  1 00:00:00 1970", true, "1.5.0-rc", 1, 0},
        {"ClamAV 1.4.6/27123/yesterday", true, "1.4.6", 27123, 0},
        {"ClamAV 1.4.6/27123/Mon Nux 23 10:00:00 2026", true, "1.4.6", 27123, 0},
        {"ClamAV 1.4.6/27123/Mon ovD 23 10:00:00 2026", true, "1.4.6", 27123, 0},
        {"ClamAV 1.4.6/27123/Mon Nov  0 10:00:00 2026", true, "1.4.6", 27123, 0},
        {"ClamAV 1.4.6/27123/Mon Nov 23 24:00:00 2026", true, "1.4.6", 27123, 0},
        {"ClamAV 1.4.6/27123/Mon Nov 23 10:00:00 1969", true, "1.4.6", 27123, 0},
        {"ClamAV 1.4.6/27123/", true, "1.4.6", 27123, 0},
        {"ClamAV 1.4.6/27123", true, "1.4.6", 27123, 0},
        {"ClamAV 1.4.6/x/y", false, NULL, 0, 0},
        {"ClamAV 1.4.6/4294967296/y", false, NULL, 0, 0},
        {"ClamAV /1/y", false, NULL, 0, 0},
        {"ClamAV ", false, NULL, 0, 0},
        {"ClamAV 0123456789012345678901234567890123456789012345678901234567890123", false, NULL, 0,
         0},
        {"PONG", false, NULL, 0, 0},
        {"", false, NULL, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        struct clamd_version v = {.engine = ""};
        tap_case("version: %s", versions[i].text);
        tap_int(clamd_version_parse(str_from(versions[i].text), &v), versions[i].is_version);
        if (!versions[i].is_version)
            continue;
        tap_cstr(v.engine, versions[i].engine);
        tap_int(v.database, versions[i].database);
        tap_int(v.database_s, versions[i].at_s);
    }
}

static void test_stats(void)
{
    static const struct {
        const char *label, *text;
        bool is_whole;
        struct clamd_stats want;
    } stats[] = {
        {"one pool, idle",
         "POOLS: 1\n\nSTATE: VALID PRIMARY\nTHREADS: live 1  idle 0 max 10 idle-timeout 30\n"
         "QUEUE: 0 items\n\tSTATS 0.000001 \n\nMEMSTATS: heap N/A mmap N/A\nEND",
         true,
         {.pools = 1, .threads_live = 1, .threads_max = 10, .is_valid = true}},
        {"two pools, busy",
         "POOLS: 2\n\nSTATE: VALID PRIMARY\nTHREADS: live 10  idle 1 max 10 idle-timeout 30\n"
         "QUEUE: 12 items\n\tINSTREAM 0.1\n\nSTATE: VALID\nTHREADS: live 2  idle 1 max 12\n"
         "QUEUE: 3 items\n\nEND",
         true,
         {.pools = 2,
          .threads_live = 12,
          .threads_idle = 2,
          .threads_max = 22,
          .queued = 15,
          .is_valid = true}},
        {"exiting", "POOLS: 1\n\nSTATE: EXIT\nQUEUE: x items\nEND", true, {.pools = 1}},
        {"numbers that are none",
         "POOLS: 1\nTHREADS: live -1 idle 99999999 max\nEND",
         true,
         {.pools = 1}},
        {"cut off", "POOLS: 1\n\nSTATE: VALID PRIMARY\n", false, {0}},
        {"something else", "UNKNOWN COMMAND", false, {0}},
        {"nothing", "", false, {0}},
    };
    for (size_t i = 0; i < ARRAY_LEN(stats); i++) {
        struct clamd_stats s = {0};
        const struct clamd_stats *want = &stats[i].want;
        tap_case("stats: %s", stats[i].label);
        tap_int(clamd_stats_parse(str_from(stats[i].text), &s), stats[i].is_whole);
        tap_int(s.pools, want->pools);
        tap_int(s.threads_live, want->threads_live);
        tap_int(s.threads_idle, want->threads_idle);
        tap_int(s.threads_max, want->threads_max);
        tap_int(s.queued, want->queued);
        tap_int(s.is_valid, want->is_valid);
    }
}

static void test_addresses(void)
{
    static const struct {
        const char *text;
        bool is_unix;
        const char *host; /* NULL: refused */
        uint16_t port;
    } addresses[] = {
        {"unix:/run/clamav/clamd.ctl", true, "/run/clamav/clamd.ctl", 0},
        {"/run/clamav/clamd.ctl", true, "/run/clamav/clamd.ctl", 0},
        {"127.0.0.1:3310", false, "127.0.0.1", 3310},
        {"[::1]:3310", false, "::1", 3310},
        {"clamd.test:3310", false, "clamd.test", 3310},
        {"unix:", false, NULL, 0},
        {"unix:run/clamd.ctl", false, NULL, 0},
        {"127.0.0.1", false, NULL, 0},
        {"127.0.0.1:", false, NULL, 0},
        {"127.0.0.1:0", false, NULL, 0},
        {"127.0.0.1:65536", false, NULL, 0},
        {"127.0.0.1:x", false, NULL, 0},
        {":3310", false, NULL, 0},
        {"[]:3310", false, NULL, 0},
        {"[clamd.test]:3310", false, NULL, 0},
        {"::1:3310", false, NULL, 0},
        {"", false, NULL, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        struct clamd_peer p;
        struct mp_err err = {0};
        int st = clamd_peer_parse(addresses[i].text, &p, &err);
        tap_case("address: %s", addresses[i].text);
        tap_int(st, addresses[i].host != NULL ? MP_OK : MP_E_USAGE);
        if (addresses[i].host == NULL) {
            tap_ok(str_search(str_from(err.text), STR("expected unix:/path")) < strlen(err.text));
            continue;
        }
        tap_int(p.is_unix, addresses[i].is_unix);
        tap_cstr(p.host, addresses[i].host);
        tap_int(p.port, addresses[i].port);
        tap_cstr(p.text, addresses[i].text);
    }
}

int main(void)
{
    test_answers();
    test_pieces();
    test_versions();
    test_stats();
    test_addresses();
    return tap_done();
}
