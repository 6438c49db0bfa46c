/* A session by conversations: events in order, the message byte for byte, wherever the bytes are
 * cut; what comes out of order, too big, too early or not at all. */
#include "milter/milter_test_kit.h"
#include "tests/tap.h"

enum { NEEDED = MILTER_CAN_ADD_HEADERS | MILTER_CAN_CHANGE_HEADERS | MILTER_CAN_QUARANTINE };

static const char mail_text[] = "From: a@a.test\r\nSubject:no space\r\nX-Two:  two\r\n"
                                "X-Folded: one\r\n\ttwo\r\n   three\r\nX-Empty:\r\nX-Tab:\tx\r\n"
                                "x-eight: \xc3\xa4\xff\r\n\r\nBody\r\n.\r\n\r\nl\xe4st\0line";
static const struct str mail = STR_INIT(mail_text);

/* Options and CONNECT; what the session will agree to is known: all of the offer that it wants. */
static void say_hello(struct milter_client *c, const struct milter_options *offer, struct buf *out)
{
    milter_client_begin(c, offer, out);
    c->agreed = *offer;
    c->agreed.steps &=
        ~(uint32_t)(MILTER_NO_CONNECT | MILTER_NO_HELO | MILTER_NO_MAIL | MILTER_NO_RCPT |
                    MILTER_NO_BODY | MILTER_NO_HEADERS | MILTER_NO_HEADER_END);
    say_macros(out, MILTER_CONNECT, "{daemon_name}", "smtpd");
    milter_client_connect(out, STR("client.test"), MILTER_FAMILY_INET, 4711, STR("192.0.2.1"));
    say_words(out, MILTER_HELO, "client.test", NULL);
}

static void say_message(const struct milter_client *c, const char *from, const char *to,
                        struct str text, struct buf *out)
{
    say_macros(out, MILTER_MAIL, "i", "4F0");
    say_words(out, MILTER_MAIL, from, "SIZE=100");
    say_words(out, MILTER_RCPT, to, NULL);
    struct milter_client_message m = {.rest = text, .body_in_end = true};
    while (!m.ended)
        milter_client_next(c, &m, out);
}

/* ---- conversations ------------------------------------------------------------------------------
 */

static const char usual_log[] = "connect client.test 4 192.0.2.1 4711 192.0.2.1\n"
                                "helo client.test\n"
                                "mail <a@a.test> SIZE=100\n"
                                "rcpt <b@b.test>?\n"
                                "message 134 for 1?\n"
                                "mail <>\n"
                                "rcpt <refuse@b.test>?\n"
                                "rcpt <c@b.test>?\n"
                                "message 134 for 1?\n"
                                "quit\n";

static void say_usual(const struct milter_options *offer, struct buf *out)
{
    struct milter_client c;
    say_hello(&c, offer, out);
    say_message(&c, "<a@a.test>", "<b@b.test>", mail, out);
    milter_packet_write(out, MILTER_ABORT, STR_NONE); /* Postfix does, between messages */
    say_words(out, MILTER_MAIL, "<>", NULL);
    say_words(out, MILTER_RCPT, "<refuse@b.test>", NULL);
    say_words(out, MILTER_RCPT, "<c@b.test>", NULL);
    struct milter_client_message m = {.rest = mail};
    while (!m.ended)
        milter_client_next(&c, &m, out);
    milter_packet_write(out, MILTER_QUIT, STR_NONE);
}

static const struct milter_config answers_rcpt = {.answers = MILTER_ANSWER_RCPT,
                                                  .actions = MILTER_CAN_ADD_HEADERS};

