/* What is kept is read back whole, found by each condition and by no other, page by page; counts;
 * the monitor's changes; what may not be written of people. */
#include "history/history_test_kit.h"

/* ---- a whole mail ---- */

static struct mail_summary a_full_mail(void)
{
    struct mail_summary s = kit_mail(7);
    s.elapsed_us = 1234;
    s.queue_id = STR("4bXq2");
    s.client = (struct ip){IP_V6, {0x20, 1, 0xd, 0xb8, [15] = 9}};
    s.client_name = STR("mail.sender.example");
    s.helo = STR("sender.example");
    s.tls = STR("TLSv1.3");
    s.auth_user = STR("ann");
    s.rcpt_to[1] = STR("bob@\xc3\xa9.example");
    s.n_rcpts = 2;
    s.n_rcpt_to = 70;
    s.subject = STR("Gr\xc3\xbc\xc3\x9f"
                    "e 100% _x_");
    s.size_bytes = 5ULL << 32;
    s.sha256 = STR("ab01");
    s.action = ACTION_REJECT;
    s.done = STR("tempfail");
    s.complete = false;
    s.reply = STR("451 4.7.1 later");
    s.spf_domain = STR("sender.example");
    s.spf_scope = STR("mfrom");
    s.dkim[0] = (struct summary_signature){STR("author.example"), STR("s1"), STR("pass")};
    s.dkim[1] = (struct summary_signature){STR("list.example"), STR("s2"), STR("fail")};
    s.n_dkim = 2;
    s.arc = STR("pass");
    s.dmarc = STR("fail");
    s.dmarc_domain = STR("author.example");
    s.spf_aligned = s.dkim_aligned = true;
    s.policy = (struct summary_policy){.p = STR("reject"),
                                       .sp = STR("none"),
                                       .np = STR("quarantine"),
                                       .adkim = STR("r"),
                                       .aspf = STR("s"),
                                       .testing = true,
                                       .wants_reports = true,
                                       .discovery = STR("treewalk"),
                                       .disposition = STR("reject"),
                                       .override = STR("local_policy"),
                                       .comment = STR("known list")};
    s.findings[0] =
        (struct summary_finding){STR("auth.dmarc.fail"), SEV_HIGH, 2, STR("author.example")};
    s.findings[1] = (struct summary_finding){STR("limit.mime"), SEV_LOW, 1, STR("")};
    s.n_findings = 2;
    s.signed_by = STR("example.org:s1");
    return s;
}

/* Two summaries are equal when their bytes are. */
static void same_summary(const struct mail_summary *got, const struct mail_summary *want)
{
    struct buf a, b;
    buf_init(&a, 1 << 20);
    buf_init(&b, 1 << 20);
    mail_summary_write(&a, got);
    mail_summary_write(&b, want);
    tap_ok(str_eq(buf_str(&a), buf_str(&b)));
    buf_clear(&a);
    buf_clear(&b);
}

static bool check_full(void *ctx, const struct history_message *m)
{
    const struct mail_summary want = a_full_mail();
    *(int *)ctx += 1;
    same_summary(&m->s, &want);
    tap_int(m->worst, SEV_HIGH);
    tap_ok(m->has_report && !m->has_message);
    return true;
}

static void keeps_all(void)
{
    tap_case("a mail is read back as it was told, with its report");
    kit_make_dir();
    struct history *h = kit_open(&(struct history_config){.keep_reports = 1});
    struct mail_summary s = a_full_mail();
    struct mp_err err = {0};
    struct buf report;
    int calls = 0;
    bool found = false;
    buf_init(&report, HISTORY_REPORT_MAX_BYTES);
    s.time_ms = clock_wall_ms(); /* a report of long ago would go at once */
    tap_ok(history_add(h, &s, STR("{\"verdict\":1}"), STR("Subject: x\r\n\r\n")));
    history_flush(h);
    kit_sql("UPDATE message SET time_ms = 1790000000007");
    tap_int(history_get(h, s.id, check_full, &calls, &found, &err), MP_OK);
    tap_ok(found && calls == 1);
    tap_int(history_report(h, s.id, &report, &found, &err), MP_OK);
    tap_ok(found);
    tap_str(buf_str(&report), STR("{\"verdict\":1}"));
    tap_int(history_message_bytes(h, s.id, &report, &found, &err), MP_OK);
    tap_ok(!found);
    tap_int(history_get(h, STR("nothing"), check_full, &calls, &found, &err), MP_OK);
    tap_ok(!found && calls == 1);
    buf_clear(&report);
    history_close(h);
    kit_remove_dir();
}

