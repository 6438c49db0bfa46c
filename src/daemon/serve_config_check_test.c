/* What a configuration names and this machine does not have, or not so. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config.h"
#include "tests/tap.h"

static char dir[] = "/tmp/mp-check-XXXXXX";
static struct arena arena;
static struct serve_config c;
static struct mp_err err;

static void put(const char *name, const char *text, mode_t mode)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    unlink(path);
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    tap_ok(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) &&
           fchmod(fd, mode) == 0 && close(fd) == 0);
}

/* As root: of the user that will need it. */
static void give(const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    tap_ok(geteuid() != 0 || chown(path, 65534, 65534) == 0);
}

static int check(const char *text)
{
    char file[64], whole[2048];
    snprintf(file, sizeof file, "%s/c.yaml", dir);
    snprintf(whole, sizeof whole, "user: nobody\ngroup: nogroup\nhttp: {listen: '127.0.0.1:1'%s\n",
             text);
    arena_reset(&arena);
    err = (struct mp_err){0};
    int st = serve_config_load(&arena, str_from(whole), file, &c, &err);
    if (!tap_int(st, MP_OK))
        tap_note("%s", err.text);
    return st == MP_OK ? serve_config_check(&arena, &c, &err) : st;
}

#define HOOK  "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define TOKEN ", tokens: [{name: t, scopes: [read], file: "
static const struct {
    const char *label, *text, *want; /* NULL: it is right */
} rows[] = {
    {"nothing is named", "}", NULL},
    {"a policy", "}\npolicy: policy.yaml", NULL},
    {"a policy that is not there", "}\npolicy: no.yaml", "policy: "},
    {"... and it is named", "}\npolicy: no.yaml", "no.yaml: No such file"},
    {"a policy with a mistake", "}\npolicy: bad.yaml", "bad.yaml:1:1: unknown key 'undicided'"},
    {"a zone", "}\ndns: {zone_file: good.zone}", NULL},
    {"a zone with a mistake", "}\ndns: {zone_file: bad.yaml}", "dns: zone_file: "},
    {"no trust anchor", "}\ndns: {trust_anchor: no.key}", "dns: trust_anchor: "},
    {"no rules", "}\ncontent: {yara: [no.yar]}", "content: yara: "},
    {"no lists", "}\ncontent: {data_dir: no}", "content: data_dir: "},
    {"no lists, but nobody asks", "}\ncontent: {data_dir: no, enabled: false}", NULL},
    {"feeds", "}\nintel: {config: intel.yaml}", NULL},
    {"feeds with a mistake", "}\nintel: {config: bad.yaml}", "intel: config: "},
    {"... and nobody asks", "}\nintel: {config: bad.yaml, enabled: false}", NULL},
    {"a token", TOKEN "token}]}", NULL},
    {"a token that everybody can read", TOKEN "open}]}", "chmod o-rwx"},
    {"a token that is short", TOKEN "short}]}", "at least 16 characters"},
    {"an empty token", TOKEN "empty}]}", "its first line is empty"},
    {"no token", TOKEN "no}]}", "http: tokens: "},
    {"no certificate", ", tls: {cert: no.pem, key: no.pem}}", "http: tls: "},
    {"a webhook", "}\nwebhooks: [{name: w, url: 'https://h.example/', secret: {file: hook}}]",
     NULL},
    {"its secret is none",
     "}\nwebhooks: [{name: w, url: 'https://h.example/', secret: {file: token}}]", "webhook w"},
    {"its secret is not there",
     "}\nwebhooks: [{name: w, url: 'https://h.example/', secret: {file: no}}]", "webhook w: "},
    {"its secret is not set",
     "}\nwebhooks: [{name: w, url: 'https://h.example/', secret: {env: MP_NOT_SET}}]",
     "webhook w: the variable MP_NOT_SET is not set"},
    {"its secret is set",
     "}\nwebhooks: [{name: w, url: 'https://h.example/', secret: {env: MP_CHECK_SET}}]", NULL},
    {"a suite", "}\nmonitor: {suites: [suite.yaml]}", NULL},
    {"a suite without a time", "}\nmonitor: {suites: [once.yaml]}", "schedule: {every: 15m}"},
    {"a suite with a mistake", "}\nmonitor: {suites: [bad.yaml]}", "monitor: suites: "},
    {"no key",
     "}\nsigning: {keys: {k: no.pem}, domains: {a.example: {keys: [{selector: s, key: k}]}}}",
     "signing: "},
    {"a key that is none",
     "}\nsigning: {keys: {k: bad.yaml}, domains: {a.example: {keys: [{selector: s, key: k}]}}}",
     "signing: "},
    {"no suite", "}\nmonitor: {suites: [no.yaml]}", "monitor: suites: "},
    {"no password", "}\nreports: {imap: {url: 'imaps://m.example/', user: u, password_file: no}}",
     "reports: imap: password_file: "},
};

