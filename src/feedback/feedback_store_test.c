/* The store: each report once, what it answers, what it forgets, and mail seen. */
#include "feedback/feedback_store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "feedback/item_wire.h"
#include "tests/tap.h"

enum { NOW = 1700000000, DAY = 86400, DAY_0 = NOW / DAY * DAY };

static struct arena arena;
static struct mp_err err;

static struct ip ip_of(const char *text)
{
    struct ip ip = {0};
    ip_parse(str_from(text), &ip);
    return ip;
}

/* ---- reports of our own ---- */

static struct dmarc_auth dkim_pass = {.domain = STR_INIT("a.test"),
                                      .selector = STR_INIT("s1"),
                                      .result = STR_INIT("pass")};
static struct dmarc_auth spf_fail = {.domain = STR_INIT("other.test"), .result = STR_INIT("fail")};
static struct dmarc_reason forwarded = {STR_INIT("forwarded"), STR_INIT("a list")};

static struct dmarc_aggregate aggregate(const char *id, const char *domain, struct dmarc_row *rows)
{
    rows[0] = (struct dmarc_row){.source = ip_of("192.0.2.1"),
                                 .count = 10,
                                 .disposition = DISPOSITION_NONE,
                                 .dkim = ALIGNED_PASS,
                                 .spf = ALIGNED_FAIL,
                                 .header_from = str_from(domain),
                                 .dkim_results = &dkim_pass,
                                 .n_dkim = 1,
                                 .spf_results = &spf_fail,
                                 .n_spf = 1};
    rows[1] = (struct dmarc_row){.source = ip_of("2001:db8::7"),
                                 .count = 3,
                                 .disposition = DISPOSITION_REJECT,
                                 .dkim = ALIGNED_FAIL,
                                 .spf = ALIGNED_FAIL,
                                 .header_from = str_from(domain),
                                 .reasons = &forwarded,
                                 .n_reasons = 1,
                                 .spf_results = &spf_fail,
                                 .n_spf = 1};
    return (struct dmarc_aggregate){.org_name = STR("big.test"),
                                    .email = STR("dmarc@big.test"),
                                    .report_id = str_from(id),
                                    .begin_s = DAY_0,
                                    .end_s = DAY_0 + DAY - 1,
                                    .published = {.domain = str_from(domain), .p = STR("reject")},
                                    .rows = rows,
                                    .n_rows = 2,
                                    .messages = 13};
}

static void put_item(struct feedback_store *s, struct feedback_item item, int64_t now_s,
                     struct feedback_put *out)
{
    struct feedback_content c = {.items = &item, .n = 1};
    tap_int(feedback_store_put(s, &c, STR("test"), now_s, out, &err), MP_OK);
}

static void put_aggregate(struct feedback_store *s, const char *id, const char *domain,
                          struct feedback_put *out)
{
    struct dmarc_row rows[2];
    struct dmarc_aggregate r = aggregate(id, domain, rows);
    put_item(s, (struct feedback_item){.kind = FEEDBACK_AGGREGATE, .aggregate = &r}, NOW, out);
}

static void put_tls(struct feedback_store *s, struct feedback_put *out)
{
    struct tls_failure f = {.result_type = STR("certificate-expired"),
                            .sending_ip = STR("192.0.2.9"),
                            .receiving_mx = STR("mx.a.test"),
                            .count = 2};
    struct tls_result p = {.policy_type = STR("sts"),
                           .domain = STR("A.test"),
                           .successful = 5,
                           .failed = 2,
                           .failures = &f,
                           .n_failures = 1};
    struct tls_report r = {.org_name = STR("big.test"),
                           .report_id = STR("t1"),
                           .begin_s = DAY_0,
                           .end_s = DAY_0 + DAY,
                           .results = &p,
                           .n_results = 1,
                           .successful = 5,
                           .failed = 2};
    put_item(s, (struct feedback_item){.kind = FEEDBACK_TLS, .tls = &r}, NOW, out);
}

