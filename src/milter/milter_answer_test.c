/* The answers of a driver: in their place only, in their form only, and where they leave a message.
 */
#include "milter/milter_test_kit.h"
#include "tests/tap.h"

static void test_later(void)
{
    const struct milter_config config = {.answers = MILTER_ANSWER_RCPT, .actions = 0x31};
    struct buf in;
    struct kit k;
    struct milter_event e;
    struct str none = STR_NONE;
    static const struct milter_refusal wrong = {250, 0, 0, 0, STR_INIT("ok")};
    struct milter_envelope envelope;
    buf_init(&in, KIT_MAX_BYTES);
    say_letters("OCMR", &in);
    kit_init(&k, &config);
    k.later = true;
    kit_feed(&k, buf_str(&in), in.n);
    tap_case("an answer is due: what comes early is kept, nothing goes on");
    buf_reset(&in);
    say_letters("LNE", &in);
    tap_ok(milter_session_waits(k.session));
    tap_int(milter_session_progress(k.session, NULL), MP_E_USAGE); /* of a message only */
    kit_feed(&k, buf_str(&in), 2);
    tap_ok(str_ends(buf_str(&k.log), STR("rcpt <a@a.test>?\n")));
    tap_int(milter_answer_message(k.session, &k.verdict, NULL), MP_E_USAGE);
    tap_int(milter_answer_refuse(k.session, &wrong, NULL), MP_E_USAGE);
    tap_ok(milter_session_waits(k.session));
    tap_int(milter_answer_continue(k.session, NULL), MP_OK);
    tap_int(milter_answer_continue(k.session, NULL), MP_E_USAGE);
    kit_feed(&k, none, 1);
    tap_ok(str_ends(buf_str(&k.log), STR("message 11 for 1?\n")));
    tap_case("a message waits: progress, then its answer");
    buf_reset(&k.out);
    tap_ok(milter_session_in_message(k.session));
    tap_int(milter_answer_continue(k.session, NULL), MP_E_USAGE);
    tap_int(milter_answer_accept(k.session, NULL), MP_E_USAGE);
    tap_int(milter_answer_refuse(k.session, &wrong, NULL), MP_E_USAGE);
    tap_int(milter_session_progress(k.session, NULL), MP_OK);
    const struct milter_edit bad = {MILTER_EDIT_REMOVE, STR_INIT("X:"), 1, {NULL, 0}};
    const struct milter_verdict impossible = {NULL, &bad, 1, {NULL, 0}};
    tap_int(milter_answer_message(k.session, &impossible, NULL), MP_E_USAGE);
    tap_str(milter_session_output(k.session), STR("\0\0\0\1p"));
    tap_int(milter_answer_fault(k.session), MP_OK);
    tap_int(milter_answer_fault(k.session), MP_E_USAGE);
    tap_str(milter_session_output(k.session), STR("\0\0\0\1p\0\0\0\1t"));
    tap_ok(!milter_session_in_message(k.session));
    tap_case("what is known of it stays until more is taken");
    milter_session_envelope(k.session, &envelope);
    tap_int(envelope.n_rcpts, 1);
    tap_int(milter_session_take(k.session, &none, &e, NULL), MP_OK);
    milter_session_envelope(k.session, &envelope);
    tap_int(envelope.n_rcpts, 0);
    kit_clear(&k);
    buf_clear(&in);
}

static void test_flood(void)
{
    const struct milter_config config = {.answers = MILTER_ANSWER_MAIL};
    struct buf in;
    struct kit k;
    buf_init(&in, KIT_MAX_BYTES);
    kit_init(&k, &config);
    k.later = true;
    say_letters("OCM", &in);
    kit_feed(&k, buf_str(&in), in.n);
    tap_case("an MTA that does not wait for answers");
    buf_reset(&in);
    while (in.n < MILTER_AHEAD_MAX_BYTES)
        say_letters("R", &in);
    kit_feed(&k, str_slice(buf_str(&in), 0, MILTER_AHEAD_MAX_BYTES), 4096);
    tap_int(k.status, MP_OK);
    kit_feed(&k, STR("x"), 1);
    tap_int(k.status, MP_E_LIMIT);
    kit_clear(&k);
    buf_clear(&in);
}

