/* The daemon's configuration: what a file sets, what holds without it, where mistakes stand. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "daemon/config.h"
#include "signer/table.h"
#include "tests/tap.h"

static struct arena arena;
static struct serve_config c;
static struct mp_err err;

static int load(struct str text)
{
    arena_reset(&arena);
    memset(&c, 0xff, sizeof c);
    err = (struct mp_err){0};
    return serve_config_load(&arena, text, "/etc/mp/c.yaml", &c, &err);
}

static bool loads(const char *text)
{
    if (tap_int(load(str_from(text)), MP_OK))
        return true;
    tap_note("%s", err.text);
    return false;
}

static void defaults(void)
{
    static struct serve_config d;
    serve_config_default(&d);
    tap_case("a listener is enough");
    if (!loads("milters: [{name: mta, listen: 'inet:8891@127.0.0.1'}]\n"))
        return;
    tap_str(c.user, STR("mailproof"));
    tap_str(c.state_dir, STR("/var/lib/mailproof"));
    tap_str(c.history.dir, STR("/var/lib/mailproof/history"));
    tap_str(c.reports.dir, STR("/var/lib/mailproof/reports"));
    tap_str(c.intel.store_dir, STR("/var/lib/mailproof/intel"));
    tap_int(c.workers, d.workers);
    tap_int(c.deadline_ms, SERVE_DEADLINE_MS);
    tap_ok(c.log_mails && c.content.enabled && c.intel.enabled && c.history.enabled);
    tap_ok(!c.http.enabled && !c.reports.enabled && c.signing == NULL && c.n_webhooks == 0);
    const struct serve_milter *m = &c.milters[0];
    tap_int(c.n_milters, 1);
    tap_str(m->name, STR("mta"));
    tap_int(m->listen.kind, SERVE_INET);
    tap_int(m->listen.port, 8891);
    tap_int(m->mode, MAIL_INBOUND);
    tap_int(m->authenticated, MAIL_OUTBOUND);
    tap_int(m->local, MAIL_OUTBOUND);
    tap_int(m->on_failure, ACTION_TEMPFAIL);
    tap_int(m->oversize, ACTION_TEMPFAIL);
    tap_int(m->max_message_bytes, SERVE_MAX_MESSAGE_BYTES);
    tap_int(m->max_connections, SERVE_MAX_CONNECTIONS);
    tap_ok(m->warm && m->quarantine && m->add_headers && m->strip_results);
    tap_ok(!m->early_reject && !m->seal && m->subject_tag.n == 0);
    tap_int(m->n_networks, 2);
    tap_int(m->networks[0].prefix_bits, 8);
    tap_int(m->networks[1].prefix_bits, 128);
}

/* What the example says stands there for the built-in value is the built-in value. */
static void example(void)
{
    static struct serve_config given;
    tap_case("packaging/mailproof.example.yaml loads");
    struct str text = tap_source_file("packaging/mailproof.example.yaml");
    if (!tap_int(load(text), MP_OK)) {
        tap_note("%s", err.text);
        return;
    }
    tap_int(c.n_milters, 1);
    tap_int(c.http.n_tokens, 2);
    tap_int(c.http.tokens[0].scopes, SERVE_SCOPE_READ | SERVE_SCOPE_METRICS);
    tap_str(c.http.tokens[0].file, STR("/etc/mp/dashboard.token"));
    tap_str(c.http.cert_file, STR("/etc/mp/tls/fullchain.pem"));
    tap_str(c.policy_file, STR("/etc/mp/policy.yaml"));
    tap_str(c.content.yara[0], STR("/etc/mp/yara"));
    tap_str(c.monitor.suites[0], STR("/etc/mp/suites/delivery.yaml"));
    tap_int(c.monitor.n_audits, 2);
    tap_str(c.monitor.audits[1].profile, STR("parked"));
    tap_int(c.webhooks[0].n_events, 2);
    tap_int(c.webhooks[0].n_findings, 2);
    tap_ok(c.webhooks[0].has_severity && c.webhooks[0].severity == SEV_MEDIUM);
    tap_str(c.webhooks[0].secret_file, STR("/etc/mp/webhook.secret"));
    tap_str(c.reports.email, STR("dmarc-reports@example.org"));
    tap_ok(c.signing != NULL && c.signing->present && c.signing->seal != NULL);
    tap_str(c.milters[0].subject_tag, STR("[suspicious] "));
    tap_case("... its socket is the one of packaging/systemd/mailproof-milter.socket");
    struct str unit = tap_source_file("packaging/systemd/mailproof-milter.socket");
    tap_int(c.milters[0].listen.kind, SERVE_FD);
    tap_str(c.milters[0].listen.path, STR("milter"));
    tap_ok(str_search(unit, STR("\nFileDescriptorName=milter\n")) < unit.n);
    tap_case("... and what it calls built in is");
    struct arena other = arena;
    given = c;
    arena_init(&arena, 16 << 20);
    if (loads("milters: [{name: mta, listen: 'fd:milter'}]\nhttp: {listen: '127.0.0.1:8890'}\n"
              "reports: {}\n")) {
        tap_int(given.workers, c.workers);
        tap_int(given.threads, c.threads);
        tap_int(given.deadline_ms, c.deadline_ms);
        tap_int(given.drain_ms, c.drain_ms);
        tap_int(given.log_format, c.log_format);
        tap_int(given.dns.timeout_ms, c.dns.timeout_ms);
        tap_str(given.dns.discovery, c.dns.discovery);
        tap_int(given.intel.update_every_s, c.intel.update_every_s);
        tap_str(given.intel.store_dir, c.intel.store_dir);
        tap_str(given.history.dir, c.history.dir);
        tap_int(given.history.keep_days, c.history.keep_days);
        tap_int(given.history.max_bytes, c.history.max_bytes);
        tap_int(given.history.keep_reports, c.history.keep_reports);
        tap_int(given.monitor.audit_every_s, c.monitor.audit_every_s);
        tap_int(given.reports.keep_days, c.reports.keep_days);
        tap_int(given.reports.imap_every_s, c.reports.imap_every_s);
        tap_int(given.reports.enabled, c.reports.enabled);
        tap_int(given.reports.observe, c.reports.observe);
        tap_str(given.reports.dir, c.reports.dir);
        tap_int(given.http.max_message_bytes, c.http.max_message_bytes);
        tap_int(given.http.dashboard, c.http.dashboard);
        tap_int(given.http.rate_per_min, c.http.rate_per_min);
        tap_int(given.milters[0].listen.mode, c.milters[0].listen.mode);
        tap_int(memcmp(given.milters[0].networks, c.milters[0].networks,
                       2 * sizeof c.milters[0].networks[0]),
                0);
    }
    arena_clear(&other);
}

