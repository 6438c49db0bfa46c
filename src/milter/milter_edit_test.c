/* Edits by what becomes of a message in an MTA that carries them out one after the other; values
 * that cannot break out of their field; refusals. */
#include "milter/milter_test_kit.h"
#include "tests/tap.h"

#define REMOVE(n_, nth_)                                                                           \
    {                                                                                              \
        MILTER_EDIT_REMOVE, STR_INIT(n_), nth_,                                                    \
        {                                                                                          \
            NULL, 0                                                                                \
        }                                                                                          \
    }
#define REPLACE(n_, nth_, v_)                                                                      \
    {                                                                                              \
        MILTER_EDIT_REPLACE, STR_INIT(n_), nth_, STR_INIT(v_)                                      \
    }
#define INSERT(n_, v_)                                                                             \
    {                                                                                              \
        MILTER_EDIT_INSERT, STR_INIT(n_), 0, STR_INIT(v_)                                          \
    }
#define APPEND(n_, v_)                                                                             \
    {                                                                                              \
        MILTER_EDIT_APPEND, STR_INIT(n_), 0, STR_INIT(v_)                                          \
    }

/* The message of the rows; its own Received is the MTA's and cannot be seen. */
static const struct kit_field start[] = {
    {STR_INIT("Received"), STR_INIT(" own")}, {STR_INIT("Received"), STR_INIT(" r1")},
    {STR_INIT("X"), STR_INIT(" x1")},         {STR_INIT("x"), STR_INIT(" x2")},
    {STR_INIT("Subject"), STR_INIT(" s")},    {STR_INIT("X"), STR_INIT(" x3")},
    {STR_INIT("Received"), STR_INIT(" r2")},
};

static const struct {
    const char *label;
    struct milter_edit edits[6];
    size_t n;
    const char *want; /* names and values of the header */
} rows[] = {
    {"nothing", {{0}}, 0, "Received own,Received r1,X x1,x x2,Subject s,X x3,Received r2"},
    {"the first", {REMOVE("X", 1)}, 1, "Received own,Received r1,x x2,Subject s,X x3,Received r2"},
    {"the last", {REMOVE("x", 3)}, 1, "Received own,Received r1,X x1,x x2,Subject s,Received r2"},
    {"all, in order",
     {REMOVE("X", 1), REMOVE("X", 2), REMOVE("X", 3)},
     3,
     "Received own,Received r1,Subject s,Received r2"},
    {"all, in another order",
     {REMOVE("X", 2), REMOVE("x", 3), REMOVE("X", 1)},
     3,
     "Received own,Received r1,Subject s,Received r2"},
    {"two of three",
     {REMOVE("X", 1), REMOVE("x", 3)},
     2,
     "Received own,Received r1,x x2,Subject s,Received r2"},
    {"one that is not there",
     {REMOVE("X", 4), REMOVE("Y", 1)},
     2,
     "Received own,Received r1,X x1,x x2,Subject s,X x3,Received r2"},
    {"the MTA's own is not counted",
     {REMOVE("Received", 1)},
     1,
     "Received own,X x1,x x2,Subject s,X x3,Received r2"},
    {"replaced",
     {REPLACE("SUBJECT", 1, "[t] s"), REPLACE("X", 2, "new")},
     2,
     "Received own,Received r1,X x1,x new,Subject [t] s,X x3,Received r2"},
    {"removed and replaced of one name",
     {REMOVE("X", 1), REPLACE("X", 2, "new"), REMOVE("X", 3)},
     3,
     "Received own,Received r1,x new,Subject s,Received r2"},
    {"inserted, the first on top",
     {INSERT("A", "1"), INSERT("B", "2"), INSERT("C", "3")},
     3,
     "A 1,B 2,C 3,Received own,Received r1,X x1,x x2,Subject s,X x3,Received r2"},
    {"appended in order",
     {APPEND("A", "1"), APPEND("B", "2")},
     2,
     "Received own,Received r1,X x1,x x2,Subject s,X x3,Received r2,A 1,B 2"},
    {"inserted and removed of one name",
     {INSERT("X", "ours"), REMOVE("X", 1), APPEND("X", "end")},
     3,
     "X ours,Received own,Received r1,x x2,Subject s,X x3,Received r2,X end"},
    {"replaced by nothing is not removed",
     {REPLACE("Subject", 1, "")},
     1,
     "Received own,Received r1,X x1,x x2,Subject ,X x3,Received r2"},
};