static void test_usual(void)
{
    struct buf in;
    buf_init(&in, KIT_MAX_BYTES);
    say_usual(&newest, &in);
    struct kit whole, k;
    kit_init(&whole, &answers_rcpt);
    kit_feed(&whole, buf_str(&in), in.n);
    tap_case("two messages, a recipient refused");
    tap_str(buf_str(&whole.log), str_from(usual_log));
    tap_str(buf_str(&whole.message), mail);
    tap_case("the same in pieces of any length");
    for (size_t step = 1; step < 40; step++) {
        kit_init(&k, &answers_rcpt);
        kit_feed(&k, buf_str(&in), step);
        if (!tap_str(buf_str(&k.log), str_from(usual_log)) || !tap_str(buf_str(&k.message), mail) ||
            !tap_str(buf_str(&k.out), buf_str(&whole.out)))
            tap_note("pieces of %zu", step);
        kit_clear(&k);
    }
    tap_case("the same, cut in two anywhere");
    for (size_t cut = 0; cut <= in.n; cut++) {
        kit_init(&k, &answers_rcpt);
        kit_feed(&k, str_slice(buf_str(&in), 0, cut), in.n);
        kit_feed(&k, str_slice(buf_str(&in), cut, in.n), in.n);
        if (!tap_str(buf_str(&k.log), str_from(usual_log)) || !tap_str(buf_str(&k.message), mail))
            tap_note("cut at %zu", cut);
        kit_clear(&k);
    }
    kit_clear(&whole);
    buf_clear(&in);
}

static const struct {
    const char *label;
    unsigned answers;
    uint32_t version, offer, steps; /* what the MTA offers, what is agreed on */
    const char *replies;            /* to the usual conversation */
} offers[] = {
    {"all is offered: few answers", 0, 6, MILTER_STEPS_ALL,
     MILTER_NO_UNKNOWN | MILTER_NO_DATA | MILTER_NO_REPLY_HEADER | MILTER_NO_REPLY_CONNECT |
         MILTER_NO_REPLY_HELO | MILTER_NO_REPLY_MAIL | MILTER_NO_REPLY_RCPT | MILTER_NO_REPLY_DATA |
         MILTER_NO_REPLY_UNKNOWN | MILTER_NO_REPLY_HEADER_END | MILTER_NO_REPLY_BODY |
         MILTER_LEADING_SPACE,
     "Occ"},
    {"the driver answers some", MILTER_ANSWER_RCPT | MILTER_ANSWER_DATA | MILTER_ANSWER_CONNECT, 6,
     MILTER_STEPS_ALL,
     MILTER_NO_UNKNOWN | MILTER_NO_REPLY_HEADER | MILTER_NO_REPLY_HELO | MILTER_NO_REPLY_MAIL |
         MILTER_NO_REPLY_UNKNOWN | MILTER_NO_REPLY_HEADER_END | MILTER_NO_REPLY_BODY |
         MILTER_LEADING_SPACE,
     "Occcycc"},
    {"an MTA of version 2 has each answered", 0, 2, 0x7f, 0, "Occcccccccccccccccccccccccc"},
    {"a piece of the body is answered", 0, 6, MILTER_CAN_SKIP | MILTER_LEADING_SPACE,
     MILTER_CAN_SKIP | MILTER_LEADING_SPACE, "Occcccccccccccccccccccccccc"},
};

static void test_offers(void)
{
    for (size_t i = 0; i < ARRAY_LEN(offers); i++) {
        struct buf in, got;
        struct kit k;
        const struct milter_config config = {.answers = offers[i].answers, .actions = NEEDED};
        const struct milter_options offer = {
            offers[i].version, MILTER_CAN_ALL, offers[i].offer, {NULL, 0}};
        buf_init(&in, KIT_MAX_BYTES);
        buf_init(&got, KIT_MAX_BYTES);
        say_usual(&offer, &in);
        kit_init(&k, &config);
        kit_feed(&k, buf_str(&in), in.n);
        letters(buf_str(&k.out), &got);
        tap_case("%s", offers[i].label);
        tap_int(k.status, MP_OK);
        tap_int(milter_session_options(k.session).steps, offers[i].steps);
        tap_int(milter_session_options(k.session).version, offers[i].version);
        tap_str(buf_str(&got), str_from(offers[i].replies));
        bool spaces = (offers[i].steps & MILTER_LEADING_SPACE) != 0;
        tap_ok(str_eq(buf_str(&k.message), mail) == spaces);
        tap_ok((str_search(buf_str(&k.log), STR("spaces-lost")) < k.log.n) == !spaces);
        kit_clear(&k);
        buf_clear(&in);
        buf_clear(&got);
    }
}