static void values(void)
{
    tap_case("units, words, sockets with their mode, networks");
    if (!loads(
            "workers: 3\nthreads: 2\ndeadline: 90s\ndrain: 0\nhost_name: MX.B\xc3\xbc"
            "cher.example.\nlog: {format: text, mails: false}\n"
            "milters:\n"
            "  - name: a\n"
            "    listen: {socket: local:/run/x.sock, mode: 0600, group: postfix}\n"
            "    mode: monitor\n"
            "    local: inbound\n"
            "    networks: [10.0.0.0/8, '2001:db8::/32', 192.0.2.1]\n"
            "    on_failure: accept\n"
            "    oversize: reject\n"
            "    max_message: 10 MiB\n"
            "  - {name: b, listen: 'inet:[::1]:25', mode: outbound}\n"
            "http: {listen: '0.0.0.0:80', max_message: 500k}\n"
            "history: {hash_addresses: true, keep: 2w, max_size: 2T}\n"
            "intel: {enabled: false, update: 10m}\n"
            "monitor: {audit_every: 12h}\n"
            "signing: {keys: {k: k.pem}, domains: {a.example: {keys: [{selector: s, key: k}]}}}\n"
            "reports: {enabled: false}\n"))
        return;
    tap_int(c.workers, 3);
    tap_int(c.deadline_ms, 90000);
    tap_int(c.drain_ms, 0);
    tap_str(c.host_name, STR("mx.xn--bcher-kva.example"));
    tap_ok(c.log_format == SERVE_LOG_TEXT && !c.log_mails);
    const struct serve_milter *a = &c.milters[0], *b = &c.milters[1];
    tap_int(a->listen.kind, SERVE_UNIX);
    tap_str(a->listen.path, STR("/run/x.sock"));
    tap_int(a->listen.mode, 0600);
    tap_str(a->listen.group, STR("postfix"));
    tap_int(a->mode, MAIL_MONITOR);
    tap_int(a->authenticated, MAIL_MONITOR);
    tap_int(a->local, MAIL_INBOUND);
    tap_int(a->n_networks, 3);
    tap_int(a->networks[0].prefix_bits, 8);
    tap_int(a->networks[1].ip.family, IP_V6);
    tap_int(a->networks[2].prefix_bits, 32);
    tap_int(a->on_failure, ACTION_ACCEPT);
    tap_int(a->oversize, ACTION_REJECT);
    tap_int(a->max_message_bytes, 10 << 20);
    tap_int(b->listen.ip.family, IP_V6);
    tap_int(b->listen.port, 25);
    tap_int(b->local, MAIL_OUTBOUND);
    tap_int(c.http.max_message_bytes, 500 << 10);
    tap_int(c.history.keep_days, 14);
    tap_int(c.history.max_bytes, INT64_C(2) << 40);
    tap_ok(!c.history.keep_reports);
    tap_ok(!c.intel.enabled && !c.reports.enabled);
    tap_int(c.intel.update_every_s, 600);
    tap_int(c.monitor.audit_every_s, 43200);
    tap_int(c.signing->n_domains, 1);
}