static void test_edits(void)
{
    struct kit_mta *mta = calloc(1, sizeof *mta);
    struct buf out, got;
    buf_init(&out, KIT_MAX_BYTES);
    buf_init(&got, KIT_MAX_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("edits: %s", rows[i].label);
        buf_reset(&out);
        buf_reset(&got);
        memcpy(mta->fields, start, sizeof start);
        mta->n = ARRAY_LEN(start);
        tap_int(milter_edits_write(&out, rows[i].edits, rows[i].n, true, NULL), MP_OK);
        milter_packet_write(&out, MILTER_CONTINUE, STR_NONE);
        tap_int(kit_mta_apply(mta, buf_str(&out)), MILTER_CONTINUE);
        for (size_t f = 0; f < mta->n; f++) {
            buf_addz(&got, f == 0 ? "" : ",");
            buf_add(&got, mta->fields[f].name);
            buf_add(&got, mta->fields[f].value);
        }
        tap_str(buf_str(&got), str_from(rows[i].want));
    }
    free(mta);
    buf_clear(&out);
    buf_clear(&got);
}

/* A value as the MTA gets it, with the leading space agreed on and without. */
static const struct {
    const char *label;
    struct str value, with, without;
} values[] = {
    {"plain", STR_INIT("a b"), STR_INIT(" a b"), STR_INIT("a b")},
    {"a tab, eight bits", STR_INIT("a\tb\xc3\xa4"), STR_INIT(" a\tb\xc3\xa4"),
     STR_INIT("a\tb\xc3\xa4")},
    {"folded by CRLF", STR_INIT("a;\r\n\tb;\r\n  c"), STR_INIT(" a;\n\tb;\n  c"),
     STR_INIT("a;\n\tb;\n  c")},
    {"folded by LF", STR_INIT("a;\n b"), STR_INIT(" a;\n b"), STR_INIT("a;\n b")},
    {"folded at once", STR_INIT("\r\n b"), STR_INIT("\n b"), STR_INIT("\n b")},
    {"a field behind it", STR_INIT("a\r\nBcc: x"), STR_INIT(" a Bcc: x"), STR_INIT("a Bcc: x")},
    {"a body behind it", STR_INIT("a\r\n\r\nb"), STR_INIT(" a b"), STR_INIT("a b")},
    {"a body by LF", STR_INIT("a\n\nb"), STR_INIT(" a b"), STR_INIT("a b")},
    {"a line of spaces", STR_INIT("a\r\n \r\n b"), STR_INIT(" a\n b"), STR_INIT("a\n b")},
    {"a line of spaces, then a field", STR_INIT("a\r\n \r\nB: c"), STR_INIT(" a B: c"),
     STR_INIT("a B: c")},
    {"CR", STR_INIT("a\rb\r\r"), STR_INIT(" a b"), STR_INIT("a b")},
    {"CR before a space", STR_INIT("a\r b"), STR_INIT(" a b"), STR_INIT("a b")},
    {"CR in a fold", STR_INIT("a\r\n \rb"), STR_INIT(" a\n b"), STR_INIT("a\n b")},
    {"NUL", STR_INIT("a\0b"), STR_INIT(" a?b"), STR_INIT("a?b")},
    {"controls", STR_INIT("\x01\x1b[0m\x7f"), STR_INIT(" ??[0m?"), STR_INIT("??[0m?")},
    {"line breaks at the end", STR_INIT("a\r\n\r\n "), STR_INIT(" a"), STR_INIT("a")},
    {"empty", STR_INIT(""), STR_INIT(" "), STR_INIT(" ")},
    {"line breaks only", STR_INIT("\r\n\n"), STR_INIT(" "), STR_INIT(" ")},
    {"a space only", STR_INIT(" "), STR_INIT("  "), STR_INIT(" ")},
};