/* Without the leading space what most likely stood there is put back. */
static void test_spaces(void)
{
    static const struct {
        const char *was, *guess;
    } rows[] = {{"X: y", "X: y"}, {"X:  y", "X:  y"},       {"X:\ty", "X:\ty"},
                {"X:", "X:"},     {"X:\r\n y", "X:\r\n y"}, {"X: y\r\n\tz", "X: y\r\n\tz"},
                {"X:y", "X: y"},  {"X: \ty", "X:\ty"},      {"X: ", "X:"}};
    const struct milter_config config = {.answers = 0};
    const struct milter_options old = {2, 0x3f, 0x7f, {NULL, 0}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf in, text;
        struct kit k;
        struct milter_client c;
        buf_init(&in, KIT_MAX_BYTES);
        buf_init(&text, KIT_MAX_BYTES);
        say_hello(&c, &old, &in);
        buf_addf(&text, "%s\r\n\r\n", rows[i].was);
        say_message(&c, "<>", "<b@b.test>", buf_str(&text), &in);
        kit_init(&k, &config);
        kit_feed(&k, buf_str(&in), in.n);
        buf_reset(&text);
        buf_addf(&text, "%s\r\n\r\n", rows[i].guess);
        tap_case("spaces lost of row %zu", i);
        tap_str(buf_str(&k.message), buf_str(&text));
        kit_clear(&k);
        buf_clear(&in);
        buf_clear(&text);
    }
}

static void test_agreed(void)
{
    struct buf in;
    struct kit k;
    struct milter_client c;
    struct milter_packet p;
    buf_init(&in, KIT_MAX_BYTES);
    tap_case("the filter asks for what it needs, and for macros");
    milter_client_begin(&c, &newest, &in);
    const struct milter_config config = {.actions = NEEDED};
    kit_init(&k, &config);
    kit_feed(&k, buf_str(&in), 1);
    struct str out = buf_str(&k.out), list;
    tap_int(milter_packet_next(&out, MILTER_ANSWER_MAX_BYTES, &p, NULL), MP_OK);
    tap_int(milter_client_agree(&c, &p, NULL), MP_OK);
    tap_int(c.agreed.actions, NEEDED | MILTER_CAN_SET_MACROS);
    uint32_t stage, seen = 0;
    while (milter_options_next(&c.agreed.macros, &stage, &list)) {
        seen |= 1u << stage;
        if (stage == MILTER_AT_MAIL)
            tap_ok(str_search(list, STR("{auth_authen}")) < list.n);
    }
    tap_int(seen, 1u << MILTER_AT_CONNECT | 1u << MILTER_AT_HELO | 1u << MILTER_AT_MAIL |
                      1u << MILTER_AT_RCPT | 1u << MILTER_AT_END);
    kit_clear(&k);
    tap_case("no list of macros for an MTA that does not know of it");
    buf_reset(&in);
    struct milter_options old = newest;
    old.actions &= ~(uint32_t)MILTER_CAN_SET_MACROS;
    milter_client_begin(&c, &old, &in);
    kit_init(&k, &config);
    kit_feed(&k, buf_str(&in), 1);
    tap_int(k.out.n, MILTER_HEAD_BYTES + 12);
    kit_clear(&k);
    buf_clear(&in);
}

/* ---- what must not be ---------------------------------------------------------------------------
 */