static void machine(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("check: %s", rows[i].label);
        int st = check(rows[i].text);
        if (rows[i].want == NULL) {
            if (!tap_int(st, MP_OK))
                tap_note("%s", err.text);
        } else {
            tap_ok(st < 0);
            if (!tap_ok(strstr(err.text, rows[i].want) != NULL))
                tap_note("%s", err.text);
        }
    }
}

static void in_public(void)
{
    static const struct {
        const char *text;
        bool fine;
    } addresses[] = {{"milters: []\nhttp: {listen: '0.0.0.0:80'}\n", false},
                     {"http: {listen: '[::]:80'}\n", false},
                     {"http: {listen: '192.0.2.1:80'}\n", false},
                     {"http: {listen: '127.1.2.3:80'}\n", true},
                     {"http: {listen: '[::1]:80'}\n", true},
                     {"http: {listen: 'unix:/run/a.sock'}\n", true}};
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        char whole[200];
        tap_case("without a token at %s", addresses[i].text);
        snprintf(whole, sizeof whole, "user: nobody\ngroup: nogroup\n%s", addresses[i].text);
        arena_reset(&arena);
        err = (struct mp_err){0};
        tap_int(serve_config_load(&arena, str_from(whole), "c.yaml", &c, &err), MP_OK);
        tap_int(serve_config_check(&arena, &c, &err), addresses[i].fine ? MP_OK : MP_E_USAGE);
        tap_ok(addresses[i].fine || strstr(err.text, "'tokens'") != NULL);
    }
}

static void as_whom(void)
{
    if (geteuid() != 0) {
        tap_case("as whom");
        tap_skip("not root");
        return;
    }
    tap_case("what root can read and the user cannot is found");
    put("roots", "0123456789abcdef0123\n", 0600);
    tap_ok(check(TOKEN "roots}]}") < 0);
    if (!tap_ok(strstr(err.text, "roots: Permission denied") != NULL))
        tap_note("%s", err.text);
    give("roots");
    tap_int(check(TOKEN "roots}]}"), MP_OK);
    tap_case("... and we are still root");
    tap_int(geteuid(), 0);
    static const struct {
        const char *text, *want;
    } accounts[] = {
        {"user: no-such-user\ngroup: nogroup\n", "user: there is no user 'no-such-user'"},
        {"user: nobody\ngroup: no-such\n", "group: there is no group 'no-such'"},
        {"user: nobody\ngroup: nogroup\nsigner_user: no-such\n",
         "signer_user: there is no user 'no-such'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(accounts); i++) {
        char whole[200];
        tap_case("account: %s", accounts[i].want);
        snprintf(whole, sizeof whole, "%shttp: {listen: '127.0.0.1:1'}\n", accounts[i].text);
        arena_reset(&arena);
        tap_int(serve_config_load(&arena, str_from(whole), "c.yaml", &c, &err), MP_OK);
        tap_int(serve_config_check(&arena, &c, &err), MP_E_USAGE);
        tap_ok(strstr(err.text, accounts[i].want) != NULL);
    }
}

#define SUITE(schedule)                                                                            \
    "mailproof: 1\n" schedule "tests:\n"                                                           \
    "  - name: it answers\n"                                                                       \
    "    probe: {url: 'smtp://127.0.0.1:25'}\n"                                                    \
    "    expect: {starttls: required}\n"

int main(void)
{
    static const char *const names[] = {"hook",       "policy.yaml", "bad.yaml",  "good.zone",
                                        "intel.yaml", "token",       "open",      "short",
                                        "empty",      "suite.yaml",  "once.yaml", "roots"};
    arena_init(&arena, 64 << 20);
    tap_ok(mkdtemp(dir) != NULL && chmod(dir, 0755) == 0);
    put("policy.yaml", "undecided: tempfail\n", 0644);
    put("bad.yaml", "undicided: tempfail\n", 0644);
    put("good.zone", "a.example 300 A 192.0.2.1\n", 0644);
    put("intel.yaml", "feeds: {}\n", 0644);
    put("token", "0123456789abcdef0123\nmore\n", 0600);
    put("open", "0123456789abcdef0123\n", 0644);
    put("short", "0123456789abcde\n", 0600);
    put("empty", "\n0123456789abcdef0123\n", 0600);
    put("suite.yaml", SUITE("schedule: {every: 15m}\n"), 0644);
    put("once.yaml", SUITE(""), 0644);
    give("token");
    give("short");
    give("empty");
    setenv("MP_CHECK_SET", HOOK, 1);
    put("hook", HOOK "\n", 0600);
    give("hook");
    machine();
    in_public();
    as_whom();
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[200];
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    tap_case("nothing is left");
    tap_int(rmdir(dir), 0);
    arena_clear(&arena);
    return tap_done();
}