static void keeps_bodies(void)
{
    tap_case("a message is kept when asked for, up to a size");
    kit_make_dir();
    struct history *h =
        kit_open(&(struct history_config){.keep_messages = 1, .max_message_bytes = 10});
    struct mail_summary s = kit_mail(1);
    struct buf bytes;
    bool found = false;
    buf_init(&bytes, 1000);
    s.time_ms = clock_wall_ms();
    tap_ok(history_add(h, &s, STR("report"), STR("0123456789")));
    history_flush(h);
    tap_int(history_message_bytes(h, s.id, &bytes, &found, NULL), MP_OK);
    tap_str(buf_str(&bytes), STR("0123456789"));
    s = kit_mail(2);
    s.time_ms = clock_wall_ms();
    tap_ok(history_add(h, &s, STR("report"), STR("0123456789a")));
    history_flush(h);
    tap_int(history_message_bytes(h, s.id, &bytes, &found, NULL), MP_OK);
    tap_ok(!found);
    tap_int(history_report(h, s.id, &bytes, &found, NULL), MP_OK);
    tap_ok(!found);
    buf_clear(&bytes);
    history_close(h);
    kit_remove_dir();
}

/* ---- conditions ---- */

/* Mail 1 is kit_mail; the others differ in what the rows look for. */
static void fill(struct history *h)
{
    struct mail_summary s = kit_mail(1);
    kit_add(h, &s);
    s = kit_mail(2);
    s.done = STR("reject");
    s.action = ACTION_REJECT;
    s.findings[0] = (struct summary_finding){STR("auth.dmarc.fail"), SEV_HIGH, 1, STR("x")};
    s.findings[1] = (struct summary_finding){STR("auth.spf.fail"), SEV_LOW, 1, STR("x")};
    s.n_findings = 2;
    kit_add(h, &s);
    s = kit_mail(3);
    s.from_domain = STR("sender.example");
    s.mail_from = STR("");
    s.from = STR("x@sender.example");
    s.subject = STR("50% off_er \\");
    s.findings[0] = (struct summary_finding){STR("authentic"), SEV_INFO, 1, STR("x")};
    s.n_findings = 1;
    kit_add(h, &s);
    s = kit_mail(4);
    s.client = (struct ip){IP_V6, {0x20, 1, 0xd, 0xb8, [15] = 9}};
    s.mode = STR("outbound");
    s.listener = STR("submission");
    s.queue_id = STR("Q4");
    s.rcpt_to[0] = STR("bob@sender.example");
    s.rcpt_to[1] = STR("Carl@example.net");
    s.n_rcpts = 2;
    s.dkim[0] = (struct summary_signature){STR("Signer.example"), STR("s"), STR("pass")};
    s.n_dkim = 1;
    s.auth_user = STR("dora@login.example");
    kit_add(h, &s);
    history_flush(h);
}

