/* Conversations that go as they should, and the turns they may take. */
#include "io/smtp_test_kit.h"

#include <stdio.h>
#include <unistd.h>

#define BANNER SCRIPT_SAY("220 mx.test ESMTP\r\n")
#define EHLO   SCRIPT_EXPECT("EHLO client.test"), SCRIPT_SAY(GOOD_EHLO)
#define QUIT   SCRIPT_EXPECT("QUIT"), SCRIPT_SAY("221 bye\r\n"), SCRIPT_END

static struct kit_tls *server_tls;

static bool open_and_ehlo(struct talk *t)
{
    return tap_int(talk_open(t), MP_OK) && tap_int(smtp_ehlo(&t->client, &t->err), MP_OK);
}

/* ---- one mail, plain ---- */

static void test_plain_mail(void)
{
    static const struct script_step steps[] = {
        BANNER,
        EHLO,
        SCRIPT_EXPECT("MAIL FROM:<a@client.test> SIZE=22 BODY=8BITMIME"),
        SCRIPT_SAY("250 2.1.0 ok\r\n"),
        SCRIPT_EXPECT("RCPT TO:<b@mx.test> NOTIFY=NEVER"),
        SCRIPT_SAY("250 2.1.5 ok\r\n"),
        SCRIPT_EXPECT("DATA"),
        SCRIPT_SAY("354 go\r\n"),
        SCRIPT_MESSAGE,
        SCRIPT_SAY("250 2.0.0 queued as 1\r\n"),
        QUIT};
    static const struct smtp_mail_params mail = {.size_bytes = 22, .body = SMTP_BODY_8BITMIME};
    static const struct smtp_rcpt_params rcpt = {.notify = STR_INIT("NEVER")};
    struct talk t;
    struct smtp_reply reply = {0};
    talk_begin(&t, steps);
    struct smtp_client *c = &t.client;
    tap_case("one mail in plain text");
    if (open_and_ehlo(&t)) {
        tap_int(c->banner.code, 220);
        tap_ok(c->did_ehlo && c->ehlo.extended && !c->has_tls);
        tap_int(c->ehlo.size_bytes, 1000000);
        tap_str(c->ehlo.greeting_name, STR("mx.test"));
        tap_ok((c->ehlo.extensions & SMTP_EXT_STARTTLS) != 0);
        tap_int(smtp_mail(c, STR("a@client.test"), &mail, &t.err), MP_OK);
        tap_int(smtp_rcpt(c, STR("b@mx.test"), &rcpt, &t.err), MP_OK);
        tap_int(smtp_data(c, &t.err), MP_OK);
        tap_ok(c->mid_message);
        tap_int(smtp_message(c, STR("Subject: x\n\n.dot\nend"), false, &reply, 1, &t.err), MP_OK);
        tap_ok(!c->mid_message && reply.code == 250 && reply.class_ == 2);
    }
    const struct script_log *log = talk_end(&t);
    tap_ok(has_text(log->received, "\r\nSubject: x\r\n\r\n..dot\r\nend\r\n.\r\nQUIT\r\n"));
    struct str shown = talk_transcript(&t);
    tap_ok(has_text(shown, "=== Connected to mx.test [127.0.0.1]:"));
    tap_ok(has_text(shown, "\n<-  220 mx.test ESMTP\n -> EHLO client.test\n<-  250-mx.test"));
    tap_ok(has_text(shown, "\n -> QUIT\n<-  221 bye\n"));
    for (int s = 0; s < SMTP_STAGE_COUNT; s++) {
        static const bool reached[SMTP_STAGE_COUNT] = {
            [SMTP_STAGE_CONNECT] = true, [SMTP_STAGE_BANNER] = true, [SMTP_STAGE_EHLO] = true,
            [SMTP_STAGE_MAIL] = true,    [SMTP_STAGE_RCPT] = true,   [SMTP_STAGE_DATA] = true,
            [SMTP_STAGE_BODY] = true,    [SMTP_STAGE_END] = true,    [SMTP_STAGE_QUIT] = true};
        if (!tap_int(c->stage_us[s] >= 0, reached[s]))
            tap_note("%s", smtp_stage_name((enum smtp_stage)s));
    }
    talk_clear(&t);
}

