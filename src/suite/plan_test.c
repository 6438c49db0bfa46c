/* Suites that are right, part by part: references, includes, matrices, tables, hosts, allow. */
#include "suite/suite_test_kit.h"

static const struct kit_value env[] = {{"PW", "secret-word"},
                                       {"HOST", "mx.good.test"},
                                       {"LITERAL", "a${vars.x}${tag}"},
                                       {"FLAG", "true"},
                                       {NULL, NULL}};

struct read {
    struct suite s;
    struct suite_problems problems;
    struct mp_err err;
    int st;
};

static void read_with(struct read *r, const struct kit_value *files, struct suite_options o)
{
    struct kit_outside k = {files, env};
    struct suite_outside outside = {kit_env, kit_file, kit_readable, &k};
    o.outside = &outside;
    *r = (struct read){.st = MP_E_INTERNAL};
    r->st = suite_read("dir/s.yaml", &o, &r->s, &r->problems, &r->err);
    for (size_t i = 0; r->st != MP_OK && i < r->problems.n && i < 10; i++)
        tap_note("%s:%u:%u: " STR_FMT, r->problems.items[i].at.file, r->problems.items[i].at.line,
                 r->problems.items[i].at.column, STR_ARG(r->problems.items[i].text));
}

static bool read_text(struct read *r, const char *text)
{
    const struct kit_value files[] = {{"dir/s.yaml", text}, {"dir/a.eml", ""},
                                      {"dir/zone", ""},     {"dir/secret", "s3cret\n"},
                                      {"/srv/mail", ""},    {NULL, NULL}};
    read_with(r, files, (struct suite_options){0});
    return tap_int(r->st, MP_OK);
}

#define HEAD                                                                                       \
    "mailproof: 1\nallow: [good.test, 127.0.0.0/8]\n"                                              \
    "hosts:\n  mx: {url: \"smtp://mx.good.test\", xclient: allowed}\n"                             \
    "  box: {maildir: /srv/mail}\n  user: {url: smtps://mx.good.test, auth: {user: u@good.test, "  \
    "password: \"${env:PW}\"}}\nsinks: {out: {domains: [sink.test]}}\n"

/* ---- references ---- */