#define M "milters:\n  - name: a\n    listen: fd:m\n"
#define H "http:\n  listen: fd:h\n"
static const struct {
    const char *text, *want;
} mistakes[] = {
    {"", ": there is nothing to serve: neither 'milters' nor 'http' is there"},
    {"http: {listen: 'fd:h', enabled: false}\n",
     ": there is nothing to serve: neither 'milters' nor 'http' is there"},
    {"milter: []\n", ":1:1: unknown key 'milter', did you mean 'milters'?"},
    {"user: root:root\n", ":1:7: 'root:root' is no name of a user or group"},
    {"workers: 65\n", ":1:10: auto, or a number from 1 to 64, is wanted here, not '65'"},
    {"workers: 0\n", ":1:10: auto, or a number from 1 to 64, is wanted here, not '0'"},
    {"threads: 257\n", ":1:10: a number of threads from 1 to 256 is wanted here, not '257'"},
    {"deadline: 20\n", ":1:11: a duration from 1s to 10m is wanted here, not '20'"},
    {"deadline: 11m\n", ":1:11: a duration from 1s to 10m is wanted here, not '11m'"},
    {"deadline: 999ms\n", ":1:11: a duration from 1s to 10m is wanted here, not '999ms'"},
    {"deadline: 18446744073709551615s\n", ":1:11: a duration from 1s to 10m is wanted here, not "
                                          "'18446744073709551615s'"},
    {"runtime_dir: run\n", ":1:14: a path that begins with '/' is wanted here"},
    {"log: {format: jsn}\n", ":1:15: unknown format of logs 'jsn', did you mean 'json'?"},
    {"log: {format: xml}\n", ":1:15: a format of logs (json, text) is wanted here, not 'xml'"},
    {"log: json\n", ":1:6: a mapping (format, mails) is wanted here"},
    {"signing: {keyz: {}}\n", ":1:11: unknown key 'keyz', did you mean 'keys'?"},
    {"signing: [a]\n", ":1:10: who signs (keys, domains, seal, ...) is wanted here"},
    {"milters: {}\n", ":1:10: a list of listeners is wanted here"},
    {"milters: [{name: a}]\n", ":1:19: the listener that ends here has no 'listen'"},
    {"milters: [{listen: 'fd:x'}]\n", ":1:26: the listener that ends here has no 'name'"},
    {"milters: [{name: a, listen: 'fd:x'}, {name: a, listen: 'fd:y'}]\n",
     ":1:62: the listener that ends here has the name of another, 'a'"},
    {"milters: [{name: a, listen: 'fd:x'}, {name: b, listen: 'fd:x'}]\n",
     ": 'fd:x' is the address of two listeners"},
    {M "    mode: inbuond\n", ":4:11: unknown mode 'inbuond', did you mean 'inbound'?"},
    {M "    mode: scan\n", ":4:11: a mode (inbound, outbound, monitor) is wanted here, not 'scan'"},
    {M "    on_failure: reject\n", ":4:17: an action on failure (tempfail, accept) is wanted here, "
                                   "not 'reject'"},
    {M "    networks: [10.0.0.1/8]\n",
     ":4:16: '10.0.0.1/8' is no network (192.0.2.0/24): there are "
     "bits set behind the prefix"},
    {M "    networks: [10.0.0.0/33]\n",
     ":4:16: '10.0.0.0/33' is no network (192.0.2.0/24): an IP address is wanted, and the length "
     "of a prefix behind '/'"},
    {M "    networks: ['::1/']\n",
     ":4:17: '::1/' is no network (192.0.2.0/24): an IP address is wanted, and the length of a "
     "prefix behind '/'"},
    {M "    max_message: 151M\n", ":4:18: a size from 1k to 150M is wanted here, not '151M'"},
    {M "    max_message: 64MX\n", ":4:18: a size from 1k to 150M is wanted here, not '64MX'"},
    {M "    subject_tag: \"a\\nb\"\n", ":4:19: a text without control characters is wanted here"},
    {M "    seal: true\n", ": milter 'a' seals, and no 'seal' of 'signing' says with which key"},
    {"signing: {}\n" M "    seal: true\n",
     ": milter 'a' seals, and no 'seal' of 'signing' says with which key"},
    {M "    warm: yes\n", ":4:11: true or false is wanted here"},
    {M "    warm: true\n    warm: true\n", ":5:5: key 'warm' stands twice"},
    {"http: {}\n", ":1:8: 'http' that ends here has no 'listen'"},
    {H "  tls: {cert: a.pem}\n", ":3:20: 'tls' that ends here wants both, 'cert' and 'key'"},
    {H "  names: ['a b']\n", ":3:12: 'a b' is not a domain name"},
    {H "  tokens: [{name: t, scopes: [read]}]\n",
     ":3:36: the token that ends here has 'sha256' or 'file', one of them"},
    {H "  tokens: [{name: t, file: f, scopes: []}]\n",
     ":3:41: the token that ends here may do nothing: it has no 'scopes'"},
    {H "  tokens: [{name: t, file: f, scopes: [raed]}]\n",
     ":3:40: unknown scope 'raed', did you mean 'read'?"},
    {H "  tokens: [{name: t, sha256: secret, scopes: [read]}]\n",
     ":3:30: the SHA-256 of the token is wanted here, 64 hexadecimal digits (printf %s TOKEN | "
     "sha256sum), never the token itself"},
    {"history: {hash_addresses: true, keep_reports: true}\n",
     ":1:51: the history that ends here hides addresses or subjects, and reports and messages show "
     "them: keep_reports: false"},
    {"history: {keep: 36h}\n",
     ":1:17: whole days from 1d to 3650d (30d) is wanted here, not '36h'"},
    {"webhooks: [{name: w, url: 'https://h.example/', secret: {file: s}, events: [mail.verdit]}]\n",
     ":1:77: unknown event 'mail.verdit', did you mean 'mail.verdict'?"},
    {"webhooks: [{name: w, url: 'https://h.example/'}]\n",
     ":1:47: the webhook that ends here has no 'secret'"},
    {"webhooks: [{name: w, url: 'http://h.example/', secret: {env: W}}]\n",
     ":1:64: the webhook that ends here sends in the clear: an https URL is wanted (http to this "
     "machine: with 'allow_private')"},
    {"webhooks: [{name: w, url: 'https://u:p@h.example/'}]\n",
     ":1:28: an https URL without user and password is wanted here"},
    {"webhooks: [{name: w, url: 'ftp://h.example/'}]\n", ":1:28: an https URL is wanted here"},
    {"webhooks: [{secret: hunter2}]\n", ":1:21: where the secret is, {file: PATH} or {env: NAME}, "
                                        "and never the secret itself, is wanted here"},
    {"webhooks: [{findings: [auth.dmrac.fail]}]\n",
     ":1:24: unknown finding 'auth.dmrac.fail', did you mean 'auth.dmarc.fail'?"},
    {"monitor: {audits: [a..b]}\n", ":1:20: 'a..b' is not a domain name"},
    {"monitor: {audits: [{domain: a.example, profile: sendin}]}\n",
     ":1:49: unknown profile 'sendin', did you mean 'sending'?"},
    {"monitor: {audits: [{profile: sending}]}\n",
     ":1:37: the audit that ends here has no 'domain'"},
    {"reports: {email: nobody}\n", ":1:18: 'nobody' is no mail address"},
    {"reports: {email: 'a b@c.example'}\n", ":1:19: 'a b@c.example' is no mail address"},
    {"reports: {email: a@b.example}\n", ":1:29: the reports that end here are sent in the name of "
                                        "'organization' and 'email', both of them"},
    {"reports: {imap: {url: 'imaps://m.example/'}}\n",
     ":1:43: 'imap' that ends here wants 'url', 'user' and 'password_file'"},
    {"reports: {imap: {url: 'imaps://u@m.example/'}}\n",
     ":1:24: a URL like imaps://mail.example.org/INBOX is wanted here, user and password stand "
     "beside it"},
    {"dns: {discovery: tree}\n", ":1:18: a way to find policies (tree-walk, psl) is wanted here, "
                                 "not 'tree'"},
    {"dns: {timeout: 61s}\n", ":1:16: a duration from 100ms to 60s (5s) is wanted here, not '61s'"},
    {"content: {clamd: [clamd]}\n", ":1:19: 'clamd' is no address of a clamd (unix:/path, "
                                    "host:port, [v6]:port)"},
    {"intel: {update: 30s}\n",
     ":1:17: 0 (somebody else does it), or a duration from 1m to 7d, is wanted here"},
    {"intel: {store: intel}\n", ":1:16: a path that begins with '/' is wanted here"},
};