/* ---- EHLO, HELO, LHLO ---- */

static const struct {
    const char *label;
    bool lmtp, force_helo;
    struct script_step steps[5];
    unsigned code;
    bool did_ehlo, extended;
} hellos[] = {
    {"EHLO refused with 502: HELO",
     false,
     false,
     {SCRIPT_EXPECT("EHLO "), SCRIPT_SAY("502 what?\r\n"), SCRIPT_EXPECT("HELO client.test"),
      SCRIPT_SAY("250-old.test\r\n250 STARTTLS\r\n")},
     250,
     true,
     false},
    {"EHLO refused with 550: HELO, refused too",
     false,
     false,
     {SCRIPT_EXPECT("EHLO "), SCRIPT_SAY("550 no\r\n"), SCRIPT_EXPECT("HELO "),
      SCRIPT_SAY("550 no\r\n")},
     550,
     false,
     false},
    {"EHLO put off with 4xx: no HELO",
     false,
     false,
     {SCRIPT_EXPECT("EHLO "), SCRIPT_SAY("451 later\r\n")},
     451,
     false,
     false},
    {"HELO by wish",
     false,
     true,
     {SCRIPT_EXPECT("HELO client.test"), SCRIPT_SAY("250 old.test\r\n")},
     250,
     true,
     false},
    {"LHLO",
     true,
     false,
     {SCRIPT_EXPECT("LHLO client.test"), SCRIPT_SAY("250-l.test\r\n250 PIPELINING\r\n")},
     250,
     true,
     true},
    {"LHLO refused: nothing else",
     true,
     false,
     {SCRIPT_EXPECT("LHLO "), SCRIPT_SAY("500 not LMTP\r\n")},
     500,
     false,
     false},
    {"an EHLO reply of another code",
     false,
     false,
     {SCRIPT_EXPECT("EHLO "), SCRIPT_SAY("354 go\r\n")},
     354,
     false,
     false},
};

static void test_hello(void)
{
    for (size_t i = 0; i < ARRAY_LEN(hellos); i++) {
        const struct script_step steps[] = {BANNER,
                                            hellos[i].steps[0],
                                            hellos[i].steps[1],
                                            hellos[i].steps[2].op == SCRIPT_OP_END
                                                ? (struct script_step)SCRIPT_EXPECT("QUIT")
                                                : hellos[i].steps[2],
                                            hellos[i].steps[3],
                                            SCRIPT_END};
        struct talk t;
        talk_begin(&t, steps);
        t.config.lmtp = hellos[i].lmtp;
        t.config.force_helo = hellos[i].force_helo;
        tap_case("hello: %s", hellos[i].label);
        tap_ok(open_and_ehlo(&t));
        tap_int(t.client.last.code, hellos[i].code);
        tap_int(t.client.did_ehlo, hellos[i].did_ehlo);
        tap_int(t.client.ehlo.extended, hellos[i].extended);
        if (!hellos[i].extended)
            tap_int(t.client.ehlo.extensions, 0);
        talk_end(&t);
        talk_clear(&t);
    }
}

/* ---- STARTTLS ---- */

static void test_starttls(void)
{
    const struct script_step steps[] = {BANNER,
                                        EHLO,
                                        SCRIPT_EXPECT("STARTTLS"),
                                        SCRIPT_SAY("220 go\r\n"),
                                        SCRIPT_TLS(server_tls),
                                        SCRIPT_EXPECT("EHLO client.test"),
                                        SCRIPT_SAY("250-mx.test\r\n250 AUTH SCRAM-SHA-256\r\n"),
                                        QUIT};
    struct talk t;
    talk_begin(&t, steps);
    struct smtp_client *c = &t.client;
    tap_case("STARTTLS: a new EHLO counts, the old one is kept apart");
    if (open_and_ehlo(&t) && tap_int(smtp_starttls(c, &t.err), MP_OK)) {
        tap_ok(c->has_tls && c->tls.established && c->did_ehlo);
        tap_int(c->tls.pkix, X509_OK);
        tap_int(c->ehlo.extensions, SMTP_EXT_AUTH);
        tap_ok((c->ehlo_plain.extensions & SMTP_EXT_STARTTLS) != 0);
        tap_ok(c->stage_us[SMTP_STAGE_TLS] >= 0 && c->stage_us[SMTP_STAGE_EHLO_TLS] >= 0);
        tap_int(smtp_starttls(c, &t.err), MP_E_USAGE);
        tap_int(c->fault, SMTP_FAULT_LOCAL);
    }
    const struct script_log *log = talk_end(&t);
    tap_cstr(log->sni, "mx.test");
    tap_ok(has_text(log->received, "QUIT"));
    tap_ok(has_text(talk_transcript(&t), "=== TLS started: TLSv1.3, TLS_"));
    tap_ok(has_text(talk_transcript(&t), "\n ~> EHLO client.test\n<~  250-mx.test\n"));
    talk_clear(&t);
}

