/* Facts of an audit over loopback: MX hosts and files, good, refused, broken, silent. */
#include "flow/audit_test_kit.h"

#include "io/https.h"
#include "tests/script_server.h"

enum { LONG_MS = 30000, SHORT_MS = 200, DAY_S = 86400, MAX_STEPS = 16 };

/* ---- certificates, one of each kind ---- */

enum cert { CERT_NONE, CERT_GOOD, CERT_OTHER_NAME, CERT_SELF, CERT_EXPIRED, CERT_COUNT };
static const struct kit_tls_options cert_options[CERT_COUNT] = {
    [CERT_GOOD] = {.names = {"mx.good.test", "mta-sts.good.test"},
                   .starts_in_s = -60,
                   .ends_in_s = 90 * DAY_S},
    [CERT_OTHER_NAME] = {.names = {"mx.other.test"}},
    [CERT_SELF] = {.names = {"mx.good.test", "mta-sts.good.test"}, .self_signed = true},
    [CERT_EXPIRED] = {.names = {"mx.good.test", "mta-sts.good.test"},
                      .starts_in_s = -2 * DAY_S,
                      .ends_in_s = -DAY_S},
};
static struct kit_tls *certs[CERT_COUNT];
static struct tls_client *trust;

static void make_certs(void)
{
    const struct tls_settings s = {.ca_file = kit_ca_file()};
    for (int i = CERT_GOOD; i < CERT_COUNT; i++)
        certs[i] = kit_tls_new(&cert_options[i]);
    if (tls_client_new(&s, &trust, NULL) != MP_OK)
        abort();
}

static void drop_certs(void)
{
    tls_client_free(trust);
    for (int i = CERT_GOOD; i < CERT_COUNT; i++)
        kit_tls_free(certs[i]);
}

/* ---- one fact ---- */

struct errand {
    struct audit_options options;
    struct audit_fact fact;
    struct script_server *server;
};

static void errand_begin(struct errand *e, enum fact_kind kind, const char *key,
                         const char *const addresses[], const struct script_step *steps)
{
    *e = (struct errand){.fact = {.question = {kind, str_from(key)}}};
    audit_options_init(&e->options);
    e->options.tls = trust;
    e->options.ca_file = kit_ca_file();
    e->options.helo = STR("audit.test");
    e->options.now_s = clock_wall_s();
    e->options.posture.allow_private = e->options.allow_private_https = true;
    e->options.fact_deadline_ms = LONG_MS;
    e->fact.options = &e->options;
    e->fact.deadline_us = clock_mono_us() + (int64_t)LONG_MS * 1000;
    arena_init(&e->fact.arena, AUDIT_FACT_ARENA_BYTES);
    for (size_t i = 0; addresses[i] != NULL; i++)
        tap_ok(ip_parse(str_from(addresses[i]), &e->fact.addresses[e->fact.n_addresses++]));
    e->server = steps == NULL ? NULL : script_play(steps);
    if (e->server != NULL)
        e->options.posture.smtp_port = e->options.https_port = script_port(e->server);
}

static void errand_end(struct errand *e)
{
    script_free(e->server);
    arena_clear(&e->fact.arena);
}

/* What the server heard, once it has stopped. */
static const struct script_log *errand_log(struct errand *e)
{
    script_stop(e->server);
    return script_log(e->server, 0);
}

/* ---- hosts ---- */

#define EHLO_TLS   "250-mx.good.test at your service\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"
#define EHLO_PLAIN "250 mx.good.test\r\n"
#define BANNER     "220 mx.good.test ESMTP\r\n"
#define GO         "220 2.0.0 go\r\n"

struct smtp_row {
    const char *label;
    const char *banner, *ehlo, *helo, *starttls; /* the first that is missing ends the talk so: */
    enum script_op end;
    enum cert cert;
    unsigned patience_ms; /* 0: long */
    bool answered, temporary, offered, established;
    const char *fault, *reason; /* reason: a part */
    enum x509_verdict pkix;
};