static const struct {
    const char *says, *error; /* NULL: none */
    const char *log;          /* the events' first letters */
    const char *message;
} orders[] = {
    {"OCHMRLLNBBEMRLNEQ", NULL, "chmrmmrmq", "X: y\r\n\r\nb\r\n"},
    {"OCHDMRTLNBEAQ", NULL, "chmrmq", "X: y\r\n\r\nb\r\nb\r\n"},
    {"OCMRNEQ", NULL, "cmrmq", "\r\nb\r\n"},
    {"OCHMRLE", NULL, "chmrm", "X: y\r\n\r\nb\r\n"}, /* the header's end was left out */
    {"OCHHHAAQ", NULL, "chhhq", ""},
    {"OCHMAMRALQ", "HEADER between messages", "chmamrae", ""},
    {"OCHMRLNBAMRLNEQ", NULL, "chmramrmq", "X: y\r\n\r\nb\r\n"},
    {"OCHMRMRLNEQ", NULL, "chmramrmq", "X: y\r\n\r\nb\r\n"}, /* MAIL ends the message before it */
    {"OCHMRLNBHMRLNEQ", NULL, "chmrahmrmq", "X: y\r\n\r\nb\r\n"},
    {"OCHMRKCHMRLNEQ", NULL, "chmrnchmrmq", "X: y\r\n\r\nb\r\n"},
    {"OCUHUMURUAUQ", NULL, "chmraq", ""},
    {"OQ", NULL, "q", ""},
    {"Q", NULL, "q", ""},
    {"OCHMRQCHM", NULL, "chmrq", ""}, /* nothing is read behind QUIT */
    {"C", "CONNECT before the options", "e", ""},
    {"OO", "OPTNEG before a client", "e", ""},
    {"OM", "MAIL before a client", "e", ""},
    {"OCC", "CONNECT between messages", "ce", ""},
    {"OCR", "RCPT between messages", "ce", ""},
    {"OCMT", "DATA after MAIL", "cme", ""},
    {"OCML", "HEADER after MAIL", "cme", ""},
    {"OCME", "BODYEOB after MAIL", "cme", ""},
    {"OCMRTR", "RCPT after DATA", "cmre", ""},
    {"OCMRLR", "RCPT in the header", "cmre", "X: y\r\n"},
    {"OCMRLNL", "HEADER in the body", "cmre", "X: y\r\n\r\n"},
    {"OCMRLNN", "EOH in the body", "cmre", "X: y\r\n\r\n"},
    {"OCMRLBL", "HEADER in the body", "cmre", "X: y\r\n\r\nb\r\n"},
    {"OCB", "BODY between messages", "ce", ""},
    {"OKK", NULL, "nn", ""},
    {"OCMRLNKM", "MAIL before a client", "cmrne", "X: y\r\n\r\n"},
};

static void test_orders(void)
{
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        const struct milter_config config = {.actions = NEEDED};
        struct buf in, firsts;
        struct kit k;
        buf_init(&in, KIT_MAX_BYTES);
        buf_init(&firsts, KIT_MAX_BYTES);
        say_letters(orders[i].says, &in);
        for (size_t step = 1; step <= in.n; step += in.n - 1) {
            tap_case("order %s, pieces of %zu", orders[i].says, step);
            kit_init(&k, &config);
            kit_feed(&k, buf_str(&in), step);
            buf_reset(&firsts);
            struct str log = buf_str(&k.log);
            while (log.n > 0)
                buf_addc(&firsts, str_cut(&log, '\n').p[0]);
            tap_str(buf_str(&firsts), str_from(orders[i].log));
            tap_str(buf_str(&k.message), str_from(orders[i].message));
            if (orders[i].error != NULL)
                tap_ok(strstr(k.err.text, orders[i].error) != NULL);
            tap_int(k.status, orders[i].error == NULL ? MP_OK : MP_E_SYNTAX);
            struct str none = STR_NONE;
            struct milter_event e;
            if (orders[i].error != NULL)
                tap_int(milter_session_take(k.session, &none, &e, NULL), MP_E_USAGE);
            kit_clear(&k);
        }
        buf_clear(&in);
        buf_clear(&firsts);
    }
}