static void put_failure(struct feedback_store *s, struct feedback_put *out)
{
    struct str domain = STR("a.test");
    struct failure_report r = {.feedback_type = STR("auth-failure"),
                               .auth_failure = STR("dmarc"),
                               .mail_from = STR("<someone@Sender.test>"),
                               .domains = &domain,
                               .n_domains = 1,
                               .ip = ip_of("192.0.2.77"),
                               .incidents = 1,
                               .arrival_s = NOW,
                               .reporter = STR("big.test"),
                               .report_id = STR("<f1@big.test>")};
    put_item(s, (struct feedback_item){.kind = FEEDBACK_FAILURE, .failure = &r}, NOW, out);
}

static struct feedback_store *store_in(const char *dir)
{
    struct feedback_store *s = NULL;
    if (feedback_store_open(&(struct feedback_store_config){.dir = dir}, &s, &err) != MP_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    return s;
}

/* ---- what goes in ---- */

static void test_put(void)
{
    struct feedback_store *s = store_in(NULL);
    struct feedback_put put = {0};
    tap_case("a report is kept once");
    put_aggregate(s, "r1", "a.test", &put);
    put_aggregate(s, "r1", "a.test", &put);
    tap_int(put.added, 1);
    tap_int(put.known, 1);
    tap_case("the same name in another case is the same domain");
    struct dmarc_row rows[2];
    struct dmarc_aggregate r = aggregate("r1", "A.TEST.", rows);
    put_item(s, (struct feedback_item){.kind = FEEDBACK_AGGREGATE, .aggregate = &r}, NOW, &put);
    tap_int(put.added, 1);
    tap_case("another id, domain or range is another report");
    put_aggregate(s, "r2", "a.test", &put);
    put_aggregate(s, "r1", "b.test", &put);
    r = aggregate("r1", "a.test", rows);
    r.end_s++;
    put_item(s, (struct feedback_item){.kind = FEEDBACK_AGGREGATE, .aggregate = &r}, NOW, &put);
    tap_int(put.added, 4);
    tap_case("without an id its content tells it from others");
    put.conflicting = 0;
    put_aggregate(s, "", "c.test", &put);
    put_aggregate(s, "", "c.test", &put);
    r = aggregate("", "c.test", rows);
    rows[0].count = 11;
    put_item(s, (struct feedback_item){.kind = FEEDBACK_AGGREGATE, .aggregate = &r}, NOW, &put);
    tap_int(put.added, 6);
    tap_int(put.conflicting, 0);
    tap_case("who takes the name of a report that is there does not replace it");
    put = (struct feedback_put){0};
    r = aggregate("r2", "a.test", rows);
    rows[1].count = 4000;
    put_item(s, (struct feedback_item){.kind = FEEDBACK_AGGREGATE, .aggregate = &r}, NOW, &put);
    tap_int(put.conflicting, 1);
    tap_int(put.added, 0);
    struct feedback_stored_list list;
    tap_int(feedback_store_reports(s, &(struct feedback_filter){0}, &arena, &list, &err), MP_OK);
    tap_int(list.n, 6);
    tap_int(list.items[0].messages, 13);
    feedback_store_close(s);
}

/* ---- what it answers ---- */

static const struct {
    const char *label;
    struct feedback_filter filter;
    size_t reports, rows, sources;
} filters[] = {
    {"all", {0}, 5, 6, 6},
    {"a kind", {.has_kind = true, .kind = FEEDBACK_AGGREGATE}, 3, 6, 6},
    {"a domain, its mail and what is below", {.domain = STR_INIT("A.test")}, 4, 4, 4},
    {"a domain that only ends alike", {.domain = STR_INIT(".test")}, 0, 0, 0},
    {"an organization", {.org = STR_INIT("big.test")}, 5, 6, 6},
    {"... of another name", {.org = STR_INIT("big")}, 0, 0, 0},
    {"since the last second", {.from_s = DAY_0 + DAY - 1}, 4, 6, 6},
    {"since behind the range", {.from_s = DAY_0 + 2 * DAY}, 0, 0, 0},
    {"until the beginning", {.to_s = DAY_0}, 0, 0, 0},
    {"until the second behind it", {.to_s = DAY_0 + 1}, 4, 6, 6},
    {"failing", {.failing = true}, 5, 3, 3},
    {"the first two", {.limit = 2}, 2, 2, 2},
    {"behind the first four", {.offset = 4}, 1, 2, 2},
};

static void test_filters(struct feedback_store *s)
{
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        struct feedback_stored_list reports = {0};
        struct feedback_row_list rows = {0};
        struct feedback_source_list sources = {0};
        tap_case("filter: %s", filters[i].label);
        tap_int(feedback_store_reports(s, &filters[i].filter, &arena, &reports, &err), MP_OK);
        tap_int(feedback_store_rows(s, &filters[i].filter, &arena, &rows, &err), MP_OK);
        tap_int(feedback_store_sources(s, &filters[i].filter, &arena, &sources, &err), MP_OK);
        tap_int(reports.n, filters[i].reports);
        tap_int(rows.n, filters[i].rows);
        tap_int(sources.n, filters[i].sources);
        tap_int(reports.more, filters[i].filter.limit == 2);
    }
    struct feedback_filter by_ip = {.source = ip_of("2001:db8::7")};
    struct feedback_row_list rows = {0};
    tap_case("filter: a source");
    tap_int(feedback_store_rows(s, &by_ip, &arena, &rows, &err), MP_OK);
    tap_int(rows.n, 3);
}