static const struct {
    const char *label, *want;
    struct history_query q;
} conditions[] = {
    {"all, newest first", "4 3 2 1", {0}},
    {"from", "4 3", {.from_ms = KIT_NOW_S * 1000LL + 3}},
    {"to is not within", "2 1", {.to_ms = KIT_NOW_S * 1000LL + 3}},
    {"a domain in any role", "4 3 2 1", {.domain = STR_INIT("sender.example")}},
    {"as author", "3", {.domain = STR_INIT("SENDER.example"), .roles = HISTORY_FROM}},
    {"as recipient", "4", {.domain = STR_INIT("sender.example"), .roles = HISTORY_RCPT}},
    {"as sender", "4 2 1", {.domain = STR_INIT("sender.example"), .roles = HISTORY_MAIL_FROM}},
    {"as signer", "4", {.domain = STR_INIT("signer.example"), .roles = HISTORY_DKIM}},
    {"not a part of a domain", "", {.domain = STR_INIT("ender.example")}},
    {"an address as author", "4 2 1", {.address = STR_INIT("boss@AUTHOR.example")}},
    {"an address as second recipient", "4", {.address = STR_INIT("carl@example.net")}},
    {"not a part of an address", "", {.address = STR_INIT("arl@example.net")}},
    {"what was done", "2", {.has_done = true, .done = ACTION_REJECT}},
    {"what was to be done", "4 3 1", {.has_action = true, .action = ACTION_ACCEPT}},
    {"how grave at least", "2", {.has_severity = true, .severity = SEV_LOW}},
    {"of any gravity", "3 2", {.has_severity = true, .severity = SEV_INFO}},
    {"a finding", "2", {.finding = STR_INIT("auth.dmarc.fail")}},
    {"all below", "2", {.finding = STR_INIT("auth.*")}},
    {"all below the second word", "2", {.finding = STR_INIT("auth.spf.*")}},
    {"any finding", "3 2", {.finding = STR_INIT("*")}},
    {"an id is no pattern", "", {.finding = STR_INIT("auth.dmarc")}},
    {"none ever seen", "", {.finding = STR_INIT("archive.*")}},
    {"a finding of a domain",
     "2",
     {.finding = STR_INIT("auth.*"), .domain = STR_INIT("author.example")}},
    {"a finding of none of its mails",
     "",
     {.finding = STR_INIT("auth.*"), .domain = STR_INIT("example.net")}},
    {"a Message-ID", "3", {.message_id = STR_INIT("<3@mid.example>")}},
    {"without brackets", "3", {.message_id = STR_INIT("3@mid.example")}},
    {"not the end of one", "", {.message_id = STR_INIT("@mid.example")}},
    {"a client", "3 2 1", {.client_ip = STR_INIT("192.0.2.7")}},
    {"a client in another form", "4", {.client_ip = STR_INIT("2001:DB8:0::9")}},
    {"a mode", "4", {.mode = STR_INIT("outbound")}},
    {"a listener", "3 2 1", {.listener = STR_INIT("mx")}},
    {"a queue id", "4", {.queue_id = STR_INIT("Q4")}},
    {"words of a subject", "4 2 1", {.text = STR_INIT("HELL")}},
    {"words of a recipient", "4", {.text = STR_INIT("carl@")}},
    {"a percent sign is one", "3", {.text = STR_INIT("0% o")}},
    {"and so is a line", "3", {.text = STR_INIT("f_e")}},
    {"which stands for no other", "", {.text = STR_INIT("h_llo")}},
    {"a backslash", "3", {.text = STR_INIT(" \\")}},
    {"SQL is no SQL", "", {.text = STR_INIT("') OR 1=1 --"), .mode = STR_INIT("' OR ''='")}},
    {"several hold at once",
     "4",
     {.domain = STR_INIT("sender.example"),
      .text = STR_INIT("bob"),
      .mode = STR_INIT("outbound"),
      .address = STR_INIT("DORA@login.example")}},
    {"and not one alone", "", {.mode = STR_INIT("inbound"), .queue_id = STR_INIT("Q4")}},
};