static void wrong(void)
{
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        char want[512];
        tap_case("mistake %zu: %s", i, mistakes[i].want);
        int st = load(str_from(mistakes[i].text));
        snprintf(want, sizeof want, "/etc/mp/c.yaml%s", mistakes[i].want);
        tap_int(st, MP_E_SYNTAX);
        tap_cstr(err.text, want);
        tap_int(c.n_milters, (size_t)-1); /* nothing was written */
    }
}

static const struct {
    const char *text;
    enum serve_address_kind kind;
    const char *ip;
    unsigned port;
    const char *why; /* NULL: it is one */
} addresses[] = {
    {"unix:/run/a.sock", SERVE_UNIX, NULL, 0, NULL},
    {"/run/a.sock", SERVE_UNIX, NULL, 0, NULL},
    {"inet:8891@127.0.0.1", SERVE_INET, "127.0.0.1", 8891, NULL},
    {"inet6:8891@::1", SERVE_INET, "::1", 8891, NULL},
    {"inet6:8891@[::1]", SERVE_INET, "::1", 8891, NULL},
    {"inet:localhost:1", SERVE_INET, "127.0.0.1", 1, NULL},
    {"192.0.2.1:65535", SERVE_INET, "192.0.2.1", 65535, NULL},
    {"[2001:db8::1]:25", SERVE_INET, "2001:db8::1", 25, NULL},
    {"fd:milter", SERVE_FD, NULL, 0, NULL},
    {"unix:run/a.sock", SERVE_UNIX, NULL, 0, "begins with '/'"},
    {"unix:/", SERVE_UNIX, NULL, 0, "begins with '/'"},
    {"unix:/"
     "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
     "8901234567890123456789",
     SERVE_UNIX, NULL, 0, "107 bytes"},
    {"8891", SERVE_INET, NULL, 0, "beside the port"},
    {"inet:8891", SERVE_INET, NULL, 0, "beside the port"},
    {"127.0.0.1:0", SERVE_INET, NULL, 0, "1 to 65535"},
    {"127.0.0.1:65536", SERVE_INET, NULL, 0, "1 to 65535"},
    {"127.0.0.1:", SERVE_INET, NULL, 0, "1 to 65535"},
    {"::1:8891", SERVE_INET, NULL, 0, "in brackets"},
    {"*:8891", SERVE_INET, NULL, 0, "0.0.0.0 or [::]"},
    {":8891", SERVE_INET, NULL, 0, "before the port"},
    {"mail.example:8891", SERVE_INET, NULL, 0, "before the port"},
    {"fd:", SERVE_FD, NULL, 0, "FileDescriptorName"},
    {"fd:a/b", SERVE_FD, NULL, 0, "FileDescriptorName"},
    {"127.0.0.1 :25", SERVE_INET, NULL, 0, "no space"},
};