/* Packets that are wrong in themselves, behind OPTNEG, CONNECT, MAIL and RCPT. */
static const struct {
    const char *label;
    struct str packet;
    int status;
} broken[] = {
    {"no bytes", STR_INIT("\0\0\0\0"), MP_E_SYNTAX},
    {"4 GiB", STR_INIT("\377\377\377\377A"), MP_E_LIMIT},
    {"just beyond the limit", STR_INIT("\0\x10\0\2L"), MP_E_LIMIT},
    {"a body beyond the limit", STR_INIT("\0\x10\0\2B"), MP_E_LIMIT},
    {"at the limit", STR_INIT("\0\x10\0\1L"), MP_OK},
    {"no such command", STR_INIT("\0\0\0\1x"), MP_E_SYNTAX},
    {"command 0", STR_INIT("\0\0\0\1\0"), MP_E_SYNTAX},
    {"SMTP", STR_INIT("EHLO x\r\n"), MP_E_LIMIT},
    {"a field of nothing", STR_INIT("\0\0\0\1L"), MP_E_SYNTAX},
    {"a field without a value", STR_INIT("\0\0\0\3LX\0"), MP_E_SYNTAX},
    {"a value that does not end", STR_INIT("\0\0\0\4LX\0y"), MP_E_SYNTAX},
    {"more than a value", STR_INIT("\0\0\0\6LX\0y\0z"), MP_E_SYNTAX},
    {"a field", STR_INIT("\0\0\0\5LX\0y\0"), MP_OK},
    {"a recipient of nothing", STR_INIT("\0\0\0\1R"), MP_E_SYNTAX},
    {"a recipient that does not end", STR_INIT("\0\0\0\4R<a>"), MP_E_SYNTAX},
    {"macros of nothing", STR_INIT("\0\0\0\1D"), MP_E_SYNTAX},
    {"macros without a value", STR_INIT("\0\0\0\2DR"), MP_OK},
    {"macros that do not end", STR_INIT("\0\0\0\6DRi\0xy"), MP_E_SYNTAX},
    {"macros of an unknown command", STR_INIT("\0\0\0\6D?i\0x\0"), MP_OK},
};

static void test_broken(void)
{
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        const struct milter_config config = {.answers = 0};
        struct buf in;
        struct kit k;
        buf_init(&in, KIT_MAX_BYTES);
        say_letters("OCMR", &in);
        kit_init(&k, &config);
        kit_feed(&k, buf_str(&in), in.n);
        for (size_t step = 1; step <= 2; step++) {
            tap_case("packet: %s", broken[i].label);
            kit_feed(&k, broken[i].packet, broken[i].packet.n);
            tap_int(k.status, broken[i].status);
            if (k.status != MP_OK || broken[i].packet.n == MILTER_HEAD_BYTES)
                break;
        }
        kit_clear(&k);
        buf_clear(&in);
    }
}

static const struct {
    const char *label;
    struct str payload;
    int status;
    const char *log;
} clients[] = {
    {"IPv4",
     STR_INIT("a.test\0"
              "4\0\x19"
              "192.0.2.1\0"),
     MP_OK, "connect a.test 4 192.0.2.1 25 192.0.2.1\n"},
    {"IPv6 of Postfix",
     STR_INIT("unknown\0"
              "6\0\1"
              "2001:db8::1\0"),
     MP_OK, "connect unknown 6 2001:db8::1 1 2001:db8::1\n"},
    {"IPv6 of Sendmail",
     STR_INIT("[IPv6:::1]\0"
              "6\377\377"
              "IPv6:::1\0"),
     MP_OK, "connect [IPv6:::1] 6 ::1 65535 ::1\n"},
    {"a mapped address",
     STR_INIT("x\0"
              "6\0\1"
              "::ffff:192.0.2.1\0"),
     MP_OK, "connect x 6 192.0.2.1 1 ::ffff:192.0.2.1\n"},
    {"a local client", STR_INIT("localhost\0L\0\0/run/x\0"), MP_OK,
     "connect localhost L - 0 /run/x\n"},
    {"unknown", STR_INIT("localhost\0U"), MP_OK, "connect localhost U - 0 \n"},
    {"unknown, and more", STR_INIT("localhost\0U\0\0x\0"), MP_OK, "connect localhost U - 0 \n"},
    {"no address behind IPv4",
     STR_INIT("x\0"
              "4\0\1localhost\0"),
     MP_E_SYNTAX, NULL},
    {"an empty address",
     STR_INIT("x\0"
              "4\0\1\0"),
     MP_E_SYNTAX, NULL},
    {"no family", STR_INIT("x\0"), MP_E_SYNTAX, NULL},
    {"a family that is none",
     STR_INIT("x\0"
              "5\0\1"
              "1.2.3.4\0"),
     MP_E_SYNTAX, NULL},
    {"no port",
     STR_INIT("x\0"
              "4\0"),
     MP_E_SYNTAX, NULL},
    {"an address that does not end",
     STR_INIT("x\0"
              "4\0\1"
              "192.0.2.1"),
     MP_E_SYNTAX, NULL},
    {"more than an address",
     STR_INIT("x\0"
              "4\0\1"
              "192.0.2.1\0x"),
     MP_E_SYNTAX, NULL},
    {"a name that does not end", STR_INIT("client"), MP_E_SYNTAX, NULL},
};