static void finds(void)
{
    kit_make_dir();
    struct history *h = kit_open(NULL);
    fill(h);
    for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
        tap_case("search: %s", conditions[i].label);
        tap_cstr(kit_search(h, &conditions[i].q, NULL).ids, conditions[i].want);
    }
    tap_case("search: a text that is too long is refused");
    struct history_page page;
    struct mp_err err = {0};
    char *longer = calloc(1, HISTORY_TEXT_MAX_BYTES + 1);
    struct history_query q = {.text = str_make(longer, HISTORY_TEXT_MAX_BYTES + 1)};
    tap_int(history_search(h, &q, kit_collect, NULL, &page, &err), MP_E_USAGE);
    free(longer);
    history_close(h);
    kit_remove_dir();
    tap_case("without a history nothing is found, and nothing breaks");
    const struct mail_summary s = kit_mail(1);
    tap_int(history_search(NULL, &q, kit_collect, NULL, &page, &err), MP_E_USAGE);
    tap_ok(!history_add(NULL, &s, STR(""), STR("")));
    history_flush(NULL);
    history_close(NULL);
}

/* ---- pages ---- */

static void check_page(struct history *h, const struct history_query *q, const char *want,
                       bool more, struct history_page *page)
{
    tap_cstr(kit_search(h, q, page).ids, want);
    tap_ok(page->more == more);
}

static bool stop_at_3(void *ctx, const struct history_message *m)
{
    kit_collect(ctx, m);
    return ((struct kit_found *)ctx)->n < 3;
}

static void pages(void)
{
    tap_case("pages go on and back, also among mails of one moment, and new mail moves none");
    kit_make_dir();
    struct history *h = kit_open(NULL);
    for (int i = 1; i <= 7; i++) {
        struct mail_summary s = kit_mail(i);
        s.time_ms = KIT_NOW_S * 1000LL + (i >= 3 && i <= 5 ? 3 : i);
        kit_add(h, &s);
    }
    history_flush(h);
    struct history_page page;
    struct history_query q = {.limit = 3};
    check_page(h, &q, "7 6 5", true, &page);
    struct mail_summary late = kit_mail(8);
    kit_add(h, &late);
    history_flush(h);
    q.has_cursor = true;
    q.cursor = page.last;
    check_page(h, &q, "4 3 2", true, &page);
    q.cursor = page.last;
    check_page(h, &q, "1", false, &page);
    q.newer = true;
    q.cursor = page.first;
    check_page(h, &q, "4 3 2", true, &page);
    q.cursor = page.first;
    check_page(h, &q, "7 6 5", true, &page);
    q.cursor = page.first;
    check_page(h, &q, "8", false, &page);
    q.cursor = page.first;
    check_page(h, &q, "", false, &page);
    tap_case("each goes from the oldest on, and stops when told");
    struct kit_found f = {0};
    struct history_query all = {0};
    tap_int(history_each(h, &all, kit_collect, &f, NULL), MP_OK);
    tap_cstr(f.ids, "1 2 3 4 5 6 7 8");
    f = (struct kit_found){0};
    tap_int(history_each(h, &all, stop_at_3, &f, NULL), MP_OK);
    tap_cstr(f.ids, "1 2 3");
    history_close(h);
    kit_remove_dir();
}

static bool count_one(void *ctx, const struct history_message *m)
{
    (void)m;
    ++*(int *)ctx;
    return true;
}

static void each_over_pages(void)
{
    tap_case("each: more than one page of its own");
    kit_make_dir();
    struct history *h = kit_open(NULL);
    for (int i = 0; i < 1203; i++) {
        const struct mail_summary s = kit_mail(i);
        history_add(h, &s, STR(""), STR(""));
    }
    history_flush(h);
    int n = 0;
    tap_int(history_each(h, &(struct history_query){0}, count_one, &n, NULL), MP_OK);
    tap_int(n, 1203);
    tap_int(kit_status(h).written, 1203);
    history_close(h);
    kit_remove_dir();
}

/* ---- counts ---- */

static bool show_count(void *ctx, const struct history_count *c)
{
    buf_addf(ctx, "%lld:%llu/%llu/%llu/%llu/%llu ", (long long)(c->start_ms / 60000 % 1000),
             (unsigned long long)c->messages, (unsigned long long)c->done[ACTION_ACCEPT],
             (unsigned long long)c->done[ACTION_REJECT], (unsigned long long)c->incomplete,
             (unsigned long long)c->bytes);
    return true;
}