static const struct smtp_row smtp_rows[] = {
    {"STARTTLS with a good certificate", BANNER, EHLO_TLS, NULL, GO, SCRIPT_OP_END, CERT_GOOD, 0,
     true, false, true, true, "", "", X509_OK},
    {"a certificate for another name is a fact, not a fault", BANNER, EHLO_TLS, NULL, GO,
     SCRIPT_OP_END, CERT_OTHER_NAME, 0, true, false, true, true, "", "", X509_OK},
    {"a self-signed certificate", BANNER, EHLO_TLS, NULL, GO, SCRIPT_OP_END, CERT_SELF, 0, true,
     false, true, true, "", "", X509_SELF_SIGNED},
    {"an expired certificate", BANNER, EHLO_TLS, NULL, GO, SCRIPT_OP_END, CERT_EXPIRED, 0, true,
     false, true, true, "", "", X509_EXPIRED},
    {"no STARTTLS", BANNER, EHLO_PLAIN, NULL, NULL, SCRIPT_OP_END, CERT_NONE, 0, true, false, false,
     false, "", "", X509_OK},
    {"EHLO refused, HELO taken", BANNER, "502 5.5.1 what?\r\n", EHLO_PLAIN, NULL, SCRIPT_OP_END,
     CERT_NONE, 0, true, false, false, false, "", "", X509_OK},
    {"both refused", BANNER, "502 5.5.1 what?\r\n", "550 go away\r\n", NULL, SCRIPT_OP_END,
     CERT_NONE, 0, false, false, false, false, "refused-ehlo", "go away", X509_OK},
    {"both put off", BANNER, "502 5.5.1 what?\r\n", "450 not now\r\n", NULL, SCRIPT_OP_END,
     CERT_NONE, 0, false, true, false, false, "refused-ehlo", "not now", X509_OK},
    {"refused by the banner", "554 5.7.1 no mail from you\r\n", NULL, NULL, NULL, SCRIPT_OP_END,
     CERT_NONE, 0, false, false, false, false, "refused-by-banner", "no mail from you", X509_OK},
    {"put off by the banner", "421 4.3.2 too busy\r\n", NULL, NULL, NULL, SCRIPT_OP_END, CERT_NONE,
     0, false, true, false, false, "refused-by-banner", "too busy", X509_OK},
    {"not SMTP", "SSH-2.0-OpenSSH_9.2\r\n", NULL, NULL, NULL, SCRIPT_OP_END, CERT_NONE, 0, false,
     false, false, false, "garbage", "", X509_OK},
    {"hung up at once", NULL, NULL, NULL, NULL, SCRIPT_OP_CLOSE, CERT_NONE, 0, false, false, false,
     false, "closed", "closed", X509_OK},
    {"reset after EHLO", BANNER, NULL, NULL, NULL, SCRIPT_OP_RESET, CERT_NONE, 0, false, false,
     false, false, "closed", "", X509_OK},
    {"silent from the start", NULL, NULL, NULL, NULL, SCRIPT_OP_STALL, CERT_NONE, SHORT_MS, false,
     true, false, false, "timeout", "too long", X509_OK},
    {"silent after EHLO", BANNER, NULL, NULL, NULL, SCRIPT_OP_STALL, CERT_NONE, SHORT_MS, false,
     true, false, false, "timeout", "", X509_OK},
    {"silent after STARTTLS: it has answered", BANNER, EHLO_TLS, NULL, NULL, SCRIPT_OP_STALL,
     CERT_NONE, SHORT_MS, true, true, true, false, "timeout", "", X509_OK},
    {"silent in the handshake", BANNER, EHLO_TLS, NULL, GO, SCRIPT_OP_STALL, CERT_NONE, SHORT_MS,
     true, true, true, false, "timeout", "", X509_OK},
    {"STARTTLS refused for good", BANNER, EHLO_TLS, NULL, "502 5.5.1 no certificate\r\n",
     SCRIPT_OP_END, CERT_NONE, 0, true, false, true, false, "refused-starttls", "no certificate",
     X509_OK},
    {"STARTTLS refused for now", BANNER, EHLO_TLS, NULL, "454 4.7.0 try later\r\n", SCRIPT_OP_END,
     CERT_NONE, 0, true, true, true, false, "refused-starttls", "try later", X509_OK},
    {"plain text behind STARTTLS", BANNER, EHLO_TLS, NULL, GO "250 hello\r\n", SCRIPT_OP_END,
     CERT_NONE, 0, true, false, true, false, "injected", "plain text", X509_OK},
    {"no TLS where it was promised", BANNER, EHLO_TLS, NULL, GO, SCRIPT_OP_CLOSE, CERT_NONE, 0,
     true, false, true, false, "closed", "", X509_OK},
};