static void test_clients(void)
{
    for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
        const struct milter_config config = {.answers = 0};
        struct buf in;
        struct kit k;
        buf_init(&in, KIT_MAX_BYTES);
        say_letters("O", &in);
        milter_packet_write(&in, MILTER_CONNECT, clients[i].payload);
        kit_init(&k, &config);
        kit_feed(&k, buf_str(&in), in.n);
        tap_case("client: %s", clients[i].label);
        tap_int(k.status, clients[i].status);
        if (clients[i].log != NULL)
            tap_str(buf_str(&k.log), str_from(clients[i].log));
        kit_clear(&k);
        buf_clear(&in);
    }
}

static const struct {
    const char *label;
    struct milter_options offer;
    int status;
} refused_offers[] = {
    {"version 1", {1, MILTER_CAN_ALL, MILTER_STEPS_ALL, {NULL, 0}}, MP_E_USAGE},
    {"version 2", {2, 0x3f, 0x7f, {NULL, 0}}, MP_OK},
    {"a version to come", {7, MILTER_CAN_ALL, MILTER_STEPS_ALL, {NULL, 0}}, MP_OK},
    {"fields must not be changed", {6, 0x1ef, MILTER_STEPS_ALL, {NULL, 0}}, MP_E_USAGE},
    {"nothing is held", {6, 0x1df, MILTER_STEPS_ALL, {NULL, 0}}, MP_E_USAGE},
    {"just what is needed", {6, 0x31, 0, {NULL, 0}}, MP_OK},
};

static void test_refused_offers(void)
{
    for (size_t i = 0; i < ARRAY_LEN(refused_offers); i++) {
        const struct milter_config config = {.actions = NEEDED};
        struct milter_client c;
        struct buf in;
        struct kit k;
        buf_init(&in, KIT_MAX_BYTES);
        milter_client_begin(&c, &refused_offers[i].offer, &in);
        kit_init(&k, &config);
        kit_feed(&k, buf_str(&in), in.n);
        tap_case("offer: %s", refused_offers[i].label);
        tap_int(k.status, refused_offers[i].status);
        tap_ok((k.out.n > 0) == (refused_offers[i].status == MP_OK));
        tap_ok(milter_session_options(k.session).version <= MILTER_VERSION);
        kit_clear(&k);
        buf_clear(&in);
    }
}

/* ---- macros
 * -------------------------------------------------------------------------------------- */

static void macro_is(const struct kit *k, const char *name, const char *want)
{
    struct str got = milter_session_macro(k->session, name);
    tap_ok((got.p == NULL) == (want == NULL));
    if (want != NULL)
        tap_str(got, str_from(want));
}