static void test_values(struct feedback_store *s)
{
    struct feedback_filter a = {.domain = STR("a.test")};
    struct feedback_domain_list domains = {0};
    struct feedback_source_list sources = {0};
    struct feedback_row_list rows = {0};
    struct feedback_day_list days = {0};
    struct feedback_tls_list tls = {0}, failed = {0};
    struct feedback_failure_list failures = {0};
    tap_case("sums of a domain");
    tap_int(feedback_store_domains(s, &a, &arena, &domains, &err), MP_OK);
    tap_int(domains.n, 2); /* and sub.a.test */
    tap_str(domains.items[0].domain, STR("a.test"));
    tap_str(domains.items[0].policy, STR("reject"));
    tap_int(domains.items[0].sums.messages, 13);
    tap_int(domains.items[0].sums.passed, 10);
    tap_int(domains.items[0].sums.rejected, 3);
    tap_int(domains.items[0].sources, 2);
    tap_int(domains.items[0].reports, 3);
    tap_int(domains.items[0].tls_ok, 5);
    tap_int(domains.items[0].tls_failed, 2);
    tap_int(domains.items[0].failure_reports, 1);
    tap_case("a source and what passed");
    a.failing = true;
    tap_int(feedback_store_sources(s, &a, &arena, &sources, &err), MP_OK);
    tap_int(sources.items[0].sums.messages, 3);
    tap_int(sources.items[0].sums.passed, 0);
    tap_str(sources.items[0].reason, STR("forwarded: a list"));
    tap_str(sources.items[0].spf_domain, STR("other.test"));
    a.failing = false;
    tap_case("a row as it was reported");
    tap_int(feedback_store_rows(s, &a, &arena, &rows, &err), MP_OK);
    tap_int(rows.items[0].count, 10);
    tap_str(rows.items[0].dkim_results, STR("a.test/s1=pass"));
    tap_str(rows.items[0].spf_results, STR("other.test=fail"));
    tap_int(rows.items[0].dkim, ALIGNED_PASS);
    tap_int(rows.items[0].spf, ALIGNED_FAIL);
    tap_int(rows.items[0].ip.family, IP_V4);
    tap_case("days");
    tap_int(feedback_store_days(s, &a, &arena, &days, &err), MP_OK);
    tap_int(days.n, 1);
    tap_int(days.items[0].day_s, DAY_0);
    tap_int(days.items[0].sums.messages, 26);
    tap_case("TLS: sums and failures");
    tap_int(feedback_store_tls(s, &a, &arena, &tls, &err), MP_OK);
    tap_int(feedback_store_tls_failures(s, &a, &arena, &failed, &err), MP_OK);
    tap_int(tls.n, 1);
    tap_int(tls.items[0].successful, 5);
    tap_str(tls.items[0].domain, STR("a.test"));
    tap_int(failed.n, 1);
    tap_str(failed.items[0].result_type, STR("certificate-expired"));
    tap_int(failed.items[0].failed, 2);
    tap_case("failure reports keep no address of a person");
    tap_int(feedback_store_failures(s, &a, &arena, &failures, &err), MP_OK);
    tap_int(failures.n, 1);
    tap_str(failures.items[0].mail_from_domain, STR("sender.test"));
    tap_str(failures.items[0].auth_failure, STR("dmarc"));
}