static struct script_step said(const char *text)
{
    return (struct script_step){.op = SCRIPT_OP_SAY, .text = text, .n = strlen(text)};
}

static struct script_step heard(const char *line)
{
    return (struct script_step){.op = SCRIPT_OP_EXPECT, .text = line};
}

/* The conversation of a row, as far as it goes. */
static void smtp_script(const struct smtp_row *row, struct script_step steps[MAX_STEPS])
{
    const struct {
        const char *command, *reply;
    } turns[] = {{NULL, row->banner},
                 {"EHLO audit.test", row->ehlo},
                 {"HELO audit.test", row->helo},
                 {"STARTTLS", row->starttls}};
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(turns); i++) {
        if (i == 2 && row->helo == NULL)
            continue;
        if (turns[i].reply == NULL)
            break;
        if (turns[i].command != NULL)
            steps[n++] = heard(turns[i].command);
        steps[n++] = said(turns[i].reply);
    }
    if (row->cert != CERT_NONE) {
        steps[n++] = (struct script_step){.op = SCRIPT_OP_TLS, .tls = certs[row->cert]};
        steps[n++] = heard("EHLO audit.test");
        steps[n++] = said("250 mx.good.test\r\n");
        steps[n++] = heard("QUIT");
    }
    steps[n] = (struct script_step){.op = row->end};
}

static void check_smtp(const struct smtp_fact *f, const struct smtp_row *row)
{
    tap_int(f->answered, row->answered);
    tap_cstr(f->fault == NULL ? "" : f->fault, row->fault);
    tap_int(f->temporary, row->temporary);
    tap_int(f->starttls, row->offered);
    tap_int(f->tls.established, row->established);
    tap_ok(!f->skipped && f->ip.family == IP_V4);
    if (!tap_ok(rig_has(f->reason, row->reason)))
        tap_note("reason: %.*s", STR_ARG(f->reason));
    if (row->answered)
        tap_str(f->greeting_name, STR("mx.good.test"));
    if (row->established) {
        tap_ok(f->tls.has_leaf && f->tls.n_chain > 0);
        tap_cstr(x509_verdict_name(f->tls.pkix), x509_verdict_name(row->pkix));
    }
}

static void test_hosts(void)
{
    static const char *const here[] = {"127.0.0.1", NULL};
    for (size_t i = 0; i < ARRAY_LEN(smtp_rows); i++) {
        const struct smtp_row *row = &smtp_rows[i];
        struct script_step steps[MAX_STEPS] = {0};
        struct errand e;
        tap_case("host: %s", row->label);
        smtp_script(row, steps);
        errand_begin(&e, FACT_SMTP, "mx.good.test", here, steps);
        if (row->patience_ms != 0)
            e.options.fact_deadline_ms = row->patience_ms;
        audit_fetch(&e.fact);
        check_smtp(&e.fact.smtp, row);
        const struct script_log *log = errand_log(&e);
        tap_ok(log != NULL);
        if (log != NULL && row->established)
            tap_cstr(log->sni, "mx.good.test");
        errand_end(&e);
    }
}

/* ---- several addresses, and none ---- */