static void test_macros(void)
{
    const struct milter_config config = {.answers = 0};
    struct buf in;
    struct kit k;
    buf_init(&in, KIT_MAX_BYTES);
    kit_init(&k, &config);
    const struct str connect[] = {STR("j"),      STR("mx.test"), STR("{client_ptr}"),
                                  STR("c.test"), STR("_"),       STR("")};
    const struct str sender[] = {STR("{i}"), STR("Q1"), STR("auth_authen"), STR("alice")};
    say_letters("O", &in);
    milter_client_macros(&in, MILTER_CONNECT, connect, 6);
    say_letters("C", &in);
    milter_client_macros(&in, MILTER_MAIL, sender, 4);
    say_letters("MR", &in);
    say_macros(&in, MILTER_BODY_END, "i", "Q2");
    kit_feed(&k, buf_str(&in), 3);
    tap_case("macros by any spelling of their names");
    macro_is(&k, "j", "mx.test");
    macro_is(&k, "{j}", "mx.test");
    macro_is(&k, "client_ptr", "c.test");
    macro_is(&k, "{auth_authen}", "alice");
    macro_is(&k, "_", "");
    macro_is(&k, "auth", NULL);
    macro_is(&k, "mx.test", NULL);
    tap_case("the stage that came last counts");
    macro_is(&k, "i", "Q2");
    tap_int(milter_session_macros(k.session, MILTER_AT_MAIL).n, 25);
    tap_case("they live as long as their message");
    buf_reset(&in);
    say_letters("A", &in);
    kit_feed(&k, buf_str(&in), 3);
    macro_is(&k, "{auth_authen}", NULL);
    macro_is(&k, "i", NULL);
    macro_is(&k, "j", "mx.test");
    tap_case("a MAIL that ends a message keeps those that were told for it");
    buf_reset(&in);
    milter_client_macros(&in, MILTER_MAIL, sender, 4);
    say_letters("MR", &in);
    say_macros(&in, MILTER_MAIL, "{auth_authen}", "bob");
    say_letters("MR", &in);
    kit_feed(&k, buf_str(&in), 3);
    macro_is(&k, "{auth_authen}", "bob");
    tap_case("and has none of the one before when none were told");
    buf_reset(&in);
    say_letters("MR", &in);
    kit_feed(&k, buf_str(&in), 3);
    macro_is(&k, "{auth_authen}", NULL);
    tap_case("a name of which one brace is missing, a value that is missing");
    buf_reset(&in);
    const struct str odd[] = {STR("{x"), STR("1"), STR("y")};
    milter_client_macros(&in, MILTER_RCPT, odd, 3);
    kit_feed(&k, buf_str(&in), 3);
    macro_is(&k, "x", NULL);
    macro_is(&k, "y", NULL);
    tap_case("another client");
    buf_reset(&in);
    say_letters("K", &in);
    kit_feed(&k, buf_str(&in), 3);
    macro_is(&k, "j", NULL);
    tap_int(k.status, MP_OK);
    kit_clear(&k);
    buf_clear(&in);
}

/* ---- sizes
 * --------------------------------------------------------------------------------------- */

static const struct {
    uint64_t max;
    bool no_room;
    const char *log;
    size_t kept;
} sizes[] = {
    {134, false, "message 134 for 1?\n", 134},
    {133, false, "message 133 for 1 too-big?\n", 133},
    {20, false, "message 20 for 1 too-big?\n", 20},
    {1, false, "message 1 for 1 too-big?\n", 1},
    {0, false, "message 134 for 1?\n", 134},
    {134, true, "message 0 for 1 no-room?\n", 16},
};