static bool show_auth(void *ctx, const struct history_auth *a)
{
    buf_addf(ctx, STR_FMT ":%llu spf %llu/%llu dkim %llu/%llu dmarc %llu/%llu/%llu arc %llu ",
             STR_ARG(a->domain), (unsigned long long)a->messages, (unsigned long long)a->spf_pass,
             (unsigned long long)a->spf_fail, (unsigned long long)a->dkim_pass,
             (unsigned long long)a->dkim_fail, (unsigned long long)a->dmarc_pass,
             (unsigned long long)a->dmarc_fail, (unsigned long long)a->dmarc_none,
             (unsigned long long)a->arc_pass);
    return true;
}

static bool copy_auth(void *ctx, const struct history_auth *a)
{
    *(struct history_auth *)ctx = *a;
    return false;
}

static bool show_finding(void *ctx, const struct history_finding *f)
{
    buf_addf(ctx, STR_FMT ":%s:%llu/%llu ", STR_ARG(f->id), severity_name(f->worst),
             (unsigned long long)f->messages, (unsigned long long)f->count);
    return true;
}

static void check_shown(struct buf *b, int st, const char *want)
{
    tap_int(st, MP_OK);
    tap_str(buf_str(b), str_from(want));
    buf_reset(b);
}

static void counts(void)
{
    kit_make_dir();
    struct history *h = kit_open(NULL);
    int64_t base = 1790000040000; /* a whole minute, 14 of its hour */
    struct mail_summary s = kit_mail(1);
    s.time_ms = base;
    kit_add(h, &s);
    s.time_ms = base + 59999;
    s.done = STR("reject");
    s.complete = false;
    s.spf = STR("softfail");
    s.dmarc = STR("fail");
    s.n_dkim = 1;
    s.dkim[0] = (struct summary_signature){STR("d.example"), STR("s"), STR("fail")};
    s.n_findings = 1;
    s.findings[0] = (struct summary_finding){STR("auth.spf.fail"), SEV_LOW, 2, STR("")};
    kit_add(h, &s);
    s.time_ms = base + 120000;
    s.done = STR("odd");
    s.from_domain = STR("other.example");
    s.dkim[0].result = STR("pass");
    s.findings[0].severity = SEV_HIGH;
    kit_add(h, &s);
    s = kit_mail(4);
    s.mode = STR("outbound");
    s.time_ms = base + 120000;
    s.spf = s.dmarc = STR("");
    kit_add(h, &s);
    history_flush(h);
    struct buf b;
    buf_init(&b, 10000);
    tap_case("counts by minute, mode, range");
    check_shown(&b, history_counts(h, base, base + 180000, 60, STR(""), show_count, &b, NULL),
                "334:2/1/1/1/200 336:2/1/0/1/200 ");
    check_shown(&b, history_counts(h, base, 0, 60, STR("outbound"), show_count, &b, NULL),
                "336:1/1/0/0/100 ");
    check_shown(&b,
                history_counts(h, base + 60000, base + 120000, 60, STR(""), show_count, &b, NULL),
                "");
    check_shown(&b, history_counts(h, 0, 0, 3600, STR(""), show_count, &b, NULL),
                "320:4/2/1/2/400 ");
    struct mp_err err = {0};
    tap_int(history_counts(h, 0, base, 1, STR(""), show_count, &b, &err), MP_E_LIMIT);
    tap_case("authentication by domain: our own mail is not judged");
    check_shown(&b, history_auth(h, base, base + 1, 0, show_auth, &b, NULL),
                "author.example:2 spf 1/1 dkim 0/1 dmarc 0/1/1 arc 0 "
                "other.example:1 spf 0/1 dkim 1/0 dmarc 0/1/0 arc 0 ");
    check_shown(&b, history_auth(h, base, base + 1, 1, show_auth, &b, NULL),
                "author.example:2 spf 1/1 dkim 0/1 dmarc 0/1/1 arc 0 ");
    check_shown(&b, history_auth(h, base + 3600000, 0, 0, show_auth, &b, NULL), "");
    tap_case("authentication over days is the sum of its hours");
    s = kit_mail(5);
    s.from_domain = STR("days.example");
    for (int64_t hour = 0; hour < 24 * 6; hour += 5) {
        s.time_ms = base + 86400000LL * 30 + hour * 3600000;
        kit_add(h, &s);
    }
    history_flush(h);
    for (int64_t from = 0; from < 60; from += 7)
        for (int64_t to = from + 1; to < 150; to += 11) {
            int64_t origin = (base / 3600000 + 24 * 30) * 3600000, want = 0;
            for (int64_t hour = 0; hour < 24 * 6; hour += 5)
                want += hour >= from && hour < to;
            struct history_auth sum = {0};
            tap_int(history_auth(h, origin + from * 3600000, origin + to * 3600000, 1, copy_auth,
                                 &sum, NULL),
                    MP_OK);
            if (sum.messages != (uint64_t)want)
                tap_int(sum.messages, want);
        }
    tap_case("findings by mails");
    check_shown(&b, history_findings(h, 0, 0, 0, show_finding, &b, NULL),
                "auth.spf.fail:high:2/4 ");
    tap_case("totals");
    struct history_totals t;
    tap_int(history_totals(h, &t, NULL), MP_OK);
    tap_ok(t.messages == 33 && t.counted == 33 && t.reports == 0 && t.bytes > 0);
    tap_ok(t.oldest_ms == base && t.newest_ms > base + 120000);
    buf_clear(&b);
    history_close(h);
    kit_remove_dir();
}

