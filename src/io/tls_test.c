/* Handshakes with a server of our own: facts, versions, client certificates, and what goes wrong.
 */
#include "io/tls.h"

#include "base/clock.h"
#include "tests/script_server.h"
#include "tests/tap.h"

enum { LONG_MS = 30000, SHORT_MS = 150, ARENA_BYTES = 8 << 20, DAY_S = 86400 };

static int64_t in_ms(int64_t ms)
{
    return clock_mono_us() + ms * 1000;
}

struct meeting {
    struct arena arena;
    struct tls_client *tls;
    struct script_server *server;
    struct conn *conn;
    struct tls_facts facts;
    struct mp_err err;
    int status;
};

/* Connect, and shake hands as far as it goes. */
static void meet(struct meeting *m, const struct script_step *steps, const struct tls_settings *s,
                 struct str sni, int64_t patience_ms)
{
    struct conn_target to = {0};
    enum conn_fault fault;
    *m = (struct meeting){.status = MP_E_INTERNAL};
    arena_init(&m->arena, ARENA_BYTES);
    m->server = script_play(steps);
    ip_parse(STR("127.0.0.1"), &to.ip);
    to.port = script_port(m->server);
    if (!tap_int(tls_client_new(s, &m->tls, &m->err), MP_OK) ||
        !tap_int(conn_open(&to, in_ms(LONG_MS), &m->conn, &fault, &m->err), MP_OK)) {
        tap_note("%s", m->err.text);
        return;
    }
    m->status = tls_handshake(m->tls, m->conn, sni, &m->arena, clock_wall_s(), in_ms(patience_ms),
                              &m->facts, &m->err);
}

static void part(struct meeting *m)
{
    conn_close(m->conn);
    m->conn = NULL;
    tls_client_free(m->tls);
    m->tls = NULL;
    script_stop(m->server);
}

static void forget(struct meeting *m)
{
    script_free(m->server);
    arena_clear(&m->arena);
}

static struct tls_settings trusting(void)
{
    return (struct tls_settings){.ca_file = kit_ca_file()};
}

/* ---- certificates never stop a handshake ---- */

static void check_talk(struct meeting *m)
{
    char bytes[16];
    size_t n = 0;
    tap_int(conn_write(m->conn, STR("ping\r\n"), in_ms(LONG_MS), NULL), MP_OK);
    tap_int(conn_read(m->conn, bytes, sizeof bytes, &n, in_ms(LONG_MS), NULL), MP_OK);
    tap_str(str_make(bytes, n), STR("pong\r\n"));
    tap_ok(conn_in_tls(m->conn));
}