static void test_references(void)
{
    static const struct {
        const char *label, *text, *want;
    } rows[] = {
        {"a variable", "${vars.a}", "one"},
        {"in a text", "<${vars.a}-${vars.a}>", "<one-one>"},
        {"a variable of a variable", "${vars.b}", "one two"},
        {"the environment", "${env:HOST}", "mx.good.test"},
        {"the tag", "x-${tag}", "x-${tag}"},
        {"an axis", "${matrix.m}", "value"},
        {"dollars", "$5 $$ $x ${vars.a}$", "$5 $$ $x one$"},
        {"the two characters", "$${vars.a} $$${", "${vars.a} $${"},
        {"what comes is not looked at again", "${env:LITERAL}", "a${vars.x}${tag}"},
        {"what a variable brings neither", "${vars.c}", "a${vars.x}${tag}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct read r;
        struct buf text;
        buf_init(&text, 4096);
        buf_addf(&text,
                 HEAD "vars: {a: one, b: \"${vars.a} two\", c: \"${env:LITERAL}\"}\n"
                      "tests:\n  - name: t\n    matrix: {m: [value]}\n"
                      "    send: {via: mx, from: a@good.test, to: b@good.test, subject: \"%s\"}\n",
                 rows[i].text);
        buf_addc(&text, '\0');
        tap_case("references: %s", rows[i].label);
        if (read_text(&r, text.p))
            tap_str(r.s.cases[0].steps[0].send->subject, str_from(rows[i].want));
        suite_clear(&r.s);
        buf_clear(&text);
    }
}

static void test_whole_values(void)
{
    struct read r;
    tap_case("references: a variable that is a list");
    if (read_text(&r, HEAD "vars: {to: [b@good.test, c@good.test], on: true}\ntests:\n"
                           "  - {name: t, matrix: {n: \"${vars.to}\"}, send: {via: mx, from: "
                           "a@good.test, to: \"${vars.to}\", chunking: \"${vars.on}\"}}\n")) {
        tap_int(r.s.n_cases, 2);
        tap_int(r.s.cases[1].steps[0].send->n_to, 2);
        tap_str(r.s.cases[1].steps[0].send->to[1], STR("c@good.test"));
        tap_ok(r.s.cases[1].steps[0].send->chunking);
        tap_str(r.s.cases[1].name, STR("t [c@good.test]"));
    }
    suite_clear(&r.s);
    tap_case("references: a secret's file, without its line end");
    if (read_text(&r, "mailproof: 1\nallow: good.test\nhosts: {h: {url: imaps://h.good.test, auth: "
                      "{user: u, token: \"${file:secret}\"}}}\ntests:\n"
                      "  - {name: t, arrive: {in: h, subject: x}}\n")) {
        tap_str(r.s.hosts[0].token, STR("s3cret"));
        tap_str(r.s.secrets[r.s.n_secrets - 1], STR("s3cret"));
    }
    suite_clear(&r.s);
}

static void test_env_file(void)
{
    const struct kit_value files[] = {
        {"dir/s.yaml", "mailproof: 1\nallow: good.test\nhosts: {h: {url: \"smtp://${env:HOST}\", "
                       "auth: {user: \"${env:USER_NAME}\", password: \"${env:QUOTED}\"}}}\ntests:\n"
                       "  - {name: t, send: {via: h, from: a@good.test, to: b@good.test}}\n"},
        {NULL, NULL}};
    struct read r;
    tap_case("references: --env comes first, its last line counts");
    read_with(&r, files,
              (struct suite_options){.env_text = STR("# comment\nHOST=old.good.test\n\n"
                                                     "export USER_NAME = carol \n"
                                                     "HOST=new.good.test\r\nQUOTED=\"a=b c\"")});
    if (tap_int(r.st, MP_OK)) {
        tap_str(r.s.hosts[0].url, STR("smtp://new.good.test"));
        tap_str(r.s.hosts[0].user, STR("carol"));
        tap_str(r.s.hosts[0].password, STR("a=b c"));
    }
    suite_clear(&r.s);
}

/* ---- options ---- */

#define VARS_SUITE                                                                                 \
    "mailproof: 1\nvars: {d: good.test}\ntests:\n"                                                 \
    "  - {name: one, probe: {mx-of: \"${vars.d}\"}}\n  - {name: two, probe: {mx-of: b.test}}\n"

static void test_options(void)
{
    const struct kit_value files[] = {{"dir/s.yaml", VARS_SUITE}, {NULL, NULL}};
    const struct str vars[] = {STR_INIT("d=other.test")}, unknown[] = {STR_INIT("e=x")};
    struct read r;
    tap_case("options: --var");
    read_with(&r, files, (struct suite_options){.vars = vars, .n_vars = 1});
    if (tap_int(r.st, MP_OK))
        tap_str(r.s.cases[0].steps[0].probe->target, STR("other.test"));
    suite_clear(&r.s);
    tap_case("options: --var of no variable");
    read_with(&r, files, (struct suite_options){.vars = unknown, .n_vars = 1});
    tap_int(r.st, MP_E_SYNTAX);
    tap_cstr(r.err.text, "dir/s.yaml: there is no variable 'e' to set");
    suite_clear(&r.s);
    tap_case("options: --only");
    read_with(&r, files, (struct suite_options){.only = "*WO"});
    if (tap_int(r.st, MP_OK)) {
        struct suite_case made;
        tap_int(r.s.n_cases, 1);
        tap_int(r.s.n_not_selected, 1);
        tap_int(suite_case_make(&r.s, 0, STR("mp-x"), &r.s.arena, &made, &r.err), MP_OK);
        tap_str(made.name, STR("two"));
        tap_str(made.steps[0].probe->target, STR("b.test"));
    }
    suite_clear(&r.s);
}

static void test_unset(void)
{
    const struct kit_value files[] = {
        {"dir/s.yaml",
         "mailproof: 1\nallow: good.test\nhosts: {h: {url: \"smtp://${env:NO_HOST}\", auth: {user: "
         "\"${env:NO_USER}\", password: \"${env:NO_PW}\"}}, m: {url: imaps://x.good.test, auth: "
         "{user: u, password: \"${file:none}\"}}}\ntests:\n"
         "  - name: t\n    timeout: \"${env:NO_TIME}\"\n"
         "    send: {via: h, from: \"${env:NO_FROM}\", to: \"x@${env:NO_TO}\", attach: "
         "missing.pdf, spoof: \"${env:NO_KIND}\"}\n    arrive: {in: m, expect: {copies: "
         "\"${env:NO_COPIES}\"}}\n"},
        {NULL, NULL}};
    struct read r;
    tap_case("lint: what is not set is no mistake, what is not there is told");
    read_with(&r, files, (struct suite_options){.unset_allowed = true});
    tap_int(r.st, MP_OK);
    tap_ok(r.s.has_unset);
    tap_int(r.problems.n, 1);
    tap_int(r.problems.n_errors, 0);
    tap_str(r.problems.items[0].text, STR("'dir/missing.pdf' cannot be read"));
    tap_int(r.s.n_secrets, 0);
    suite_clear(&r.s);
}

static void test_warnings(void)
{
    const struct kit_value files[] = {
        {"dir/s.yaml", "mailproof: 1\nvars: {v: x}\nhosts: {h: {url: smtp://h.test}}\n"
                       "sinks: {s: {}}\ntests:\n  - {name: t, probe: {mx-of: x.test}}\n"},
        {NULL, NULL}};
    struct read r;
    tap_case("lint: what nothing uses");
    read_with(&r, files, (struct suite_options){0});
    tap_int(r.st, MP_OK);
    if (tap_int(r.problems.n, 3)) {
        tap_str(r.problems.items[0].text, STR("nothing uses the variable 'v'"));
        tap_str(r.problems.items[1].text, STR("nothing uses the host 'h'"));
        tap_str(r.problems.items[2].text, STR("nothing uses the sink 's'"));
        tap_ok(r.problems.items[2].warning);
    }
    suite_clear(&r.s);
}

/* ---- includes ---- */

static void test_include(void)
{
    const struct kit_value files[] = {
        {"dir/s.yaml", "mailproof: 1\ninclude: [common/base.yaml, more.yaml]\n"
                       "vars: {a: mine}\nallow: sink.test\nhosts: {mx: {url: smtp://c.good.test}}\n"
                       "defaults: {within: 5s}\n"
                       "tests:\n  - {name: last, send: {via: mx, from: a@good.test, to: "
                       "x@sink.test, subject: \"${vars.a} ${vars.b}\"}}\n"},
        {"dir/common/base.yaml",
         "mailproof: 1\ninclude: hosts.yaml\nvars: {a: theirs, b: common}\nallow: [good.test]\n"
         "defaults: {within: 9s, timeout: 8s}\n"
         "tests:\n  - {name: first, scan: {file: msg.eml}}\n"},
        {"dir/common/hosts.yaml", "mailproof: 1\nhosts: {mx: {url: smtp://a.good.test}, other: "
                                  "{url: smtp://b.good.test}}\n"},
        {"dir/more.yaml", "mailproof: 1\ntests:\n  - {name: second, probe: {host: other}}\n"},
        {"dir/common/msg.eml", ""},
        {NULL, NULL}};
    struct read r;
    tap_case("include: names by the later file, lists one behind the other");
    read_with(&r, files, (struct suite_options){0});
    if (tap_int(r.st, MP_OK) && tap_int(r.s.n_cases, 3)) {
        tap_str(r.s.cases[0].name, STR("first"));
        tap_str(r.s.cases[1].name, STR("second"));
        tap_str(r.s.cases[2].name, STR("last"));
        tap_str(r.s.cases[2].steps[0].send->via->url, STR("smtp://c.good.test"));
        tap_str(r.s.cases[2].steps[0].send->subject, STR("mine common"));
        tap_int(r.s.cases[2].timeout_ms, 8000);
        tap_int(r.s.allow.n_domains, 2);
    }
    tap_case("include: files stand beside the one that names them");
    if (r.st == MP_OK) {
        tap_str(r.s.cases[0].steps[0].scan->path, STR("dir/common/msg.eml"));
        tap_cstr(r.s.cases[0].at.file, "dir/common/base.yaml");
    }
    suite_clear(&r.s);
}

static void test_bad_include(void)
{
    static const struct {
        const char *label, *include, *other, *want;
    } rows[] = {
        {"absolute", "/etc/x.yaml", "", "'/etc/x.yaml': included files are named relative*"},
        {"upwards", "a/../../x.yaml", "", "'a/../../x.yaml': included files are named relative*"},
        {"not there", "x.yaml", "", "dir/x.yaml: there is no such file"},
        {"itself", "other.yaml", "include: s.yaml\n", "'dir/s.yaml' includes itself"},
        {"a suite's own keys", "other.yaml", "name: x\n",
         "'name' does not stand in a file that is included"},
        {"broken", "other.yaml", "a: [\n", "*"},
        {"an unknown key", "other.yaml", "hots: {}\n", "'hots' does not stand in a file that is*"},
        {"a mistake inside", "other.yaml", "hosts: {h: {url: 1, xx: 1}}\n", "unknown key 'xx'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct read r;
        struct buf main, other;
        buf_init(&main, 4096);
        buf_init(&other, 4096);
        buf_addf(&main, "mailproof: 1\ninclude: %s\ntests: [{name: t, probe: {mx-of: x.test}}]\n",
                 rows[i].include);
        buf_addf(&other, "mailproof: 1\n%s", rows[i].other);
        buf_addc(&main, '\0');
        buf_addc(&other, '\0');
        const struct kit_value files[] = {{"dir/s.yaml", main.p},
                                          {"dir/other.yaml", other.p},
                                          {NULL, NULL}};
        tap_case("include: %s", rows[i].label);
        read_with(&r, files, (struct suite_options){0});
        tap_int(r.st, MP_E_SYNTAX);
        bool found = false;
        for (size_t k = 0; k < r.problems.n; k++)
            found |= suite_glob(str_from(rows[i].want), r.problems.items[k].text);
        tap_ok(found);
        suite_clear(&r.s);
        buf_clear(&main);
        buf_clear(&other);
    }
}

/* ---- cases ---- */

static void test_matrix_and_table(void)
{
    struct read r;
    tap_case("matrix and table: combinations, the last axis first, names");
    if (read_text(&r, HEAD "tests:\n  - name: t\n    matrix: {a: [x, y], b: [1, 2]}\n    table:\n"
                           "      - {name: plain, subject: \"${matrix.a}${matrix.b}\"}\n"
                           "      - {expect: {refused: {code: 554}}, kind: eicar}\n"
                           "    send: {via: mx, from: a@good.test, to: b@good.test}\n"
                           "    expect: {refused: {at: data}}\n") &&
        tap_int(r.s.n_cases, 8)) {
        tap_str(r.s.cases[0].name, STR("t [x, 1, plain]"));
        tap_str(r.s.cases[1].name, STR("t [x, 2, plain]"));
        tap_str(r.s.cases[2].name, STR("t [y, 1, plain]"));
        tap_str(r.s.cases[7].name, STR("t [y, 2, row 2]"));
        tap_str(r.s.cases[2].steps[0].send->subject, STR("y1"));
        tap_case("matrix and table: a row is laid over the test, mapping by mapping");
        const struct suite_send *send = r.s.cases[7].steps[0].send;
        tap_str(send->to[0], STR("b@good.test"));
        tap_cstr(send->kind->name, "eicar");
        tap_str(send->expect.code.items[0], STR("554"));
        tap_ok(send->expect.stages != 0);
        tap_int(send->expect.code.at.line, 13);
        tap_int(r.s.cases[0].steps[0].send->expect.code.n, 0);
        tap_int(r.s.cases[7].at.line, 13);
    }
    suite_clear(&r.s);
}

static void test_arrivals(void)
{
    struct read r;
    tap_case("arrivals: several, lists of mailboxes, inline ones, a bounce");
    if (read_text(&r,
                  HEAD "defaults: {in: box, within: 7s, warn: 3s}\ntests:\n  - name: t\n"
                       "    send: {via: user, to: b@good.test, dsn: {notify: [failure, delay], "
                       "ret: hdrs}}\n"
                       "    arrive:\n      - {in: [box, out, {sink: out}, {maildir: /srv/mail}]}\n"
                       "      - {within: 9s, expect: {bounce: {status: 5.1.1}}}\n"
                       "    not-arrive: [{in: out}]\n    expect: {copies: 1}\n") &&
        tap_int(r.s.cases[0].n_steps, 4)) {
        const struct suite_case *c = &r.s.cases[0];
        tap_str(c->steps[0].send->from, STR("u@good.test"));
        tap_str(c->steps[0].send->rcpt_params.notify, STR("FAILURE,DELAY"));
        tap_cstr(c->steps[0].send->mail_params.ret, "HDRS");
        const struct suite_arrive *a = c->steps[1].arrive;
        tap_int(a->n_in, 4);
        tap_int(a->in[1]->kind, SUITE_HOST_SINK);
        tap_ok(a->in[1]->sink == a->in[2]->sink);
        tap_str(a->in[3]->url, STR("maildir:/srv/mail"));
        tap_int(a->within_ms, 7000);
        tap_int(a->warn_ms, 3000);
        tap_ok(!a->bounce);
        tap_ok(c->steps[2].arrive->bounce);
        tap_int(c->steps[2].arrive->expect.copies.value, 1);
        tap_str(c->steps[2].arrive->in[0]->name, STR("box"));
        tap_ok(c->steps[3].arrive->must_not && c->steps[3].arrive->warn_ms == 0);
    }
    suite_clear(&r.s);
    tap_case("arrivals: beside not-arrive alone, sending may end in any way");
    if (read_text(&r, HEAD "tests:\n  - {name: t, send: {via: mx, from: a@good.test, to: "
                           "b@good.test}, not-arrive: {in: box}}\n"))
        tap_int(r.s.cases[0].steps[0].send->expect.outcome, SUITE_ANY);
    suite_clear(&r.s);
}

static void test_requests(void)
{
    struct read r;
    tap_case("requests: a probe, an audit, a scan with everything");
    if (!read_text(
            &r, HEAD
            "tests:\n  - name: t\n    probe: {host: user, login: true, from: \"<>\","
            " to: [a@good.test], retry-after: 1m, expect: {catch-all: false, rcpt: accepted}}\n"
            "    audit: {domains: [good.test, {p.test: parked}], profile: sending, "
            "zone-file: zone, connect: true, expect: {dmarc: {policy: reject}}}\n"
            "    scan: {file: a.eml, ip: 192.0.2.1, mail-from: \"\", time: "
            "2026-11-23T10:00:00Z, expect: {action: [reject, quarantine], auth: "
            "{spf: fail, dmarc: {result: fail, policy: reject}}}}\n"
            "    relay-test: {host: mx, as: {addr: 2001:db8::1, name: x.test}}\n") ||
        !tap_int(r.s.cases[0].n_steps, 4)) {
        tap_cstr(r.err.text, "");
        suite_clear(&r.s);
        return;
    }
    const struct suite_step *step = r.s.cases[0].steps;
    tap_ok(step[0].probe->has_from && step[0].probe->from.n == 0);
    tap_ok(step[0].probe->catch_all);
    tap_int(step[0].probe->retry_after_ms, 60000);
    tap_str(step[0].probe->target, STR("smtps://mx.good.test"));
    tap_int(step[1].verb, SUITE_RELAY_TEST);
    tap_int(step[1].relay->expect.refused.value, SUITE_RELAY_REFUSED_ALL);
    tap_int(step[1].relay->as.n_xclient, 2);
    tap_str(step[1].relay->as.xclient[0].value, STR("IPV6:2001:db8::1"));
    tap_int(step[2].audit->domains[0].profile, PROFILE_SENDING);
    tap_int(step[2].audit->domains[1].profile, PROFILE_PARKED);
    tap_ok(step[2].audit->connect && !step[2].audit->https);
    tap_int(step[2].audit->expect.dmarc_policy.value, DMARC_P_REJECT);
    tap_ok(step[3].scan->has_mail_from && step[3].scan->has_time);
    tap_int(step[3].scan->time_s, 1795428000);
    tap_str(step[3].scan->path, STR("dir/a.eml"));
    tap_int(step[3].scan->expect.action.n, 2);
    tap_str(step[3].scan->expect.auth.dmarc_policy.text, STR("reject"));
    suite_clear(&r.s);
}

/* ---- where may be sent ---- */

static const struct {
    const char *label, *allow, *address;
    bool want;
} rcpts[] = {
    {"listed", "[good.test]", "a@good.test", true},
    {"below", "[good.test]", "a@sub.GOOD.test", true},
    {"beside", "[good.test]", "a@notgood.test", false},
    {"above", "[good.test]", "a@test", false},
    {"of a sink", "[good.test]", "a@sink.test", true},
    {"elsewhere", "[good.test]", "a@mail.com", false},
    {"sent further", "[good.test]", "mail.com!a@good.test", false},
    {"with a route", "[good.test]", "<@mail.com:a@good.test>", false},
    {"quoted, sent further", "[good.test]", "\"a@mail.com\"@good.test", false},
    {"an address in a network", "[10.0.0.0/8]", "a@[10.1.2.3]", true},
    {"an address outside", "[10.0.0.0/8]", "a@[192.0.2.1]", false},
    {"IPv6", "[\"2001:db8::/32\"]", "a@[IPv6:2001:db8::1]", true},
    {"another script", "[xn--bcher-kva.test]",
     "a@b\xc3\xbc"
     "cher.test",
     true},
    {"nothing", "[good.test]", "", false},
    {"no domain", "[good.test]", "postmaster", false},
    {"no list: a name of tests", NULL, "a@any.example", true},
    {"no list: a real name", NULL, "a@mail.com", false},
    {"no list: of a sink", NULL, "a@sink.test", true},
};

static const struct {
    const char *label, *allow, *host, *ip;
    bool want;
} hosts[] = {
    {"by name", "[good.test]", "mx.good.test", "192.0.2.1", true},
    {"another name", "[good.test]", "mx.evil.test", "192.0.2.1", false},
    {"by network", "[192.0.2.0/24]", "mx.evil.test", "192.0.2.1", true},
    {"by address", "[192.0.2.1]", "", "192.0.2.1", true},
    {"the next address", "[192.0.2.1]", "", "192.0.2.2", false},
    {"an own sink", "[good.test]", "", "127.0.0.1", true},
    {"other loopback", "[good.test]", "", "127.0.0.2", false},
    {"no list: loopback", NULL, "", "127.0.0.2", true},
    {"no list: IPv6 loopback", NULL, "", "::1", true},
    {"no list: elsewhere", NULL, "localhost", "192.0.2.1", false},
};

static bool read_allow(struct read *r, const char *allow)
{
    struct buf text;
    buf_init(&text, 4096);
    buf_addz(&text, "mailproof: 1\nsinks: {s: {domains: sink.test}}\n");
    if (allow != NULL)
        buf_addf(&text, "allow: %s\n", allow);
    buf_addz(&text, "tests: [{name: t, probe: {mx-of: x.test}}]\n");
    buf_addc(&text, '\0');
    bool ok = read_text(r, text.p);
    buf_clear(&text);
    return ok;
}

static void test_allow(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rcpts); i++) {
        struct read r;
        tap_case("allow: recipients: %s", rcpts[i].label);
        if (read_allow(&r, rcpts[i].allow))
            tap_int(suite_allows_rcpt(&r.s, str_from(rcpts[i].address)), rcpts[i].want);
        suite_clear(&r.s);
    }
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        struct read r;
        struct ip ip = {0};
        tap_case("allow: hosts: %s", hosts[i].label);
        tap_ok(ip_parse(str_from(hosts[i].ip), &ip));
        if (read_allow(&r, hosts[i].allow))
            tap_int(suite_allows(&r.s, str_from(hosts[i].host), ip), hosts[i].want);
        suite_clear(&r.s);
    }
}