/* ---- the monitor's ---- */

static bool show_run(void *ctx, const struct history_run *r)
{
    buf_addf(ctx, STR_FMT "/" STR_FMT "=%s%s%s%s ", STR_ARG(r->suite), STR_ARG(r->name),
             history_run_state_name(r->state), r->changed ? "<" : "",
             r->changed ? history_run_state_name(r->before) : "", r->text.n > 0 ? "!" : "");
    return true;
}

static bool show_audit(void *ctx, const struct history_audit *a)
{
    buf_addf(ctx, STR_FMT "=" STR_FMT "/%d%s" STR_FMT " ", STR_ARG(a->domain), STR_ARG(a->grade),
             a->score, a->changed ? "<" : "", STR_ARG(a->before));
    return true;
}

static void add_run(struct history *h, const char *name, enum history_run_state state)
{
    tap_ok(history_add_run(h, &(struct history_run){.suite = STR("s"),
                                                    .name = str_from(name),
                                                    .time_ms = KIT_NOW_S * 1000LL,
                                                    .duration_ms = 5,
                                                    .state = state,
                                                    .text = state == HISTORY_PASSED ? STR("")
                                                                                    : STR("why")}));
}

static void add_audit(struct history *h, const char *grade, int32_t score, const char *findings)
{
    tap_ok(history_add_audit(h, &(struct history_audit){.domain = STR("a.example"),
                                                        .grade = str_from(grade),
                                                        .time_ms = KIT_NOW_S * 1000LL,
                                                        .score = score,
                                                        .findings = str_from(findings)}));
}