static void test_queries(void)
{
    struct feedback_store *s = store_in(NULL);
    struct feedback_put put = {0};
    put_aggregate(s, "r1", "a.test", &put);
    put_aggregate(s, "r2", "sub.a.test", &put);
    put_aggregate(s, "r3", "ba.test", &put);
    put_tls(s, &put);
    put_failure(s, &put);
    test_filters(s);
    test_values(s);
    feedback_store_close(s);
}

/* ---- what it forgets ---- */

static void test_sweep(void)
{
    struct feedback_store *s = NULL;
    struct feedback_store_config config = {.keep_s = 10 * DAY, .max_reports = 2};
    struct feedback_put put = {0};
    struct feedback_stored_list list = {0};
    struct feedback_row_list rows = {0};
    struct dmarc_row two[2];
    uint64_t gone = 0;
    tap_int(feedback_store_open(&config, &s, &err), MP_OK);
    for (int i = 0; i < 4; i++) {
        char id[8];
        snprintf(id, sizeof id, "r%d", i);
        struct dmarc_aggregate r = aggregate(id, "a.test", two);
        put_item(s, (struct feedback_item){.kind = FEEDBACK_AGGREGATE, .aggregate = &r},
                 NOW + i * DAY, &put);
    }
    tap_case("beyond the number that is kept the oldest go, with their rows");
    tap_int(feedback_store_sweep(s, NOW + 4 * DAY, &gone, &err), MP_OK);
    tap_int(gone, 2);
    tap_int(feedback_store_reports(s, &(struct feedback_filter){0}, &arena, &list, &err), MP_OK);
    tap_int(list.n, 2);
    tap_str(list.items[1].report_id, STR("r2"));
    tap_int(feedback_store_rows(s, &(struct feedback_filter){0}, &arena, &rows, &err), MP_OK);
    tap_int(rows.n, 4);
    tap_case("beyond their age they go, counted from when they came");
    tap_int(feedback_store_sweep(s, NOW + 12 * DAY + 1, &gone, &err), MP_OK);
    tap_int(gone, 1);
    tap_int(feedback_store_sweep(s, NOW + 12 * DAY + 1, &gone, &err), MP_OK);
    tap_int(gone, 0);
    feedback_store_close(s);
}

/* ---- files ---- */