static void test_values(void)
{
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        const struct milter_edit edits[] = {{MILTER_EDIT_REPLACE, STR("X-Y"), 7, values[i].value},
                                            {MILTER_EDIT_INSERT, STR("X-Y"), 0, values[i].value},
                                            {MILTER_EDIT_APPEND, STR("X-Y"), 0, values[i].value}};
        static const struct {
            char command;
            uint32_t index;
        } want[] = {{MILTER_CHANGE_HEADER, 7}, {MILTER_INSERT_HEADER, 0}, {MILTER_ADD_HEADER, 0}};
        for (unsigned with = 0; with < 2; with++) {
            struct buf out;
            struct milter_packet p = {0, STR_NONE};
            buf_init(&out, KIT_MAX_BYTES);
            tap_case("value: %s, %s", values[i].label, with ? "space agreed on" : "no space");
            tap_int(milter_edits_write(&out, edits, 3, with != 0, NULL), MP_OK);
            struct str rest = buf_str(&out), name = STR_NONE, value = STR_NONE;
            for (size_t e = 0; e < 3; e++) {
                uint32_t index = 99;
                tap_int(milter_packet_next(&rest, MILTER_ANSWER_MAX_BYTES, &p, NULL), MP_OK);
                tap_int(p.command, want[e].command);
                tap_int(milter_client_edit(&p, &index, &name, &value, NULL), MP_OK);
                tap_int(index, want[e].index);
                tap_str(name, STR("X-Y"));
                tap_str(value, with ? values[i].with : values[i].without);
            }
            tap_int(rest.n, 0);
            buf_clear(&out);
        }
    }
}

static const struct {
    const char *label;
    struct milter_edit edits[2];
    size_t n;
    int status;
} wrong[] = {
    {"no name", {INSERT("", "x")}, 1, MP_E_USAGE},
    {"a colon in the name", {INSERT("X:", "x")}, 1, MP_E_USAGE},
    {"a line break in the name", {INSERT("X\nY", "x")}, 1, MP_E_USAGE},
    {"a space in the name", {REMOVE("X ", 1)}, 1, MP_E_USAGE},
    {"NUL in the name", {REMOVE("X\0Y", 1)}, 1, MP_E_USAGE},
    {"eight bits in the name", {REMOVE("\xc3\xa4", 1)}, 1, MP_E_USAGE},
    {"number 0", {REMOVE("X", 0)}, 1, MP_E_USAGE},
    {"a number beyond all", {REMOVE("X", 0x80000000u)}, 1, MP_E_USAGE},
    {"number 0 to insert", {INSERT("X", "x")}, 1, MP_OK},
    {"one field twice", {REMOVE("X-y", 1), REMOVE("x-Y", 1)}, 2, MP_E_USAGE},
    {"one field twice otherwise", {REPLACE("X", 3, "a"), REMOVE("x", 3)}, 2, MP_E_USAGE},
    {"one field inserted twice", {INSERT("X", "a"), INSERT("X", "a")}, 2, MP_OK},
    {"a wrong one behind a right one", {REMOVE("X", 1), INSERT("X:", "")}, 2, MP_E_USAGE},
};

static void test_wrong(void)
{
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct buf out;
        struct mp_err err = {0};
        buf_init(&out, KIT_MAX_BYTES);
        buf_addz(&out, "before");
        tap_case("wrong: %s", wrong[i].label);
        tap_int(milter_edits_write(&out, wrong[i].edits, wrong[i].n, true, &err), wrong[i].status);
        tap_ok((out.n == 6) == (wrong[i].status != MP_OK) && !out.failed);
        buf_clear(&out);
    }
}