static void listening(void)
{
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        char text[400];
        tap_case("address: %s", addresses[i].text);
        snprintf(text, sizeof text, "milters: [{name: a, listen: '%s'}]\n", addresses[i].text);
        int st = load(str_from(text));
        if (addresses[i].why != NULL) {
            tap_int(st, MP_E_SYNTAX);
            if (!tap_ok(strstr(err.text, addresses[i].why) != NULL))
                tap_note("%s", err.text);
            continue;
        }
        if (!tap_int(st, MP_OK)) {
            tap_note("%s", err.text);
            continue;
        }
        const struct serve_address *a = &c.milters[0].listen;
        tap_int(a->kind, addresses[i].kind);
        tap_cstr(a->text.p, addresses[i].text);
        tap_int(a->mode, 0660);
        if (addresses[i].ip != NULL) {
            char ip[IP_TEXT_MAX];
            ip_write(&a->ip, ip);
            tap_cstr(ip, addresses[i].ip);
            tap_int(a->port, addresses[i].port);
        }
    }
    static const char *const bad[] = {"{socket: 'fd:m', mode: 0600}", "{mode: 0600}",
                                      "{socket: unix:/a, mode: 0888}",
                                      "{socket: unix:/a, mode: 0060}",
                                      "{socket: unix:/a, mode: 7777}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char text[200];
        tap_case("socket: %s", bad[i]);
        snprintf(text, sizeof text, "milters: [{name: a, listen: %s}]\n", bad[i]);
        tap_int(load(str_from(text)), MP_E_SYNTAX);
    }
}