static void test_starttls_refused(void)
{
    static const struct {
        const char *label;
        struct script_step answer;
        unsigned code;
    } rows[] = {
        {"454", SCRIPT_SAY("454 TLS not available\r\n"), 454},
        {"502", SCRIPT_SAY("502 what?\r\n"), 502},
        {"250 is not 220", SCRIPT_SAY("250 yes?\r\n"), 250},
        {"334", SCRIPT_SAY("334 \r\n"), 334},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct script_step steps[] = {BANNER, EHLO, SCRIPT_EXPECT("STARTTLS"), rows[i].answer,
                                            QUIT};
        struct talk t;
        talk_begin(&t, steps);
        tap_case("STARTTLS refused: %s", rows[i].label);
        tap_ok(open_and_ehlo(&t));
        tap_int(smtp_starttls(&t.client, &t.err), MP_OK);
        tap_int(t.client.last.code, rows[i].code);
        tap_ok(!t.client.has_tls && t.client.did_ehlo && !t.client.tls.established);
        talk_end(&t);
        talk_clear(&t);
    }
}

/* Plain text behind the 220: a whole reply, a part of one, or rubbish. */
static void test_injection(void)
{
    static const struct {
        const char *label;
        struct script_step answer;
    } rows[] = {
        {"a reply", SCRIPT_SAY("220 go\r\n250-mx.test\r\n250 AUTH PLAIN\r\n")},
        {"one byte", SCRIPT_SAY("220 go\r\n2")},
        {"a TLS record", SCRIPT_SAY("220 go\r\n\x16\x03\x03")},
        {"more than one read", SCRIPT_FLOOD("220 go\r\n", 5000)},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct script_step steps[] = {BANNER,         EHLO,         SCRIPT_EXPECT("STARTTLS"),
                                            rows[i].answer, SCRIPT_STALL, SCRIPT_END};
        struct talk t;
        talk_begin(&t, steps);
        tap_case("STARTTLS injection: %s", rows[i].label);
        tap_ok(open_and_ehlo(&t));
        tap_int(smtp_starttls(&t.client, &t.err), MP_E_SYNTAX);
        tap_cstr(smtp_fault_name(t.client.fault), "injected");
        tap_int(t.client.fault_stage, SMTP_STAGE_STARTTLS);
        tap_ok(!t.client.has_tls && has_text(str_from(t.err.text), "plain text behind"));
        smtp_quit(&t.client);
        script_stop(t.server);
        tap_ok(!has_text(script_log(t.server, 0)->received, "QUIT"));
        talk_clear(&t);
    }
}