static void test_limits(void)
{
    static struct milter_edit many[MILTER_MAX_EDITS + 1];
    static char text[MILTER_VALUE_MAX_BYTES + 1];
    struct buf out;
    struct milter_packet p = {0, STR_NONE};
    buf_init(&out, KIT_MAX_BYTES);
    for (unsigned i = 0; i < ARRAY_LEN(many); i++)
        many[i] = (struct milter_edit){MILTER_EDIT_REMOVE, STR("X"), i + 1, STR_NONE};
    memset(text, 'x', sizeof text);
    tap_case("as many edits as are allowed: from the last field to the first");
    tap_int(milter_edits_write(&out, many, MILTER_MAX_EDITS, true, NULL), MP_OK);
    struct str rest = buf_str(&out);
    for (unsigned i = MILTER_MAX_EDITS; i > 0; i--) {
        milter_packet_next(&rest, MILTER_ANSWER_MAX_BYTES, &p, NULL);
        if (milter_number_at(p.payload, 0) != i)
            tap_int(milter_number_at(p.payload, 0), i);
    }
    tap_int(rest.n, 0);
    tap_case("one more");
    tap_int(milter_edits_write(&out, many, MILTER_MAX_EDITS + 1, true, NULL), MP_E_LIMIT);
    tap_case("the longest name and value fit into a packet");
    struct milter_edit longest = {MILTER_EDIT_INSERT, str_make(text, MILTER_NAME_MAX_BYTES), 0,
                                  str_make(text, MILTER_VALUE_MAX_BYTES)};
    buf_reset(&out);
    tap_int(milter_edits_write(&out, &longest, 1, true, NULL), MP_OK);
    rest = buf_str(&out);
    tap_int(milter_packet_next(&rest, MILTER_ANSWER_MAX_BYTES, &p, NULL), MP_OK);
    tap_case("longer ones");
    longest.value.n++;
    tap_int(milter_edits_write(&out, &longest, 1, true, NULL), MP_E_LIMIT);
    longest.value.n--;
    longest.name.n++;
    tap_int(milter_edits_write(&out, &longest, 1, true, NULL), MP_E_USAGE);
    tap_case("no room");
    struct buf small;
    buf_init(&small, 40);
    tap_int(milter_edits_write(&small, many, 2, true, NULL), MP_OK);
    tap_int(milter_edits_write(&small, many, 2, true, NULL), MP_E_NOMEM);
    tap_int(small.n, 2 * (MILTER_HEAD_BYTES + 4 + 3));
    tap_ok(!small.failed);
    buf_clear(&small);
    buf_clear(&out);
}

/* ---- refusals
 * ------------------------------------------------------------------------------------ */

static const struct {
    const char *label;
    struct milter_refusal refusal;
    const char *want; /* NULL: MP_E_USAGE */
} refusals[] = {
    {"plain", {550, 5, 7, 1, STR_INIT("No")}, "550 5.7.1 No"},
    {"put off", {451, 4, 3, 0, STR_INIT("Later")}, "451 4.3.0 Later"},
    {"without an enhanced code", {554, 0, 9, 9, STR_INIT("No")}, "554 5.7.1 No"},
    {"without text", {550, 5, 7, 26, STR_INIT("")}, "550 5.7.26 Refused"},
    {"without text, put off", {421, 0, 0, 0, {NULL, 0}}, "421 4.7.1 Try again later"},
    {"percent", {550, 5, 7, 1, STR_INIT("100%s %% %")}, "550 5.7.1 100%%s %%%% %%"},
    {"two lines", {550, 5, 7, 1, STR_INIT("a\nb")}, "550-5.7.1 a\r\n550 5.7.1 b"},
    {"empty lines", {550, 5, 7, 1, STR_INIT("\n\na\r\n\r\n \nb\n")}, "550-5.7.1 a\r\n550 5.7.1 b"},
    {"lines of nothing", {550, 5, 7, 1, STR_INIT("\n \r\n")}, "550 5.7.1 Refused"},
    {"what is not text",
     {550, 5, 7, 1, STR_INIT("a\0b\tc\x7f\xc3\xa4\rd")},
     "550 5.7.1 a?b c????d"},
    {"highest numbers", {599, 5, 999, 999, STR_INIT("x")}, "599 5.999.999 x"},
    {"a success", {250, 2, 0, 0, STR_INIT("ok")}, NULL},
    {"beyond", {600, 0, 0, 0, STR_INIT("x")}, NULL},
    {"not the class of the code", {550, 4, 7, 1, STR_INIT("x")}, NULL},
    {"beyond the numbers", {550, 5, 1000, 0, STR_INIT("x")}, NULL},
    {"beyond the numbers, too", {550, 5, 0, 1000, STR_INIT("x")}, NULL},
};