static void monitor(void)
{
    kit_make_dir();
    struct history *h = kit_open(NULL);
    struct buf b;
    buf_init(&b, 10000);
    add_run(h, "a", HISTORY_PASSED);
    add_run(h, "b", HISTORY_PASSED);
    add_run(h, "a", HISTORY_PASSED);
    add_run(h, "a", HISTORY_FAILED);
    add_run(h, "b", HISTORY_UNDECIDED);
    add_run(h, "b", HISTORY_PASSED);
    history_flush(h);
    tap_case("runs, newest first, with the changes of each case");
    struct history_run_query q = {0};
    check_shown(&b, history_runs(h, &q, show_run, &b, NULL),
                "s/b=passed<undecided s/b=undecided<passed! s/a=failed<passed! s/a=passed "
                "s/b=passed<passed s/a=passed<passed ");
    q = (struct history_run_query){.name = STR("a"), .suite = STR("s"), .changes = true};
    check_shown(&b, history_runs(h, &q, show_run, &b, NULL),
                "s/a=failed<passed! s/a=passed<passed ");
    q = (struct history_run_query){.latest = true};
    check_shown(&b, history_runs(h, &q, show_run, &b, NULL),
                "s/b=passed<undecided s/a=failed<passed! ");
    q = (struct history_run_query){.limit = 2, .before_seq = 5};
    check_shown(&b, history_runs(h, &q, show_run, &b, NULL), "s/a=failed<passed! s/a=passed ");
    q = (struct history_run_query){.from_ms = KIT_NOW_S * 1000LL + 1};
    check_shown(&b, history_runs(h, &q, show_run, &b, NULL), "");
    q = (struct history_run_query){.suite = STR("other")};
    check_shown(&b, history_runs(h, &q, show_run, &b, NULL), "");
    tap_case("audits, with what changed");
    add_audit(h, "B", 70, "[1]");
    add_audit(h, "B", 70, "[1]");
    add_audit(h, "B", 70, "[1,2]");
    add_audit(h, "A", 90, "[1,2]");
    history_flush(h);
    q = (struct history_run_query){.domain = STR("a.example")};
    check_shown(&b, history_audits(h, &q, show_audit, &b, NULL),
                "a.example=A/90<B a.example=B/70<B a.example=B/70B a.example=B/70< ");
    q.changes = true;
    check_shown(&b, history_audits(h, &q, show_audit, &b, NULL),
                "a.example=A/90<B a.example=B/70<B a.example=B/70< ");
    q = (struct history_run_query){.latest = true};
    check_shown(&b, history_audits(h, &q, show_audit, &b, NULL), "a.example=A/90<B ");
    q = (struct history_run_query){.domain = STR("b.example")};
    check_shown(&b, history_audits(h, &q, show_audit, &b, NULL), "");
    buf_clear(&b);
    history_close(h);
    kit_remove_dir();
}

/* ---- people ---- */

static struct mail_summary a_private_mail(int n)
{
    struct mail_summary s = kit_mail(n);
    s.subject = STR("Your invoice from mum@home.example");
    s.auth_user = STR("ann");
    s.rcpt_to[0] = STR("Ann@Example.org");
    s.reply = STR("550 5.7.1 Your invoice from mum@home.example is bad");
    s.findings[0] = (struct summary_finding){STR("a.b"), SEV_LOW, 1,
                                             STR("'invoice from' by \"an n\"@example.org, x")};
    s.findings[1] = (struct summary_finding){STR("a.c"), SEV_LOW, 1, STR("by <ann@example.org>")};
    s.n_findings = 2;
    return s;
}

static bool show_private(void *ctx, const struct history_message *m)
{
    buf_addf(ctx, STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT,
             STR_ARG(m->s.rcpt_to[0]), STR_ARG(m->s.from), STR_ARG(m->s.auth_user),
             STR_ARG(m->s.subject), STR_ARG(m->s.reply), STR_ARG(m->s.findings[0].evidence),
             STR_ARG(m->s.findings[1].evidence));
    return false;
}

static struct str kept_text(struct history *h, struct buf *b)
{
    struct history_page page;
    buf_reset(b);
    history_search(h, &(struct history_query){0}, show_private, b, &page, NULL);
    return buf_str(b);
}

static bool file_has(const char *name, const char *what)
{
    struct str bytes = tap_read_file(kit_path(name));
    return bytes.p != NULL && str_isearch(bytes, str_from(what)) < bytes.n;
}