static void test_implicit_tls(void)
{
    const struct script_step good[] = {SCRIPT_TLS(server_tls), BANNER, EHLO, QUIT};
    static const struct script_step plain[] = {BANNER, SCRIPT_STALL, SCRIPT_END};
    struct talk t;
    talk_begin(&t, good);
    t.config.implicit_tls = true;
    t.config.sni = STR_NONE;
    tap_case("TLS from the start");
    tap_ok(open_and_ehlo(&t));
    tap_ok(t.client.has_tls && t.client.ehlo.extensions != 0);
    tap_int(t.client.stage_us[SMTP_STAGE_EHLO_TLS], -1);
    tap_cstr(talk_end(&t)->sni, "");
    talk_clear(&t);

    talk_begin(&t, plain);
    t.config.implicit_tls = true;
    tap_case("TLS from the start, at a port that begins in plain text");
    tap_int(talk_open(&t), MP_E_IO);
    tap_int(t.client.fault, SMTP_FAULT_TLS);
    tap_ok(has_text(str_from(t.err.text), "try STARTTLS"));
    talk_clear(&t);

    static const struct script_step alert[] = {SCRIPT_SAY("\x15\x03\x01\x00\x02\x02\x46"),
                                               SCRIPT_STALL, SCRIPT_END};
    talk_begin(&t, alert);
    tap_case("no TLS, at a port that begins with it");
    tap_int(talk_open(&t), MP_E_SYNTAX);
    tap_int(t.client.fault, SMTP_FAULT_GARBAGE);
    tap_ok(has_text(str_from(t.err.text), "use implicit TLS"));
    talk_clear(&t);
}

/* ---- replies in pieces, of any code, and 421 ---- */

static void test_pieces(void)
{
    static const struct script_step steps[] = {SCRIPT_SAY("2"),
                                               SCRIPT_SAY("20"),
                                               SCRIPT_SAY("-mx.test\r"),
                                               SCRIPT_SAY("\n220 second\n"),
                                               SCRIPT_EXPECT("EHLO"),
                                               SCRIPT_FLOOD("250-X\r\n", 80),
                                               SCRIPT_SAY("250 SIZE 7\r\n"),
                                               QUIT};
    struct talk t;
    talk_begin(&t, steps);
    tap_case("replies in pieces, with a bare LF, with many lines");
    tap_ok(open_and_ehlo(&t));
    tap_int(t.client.banner.n_lines, 2);
    tap_ok(t.client.banner.bare_lf);
    tap_int(t.client.last.n_lines, 81);
    tap_int(t.client.ehlo.size_bytes, 7);
    talk_end(&t);
    talk_clear(&t);
}

static void test_codes(void)
{
    static const struct script_step steps[] = {SCRIPT_SAY("554 5.3.2 no service\r\n"),
                                               EHLO,
                                               SCRIPT_EXPECT("MAIL"),
                                               SCRIPT_SAY("354 wrong\r\n"),
                                               SCRIPT_EXPECT("RCPT"),
                                               SCRIPT_SAY("220 wrong\r\n"),
                                               SCRIPT_EXPECT("DATA"),
                                               SCRIPT_SAY("250 wrong\r\n"),
                                               SCRIPT_EXPECT("NOOP"),
                                               SCRIPT_SAY("599 odd\r\n"),
                                               QUIT};
    struct talk t;
    talk_begin(&t, steps);
    struct smtp_client *c = &t.client;
    tap_case("codes that do not belong there are told, not judged");
    tap_ok(open_and_ehlo(&t));
    tap_int(c->banner.code, 554);
    tap_int(smtp_mail(c, STR(""), NULL, &t.err), MP_OK);
    tap_int(c->last.code, 354);
    tap_ok(!c->mid_message);
    tap_int(smtp_rcpt(c, STR("b@mx.test"), NULL, &t.err), MP_OK);
    tap_int(c->last.code, 220);
    tap_int(smtp_data(c, &t.err), MP_OK);
    tap_int(c->last.code, 250);
    tap_int(smtp_message(c, STR("x"), false, NULL, 0, &t.err), MP_E_USAGE);
    tap_int(smtp_command(c, STR("NOOP"), SMTP_STAGE_OTHER, &t.err), MP_OK);
    tap_int(c->last.code, 599);
    talk_end(&t);
    tap_ok(has_text(talk_transcript(&t), "<** 554 5.3.2 no service"));
    tap_ok(has_text(talk_transcript(&t), "<** 354 wrong"));
    talk_clear(&t);
}

