/* Scripts: what is read, what is refused and how it is told, which rule fits; magic local parts. */
#include "sink/script.h"

#include <stdio.h>

#include "tests/tap.h"

static const struct {
    const char *label, *json;
    int st;
    const char *text; /* part of the error */
} parse_rows[] = {
    {"reply", "[{\"at\":\"rcpt\",\"to\":\"*@x.test\",\"reply\":\"451 4.7.1 later\",\"times\":1}]",
     MP_OK, ""},
    {"short form", "[{\"rcpt\":\"451 4.7.1 later\",\"times\":1}]", MP_OK, ""},
    {"one rule without a list", "{\"rcpt\":\"451 later\"}", MP_OK, ""},
    {"drop", "[{\"after\":\"data\",\"drop\":true,\"attempt\":2}]", MP_OK, ""},
    {"delay", "[{\"at\":\"ehlo\",\"delay\":\"3s\"}]", MP_OK, ""},
    {"throttle", "[{\"at\":\"data\",\"throttle\":1000}]", MP_OK, ""},
    {"greylist", "[{\"at\":\"rcpt\",\"greylist\":\"500ms\"}]", MP_OK, ""},
    {"cut", "[{\"at\":\"end\",\"reply\":\"250 2.0.0 Ok\",\"cut\":0}]", MP_OK, ""},
    {"accept", "[{\"accept\":true}]", MP_OK, ""},
    {"354", "[{\"data\":\"354 go\"}]", MP_OK, ""},
    {"null sender", "[{\"at\":\"mail\",\"from\":\"\",\"drop\":true}]", MP_OK, ""},
    {"no JSON", "[{", MP_E_SYNTAX, "line 1, column"},
    {"empty", "", MP_E_SYNTAX, "line"},
    {"no list", "7", MP_E_SYNTAX, "expected"},
    {"an empty list", "[]", MP_E_SYNTAX, "1 to 100"},
    {"not an object", "[{\"accept\":true},7]", MP_E_SYNTAX, "rule 2: it is no object"},
    {"key twice", "[{\"rcpt\":\"451 a\",\"rcpt\":\"451 b\"}]", MP_E_SYNTAX, "duplicate"},
    {"unknown key", "[{\"rcpt\":\"451 a\",\"tims\":1}]", MP_E_SYNTAX, "did you mean 'times'?"},
    {"unknown stage as key", "[{\"rctp\":\"451 a\"}]", MP_E_SYNTAX, "did you mean 'rcpt'?"},
    {"far from any key", "[{\"probability\":1}]", MP_E_SYNTAX, "unknown key 'probability'"},
    {"unknown stage", "[{\"at\":\"helo\",\"drop\":true}]", MP_E_SYNTAX, "names no stage"},
    {"two stages", "[{\"at\":\"end\",\"rcpt\":\"451 a\"}]", MP_E_SYNTAX, "a second time"},
    {"two replies", "[{\"rcpt\":\"451 a\",\"reply\":\"452 b\"}]", MP_E_SYNTAX, "second reply"},
    {"no stage", "[{\"drop\":true}]", MP_E_SYNTAX, "'at' is missing"},
    {"nothing to do", "[{\"at\":\"rcpt\"}]", MP_E_SYNTAX, "what to do"},
    {"accept and more", "[{\"at\":\"rcpt\",\"accept\":true,\"drop\":true}]", MP_E_SYNTAX,
     "what to do"},
    {"after rcpt", "[{\"after\":\"rcpt\",\"drop\":true}]", MP_E_SYNTAX, "can only be \"data\""},
    {"reply without a code", "[{\"rcpt\":\"later\"}]", MP_E_SYNTAX, "'reply' needs a code"},
    {"reply 199", "[{\"rcpt\":\"199 a\"}]", MP_E_SYNTAX, "'reply' needs a code"},
    {"reply 4511", "[{\"rcpt\":\"4511 a\"}]", MP_E_SYNTAX, "'reply' needs a code"},
    {"354 to RCPT", "[{\"rcpt\":\"354 a\"}]", MP_E_SYNTAX, "cannot stand there"},
    {"250 to DATA", "[{\"data\":\"250 a\"}]", MP_E_SYNTAX, "cannot stand there"},
    {"CR LF in a reply", "[{\"rcpt\":\"451 a\\r\\n250 b\"}]", MP_E_SYNTAX, "control"},
    {"delay without a unit", "[{\"at\":\"rcpt\",\"delay\":3}]", MP_E_SYNTAX, "\"500ms\""},
    {"delay too long", "[{\"at\":\"rcpt\",\"delay\":\"11m\"}]", MP_E_SYNTAX, "ten minutes"},
    {"times 0", "[{\"at\":\"rcpt\",\"drop\":true,\"times\":0}]", MP_E_SYNTAX, "from 1"},
    {"throttle -1", "[{\"at\":\"data\",\"throttle\":-1}]", MP_E_SYNTAX, "'throttle'"},
    {"to before RCPT", "[{\"at\":\"mail\",\"to\":\"a\",\"drop\":true}]", MP_E_SYNTAX,
     "before RCPT"},
    {"from before MAIL", "[{\"at\":\"ehlo\",\"from\":\"a\",\"drop\":true}]", MP_E_SYNTAX,
     "before MAIL"},
    {"greylist elsewhere", "[{\"at\":\"end\",\"greylist\":\"1s\"}]", MP_E_SYNTAX, "belongs to"},
    {"drop is no word", "[{\"at\":\"end\",\"drop\":\"yes\"}]", MP_E_SYNTAX, "true or false"},
};