static void test_files(void)
{
    char dir[] = "/tmp/feedback_store_XXXXXX", path[128], made[64];
    struct feedback_store *s = NULL, *other = NULL;
    struct feedback_put put = {0};
    struct feedback_stored_list list = {0};
    sqlite3 *db = NULL;
    tap_ok(mkdtemp(dir) != NULL);
    snprintf(made, sizeof made, "%s/store", dir);
    snprintf(path, sizeof path, "%s/feedback.db", made);
    tap_case("what is to be read only is not made");
    tap_int(feedback_store_open(&(struct feedback_store_config){.dir = made, .read_only = true}, &s,
                                &err),
            MP_E_IO);
    tap_case("it lasts, and two may have it open");
    s = store_in(made);
    other = store_in(made);
    put_aggregate(s, "r1", "a.test", &put);
    put_aggregate(other, "r1", "a.test", &put);
    tap_int(put.known, 1);
    feedback_store_close(other);
    feedback_store_close(s);
    tap_int(feedback_store_open(&(struct feedback_store_config){.dir = made, .read_only = true}, &s,
                                &err),
            MP_OK);
    tap_int(feedback_store_reports(s, &(struct feedback_filter){0}, &arena, &list, &err), MP_OK);
    tap_int(list.n, 1);
    tap_case("read only, nothing is written");
    struct feedback_item none = {.kind = FEEDBACK_TLS,
                                 .tls = &(struct tls_report){.report_id = STR("t")}};
    struct feedback_content c = {.items = &none, .n = 1};
    tap_int(feedback_store_put(s, &c, STR(""), NOW, &put, &err), MP_E_USAGE);
    feedback_store_close(s);
    tap_case("a newer schema is refused, and stays");
    tap_int(sqlite3_open(path, &db), SQLITE_OK);
    tap_int(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    tap_int(feedback_store_open(&(struct feedback_store_config){.dir = made}, &s, &err), MP_E_IO);
    tap_ok(strstr(err.text, "newer mailproof") != NULL);
    tap_case("a database of another program is refused");
    tap_int(sqlite3_exec(db, "PRAGMA application_id = 7", NULL, NULL, NULL), SQLITE_OK);
    tap_int(feedback_store_open(&(struct feedback_store_config){.dir = made}, &s, &err), MP_E_IO);
    tap_ok(strstr(err.text, "another program") != NULL);
    sqlite3_close(db);
    tap_case("what is no database is refused");
    FILE *f = fopen(path, "w");
    tap_ok(f != NULL && fputs("this is no database, whatever its name says: none at all", f) >= 0);
    tap_ok(f != NULL && fclose(f) == 0);
    tap_int(feedback_store_open(&(struct feedback_store_config){.dir = made}, &s, &err), MP_E_IO);
    const char *const left[] = {"feedback.db-wal", "feedback.db-shm", "feedback.db"};
    for (size_t i = 0; i < ARRAY_LEN(left); i++) {
        snprintf(path, sizeof path, "%s/%s", made, left[i]);
        unlink(path);
    }
    tap_ok(rmdir(made) == 0 && rmdir(dir) == 0);
}

/* ---- mail seen ---- */

static struct feedback_seen seen_at(int64_t time_s, const char *domain, const char *ip)
{
    return (struct feedback_seen){.time_s = time_s,
                                  .published = {.domain = str_from(domain), .p = STR("none")},
                                  .row = {.source = ip_of(ip),
                                          .disposition = DISPOSITION_NONE,
                                          .dkim = ALIGNED_PASS,
                                          .spf = ALIGNED_FAIL,
                                          .header_from = str_from(domain),
                                          .dkim_results = &dkim_pass,
                                          .n_dkim = 1}};
}

static void test_seen(void)
{
    struct feedback_store *s = store_in(NULL);
    struct feedback_day_domain_list domains = {0};
    struct dmarc_aggregate r = {0};
    struct feedback_seen seen[] = {
        seen_at(DAY_0, "a.test", "192.0.2.1"),
        seen_at(DAY_0 + 9, "A.test", "192.0.2.1"),
        seen_at(DAY_0 + 9, "a.test", "192.0.2.1"),
        seen_at(DAY_0 + DAY - 1, "a.test", "192.0.2.2"),
        seen_at(DAY_0 + DAY, "a.test", "192.0.2.1"),
        seen_at(DAY_0 + 5, "b.test", "192.0.2.1"),
        seen_at(DAY_0 + 6, "", "192.0.2.1"),
    };
    seen[3].published.p = STR("reject");
    seen[2].row.count = 5;
    seen[1].row.header_from = STR("a.test");
    tap_case("equal rows of a day add up");
    tap_int(feedback_observe(s, seen, ARRAY_LEN(seen), &err), MP_OK);
    tap_int(feedback_seen_domains(s, DAY_0, &arena, &domains, &err), MP_OK);
    tap_int(domains.n, 2);
    tap_str(domains.items[0].domain, STR("a.test"));
    tap_int(domains.items[0].messages, 8);
    tap_int(feedback_seen_rows(s, DAY_0, STR("a.test"), &arena, &r, &err), MP_OK);
    tap_int(r.n_rows, 2);
    tap_int(r.rows[0].count, 7);
    tap_str(r.rows[0].dkim_results[0].selector, STR("s1"));
    tap_int(r.messages, 8);
    tap_int(r.begin_s, DAY_0);
    tap_int(r.end_s, DAY_0 + DAY - 1);
    tap_case("the policy is the one seen last, in whatever order it is told");
    tap_str(r.published.p, STR("reject"));
    seen[0].time_s = DAY_0 + 1;
    tap_int(feedback_observe(s, seen, 1, &err), MP_OK);
    tap_int(feedback_seen_rows(s, DAY_0, STR("a.test"), &arena, &r, &err), MP_OK);
    tap_str(r.published.p, STR("reject"));
    tap_case("text that no report may hold is left out");
    struct feedback_seen bad = seen_at(DAY_0 + 2 * DAY, "c.test", "192.0.2.3");
    bad.row.header_from = STR("\xff\xfe");
    tap_int(feedback_observe(s, &bad, 1, &err), MP_OK);
    tap_int(feedback_seen_rows(s, DAY_0 + 2 * DAY, STR("c.test"), &arena, &r, &err), MP_OK);
    tap_str(r.rows[0].header_from, STR(""));
    tap_case("a day without mail of a domain has no rows");
    tap_int(feedback_seen_rows(s, DAY_0, STR("c.test"), &arena, &r, &err), MP_E_USAGE);
    tap_case("what was sent is known");
    bool sent = true;
    tap_int(feedback_seen_is_sent(s, DAY_0, STR("a.test"), STR("x@r.test"), &sent, &err), MP_OK);
    tap_ok(!sent);
    tap_int(feedback_seen_mark_sent(s, DAY_0, STR("a.test"), STR("x@r.test"), STR("id"), NOW, &err),
            MP_OK);
    tap_int(feedback_seen_is_sent(s, DAY_0, STR("a.test"), STR("x@r.test"), &sent, &err), MP_OK);
    tap_ok(sent);
    tap_int(feedback_seen_is_sent(s, DAY_0, STR("b.test"), STR("x@r.test"), &sent, &err), MP_OK);
    tap_ok(!sent);
    tap_case("old days go");
    uint64_t gone = 0;
    tap_int(feedback_store_sweep(s, DAY_0 + 10 * DAY, &gone, &err), MP_OK);
    tap_int(feedback_seen_domains(s, DAY_0, &arena, &domains, &err), MP_OK);
    tap_int(domains.n, 0);
    tap_int(feedback_seen_domains(s, DAY_0 + 2 * DAY, &arena, &domains, &err), MP_OK);
    tap_int(domains.n, 1);
    feedback_store_close(s);
}

/* ---- bytes ---- */

static void test_wire(void)
{
    struct dmarc_row rows[2];
    struct dmarc_aggregate r = aggregate("r1", "a.test", rows);
    struct feedback_item item = {.kind = FEEDBACK_AGGREGATE,
                                 .place = STR("part 1"),
                                 .aggregate = &r};
    struct feedback_content c = {.items = &item, .n = 1, .problems = {.arena = &arena}}, back;
    struct buf packed, again;
    buf_init(&packed, 1 << 20);
    buf_init(&again, 1 << 20);
    feedback_problem(&c.problems, PROBLEM_RANGE, GRAVITY_NOTE, STR("line 1"), "it is odd");
    feedback_content_pack(&packed, &c);
    tap_case("packed, unpacked, packed: the same bytes");
    tap_int(feedback_content_unpack(&arena, buf_str(&packed), &back, &err), MP_OK);
    feedback_content_pack(&again, &back);
    tap_ok(str_eq(buf_str(&packed), buf_str(&again)));
    tap_str(back.problems.items[0].text, STR("it is odd"));
    tap_case("cut anywhere it is refused");
    size_t taken = 0;
    for (size_t n = 0; n < packed.n; n++)
        taken += feedback_content_unpack(&arena, str_slice(buf_str(&packed), 0, n), &back, NULL) ==
                 MP_OK;
    tap_int(taken, 0);
    tap_case("a count that the bytes cannot hold is refused");
    memset(packed.p, 0xff, 4);
    tap_int(feedback_content_unpack(&arena, buf_str(&packed), &back, &err), MP_E_SYNTAX);
    buf_clear(&packed);
    buf_clear(&again);
}

int main(void)
{
    arena_init(&arena, 256 << 20);
    test_put();
    test_queries();
    test_sweep();
    test_files();
    test_seen();
    test_wire();
    arena_clear(&arena);
    return tap_done();
}
