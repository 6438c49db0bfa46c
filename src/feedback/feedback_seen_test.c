/* Which mail counts for a report, and what its row says. */
#include "feedback/seen.h"
#include "tests/tap.h"

static struct arena arena;

static struct mail_summary base(void)
{
    struct mail_summary s = {.time_ms = 1700000000500,
                             .mode = STR("inbound"),
                             .done = STR("accept"),
                             .mail_from = STR("b@bounce.test"),
                             .from_domain = STR("sub.a.test"),
                             .spf = STR("pass"),
                             .spf_domain = STR("bounce.test"),
                             .spf_scope = STR("mfrom"),
                             .dmarc = STR("fail"),
                             .dmarc_domain = STR("a.test"),
                             .policy = {.p = STR("reject"),
                                        .adkim = STR("s"),
                                        .testing = true,
                                        .wants_reports = true,
                                        .discovery = STR("treewalk"),
                                        .disposition = STR("none")},
                             .n_dkim = 1};
    s.dkim[0] = (struct summary_signature){STR("c.test"), STR("s1"), STR("pass")};
    ip_parse(STR("192.0.2.1"), &s.client);
    return s;
}

static const struct {
    const char *label, *mode, *done, *user, *dmarc, *domain;
    bool counts;
} rows[] = {
    {"inbound", "inbound", "accept", "", "fail", "a.test", true},
    {"watched only", "monitor", "accept", "", "pass", "a.test", true},
    {"outbound", "outbound", "accept", "", "fail", "a.test", false},
    {"asked for by a program", "scan", "accept", "", "fail", "a.test", false},
    {"of a user of ours", "inbound", "accept", "joe", "fail", "a.test", false},
    {"put off: it comes again", "inbound", "tempfail", "", "fail", "a.test", false},
    {"refused", "inbound", "reject", "", "fail", "a.test", true},
    {"DNS did not tell", "inbound", "accept", "", "temperror", "a.test", false},
    {"no policy", "inbound", "accept", "", "none", "", false},
};

static void test_counts(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct mail_summary s = base();
        struct feedback_seen seen;
        bool failed = false;
        s.mode = str_from(rows[i].mode);
        s.done = str_from(rows[i].done);
        s.auth_user = str_from(rows[i].user);
        s.dmarc = str_from(rows[i].dmarc);
        s.dmarc_domain = str_from(rows[i].domain);
        tap_case("counted: %s", rows[i].label);
        tap_int(feedback_seen_of(&arena, &s, &seen, &failed), rows[i].counts);
        tap_ok(!failed);
    }
}

static const struct {
    const char *label, *dmarc, *done, *asked, *override;
    enum feedback_disposition want;
    const char *reason; /* NULL: none */
} dispositions[] = {
    {"passed", "pass", "accept", "none", "", DISPOSITION_PASS, NULL},
    {"passed, and refused for what it carries", "pass", "reject", "none", "", DISPOSITION_PASS,
     NULL},
    {"as asked", "fail", "reject", "reject", "", DISPOSITION_REJECT, NULL},
    {"less than asked", "fail", "accept", "reject", "", DISPOSITION_NONE, "local_policy"},
    {"more than asked", "fail", "quarantine", "none", "", DISPOSITION_QUARANTINE, "local_policy"},
    {"tagged only", "fail", "tag", "none", "", DISPOSITION_NONE, NULL},
    {"with a reason of its own", "fail", "accept", "reject", "trusted_forwarder", DISPOSITION_NONE,
     "trusted_forwarder"},
};

static void test_dispositions(void)
{
    for (size_t i = 0; i < ARRAY_LEN(dispositions); i++) {
        struct mail_summary s = base();
        struct feedback_seen seen = {0};
        bool failed = false;
        s.dmarc = str_from(dispositions[i].dmarc);
        s.done = str_from(dispositions[i].done);
        s.policy.disposition = str_from(dispositions[i].asked);
        s.policy.override = str_from(dispositions[i].override);
        tap_case("disposition: %s", dispositions[i].label);
        tap_ok(feedback_seen_of(&arena, &s, &seen, &failed));
        tap_int(seen.row.disposition, dispositions[i].want);
        tap_int(seen.row.n_reasons, dispositions[i].reason != NULL);
        if (seen.row.n_reasons == 1)
            tap_str(seen.row.reasons[0].type, str_from(dispositions[i].reason));
    }
}

static void test_values(void)
{
    struct mail_summary s = base();
    struct feedback_seen x = {0};
    bool failed = false;
    s.policy.wants_reports = false;
    tap_case("a policy that asks for none");
    tap_ok(!feedback_seen_of(&arena, &s, &x, &failed));
    s.policy.wants_reports = true;
    tap_case("what a row says");
    tap_ok(feedback_seen_of(&arena, &s, &x, &failed));
    tap_int(x.time_s, 1700000000);
    tap_str(x.published.domain, STR("a.test"));
    tap_str(x.published.testing, STR("y"));
    tap_str(x.published.adkim, STR("s"));
    tap_str(x.row.header_from, STR("sub.a.test"));
    tap_str(x.row.envelope_from, STR("bounce.test"));
    tap_int(x.row.n_dkim, 1);
    tap_str(x.row.dkim_results[0].selector, STR("s1"));
    tap_int(x.row.n_spf, 1);
    tap_str(x.row.spf_results[0].scope, STR("mfrom"));
    tap_int(x.row.dkim, ALIGNED_FAIL);
}

int main(void)
{
    arena_init(&arena, 1 << 20);
    test_counts();
    test_dispositions();
    test_values();
    arena_clear(&arena);
    return tap_done();
}