static void limits(void)
{
    static const struct {
        const char *label, *head, *item, *tail;
        size_t most;
    } rows[] = {
        {"networks", "milters: [{name: a, listen: 'fd:m', networks: [", "10.0.0.1", "]}]\n",
         SERVE_MAX_NETWORKS},
        {"suites", M "monitor: {suites: [", "s.yaml", "]}\n", SERVE_MAX_SUITES},
        {"audits", M "monitor: {audits: [", "a.example", "]}\n", SERVE_MAX_AUDITS},
        {"clamd", M "content: {clamd: [", "'a:1'", "]}\n", SERVE_MAX_CLAMD},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (size_t more = 0; more < 2; more++) {
            tap_case("limit of %s, and %zu more", rows[i].label, more);
            struct buf text;
            buf_init(&text, 64 * 1024);
            buf_addf(&text, "%s", rows[i].head);
            for (size_t k = 0; k < rows[i].most + more; k++)
                buf_addf(&text, "%s%s", k == 0 ? "" : ", ", rows[i].item);
            buf_addf(&text, "%s", rows[i].tail);
            tap_int(load(buf_str(&text)), more == 0 ? MP_OK : MP_E_LIMIT);
            buf_clear(&text);
        }
    }
    tap_case("a file that is too long");
    size_t n = SERVE_CONFIG_MAX_BYTES + 1;
    char *text = malloc(n);
    memset(text, '\n', n);
    tap_int(load(str_make(text, n)), MP_E_LIMIT);
    free(text);
}

