/* Sending a message: pipelined, in chunks, to many recipients of LMTP, and cut off on the way. */
#include "io/smtp_test_kit.h"

#define BANNER SCRIPT_SAY("220 mx.test ESMTP\r\n")
#define EHLO   SCRIPT_EXPECT("EHLO client.test"), SCRIPT_SAY(GOOD_EHLO)

static bool open_and_ehlo(struct talk *t)
{
    return tap_int(talk_open(t), MP_OK) && tap_int(smtp_ehlo(&t->client, &t->err), MP_OK);
}

/* ---- pipelining ---- */

static void check_codes(const struct smtp_reply *replies, const unsigned *codes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        tap_int(replies[i].code, codes[i]);
}

static void test_pipeline(void)
{
    static const struct str to[] = {STR_INIT("b@mx.test"), STR_INIT("c@mx.test"),
                                    STR_INIT("d@mx.test")};
    static const struct {
        const char *label;
        struct script_step answer, then;
        unsigned codes[5];
        bool mid_message;
    } rows[] = {
        {"a recipient is refused",
         SCRIPT_SAY("250 a\r\n250 b\r\n550 5.1.1 c\r\n250-d\r\n250 d\r\n354 go\r\n"),
         SCRIPT_MESSAGE,
         {250, 250, 550, 250, 354},
         true},
        {"all are refused, DATA too",
         SCRIPT_SAY("250 a\r\n550 b\r\n550 c\r\n550 d\r\n503 none\r\n"),
         SCRIPT_EXPECT("QUIT"),
         {250, 550, 550, 550, 503},
         false},
        {"all are refused, DATA is not",
         SCRIPT_SAY("250 a\r\n550 b\r\n550 c\r\n550 d\r\n354 go\r\n"),
         SCRIPT_MESSAGE,
         {250, 550, 550, 550, 354},
         true},
        {"the sender is refused",
         SCRIPT_SAY("550 a\r\n503 b\r\n503 c\r\n503 d\r\n503 e\r\n"),
         SCRIPT_EXPECT("QUIT"),
         {550, 503, 503, 503, 503},
         false},
        {"421 in the middle and the end: it answers the rest",
         SCRIPT_SAY("250 a\r\n250 b\r\n421 bye\r\n"),
         SCRIPT_CLOSE,
         {250, 250, 421, 421, 421},
         false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        /* Nothing is answered before all was said: a client that waits would wait forever. */
        const struct script_step steps[] = {BANNER,
                                            EHLO,
                                            SCRIPT_EXPECT("MAIL FROM:<a@client.test>"),
                                            SCRIPT_EXPECT("RCPT TO:<b@mx.test>"),
                                            SCRIPT_EXPECT("RCPT TO:<c@mx.test>"),
                                            SCRIPT_EXPECT("RCPT TO:<d@mx.test>"),
                                            SCRIPT_EXPECT("DATA"),
                                            rows[i].answer,
                                            rows[i].then,
                                            SCRIPT_SAY("250 taken\r\n"),
                                            SCRIPT_END};
        struct smtp_reply replies[5] = {{0}};
        struct talk t;
        talk_begin(&t, steps);
        tap_case("pipeline: %s", rows[i].label);
        tap_ok(open_and_ehlo(&t));
        tap_int(smtp_pipeline(&t.client, STR("a@client.test"), NULL, to, 3, NULL, replies, &t.err),
                MP_OK);
        check_codes(replies, rows[i].codes, 5);
        tap_int(t.client.mid_message, rows[i].mid_message);
        tap_int(t.client.fault, SMTP_FAULT_NONE);
        if (rows[i].mid_message) {
            tap_int(smtp_message(&t.client, STR(""), false, NULL, 0, &t.err), MP_OK);
            tap_int(t.client.last.code, 250);
        }
        talk_end(&t);
        talk_clear(&t);
    }
}

static void test_pipeline_broken(void)
{
    static const struct script_step closed[] = {BANNER,
                                                EHLO,
                                                SCRIPT_EXPECT("MAIL"),
                                                SCRIPT_EXPECT("RCPT"),
                                                SCRIPT_EXPECT("DATA"),
                                                SCRIPT_SAY("250 a\r\n"),
                                                SCRIPT_CLOSE};
    static const struct str to[] = {STR_INIT("b@mx.test")};
    static const struct str bad[] = {STR_INIT("b@mx.test>\r\nDATA\r\n<")};
    struct smtp_reply replies[3] = {{0}};
    struct talk t;
    talk_begin(&t, closed);
    tap_case("pipeline: the server hangs up after the first reply");
    tap_ok(open_and_ehlo(&t));
    tap_int(smtp_pipeline(&t.client, STR(""), NULL, bad, 1, NULL, replies, &t.err), MP_E_USAGE);
    tap_int(t.client.fault, SMTP_FAULT_LOCAL);
    tap_int(smtp_pipeline(&t.client, STR(""), NULL, to, 1, NULL, replies, &t.err), MP_E_IO);
    tap_int(t.client.fault, SMTP_FAULT_CLOSED);
    tap_int(t.client.fault_stage, SMTP_STAGE_RCPT);
    tap_int(replies[0].code, 250);
    talk_end(&t);
    talk_clear(&t);
}

/* ---- BDAT ---- */

static void test_chunks(void)
{
    static const struct {
        const char *label;
        const char *message;
        size_t chunk_bytes;
        struct script_step steps[7];
        unsigned code;
        const char *wire;
    } rows[] = {
        {"one chunk",
         "0123456789",
         0,
         {SCRIPT_EXPECT("BDAT 10 LAST"), SCRIPT_TAKE(10), SCRIPT_SAY("250 ok\r\n")},
         250,
         "BDAT 10 LAST\r\n0123456789QUIT"},
        {"three chunks",
         ".\r\n.\r\n.\r\n",
         4,
         {SCRIPT_EXPECT("BDAT 4"), SCRIPT_TAKE(4), SCRIPT_SAY("250 ok\r\n"),
          SCRIPT_EXPECT("BDAT 4"), SCRIPT_TAKE(4), SCRIPT_SAY("250 ok\r\n"),
          SCRIPT_EXPECT("BDAT 1 LAST")},
         251,
         "BDAT 4\r\n.\r\n.BDAT 4\r\n\r\n.\rBDAT 1 LAST\r\n\nQUIT"},
        {"nothing",
         "",
         0,
         {SCRIPT_EXPECT("BDAT 0 LAST"), SCRIPT_SAY("250 ok\r\n")},
         250,
         "BDAT 0 LAST\r\nQUIT"},
        {"refused in the middle",
         "01234567",
         4,
         {SCRIPT_EXPECT("BDAT 4"), SCRIPT_TAKE(4), SCRIPT_SAY("452 full\r\n")},
         452,
         "BDAT 4\r\n0123QUIT"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct script_step steps[16] = {BANNER, EHLO};
        size_t n = 3;
        for (size_t k = 0; k < 7 && rows[i].steps[k].op != SCRIPT_OP_END; k++)
            steps[n++] = rows[i].steps[k];
        if (n == 10) { /* the last chunk of three */
            steps[n++] = (struct script_step)SCRIPT_TAKE(1);
            steps[n++] = (struct script_step)SCRIPT_SAY("251 ok\r\n");
        }
        steps[n++] = (struct script_step)SCRIPT_EXPECT("QUIT");
        struct smtp_reply reply = {0};
        struct talk t;
        talk_begin(&t, steps);
        tap_case("BDAT: %s", rows[i].label);
        tap_ok(open_and_ehlo(&t));
        tap_int(smtp_chunks(&t.client, str_from(rows[i].message), rows[i].chunk_bytes, &reply, 1,
                            &t.err),
                MP_OK);
        tap_int(t.client.last.code, rows[i].code);
        tap_int(reply.code, rows[i].code);
        tap_ok(has_text(talk_end(&t)->received, rows[i].wire));
        talk_clear(&t);
    }
}

/* ---- LMTP ---- */

static void test_lmtp(void)
{
    static const struct {
        const char *label;
        bool bdat;
        struct script_step answer, then;
        int status;
        unsigned codes[3];
    } rows[] = {
        {"a reply for each recipient",
         false,
         SCRIPT_SAY("250 one\r\n550 5.2.2 full\r\n451 later\r\n"),
         SCRIPT_EXPECT("QUIT"),
         MP_OK,
         {250, 550, 451}},
        {"the same with BDAT",
         true,
         SCRIPT_SAY("250 one\r\n550 5.2.2 full\r\n250 three\r\n"),
         SCRIPT_EXPECT("QUIT"),
         MP_OK,
         {250, 550, 250}},
        {"421 answers the rest",
         false,
         SCRIPT_SAY("250 one\r\n421 bye\r\n"),
         SCRIPT_CLOSE,
         MP_OK,
         {250, 421, 421}},
        {"too few, and the end",
         false,
         SCRIPT_SAY("250 one\r\n250 two\r\n"),
         SCRIPT_CLOSE,
         MP_E_IO,
         {250, 250, 0}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct script_step data[] = {BANNER,
                                           SCRIPT_EXPECT("LHLO"),
                                           SCRIPT_SAY("250-l\r\n250 CHUNKING\r\n"),
                                           SCRIPT_EXPECT("DATA"),
                                           SCRIPT_SAY("354 go\r\n"),
                                           SCRIPT_MESSAGE,
                                           rows[i].answer,
                                           rows[i].then,
                                           SCRIPT_END};
        const struct script_step bdat[] = {BANNER,
                                           SCRIPT_EXPECT("LHLO"),
                                           SCRIPT_SAY("250-l\r\n250 CHUNKING\r\n"),
                                           SCRIPT_EXPECT("BDAT 3 LAST"),
                                           SCRIPT_TAKE(3),
                                           rows[i].answer,
                                           rows[i].then,
                                           SCRIPT_END};
        struct smtp_reply replies[3] = {{0}};
        struct talk t;
        talk_begin(&t, rows[i].bdat ? bdat : data);
        t.config.lmtp = true;
        tap_case("LMTP: %s", rows[i].label);
        tap_ok(open_and_ehlo(&t));
        if (rows[i].bdat) {
            tap_int(smtp_chunks(&t.client, STR("abc"), 0, replies, 3, &t.err), rows[i].status);
        } else {
            tap_int(smtp_data(&t.client, &t.err), MP_OK);
            tap_int(smtp_message(&t.client, STR("abc"), false, replies, 3, &t.err), rows[i].status);
        }
        check_codes(replies, rows[i].codes, 3);
        talk_end(&t);
        talk_clear(&t);
    }
}

/* ---- cut off ---- */

/* A server that refuses while we still send, and hangs up: its words count, not the broken pipe. */
static void test_last_words(void)
{
    enum { BIG = 32 << 20 };
    static const struct script_step steps[] = {BANNER,
                                               EHLO,
                                               SCRIPT_EXPECT("DATA"),
                                               SCRIPT_SAY("354 go\r\n"),
                                               SCRIPT_TAKE(1000),
                                               SCRIPT_SAY("552 5.3.4 too big\r\n"),
                                               SCRIPT_CLOSE};
    char *big = malloc(BIG);
    struct smtp_reply reply = {0};
    struct talk t;
    if (big == NULL)
        abort();
    memset(big, 'x', BIG);
    talk_begin(&t, steps);
    tap_case("last words while the message is on its way");
    tap_ok(open_and_ehlo(&t));
    tap_int(smtp_data(&t.client, &t.err), MP_OK);
    tap_int(smtp_message(&t.client, str_make(big, BIG), true, &reply, 1, &t.err), MP_OK);
    tap_int(reply.code, 552);
    tap_int(t.client.last.code, 552);
    tap_int(smtp_command(&t.client, STR("RSET"), SMTP_STAGE_OTHER, &t.err), MP_E_IO);
    tap_int(t.client.fault, SMTP_FAULT_CLOSED);
    talk_end(&t);
    tap_ok(has_text(talk_transcript(&t), "more bytes of the message are not shown"));
    talk_clear(&t);
    free(big);
}

int main(void)
{
    test_pipeline();
    test_pipeline_broken();
    test_chunks();
    test_lmtp();
    test_last_words();
    kit_trust_done();
    return tap_done();
}