static void test_421(void)
{
    static const struct script_step steps[] = {BANNER, EHLO, SCRIPT_EXPECT("MAIL"),
                                               SCRIPT_SAY("421 4.3.2 going down\r\n"), SCRIPT_END};
    struct talk t;
    talk_begin(&t, steps);
    tap_case("421, then the end: a reply, then a fault that quotes it");
    tap_ok(open_and_ehlo(&t));
    tap_int(smtp_mail(&t.client, STR("a@client.test"), NULL, &t.err), MP_OK);
    tap_int(t.client.last.code, 421);
    tap_int(smtp_rcpt(&t.client, STR("b@mx.test"), NULL, &t.err), MP_E_IO);
    tap_int(t.client.fault, SMTP_FAULT_CLOSED);
    tap_ok(has_text(str_from(t.err.text), "its last reply was: 421 4.3.2 going down"));
    talk_end(&t);
    talk_clear(&t);

    static const struct script_step banner[] = {SCRIPT_SAY("421 too many\r\n"), SCRIPT_END};
    talk_begin(&t, banner);
    tap_case("421 as banner");
    tap_int(talk_open(&t), MP_OK);
    tap_int(t.client.banner.code, 421);
    talk_end(&t);
    talk_clear(&t);
}

/* ---- XCLIENT, PROXY ---- */

static void test_xclient(void)
{
    static const struct smtp_attribute attributes[] = {{STR_INIT("NAME"), STR_INIT("a b")},
                                                       {STR_INIT("ADDR"), STR_INIT("192.0.2.1")}};
    static const struct script_step taken[] = {BANNER,
                                               EHLO,
                                               SCRIPT_EXPECT("XCLIENT NAME=a+20b ADDR=192.0.2.1"),
                                               SCRIPT_SAY("220 mx.test again\r\n"),
                                               SCRIPT_EXPECT("EHLO client.test"),
                                               SCRIPT_SAY("250-mx.test\r\n250 DSN\r\n"),
                                               QUIT};
    static const struct script_step refused[] = {BANNER, EHLO, SCRIPT_EXPECT("XCLIENT"),
                                                 SCRIPT_SAY("550 5.7.1 not you\r\n"), QUIT};
    struct talk t;
    talk_begin(&t, taken);
    tap_case("XCLIENT: EHLO again");
    tap_ok(open_and_ehlo(&t));
    tap_int(smtp_xclient(&t.client, attributes, 2, &t.err), MP_OK);
    tap_int(t.client.last.code, 250);
    tap_int(t.client.ehlo.extensions, SMTP_EXT_DSN);
    talk_end(&t);
    talk_clear(&t);

    talk_begin(&t, refused);
    tap_case("XCLIENT refused");
    tap_ok(open_and_ehlo(&t));
    tap_int(smtp_xclient(&t.client, attributes, 2, &t.err), MP_OK);
    tap_int(t.client.last.code, 550);
    tap_ok(t.client.did_ehlo && t.client.ehlo.extensions != SMTP_EXT_DSN);
    talk_end(&t);
    talk_clear(&t);
}