static void hashed(void)
{
    tap_case("hashed: no address is written, equal ones are equal, the domain stays");
    kit_make_dir();
    const struct history_config config = {.hash_addresses = true};
    struct history *h = kit_open(&config);
    struct mail_summary s = a_private_mail(1);
    struct buf b;
    buf_init(&b, 10000);
    kit_add(h, &s);
    history_flush(h);
    struct str text = kept_text(h, &b), rcpt = str_slice(text, 0, str_find(text, '|'));
    tap_ok(str_starts(rcpt, STR("h-")) && str_ends(rcpt, STR("@example.org")));
    tap_int(rcpt.n, 2 + 20 + strlen("@example.org"));
    /* The recipient again, in evidence and in another case. */
    char *again = strndup(rcpt.p, rcpt.n);
    struct str rest = str_slice(text, rcpt.n, text.n);
    tap_ok(str_search(rest, str_from(again)) < rest.n);
    tap_ok(str_search(text, STR("550 5.7.1 Your invoice from h-")) < text.n);
    tap_ok(str_isearch(text, STR("ann")) == text.n && str_isearch(text, STR("an n")) == text.n);
    tap_case("hashed: found by the address, in any case, and by its hash");
    tap_cstr(kit_search(h, &(struct history_query){.address = STR("ann@example.ORG")}, NULL).ids,
             "1");
    tap_cstr(kit_search(h, &(struct history_query){.address = STR("ann")}, NULL).ids, "1");
    tap_cstr(kit_search(h, &(struct history_query){.address = STR("bob@example.org")}, NULL).ids,
             "");
    tap_cstr(kit_search(h, &(struct history_query){.text = str_from(again)}, NULL).ids, "1");
    tap_cstr(kit_search(h, &(struct history_query){.domain = STR("example.org")}, NULL).ids, "1");
    history_close(h);
    tap_case("hashed: nor in any file; the key stays, and hashes with it");
    tap_ok(!file_has("history.db", "ann@") && !file_has("history.db-wal", "ann@"));
    tap_ok(!file_has("history.db", "mum@") && !file_has("history.db", "boss@"));
    h = kit_open(&config);
    s = a_private_mail(2);
    kit_add(h, &s);
    history_flush(h);
    tap_cstr(kit_search(h, &(struct history_query){.text = str_from(again)}, NULL).ids, "2 1");
    history_close(h);
    tap_case("hashed: with another key, others");
    unlink(kit_path("history.key"));
    h = kit_open(&config);
    s = a_private_mail(3);
    kit_add(h, &s);
    history_flush(h);
    tap_cstr(kit_search(h, &(struct history_query){.text = str_from(again)}, NULL).ids, "2 1");
    history_close(h);
    free(again);
    buf_clear(&b);
    kit_remove_dir();
}

static void no_subjects(void)
{
    tap_case("no subjects: none is written, nor what quotes one");
    kit_make_dir();
    struct history *h = kit_open(&(struct history_config){.no_subjects = true});
    struct mail_summary s = a_private_mail(1);
    struct buf b;
    buf_init(&b, 10000);
    kit_add(h, &s);
    history_flush(h);
    struct str text = kept_text(h, &b);
    tap_ok(str_search(text, STR("invoice")) == text.n);
    tap_ok(str_search(text, STR("|550 5.7.1|")) < text.n);
    tap_ok(str_search(text, STR("by <ann@example.org>")) < text.n);
    history_close(h);
    tap_ok(!file_has("history.db", "invoice") && !file_has("history.db-wal", "invoice"));
    buf_clear(&b);
    kit_remove_dir();
    tap_case("reports and messages hold both: refused");
    kit_make_dir();
    struct mp_err err = {0};
    tap_int(history_open(
                &(struct history_config){.dir = kit_dir, .no_subjects = true, .keep_reports = 1},
                &h, &err),
            MP_E_USAGE);
    tap_int(history_open(&(struct history_config){.dir = kit_dir,
                                                  .hash_addresses = true,
                                                  .keep_messages = 1},
                         &h, &err),
            MP_E_USAGE);
    kit_remove_dir();
}

int main(void)
{
    keeps_all();
    keeps_bodies();
    finds();
    pages();
    each_over_pages();
    counts();
    monitor();
    hashed();
    no_subjects();
    return tap_done();
}