static void test_certificates(void)
{
    static const struct {
        const char *label;
        struct kit_tls_options server;
        enum x509_verdict pkix;
        bool foreign; /* the client trusts somebody else */
    } rows[] = {
        {"good", {.names = {"mx.test", "alt.test"}}, X509_OK, false},
        {"good, with its CA", {.names = {"mx.test", "alt.test"}, .sends_ca = true}, X509_OK, false},
        {"expired",
         {.names = {"mx.test", "alt.test"}, .starts_in_s = -9 * DAY_S, .ends_in_s = -DAY_S},
         X509_EXPIRED,
         false},
        {"not yet valid",
         {.names = {"mx.test", "alt.test"}, .starts_in_s = DAY_S, .ends_in_s = 9 * DAY_S},
         X509_NOT_YET_VALID,
         false},
        {"self-signed",
         {.names = {"mx.test", "alt.test"}, .self_signed = true},
         X509_SELF_SIGNED,
         false},
        {"unknown CA", {.names = {"mx.test", "alt.test"}}, X509_UNKNOWN_CA, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kit_tls *tls = kit_tls_new(&rows[i].server);
        const struct script_step steps[] = {SCRIPT_TLS(tls), SCRIPT_EXPECT("ping"),
                                            SCRIPT_SAY("pong\r\n"), SCRIPT_END};
        struct tls_settings s = trusting();
        struct meeting m;
        bool by_cn;
        if (rows[i].foreign)
            s.ca_file = kit_client_file(); /* a certificate, but not of that CA */
        tap_case("certificate: %s", rows[i].label);
        meet(&m, steps, &s, STR("mx.test"), LONG_MS);
        if (tap_int(m.status, MP_OK)) {
            tap_ok(m.facts.established);
            tap_cstr(x509_verdict_name(m.facts.pkix), x509_verdict_name(rows[i].pkix));
            tap_int(m.facts.n_chain, rows[i].server.sends_ca ? 2 : 1);
            tap_str(m.facts.chain[0], kit_tls_leaf(tls));
            tap_ok(m.facts.has_leaf && x509_matches(&m.facts.leaf, STR("alt.test"), &by_cn));
            tap_int(m.facts.channel_binding.n, 32);
            check_talk(&m);
        }
        part(&m);
        tap_cstr(script_log(m.server, 0)->problem, "");
        forget(&m);
        kit_tls_free(tls);
    }
}

/* ---- versions, suites ---- */

static void test_versions(void)
{
    static const struct {
        const char *label, *server_max, *client_min, *client_max, *ciphers, *suites;
        const char *version, *cipher;
    } rows[] = {
        {"the best both have", NULL, NULL, NULL, NULL, NULL, "TLSv1.3", NULL},
        {"a server with 1.2", "TLSv1.2", NULL, NULL, NULL, NULL, "TLSv1.2", NULL},
        {"a server with 1.1", "TLSv1.1", NULL, NULL, NULL, NULL, "TLSv1.1", NULL},
        {"a server with 1.0", "TLSv1", NULL, NULL, NULL, NULL, "TLSv1", NULL},
        {"we have 1.2 at most", NULL, NULL, "TLSv1.2", NULL, NULL, "TLSv1.2", NULL},
        {"we want 1.3", NULL, "tlsv1.3", NULL, NULL, NULL, "TLSv1.3", NULL},
        {"a cipher of 1.2", NULL, NULL, "TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256", NULL, "TLSv1.2",
         "ECDHE-ECDSA-AES128-GCM-SHA256"},
        {"a suite of 1.3", NULL, NULL, NULL, NULL, "TLS_AES_128_GCM_SHA256", "TLSv1.3",
         "TLS_AES_128_GCM_SHA256"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kit_tls_options o = {.names = {"mx.test"}, .max_version = rows[i].server_max};
        struct kit_tls *tls = kit_tls_new(&o);
        const struct script_step steps[] = {SCRIPT_TLS(tls), SCRIPT_EXPECT("ping"),
                                            SCRIPT_SAY("pong\r\n"), SCRIPT_END};
        struct tls_settings s = trusting();
        struct meeting m;
        s.min_version = rows[i].client_min;
        s.max_version = rows[i].client_max;
        s.ciphers = rows[i].ciphers;
        s.ciphersuites = rows[i].suites;
        tap_case("version: %s", rows[i].label);
        meet(&m, steps, &s, STR_NONE, LONG_MS);
        if (tap_int(m.status, MP_OK)) {
            bool is_13 = strcmp(rows[i].version, "TLSv1.3") == 0;
            tap_str(m.facts.version, str_from(rows[i].version));
            if (rows[i].cipher != NULL)
                tap_str(m.facts.cipher, str_from(rows[i].cipher));
            tap_ok(m.facts.cipher_bits >= 112 && m.facts.group.n > 0);
            tap_int(m.facts.exporter_binding.n, is_13 ? 32 : 0);
            check_talk(&m);
        }
        part(&m);
        forget(&m);
        kit_tls_free(tls);
    }
}

/* ---- SNI, client certificate, exporter ---- */

static bool tell_exporter(struct script_peer *p, void *ctx)
{
    (void)ctx;
    unsigned char key[32];
    return script_exporter(p, key) && script_say(p, str_make((const char *)key, sizeof key));
}

static void test_both_sides(void)
{
    struct kit_tls_options o = {.names = {"mx.test"}, .asks_client = true};
    struct kit_tls *tls = kit_tls_new(&o);
    const struct script_step steps[] = {SCRIPT_TLS(tls), SCRIPT_CALL(tell_exporter, NULL),
                                        SCRIPT_END};
    const struct {
        const char *label, *sni, *cert;
    } rows[] = {{"SNI and client certificate", "mx.test", kit_client_file()},
                {"neither", "", NULL}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tls_settings s = trusting();
        struct meeting m;
        char key[64];
        size_t n = 0;
        s.cert_file = rows[i].cert;
        tap_case("both sides: %s", rows[i].label);
        meet(&m, steps, &s, str_from(rows[i].sni), LONG_MS);
        if (tap_int(m.status, MP_OK)) {
            tap_str(m.facts.sni, str_from(rows[i].sni));
            tap_int(conn_read(m.conn, key, sizeof key, &n, in_ms(LONG_MS), NULL), MP_OK);
            tap_str(str_make(key, n), m.facts.exporter_binding);
        }
        part(&m);
        tap_cstr(script_log(m.server, 0)->problem, "");
        tap_cstr(script_log(m.server, 0)->sni, rows[i].sni);
        tap_int(script_log(m.server, 0)->client_cert, rows[i].cert != NULL);
        forget(&m);
    }
    kit_tls_free(tls);
}

/* ---- handshakes that fail ---- */

static void test_failures(void)
{
    struct kit_tls_options only_12 = {.names = {"mx.test"}, .max_version = "TLSv1.2"};
    struct kit_tls *tls = kit_tls_new(&only_12);
    const struct {
        const char *label;
        struct script_step step;
        int status;
        enum conn_fault fault;
        int64_t patience_ms;
        const char *says;
    } rows[] = {
        {"plain text", SCRIPT_SAY("220 mx.test ESMTP\r\n"), MP_E_IO, CONN_TLS, LONG_MS,
         "wrong version number"},
        {"garbage", SCRIPT_SAY("\x16\x03\x03\x00\x05garbage and more of it"), MP_E_IO, CONN_TLS,
         LONG_MS, "TLS with [127.0.0.1]"},
        {"an endless record", SCRIPT_FLOOD("\x16\x03\x03\x40\x01xxxxxxxxxxxx", 0), MP_E_IO,
         CONN_TLS, LONG_MS, ""},
        {"an alert", SCRIPT_SAY("\x15\x03\x03\x00\x02\x02\x28"), MP_E_IO, CONN_TLS, LONG_MS,
         "alert handshake failure"},
        {"the end", SCRIPT_END, MP_E_IO, CONN_CLOSED, LONG_MS, "closed"},
        {"a reset", SCRIPT_RESET, MP_E_IO, CONN_CLOSED, LONG_MS, ""},
        {"silence", SCRIPT_STALL, MP_E_TIMEOUT, CONN_TIMED_OUT, SHORT_MS, "in time"},
        {"half a record", SCRIPT_SAY("\x16\x03\x03\x01"), MP_E_IO, CONN_CLOSED, LONG_MS, "closed"},
        {"no common version", SCRIPT_TLS(tls), MP_E_IO, CONN_TLS, LONG_MS,
         "alert protocol version"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        /* Wait for the client's first byte: a reset before would be a failed connect. */
        const struct script_step after[] = {SCRIPT_TAKE(1), rows[i].step, SCRIPT_END};
        bool is_tls = rows[i].step.op == SCRIPT_OP_TLS;
        struct tls_settings s = trusting();
        struct meeting m;
        s.min_version = is_tls ? "TLSv1.3" : NULL;
        tap_case("handshake: %s", rows[i].label);
        meet(&m, is_tls ? after + 1 : after, &s, STR("mx.test"), rows[i].patience_ms);
        tap_int(m.status, rows[i].status);
        tap_ok(!m.facts.established && m.facts.n_chain == 0);
        if (m.conn != NULL) {
            tap_cstr(conn_fault_name(conn_last_fault(m.conn)), conn_fault_name(rows[i].fault));
            tap_ok(!conn_in_tls(m.conn));
        }
        if (!tap_ok(str_search(str_from(m.err.text), str_from(rows[i].says)) < strlen(m.err.text)))
            tap_note("%s", m.err.text);
        part(&m);
        forget(&m);
    }
    kit_tls_free(tls);
}

/* ---- after the handshake ---- */

static void test_ends(void)
{
    struct kit_tls_options o = {.names = {"mx.test"}};
    struct kit_tls *tls = kit_tls_new(&o);
    const struct {
        const char *label;
        struct script_step step;
        int status;
        enum conn_fault fault;
    } rows[] = {
        {"close_notify is the end of the stream", SCRIPT_END, MP_OK, CONN_CLOSED},
        {"a cut connection is not", SCRIPT_CLOSE, MP_E_IO, CONN_CLOSED},
        {"nor is a reset", SCRIPT_RESET, MP_E_IO, CONN_CLOSED},
        {"silence", SCRIPT_STALL, MP_E_TIMEOUT, CONN_TIMED_OUT},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct script_step steps[] = {SCRIPT_TLS(tls), SCRIPT_EXPECT("bye"), rows[i].step,
                                            SCRIPT_END};
        struct tls_settings s = trusting();
        struct meeting m;
        char byte;
        size_t n = 77;
        tap_case("end: %s", rows[i].label);
        meet(&m, steps, &s, STR("mx.test"), LONG_MS);
        tap_ok(m.status == MP_OK && !conn_readable(m.conn, in_ms(SHORT_MS)));
        tap_int(conn_write(m.conn, STR("bye\r\n"), in_ms(LONG_MS), NULL), MP_OK);
        int64_t patience_ms = rows[i].step.op == SCRIPT_OP_STALL ? SHORT_MS : LONG_MS;
        tap_int(conn_read(m.conn, &byte, 1, &n, in_ms(patience_ms), NULL), rows[i].status);
        tap_int(n, rows[i].status == MP_OK ? 0 : 77);
        tap_int(conn_last_fault(m.conn), rows[i].fault);
        tap_int(tls_handshake(m.tls, m.conn, STR_NONE, &m.arena, 0, in_ms(LONG_MS), &m.facts, NULL),
                MP_E_USAGE);
        part(&m);
        forget(&m);
    }
    kit_tls_free(tls);
}

/* ---- settings ---- */

static void test_settings(void)
{
    const char *client = kit_client_file(), *ca = kit_ca_file();
    const struct {
        const char *label;
        struct tls_settings s;
        int status;
        const char *says;
    } rows[] = {
        {"none", {.ca_file = ca}, MP_OK, ""},
        {"the system's CAs", {.ca_file = NULL}, MP_OK, ""},
        {"no such CA file", {.ca_file = "/nonexistent/ca"}, MP_E_IO, "/nonexistent/ca"},
        {"an unknown version", {.ca_file = ca, .min_version = "SSLv3"}, MP_E_USAGE, "SSLv3"},
        {"versions the wrong way round",
         {.ca_file = ca, .min_version = "TLSv1.3", .max_version = "TLSv1.2"},
         MP_E_USAGE,
         "above"},
        {"an unknown cipher", {.ca_file = ca, .ciphers = "NONSENSE"}, MP_E_USAGE, "NONSENSE"},
        {"an unknown suite", {.ca_file = ca, .ciphersuites = "TLS_X"}, MP_E_USAGE, "TLS_X"},
        {"a client certificate", {.ca_file = ca, .cert_file = client}, MP_OK, ""},
        {"and its key by name",
         {.ca_file = ca, .cert_file = client, .key_file = client},
         MP_OK,
         ""},
        {"no such certificate",
         {.ca_file = ca, .cert_file = "/nonexistent/c"},
         MP_E_IO,
         "/nonexistent/c"},
        {"a file without a certificate",
         {.ca_file = ca, .cert_file = "/dev/null"},
         MP_E_SYNTAX,
         "/dev/null"},
        {"no such key",
         {.ca_file = ca, .cert_file = client, .key_file = "/nonexistent/k"},
         MP_E_IO,
         "/nonexistent/k"},
        {"a file without a key", {.ca_file = ca, .cert_file = ca}, MP_E_SYNTAX, ca},
        {"another's key",
         {.ca_file = ca, .cert_file = ca, .key_file = client},
         MP_E_SYNTAX,
         "mismatch"},
        {"a key alone", {.ca_file = ca, .key_file = client}, MP_E_USAGE, "no certificate"},
        {"a locked key",
         {.ca_file = ca,
          .cert_file = client,
          .key_file = tap_source_path("tests/keys/rsa1024.locked.pem")},
         MP_E_SYNTAX,
         "passphrase"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tls_client *t = NULL;
        struct mp_err err = {0};
        tap_case("settings: %s", rows[i].label);
        tap_int(tls_client_new(&rows[i].s, &t, &err), rows[i].status);
        if (!tap_ok(str_search(str_from(err.text), str_from(rows[i].says)) < strlen(err.text) ||
                    rows[i].says[0] == '\0'))
            tap_note("%s", err.text);
        tap_int(t != NULL, rows[i].status == MP_OK);
        if (t != NULL)
            tap_ok(tls_client_store(t) != NULL);
        tls_client_free(t);
    }
}

int main(void)
{
    test_certificates();
    test_versions();
    test_both_sides();
    test_failures();
    test_ends();
    test_settings();
    tls_client_free(NULL);
    return tap_done();
}