static void test_refusals(void)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct buf out;
        struct milter_packet p = {0, STR_NONE};
        struct str text = STR_NONE;
        buf_init(&out, KIT_MAX_BYTES);
        tap_case("refusal: %s", refusals[i].label);
        tap_int(milter_refusal_write(&out, &refusals[i].refusal, NULL),
                refusals[i].want != NULL ? MP_OK : MP_E_USAGE);
        struct str rest = buf_str(&out);
        if (refusals[i].want != NULL) {
            tap_int(milter_packet_next(&rest, MILTER_ANSWER_MAX_BYTES, &p, NULL), MP_OK);
            tap_int(p.command, MILTER_REPLY_CODE);
            tap_ok(milter_word_next(&p.payload, &text) && p.payload.n == 0);
            tap_str(text, str_from(refusals[i].want));
        }
        tap_int(rest.n, 0);
        buf_clear(&out);
    }
}

/* Lines of a long text: their lengths, by where spaces stand. */
static void test_long_refusals(void)
{
    static char text[100000];
    struct buf out;
    struct milter_packet p = {0, STR_NONE};
    buf_init(&out, KIT_MAX_BYTES);
    for (size_t every = 1; every < 1000; every = every * 3 + 1) {
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = i % every == every - 1 ? ' ' : '%';
        struct milter_refusal r = {550, 5, 7, 1, str_make(text, every == 1 ? 0 : sizeof text)};
        buf_reset(&out);
        tap_case("a long text with a space every %zu bytes", every);
        tap_int(milter_refusal_write(&out, &r, NULL), MP_OK);
        struct str rest = buf_str(&out), line;
        tap_int(milter_packet_next(&rest, MILTER_ANSWER_MAX_BYTES, &p, NULL), MP_OK);
        size_t lines = 0;
        while (p.payload.n > 0) {
            line = str_cut(&p.payload, '\n');
            line = str_trim(str_slice(line, strlen("550 5.7.1 "), line.n));
            if (line.n > 2 * MILTER_REFUSAL_LINE_MAX_BYTES + 1)
                tap_int(line.n, 2 * MILTER_REFUSAL_LINE_MAX_BYTES);
            lines++;
        }
        tap_int(lines, every == 1 ? 1 : MILTER_REFUSAL_MAX_LINES);
    }
    tap_case("a reason to hold a message");
    buf_reset(&out);
    milter_quarantine_write(&out, STR("a%\r\nb\0"));
    tap_str(buf_str(&out), STR("\0\0\0\10qa%??b?\0"));
    buf_reset(&out);
    milter_quarantine_write(&out, str_make(text, sizeof text));
    tap_int(out.n, MILTER_HEAD_BYTES + MILTER_REFUSAL_LINE_MAX_BYTES + 1);
    buf_clear(&out);
}

int main(void)
{
    test_edits();
    test_values();
    test_wrong();
    test_limits();
    test_refusals();
    test_long_refusals();
    return tap_done();
}