/* ---- documents ---- */

/* What stands between two marks, from *rest on; p == NULL: no more. */
static struct str between(struct str *rest, const char *from, const char *to)
{
    size_t at = str_search(*rest, str_from(from));
    struct str text = str_slice(*rest, at + strlen(from), rest->n);
    size_t end = str_search(text, str_from(to));
    if (at == rest->n || end == text.n)
        return STR_NONE;
    *rest = str_slice(text, end + strlen(to), text.n);
    return str_slice(text, 0, end);
}

static void documented_examples(void)
{
    static const struct {
        const char *file, *from, *to;
    } documents[] = {{"man/mailproof.yaml.5", ".Bd -literal -offset indent\n", ".Ed\n"},
                     {"docs/serve.md", "```yaml\n", "```\n"}};
    for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
        struct str rest = tap_source_file(documents[i].file), text;
        size_t n = 0;
        tap_case("examples of %s load", documents[i].file);
        for (; (text = between(&rest, documents[i].from, documents[i].to)).p != NULL; n++)
            if (!tap_int(load(text), MP_OK))
                tap_note("%s", err.text);
        tap_ok(n > 0);
    }
}

/* "KEY:" at the beginning of a line, behind spaces, "- " or "{". */
static bool has_key(struct str text, struct str key)
{
    for (size_t at = 0; at < text.n;) {
        size_t hit = at + str_search(str_slice(text, at, text.n), key);
        if (hit >= text.n)
            return false;
        char before = hit == 0 ? '\n' : text.p[hit - 1];
        char after = hit + key.n < text.n ? text.p[hit + key.n] : '\n';
        if (after == ':' && str_has(STR(" {\n"), before))
            return true;
        at = hit + 1;
    }
    return false;
}

/* ".It Li KEY", "Li KEY", "Li a , KEY" */
static bool has_word(struct str page, struct str key)
{
    while (page.p != NULL) {
        struct str line = str_cut(&page, '\n');
        if (!str_starts(line, STR(".")) || str_search(line, STR("Li ")) == line.n)
            continue;
        while (line.p != NULL)
            if (str_eq(str_cut(&line, ' '), key))
                return true;
    }
    return false;
}

/* Each key of the readers' tables stands in the example and in the manual. */
static void documented_keys(void)
{
    static const char *const sources[] = {"config.c",        "config_address.c", "config_http.c",
                                          "config_milter.c", "config_sources.c", "config_watch.c"};
    struct str example = tap_source_file("packaging/mailproof.example.yaml");
    struct str page = tap_source_file("man/mailproof.yaml.5");
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        char name[80];
        struct str key;
        snprintf(name, sizeof name, "src/daemon/%s", sources[i]);
        struct str rest = tap_source_file(name);
        while ((key = between(&rest, "{STR_INIT(\"", "\"), ")).p != NULL) {
            tap_case("the key '" STR_FMT "' of %s is documented", STR_ARG(key), sources[i]);
            bool in_comment = str_eq(key, STR("zone_file")) || str_eq(key, STR("env")) ||
                              str_eq(key, STR("socket")) || str_eq(key, STR("group")) ||
                              str_eq(key, STR("mode")); /* one of two ways */
            tap_ok(in_comment || has_key(example, key));
            tap_ok(has_word(page, key));
            n++;
        }
    }
    tap_case("keys were found");
    tap_ok(n > 80);
}

int main(void)
{
    arena_init(&arena, 16 << 20);
    documented_examples();
    documented_keys();
    defaults();
    example();
    values();
    wrong();
    listening();
    limits();
    arena_clear(&arena);
    return tap_done();
}