static void test_sizes(void)
{
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        const struct milter_config config = {.max_message_bytes = sizes[i].max};
        struct milter_client c;
        struct buf in;
        struct kit k;
        buf_init(&in, KIT_MAX_BYTES);
        say_hello(&c, &newest, &in);
        say_message(&c, "<a@a.test>", "<b@b.test>", mail, &in);
        kit_init(&k, &config);
        k.no_room = sizes[i].no_room;
        kit_feed(&k, buf_str(&in), 7);
        tap_case("at most %llu bytes%s", (unsigned long long)sizes[i].max,
                 sizes[i].no_room ? ", no room" : "");
        struct str log = buf_str(&k.log);
        tap_str(str_slice(log, str_search(log, STR("message")), log.n), str_from(sizes[i].log));
        tap_str(buf_str(&k.message), str_slice(mail, 0, sizes[i].kept));
        tap_case("the next one after it");
        k.no_room = false;
        buf_reset(&in);
        buf_reset(&k.log);
        say_message(&c, "<>", "<b@b.test>", STR("X: y\r\n\r\n"), &in);
        kit_feed(&k, buf_str(&in), in.n);
        log = buf_str(&k.log);
        tap_ok(str_ends(log, sizes[i].max > 0 && sizes[i].max < 8 ? STR(" too-big?\n")
                                                                  : STR("message 8 for 1?\n")));
        kit_clear(&k);
        buf_clear(&in);
    }
}

static void test_skip(void)
{
    const struct milter_config config = {.max_message_bytes = 100};
    const struct milter_options offer = {6, 0, MILTER_CAN_SKIP | MILTER_LEADING_SPACE, {NULL, 0}};
    struct buf in, got;
    struct kit k;
    struct milter_client c;
    buf_init(&in, KIT_MAX_BYTES);
    buf_init(&got, KIT_MAX_BYTES);
    say_hello(&c, &offer, &in);
    say_letters("MRLN", &in);
    for (unsigned i = 0; i < 3; i++)
        milter_packet_write(&in, MILTER_BODY, str_slice(mail, 0, 45));
    milter_packet_write(&in, MILTER_BODY_END, STR_NONE);
    kit_init(&k, &config);
    kit_feed(&k, buf_str(&in), in.n);
    letters(buf_str(&k.out), &got);
    tap_case("the rest of a body that is too big need not be sent");
    tap_str(buf_str(&got), STR("Occccccccsc"));
    kit_clear(&k);
    buf_clear(&in);
    buf_clear(&got);
}

static void test_rcpts(void)
{
    const struct milter_config config = {.answers = MILTER_ANSWER_RCPT};
    struct buf in;
    struct kit k;
    struct milter_envelope envelope;
    struct milter_packet p = {0, {NULL, 0}};
    buf_init(&in, KIT_MAX_BYTES);
    say_letters("OCM", &in);
    for (unsigned i = 0; i < MILTER_MAX_RCPTS; i++)
        say_letters("R", &in);
    kit_init(&k, &config);
    kit_feed(&k, buf_str(&in), in.n);
    tap_case("as many recipients as are allowed");
    milter_session_envelope(k.session, &envelope);
    tap_int(envelope.n_rcpts, MILTER_MAX_RCPTS);
    tap_str(envelope.rcpts[MILTER_MAX_RCPTS - 1].address, STR("a@a.test"));
    tap_case("one more is told to come later");
    buf_reset(&in);
    buf_reset(&k.out);
    say_letters("R", &in);
    kit_feed(&k, buf_str(&in), in.n);
    struct str out = buf_str(&k.out);
    tap_int(milter_packet_next(&out, MILTER_ANSWER_MAX_BYTES, &p, NULL), MP_OK);
    tap_int(p.command, MILTER_REPLY_CODE);
    tap_ok(str_starts(p.payload, STR("452 4.5.3 ")));
    tap_case("and the message goes on");
    buf_reset(&in);
    say_letters("LNEQ", &in);
    kit_feed(&k, buf_str(&in), in.n);
    tap_int(k.status, MP_OK);
    tap_ok(str_ends(buf_str(&k.log), STR("message 11 for 10000?\nquit\n")));
    kit_clear(&k);
    buf_clear(&in);
}

int main(void)
{
    test_usual();
    test_offers();
    test_spaces();
    test_agreed();
    test_orders();
    test_broken();
    test_clients();
    test_refused_offers();
    test_macros();
    test_sizes();
    test_skip();
    test_rcpts();
    return tap_done();
}