/* ---- what would grow without end ---- */

/* `text` with the piece `times` over in the place of "%". */
static void grow(struct buf *out, const char *text, const char *piece, size_t times)
{
    for (; *text != '\0'; text++)
        if (*text != '%')
            buf_addc(out, *text);
        else
            for (size_t i = 0; i < times; i++)
                buf_addf(out, "%s%s", i == 0 ? "" : ", ", piece);
}

static void test_growth(void)
{
    static const struct {
        const char *label, *text, *piece;
        size_t times;
        int want;
    } rows[] = {
        {"a script of variables that unfold themselves",
         "mailproof: 1\nvars: {a: [%]}\nsinks: {s: {script: \"${vars.a}\"}}\n"
         "tests: [{name: t, probe: {mx-of: x.test}}]\n",
         "\"${vars.a}\"", 2, MP_E_SYNTAX},
        {"rows that are laid over a large test",
         "mailproof: 1\nx: &x {%}\ntests:\n  - {name: t, send: *x, table: "
         "[{send: *x}, {send: *x}]}\n",
         NULL, 0, MP_E_SYNTAX},
        {"many cases of many mistakes",
         "mailproof: 1\ntests:\n  - {name: t, matrix: {a: [%], b: [1, 2, 3, 4, 5, 6, 7]}, probe: "
         "{x: 1, y: 2, z: 3}}\n",
         NULL, 700, MP_E_SYNTAX},
        {"many mistakes", "mailproof: 1\ntests:\n  - {name: t, table: [%], probe: {}}\n", "{xx: 1}",
         3000, MP_E_SYNTAX},
        {"a list that is long", "mailproof: 1\ntests:\n  - {name: t, send: {to: [%]}}\n",
         "a@x.test", 5000, MP_E_SYNTAX},
        {"a large variable in many cases",
         "mailproof: 1\nvars: {v: [%]}\ntests:\n  - {name: t, matrix: {a: \"${vars.v}\", b: "
         "\"${vars.v}\"}, audit: {domain: x.test, selectors: \"${vars.v}\"}}\n",
         NULL, 70, MP_OK},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf piece, text;
        struct read r;
        buf_init(&piece, 1 << 16);
        buf_init(&text, SUITE_MAX_BYTES);
        for (size_t k = 0; rows[i].piece == NULL && k < rows[i].times; k++)
            buf_addf(&piece, "%sv%zu", k == 0 ? "" : ", ", k);
        for (size_t k = 0; rows[i].piece == NULL && rows[i].times == 0 && k < 900; k++)
            buf_addf(&piece, "%sk%zu: 1", k == 0 ? "" : ", ", k);
        buf_addc(&piece, '\0');
        grow(&text, rows[i].text, rows[i].piece == NULL ? piece.p : rows[i].piece,
             rows[i].piece == NULL ? 1 : rows[i].times);
        buf_addc(&text, '\0');
        const struct kit_value files[] = {{"dir/s.yaml", text.p}, {NULL, NULL}};
        tap_case("growth: %s", rows[i].label);
        read_with(&r, files, (struct suite_options){0});
        tap_int(r.st, rows[i].want);
        tap_ok(rows[i].want == MP_OK || r.err.text[0] != '\0');
        tap_ok(r.problems.n <= SUITE_MAX_PROBLEMS);
        suite_clear(&r.s);
        buf_clear(&piece);
        buf_clear(&text);
    }
}

int main(void)
{
    test_growth();
    test_references();
    test_whole_values();
    test_env_file();
    test_options();
    test_unset();
    test_warnings();
    test_include();
    test_bad_include();
    test_matrix_and_table();
    test_arrivals();
    test_requests();
    test_allow();
    return tap_done();
}