static void test_addresses(void)
{
    static const struct script_step plain[] = {SCRIPT_SAY(BANNER), SCRIPT_EXPECT("EHLO"),
                                               SCRIPT_SAY(EHLO_PLAIN), SCRIPT_END};
    static const struct {
        const char *label, *addresses[4];
        bool dns_failed, allow_private, answered, temporary, skipped;
        const char *fault;
    } rows[] = {
        {"the second address answers",
         {"127.0.0.2", "127.0.0.1"},
         false,
         true,
         true,
         false,
         false,
         ""},
        {"nobody listens", {"127.0.0.2"}, false, true, false, false, false, "refused"},
        {"no address", {NULL}, false, true, false, false, false, "no-address"},
        {"no address, for DNS failed", {NULL}, true, true, false, true, false, "no-address"},
        {"half of DNS failed, the other half is refused",
         {"127.0.0.2"},
         true,
         true,
         false,
         true,
         false,
         "refused"},
        {"inner addresses are left alone",
         {"127.0.0.1", "10.1.2.3"},
         false,
         false,
         false,
         false,
         true,
         "no-address"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct errand e;
        tap_case("addresses: %s", rows[i].label);
        errand_begin(&e, FACT_SMTP, "mx.good.test", rows[i].addresses, plain);
        e.fact.dns_failed = rows[i].dns_failed;
        e.options.posture.allow_private = rows[i].allow_private;
        audit_fetch(&e.fact);
        tap_int(e.fact.smtp.answered, rows[i].answered);
        tap_int(e.fact.smtp.temporary, rows[i].temporary);
        tap_int(e.fact.smtp.skipped, rows[i].skipped);
        tap_cstr(e.fact.smtp.fault, rows[i].fault);
        script_stop(e.server);
        tap_int((long long)script_connections(e.server), rows[i].answered);
        errand_end(&e);
    }
}

/* A silent address leaves time for the next; the audit's own end is the end of all. */
static void test_shares(void)
{
    static const struct script_step stall[] = {SCRIPT_STALL, SCRIPT_END};
    static const struct script_step plain[] = {SCRIPT_SAY(BANNER), SCRIPT_EXPECT("EHLO"),
                                               SCRIPT_SAY(EHLO_PLAIN), SCRIPT_END};
    static const struct script_step *const both[] = {stall, plain};
    static const char *const twice[] = {"127.0.0.1", "127.0.0.1", NULL};
    const struct script_options o = {.conversations = both, .n_conversations = 2};
    struct errand e;
    tap_case("addresses: a silent one takes its share, no more");
    errand_begin(&e, FACT_SMTP, "mx.good.test", twice, NULL);
    e.server = script_start(&o);
    e.options.posture.smtp_port = script_port(e.server);
    e.options.fact_deadline_ms = 2400;
    audit_fetch(&e.fact);
    tap_ok(e.fact.smtp.answered);
    tap_cstr(e.fact.smtp.fault, "");
    tap_ok(!e.fact.smtp.temporary);
    errand_end(&e);

    tap_case("addresses: the audit's end comes first");
    errand_begin(&e, FACT_SMTP, "mx.good.test", twice, plain);
    e.fact.deadline_us = clock_mono_us() - 1;
    audit_fetch(&e.fact);
    tap_ok(!e.fact.smtp.answered && e.fact.smtp.temporary);
    tap_cstr(e.fact.smtp.fault, "timeout");
    errand_end(&e);
}

/* ---- files ---- */

#define URL "https://mta-sts.good.test/.well-known/mta-sts.txt"

static const struct {
    const char *label, *url, *address, *response;
    enum script_op end;
    enum cert cert;
    unsigned patience_ms;
    bool dns_failed, is_public;
    bool fetched, certificate, temporary;
    const char *fault;
    unsigned status;
} files[] = {
    {"a policy", URL, "127.0.0.1",
     "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello", SCRIPT_OP_END,
     CERT_GOOD, 0, false, false, true, false, false, "", 200},
    {"not found", URL, "127.0.0.1", "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", SCRIPT_OP_END,
     CERT_GOOD, 0, false, false, false, false, false, "status", 404},
    {"a server in trouble", URL, "127.0.0.1", "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n",
     SCRIPT_OP_END, CERT_GOOD, 0, false, false, false, false, true, "status", 503},
    {"a redirect", URL, "127.0.0.1",
     "HTTP/1.1 301 There\r\nLocation: https://www.good.test/\r\nContent-Length: 0\r\n\r\n",
     SCRIPT_OP_END, CERT_GOOD, 0, false, false, false, false, false, "redirect", 301},
    {"a certificate for another name", URL, "127.0.0.1", "", SCRIPT_OP_END, CERT_OTHER_NAME, 0,
     false, false, false, true, false, "certificate", 0},
    {"a certificate that nobody trusts", URL, "127.0.0.1", "", SCRIPT_OP_END, CERT_SELF, 0, false,
     false, false, true, false, "certificate", 0},
    {"an expired certificate", URL, "127.0.0.1", "", SCRIPT_OP_END, CERT_EXPIRED, 0, false, false,
     false, true, false, "certificate", 0},
    {"no TLS", URL, "127.0.0.1", "220 mx ESMTP\r\n", SCRIPT_OP_END, CERT_NONE, 0, false, false,
     false, false, false, "tls", 0},
    {"silent in the handshake", URL, "127.0.0.1", NULL, SCRIPT_OP_STALL, CERT_NONE, SHORT_MS, false,
     false, false, false, true, "timeout", 0},
    {"silent after the request", URL, "127.0.0.1", NULL, SCRIPT_OP_STALL, CERT_GOOD, SHORT_MS * 5,
     false, false, false, false, true, "timeout", 0},
    {"nobody listens", URL, "127.0.0.2", NULL, SCRIPT_OP_END, CERT_NONE, 0, false, false, false,
     false, true, "connect", 0},
    {"a name that DNS denies", URL, NULL, NULL, SCRIPT_OP_END, CERT_NONE, 0, false, false, false,
     false, false, "connect", 0},
    {"a name that DNS cannot tell", URL, NULL, NULL, SCRIPT_OP_END, CERT_NONE, 0, true, false,
     false, false, true, "connect", 0},
    {"an inner address", URL, "127.0.0.1", NULL, SCRIPT_OP_END, CERT_NONE, 0, false, true, false,
     false, false, "private-address", 0},
    {"not https", "http://mta-sts.good.test/", "127.0.0.1", NULL, SCRIPT_OP_END, CERT_NONE, 0,
     false, false, false, false, false, "url", 0},
    {"a user name", "https://who@mta-sts.good.test/", "127.0.0.1", NULL, SCRIPT_OP_END, CERT_NONE,
     0, false, false, false, false, false, "url", 0},
};

static void file_script(size_t i, struct script_step steps[MAX_STEPS])
{
    size_t n = 0;
    if (files[i].cert != CERT_NONE)
        steps[n++] = (struct script_step){.op = SCRIPT_OP_TLS, .tls = certs[files[i].cert]};
    if (files[i].cert == CERT_GOOD)
        steps[n++] = (struct script_step)SCRIPT_REQUEST;
    if (files[i].response != NULL)
        steps[n++] = said(files[i].response);
    steps[n] = (struct script_step){.op = files[i].end};
}

static void check_file(const struct https_fact *f, size_t i)
{
    tap_int(f->fetched, files[i].fetched);
    tap_cstr(f->fault, files[i].fault);
    tap_int(f->certificate, files[i].certificate);
    tap_int(f->temporary, files[i].temporary);
    tap_int(f->status, files[i].status);
    tap_int(f->reason.n > 0, !files[i].fetched);
    if (!files[i].fetched)
        return;
    tap_str(f->body, STR("hello"));
    tap_str(f->content_type, STR("text/plain"));
    tap_ok(f->cert_not_after_s > clock_wall_s() + 80 * (int64_t)DAY_S);
}

static void test_files(void)
{
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        const char *const addresses[] = {files[i].address, NULL};
        struct script_step steps[MAX_STEPS] = {0};
        struct errand e;
        tap_case("file: %s", files[i].label);
        file_script(i, steps);
        errand_begin(&e, FACT_HTTPS, files[i].url, addresses, steps);
        e.fact.dns_failed = files[i].dns_failed;
        e.options.allow_private_https = !files[i].is_public;
        if (files[i].patience_ms != 0)
            e.options.fact_deadline_ms = files[i].patience_ms;
        audit_fetch(&e.fact);
        check_file(&e.fact.https, i);
        errand_end(&e);
    }
}

/* ---- whom DNS is asked about ---- */

static void test_url_hosts(void)
{
    static const struct {
        const char *url, *host;
    } rows[] = {
        {URL, "mta-sts.good.test"},
        {"HTTPS://Logo.Good.Test:8443/a.svg?b#c", "logo.good.test"},
        {"https://good.test", "good.test"},
        {"https://b\303\274cher.test/l.svg", "xn--bcher-kva.test"},
        {"https://good.test?x/y", "good.test"},
        {"https://192.0.2.1/l.svg", ""},
        {"https://[2001:db8::1]/l.svg", ""},
        {"https://who:secret@good.test/", ""},
        {"https://a b.test/", ""},
        {"https:///l.svg", ""},
        {"https://", ""},
        {"http://good.test/", ""},
        {"good.test", ""},
        {"", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a = {0};
        arena_init(&a, 1 << 16);
        tap_case("host of \"%s\"", rows[i].url);
        tap_str(audit_url_host(&a, str_from(rows[i].url)), str_from(rows[i].host));
        arena_clear(&a);
    }
}

int main(void)
{
    make_certs();
    test_hosts();
    test_addresses();
    test_shares();
    test_files();
    test_url_hosts();
    drop_certs();
    return tap_done();
}