static void test_parse(void)
{
    for (size_t i = 0; i < ARRAY_LEN(parse_rows); i++) {
        struct script *s = NULL;
        struct mp_err err = {0};
        tap_case("parse: %s", parse_rows[i].label);
        tap_int(script_parse(str_from(parse_rows[i].json), &s, &err), parse_rows[i].st);
        if (!tap_ok(strstr(err.text, parse_rows[i].text) != NULL))
            tap_note("got: %s", err.text);
        tap_int(s != NULL, parse_rows[i].st == MP_OK);
        script_done(s);
    }
}

static struct script *make(const char *json)
{
    struct script *s = NULL;
    struct mp_err err = {0};
    if (script_parse(str_from(json), &s, &err) != MP_OK)
        tap_note("%s", err.text);
    tap_ok(s != NULL);
    return s;
}

static struct script_event event(enum script_stage stage, const char *rcpt, unsigned attempt)
{
    return (struct script_event){.stage = stage,
                                 .from = STR("me@a.test"),
                                 .rcpt = str_from(rcpt),
                                 .client = STR("127.0.0.1"),
                                 .helo = STR("c.test"),
                                 .attempt = attempt};
}

static unsigned code(struct script *s, enum script_stage stage, const char *rcpt, unsigned attempt)
{
    struct script_event e = event(stage, rcpt, attempt);
    struct script_action a;
    script_decide(s, &e, &a);
    return a.drop ? 1 : a.reply_code;
}

static void test_decide(void)
{
    tap_case("decide: times, then the next rule, then accept");
    struct script *s = make("[{\"rcpt\":\"451 4.7.1 later\",\"times\":2,\"to\":\"*@X.test\"},"
                            "{\"after\":\"data\",\"drop\":true,\"times\":1},{\"accept\":true},"
                            "{\"rcpt\":\"550 never\"}]");
    tap_int(code(s, SCRIPT_RCPT, "a@x.test", 1), 451);
    tap_int(code(s, SCRIPT_RCPT, "a@y.test", 1), 0);
    tap_int(code(s, SCRIPT_RCPT, "b@x.TEST", 1), 451);
    tap_int(code(s, SCRIPT_RCPT, "a@x.test", 3), 0);
    tap_int(code(s, SCRIPT_END, "a@x.test", 3), 1);
    tap_int(code(s, SCRIPT_END, "a@x.test", 4), 0);
    script_done(s);
    tap_case("decide: attempts");
    s = make("[{\"rcpt\":\"452 second\",\"attempt\":2},{\"rcpt\":\"451 first\",\"attempt\":1}]");
    tap_int(code(s, SCRIPT_RCPT, "a@b", 1), 451);
    tap_int(code(s, SCRIPT_RCPT, "a@b", 2), 452);
    tap_int(code(s, SCRIPT_RCPT, "a@b", 3), 0);
    tap_int(code(s, SCRIPT_END, "a@b", 1), 0);
    script_done(s);
    tap_case("decide: patterns");
    s = make("[{\"at\":\"rcpt\",\"to\":\"a*b*c@*\",\"from\":\"me@*\",\"client\":\"127.*\","
             "\"helo\":\"c.test\",\"drop\":true}]");
    tap_int(code(s, SCRIPT_RCPT, "abc@x", 1), 1);
    tap_int(code(s, SCRIPT_RCPT, "aXbXbXc@x", 1), 1);
    tap_int(code(s, SCRIPT_RCPT, "acb@x", 1), 0);
    tap_int(code(s, SCRIPT_RCPT, "", 1), 0);
    script_done(s);
    tap_case("decide: the whole action");
    s = make("[{\"at\":\"end\",\"reply\":\"250 2.0.0 Ok\",\"cut\":7,\"delay\":\"2s\"}]");
    struct script_event e = event(SCRIPT_END, "a@b", 1);
    struct script_action a;
    tap_ok(script_decide(s, &e, &a));
    tap_int(a.reply_code, 250);
    tap_str(a.reply_text, STR("2.0.0 Ok"));
    tap_ok(a.cut && !a.drop);
    tap_int(a.cut_bytes, 7);
    tap_int(a.delay_ms, 2000);
    script_done(s);
}