static void test_proxy(void)
{
    static const char v2_head[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02"
                                  "\x12\x34\0\x19";
    const struct script_step v1[] = {SCRIPT_EXPECT("PROXY TCP4 192.0.2.1 192.0.2.2 4660 25"),
                                     BANNER, EHLO, QUIT};
    const struct script_step v1_tls[] = {SCRIPT_EXPECT("PROXY TCP4 192.0.2.1 192.0.2.2 4660 25"),
                                         SCRIPT_TLS(server_tls), BANNER, EHLO, QUIT};
    const struct script_step v2[] = {SCRIPT_TAKE(28), BANNER, EHLO, QUIT};
    const struct script_step v2_tls[] = {SCRIPT_TAKE(28), SCRIPT_TLS(server_tls), BANNER, EHLO,
                                         QUIT};
    const struct {
        const char *label;
        const struct script_step *steps;
        int version;
        bool tls;
        struct str wire;
    } rows[] = {
        {"v1", v1, 1, false, STR("PROXY TCP4 192.0.2.1 192.0.2.2 4660 25\r\nEHLO ")},
        {"v1 before TLS", v1_tls, 1, true, STR("PROXY TCP4 192.0.2.1 192.0.2.2 4660 25\r\nEHLO ")},
        {"v2", v2, 2, false, str_make(v2_head, sizeof v2_head - 1)},
        {"v2 before TLS", v2_tls, 2, true, str_make(v2_head, sizeof v2_head - 1)},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct talk t;
        talk_begin(&t, rows[i].steps);
        t.config.proxy =
            (struct smtp_proxy){.version = rows[i].version, .source_port = 4660, .target_port = 25};
        ip_parse(STR("192.0.2.1"), &t.config.proxy.source);
        ip_parse(STR("192.0.2.2"), &t.config.proxy.target);
        t.config.implicit_tls = rows[i].tls;
        tap_case("PROXY %s", rows[i].label);
        tap_ok(open_and_ehlo(&t));
        tap_ok(str_starts(talk_end(&t)->received, rows[i].wire));
        tap_ok(has_text(talk_transcript(&t), "PROXY"));
        talk_clear(&t);
    }
    struct talk t;
    static const struct script_step none[] = {SCRIPT_END};
    talk_begin(&t, none);
    t.config.proxy = (struct smtp_proxy){.version = 1};
    ip_parse(STR("192.0.2.1"), &t.config.proxy.source);
    ip_parse(STR("::1"), &t.config.proxy.target);
    tap_case("PROXY with addresses of two families");
    tap_int(talk_open(&t), MP_E_USAGE);
    tap_int(t.client.fault, SMTP_FAULT_LOCAL);
    talk_clear(&t);
}

/* ---- where to ---- */

static void test_targets(void)
{
    static const struct script_step steps[] = {BANNER, EHLO, QUIT};
    const struct script_step *const one[] = {steps};
    char path[64];
    snprintf(path, sizeof path, "/tmp/mailproof-smtp-test-%ld", (long)getpid());
    const struct {
        const char *label, *address, *unix_path, *says;
    } rows[] = {{"IPv6", "::1", NULL, "Connected to mx.test [::1]:"},
                {"a unix socket", NULL, path, "Connected to unix:/tmp/mailproof-smtp-test-"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        static const struct script_step none[] = {SCRIPT_END};
        struct script_options o = {.address = rows[i].address,
                                   .unix_path = rows[i].unix_path,
                                   .conversations = one,
                                   .n_conversations = 1};
        struct talk t;
        tap_case("target: %s", rows[i].label);
        struct script_server *s = script_start(&o);
        if (s == NULL) {
            tap_skip("no %s here", rows[i].address);
            continue;
        }
        talk_begin(&t, none);
        script_free(t.server);
        t.server = s;
        t.config.target =
            (struct conn_target){.port = script_port(s), .unix_path = rows[i].unix_path};
        if (rows[i].address != NULL)
            ip_parse(str_from(rows[i].address), &t.config.target.ip);
        tap_ok(open_and_ehlo(&t));
        talk_end(&t);
        tap_ok(has_text(talk_transcript(&t), rows[i].says));
        talk_clear(&t);
    }
}

static void test_no_connection(void)
{
    static const struct script_step none[] = {SCRIPT_END};
    struct talk t;
    talk_begin(&t, none);
    script_stop(t.server); /* now nothing listens there */
    tap_case("connection refused");
    tap_int(talk_open(&t), MP_E_IO);
    tap_int(t.client.fault, SMTP_FAULT_REFUSED);
    tap_int(t.client.fault_stage, SMTP_STAGE_CONNECT);
    tap_ok(has_text(str_from(t.err.text), "check address and port"));
    tap_int(smtp_ehlo(&t.client, &t.err), MP_E_USAGE);
    smtp_quit(&t.client);
    talk_clear(&t);

    talk_begin(&t, none);
    tap_case("no name of our own");
    t.config.helo = STR_NONE;
    tap_int(talk_open(&t), MP_E_USAGE);
    tap_int(t.client.fault, SMTP_FAULT_LOCAL);
    talk_clear(&t);

    talk_begin(&t, none);
    tap_case("TLS from the start without settings");
    t.config.implicit_tls = true;
    t.config.tls = NULL;
    tap_int(talk_open(&t), MP_E_USAGE);
    talk_clear(&t);

    struct smtp_client never = {0};
    tap_case("a client that was never opened");
    tap_int(smtp_mail(&never, STR("a"), NULL, NULL), MP_E_USAGE);
    smtp_quit(&never);
    smtp_close(&never);
}

/* ---- arguments, raw bytes ---- */

static void test_arguments(void)
{
    static const struct script_step steps[] = {BANNER,
                                               EHLO,
                                               SCRIPT_EXPECT("DATA"),
                                               SCRIPT_SAY("354 go\r\n"),
                                               SCRIPT_MESSAGE,
                                               SCRIPT_SAY("250 ok\r\n"),
                                               QUIT};
    struct talk t;
    talk_begin(&t, steps);
    struct smtp_client *c = &t.client;
    tap_case("arguments that would break out are refused, and the conversation goes on");
    tap_ok(open_and_ehlo(&t));
    tap_int(smtp_mail(c, STR("a@b>\r\nRSET\r\n<"), NULL, &t.err), MP_E_USAGE);
    tap_int(c->fault, SMTP_FAULT_LOCAL);
    tap_int(smtp_rcpt(c, STR("a\0b"), NULL, &t.err), MP_E_USAGE);
    tap_int(smtp_command(c, STR("NOOP\r\nRSET"), SMTP_STAGE_OTHER, &t.err), MP_E_USAGE);
    tap_int(smtp_message(c, STR("x"), false, NULL, 0, &t.err), MP_E_USAGE);
    tap_int(smtp_data(c, &t.err), MP_OK);
    tap_int(smtp_command(c, STR("RSET"), SMTP_STAGE_OTHER, &t.err), MP_E_USAGE);
    tap_int(smtp_chunks(c, STR("x"), 0, NULL, 0, &t.err), MP_E_USAGE);
    tap_int(smtp_message(c, STR("x"), false, NULL, 0, &t.err), MP_OK);
    tap_int(c->fault, SMTP_FAULT_NONE);
    tap_ok(!has_text(talk_end(&t)->received, "RSET"));
    talk_clear(&t);
}

static void test_raw(void)
{
    static const struct script_step steps[] = {BANNER,
                                               EHLO,
                                               SCRIPT_EXPECT("DATA"),
                                               SCRIPT_SAY("354 go\r\n"),
                                               SCRIPT_EXPECT("x"),
                                               SCRIPT_EXPECT("y"),
                                               SCRIPT_MESSAGE,
                                               SCRIPT_SAY("250 first\r\n250 second\r\n"),
                                               QUIT};
    struct talk t;
    talk_begin(&t, steps);
    struct smtp_client *c = &t.client;
    tap_case("raw bytes, and an answer that does not come yet");
    tap_ok(open_and_ehlo(&t));
    tap_int(smtp_data(c, &t.err), MP_OK);
    tap_int(smtp_send_raw(c, STR("x\n"), SMTP_STAGE_BODY, &t.err), MP_OK);
    tap_int(smtp_read_reply(c, SMTP_STAGE_END, 50, &t.err), MP_E_TIMEOUT);
    tap_int(c->fault, SMTP_FAULT_NONE);
    tap_ok(c->mid_message);
    tap_int(smtp_send_raw(c, STR("y\n.\r\n"), SMTP_STAGE_BODY, &t.err), MP_OK);
    tap_int(smtp_read_reply(c, SMTP_STAGE_END, KIT_LONG_MS, &t.err), MP_OK);
    tap_str(c->last.text, STR("first"));
    tap_int(smtp_read_reply(c, SMTP_STAGE_END, KIT_LONG_MS, &t.err), MP_OK);
    tap_str(c->last.text, STR("second"));
    tap_int(smtp_read_reply(c, SMTP_STAGE_OTHER, 50, &t.err), MP_E_TIMEOUT);
    talk_end(&t);
    talk_clear(&t);
}

int main(void)
{
    struct kit_tls_options o = {.names = {"mx.test"}};
    server_tls = kit_tls_new(&o);
    test_plain_mail();
    test_hello();
    test_starttls();
    test_starttls_refused();
    test_injection();
    test_implicit_tls();
    test_pieces();
    test_codes();
    test_421();
    test_xclient();
    test_proxy();
    test_targets();
    test_no_connection();
    test_arguments();
    test_raw();
    kit_tls_free(server_tls);
    kit_trust_done();
    return tap_done();
}