/* Refusals at each place, and where they leave the message. */
static const struct {
    const char *from, *to, *log;
    const char *replies;
} answers[] = {
    {"<refuse@x>", NULL, "mail <refuse@x>?\nmail <>?\nquit\n", "Occyc"},
    {"<fault@x>", NULL, "mail <fault@x>?\nmail <>?\nquit\n", "Occtc"},
    {"<accept@x>", NULL, "mail <accept@x>?\nmail <>?\nquit\n", "Occac"},
    {"<a@x>", "<refuse@x>", "mail <a@x>?\nrcpt <refuse@x>?\nabort\nmail <>?\nquit\n", "Occcyc"},
    {"<a@x>", "<fault@x>", "mail <a@x>?\nrcpt <fault@x>?\nabort\nmail <>?\nquit\n", "Occctc"},
    {"<a@x>", "<accept@x>", "mail <a@x>?\nrcpt <accept@x>?\nmail <>?\nquit\n", "Occcac"},
};

static void test_answers(void)
{
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        const struct milter_config config = {.answers = 0x1f};
        struct buf in, got;
        struct kit k;
        buf_init(&in, KIT_MAX_BYTES);
        buf_init(&got, KIT_MAX_BYTES);
        say_letters("OCH", &in);
        say_words(&in, MILTER_MAIL, answers[i].from, NULL);
        if (answers[i].to != NULL)
            say_words(&in, MILTER_RCPT, answers[i].to, NULL);
        say_letters("A", &in);
        say_words(&in, MILTER_MAIL, "<>", NULL);
        say_letters("Q", &in);
        kit_init(&k, &config);
        kit_feed(&k, buf_str(&in), in.n);
        tap_case("answers to %s %s", answers[i].from, answers[i].to ? answers[i].to : "");
        struct str log = buf_str(&k.log);
        log = str_slice(log, str_search(log, STR("mail")), log.n);
        tap_str(log, str_from(answers[i].log));
        letters(buf_str(&k.out), &got);
        tap_str(buf_str(&got), str_from(answers[i].replies));
        kit_clear(&k);
        buf_clear(&in);
        buf_clear(&got);
    }
}

/* Edits need what was agreed on, and arrive as edits. */
static void test_verdicts(void)
{
    static const struct milter_edit edits[] = {
        {MILTER_EDIT_INSERT, STR_INIT("A-R"), 0, STR_INIT("mx; none")},
        {MILTER_EDIT_REMOVE, STR_INIT("x"), 1, {NULL, 0}},
    };
    static const struct milter_refusal no = {554, 5, 7, 9, STR_INIT("no")};
    static const struct {
        const char *label;
        uint32_t actions;
        struct milter_verdict verdict;
        int status;
        const char *replies;
    } rows[] = {
        {"accepted", 0, {NULL, NULL, 0, {NULL, 0}}, MP_OK, "c"},
        {"refused", 0, {&no, edits, 2, STR_INIT("x")}, MP_OK, "y"},
        {"edited and held", 0x31, {NULL, edits, 2, STR_INIT("why")}, MP_OK, "miqc"},
        {"not agreed: remove", 0x21, {NULL, edits, 2, {NULL, 0}}, MP_E_USAGE, ""},
        {"not agreed: insert", 0x30, {NULL, edits, 1, {NULL, 0}}, MP_E_USAGE, ""},
        {"not agreed: hold", 0x11, {NULL, NULL, 0, STR_INIT("why")}, MP_E_USAGE, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct milter_config config = {.actions = rows[i].actions};
        struct buf in, got;
        struct kit k;
        buf_init(&in, KIT_MAX_BYTES);
        buf_init(&got, KIT_MAX_BYTES);
        say_letters("OCMRLNE", &in);
        kit_init(&k, &config);
        k.later = true;
        kit_feed(&k, buf_str(&in), in.n);
        tap_case("verdict: %s", rows[i].label);
        tap_int(milter_answer_message(k.session, &rows[i].verdict, NULL), rows[i].status);
        letters(milter_session_output(k.session), &got);
        tap_str(buf_str(&got), str_from(rows[i].replies));
        tap_ok(milter_session_waits(k.session) == (rows[i].status != MP_OK));
        kit_clear(&k);
        buf_clear(&in);
        buf_clear(&got);
    }
}

int main(void)
{
    test_later();
    test_flood();
    test_answers();
    test_verdicts();
    return tap_done();
}