static void test_greylist(void)
{
    struct script_action a;
    struct script_event e = event(SCRIPT_RCPT, "a@b", 1), other = event(SCRIPT_RCPT, "c@b", 1);
    tap_case("greylist: 451 until the time is over, for each triplet");
    struct script *s = make("[{\"at\":\"rcpt\",\"greylist\":\"5s\"}]");
    e.now_ms = 1000;
    tap_ok(script_decide(s, &e, &a));
    tap_int(a.reply_code, 451);
    e.now_ms = 5999;
    tap_ok(script_decide(s, &e, &a));
    e.now_ms = other.now_ms = 6000;
    tap_ok(!script_decide(s, &e, &a));
    tap_ok(script_decide(s, &other, &a));
    tap_case("greylist: more triplets than are remembered");
    for (unsigned i = 0; i < SCRIPT_MAX_GREYLISTED; i++) {
        char rcpt[32];
        snprintf(rcpt, sizeof rcpt, "u%u@b", i);
        struct script_event flood = event(SCRIPT_RCPT, rcpt, 1);
        script_decide(s, &flood, &a);
    }
    tap_ok(script_decide(s, &e, &a)); /* the first was forgotten: once more later, not an error */
    script_done(s);
}

static const struct {
    const char *address;
    enum script_stage stage;
    unsigned code; /* 0: an ordinary one; 1: drop; 2: timeout; 3: slow reply; 4: slow reading */
    const char *text;
} magic_rows[] = {
    {"x+451@a.test", SCRIPT_RCPT, 451, "4.0.0 as the address asks for"},
    {"x+550-5.7.1@a.test", SCRIPT_RCPT, 550, "5.7.1 as the address asks for"},
    {"x+451@a.test", SCRIPT_END, 0, ""},
    {"x+250@a.test", SCRIPT_RCPT, 0, ""},
    {"x+600@a.test", SCRIPT_RCPT, 0, ""},
    {"x+4510@a.test", SCRIPT_RCPT, 0, ""},
    {"x+550-4.7.1@a.test", SCRIPT_RCPT, 0, ""},
    {"x+550-5.7@a.test", SCRIPT_RCPT, 0, ""},
    {"451@a.test", SCRIPT_RCPT, 0, ""},
    {"rcptto-timeout@a.test", SCRIPT_RCPT, 2, ""},
    {"rcptto-451@a.test", SCRIPT_RCPT, 451, "4.0.0 as the address asks for"},
    {"RCPTTO-DROP@a.test", SCRIPT_RCPT, 1, ""},
    {"rcptto-slow@a.test", SCRIPT_RCPT, 3, ""},
    {"data-drop@a.test", SCRIPT_DATA, 1, ""},
    {"data-slow@a.test", SCRIPT_DATA, 4, ""},
    {"data-drop@a.test", SCRIPT_RCPT, 0, ""},
    {"end-452-4.3.1@a.test", SCRIPT_END, 452, "4.3.1 as the address asks for"},
    {"bob+end-drop@a.test", SCRIPT_END, 1, ""},
    {"mailfrom-451@a.test", SCRIPT_MAIL, 451, "4.0.0 as the address asks for"},
    {"mailfrom-451@a.test", SCRIPT_RCPT, 0, ""},
    {"rcptto-sleep@a.test", SCRIPT_RCPT, 0, ""},
    {"rcptto@a.test", SCRIPT_RCPT, 0, ""},
    {"", SCRIPT_MAIL, 0, ""},
    {"postmaster", SCRIPT_RCPT, 0, ""},
};

static void test_magic(void)
{
    for (size_t i = 0; i < ARRAY_LEN(magic_rows); i++) {
        char room[SCRIPT_MAGIC_ROOM];
        struct script_action a;
        tap_case("magic: %s at %s", magic_rows[i].address, script_stage_name(magic_rows[i].stage));
        bool is = script_magic(str_from(magic_rows[i].address), magic_rows[i].stage, room, &a);
        unsigned got = a.drop && a.delay_ms > 0 ? 2
                       : a.drop                 ? 1
                       : a.delay_ms > 0         ? 3
                       : a.throttle_bytes_s > 0 ? 4
                                                : a.reply_code;
        tap_int(is, magic_rows[i].code != 0);
        tap_int(got, magic_rows[i].code);
        tap_str(a.reply_text, str_from(magic_rows[i].text));
    }
}

int main(void)
{
    test_parse();
    test_decide();
    test_greylist();
    test_magic();
    return tap_done();
}
