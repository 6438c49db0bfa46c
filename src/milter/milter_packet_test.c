/* Packets: what is whole, what is broken; what is written is read as it was; an MTA's cuts of a
 * message put together give the message. */
#include "milter/client.h"
#include "milter/packet.h"
#include "tests/tap.h"

enum { ROOM = 32 << 20 };

static const struct {
    const char *label;
    struct str in;
    int status;
    char command;
    size_t payload, rest;
} frames[] = {
    {"nothing", STR_INIT(""), MP_WAIT, 0, 0, 0},
    {"three bytes of a length", STR_INIT("\0\0\0"), MP_WAIT, 0, 0, 3},
    {"a length", STR_INIT("\0\0\0\1"), MP_WAIT, 0, 0, 4},
    {"no payload", STR_INIT("\0\0\0\1c"), MP_OK, 'c', 0, 0},
    {"a payload that is cut", STR_INIT("\0\0\0\3cx"), MP_WAIT, 0, 0, 6},
    {"a payload", STR_INIT("\0\0\0\3cxy"), MP_OK, 'c', 2, 0},
    {"and more", STR_INIT("\0\0\0\3cxyz\0"), MP_OK, 'c', 2, 2},
    {"as long as is allowed", STR_INIT("\0\0\0\5c1234"), MP_OK, 'c', 4, 0},
    {"longer", STR_INIT("\0\0\0\6c12345"), MP_E_LIMIT, 0, 0, 10},
    {"longer, seen early", STR_INIT("\0\0\1\0"), MP_E_LIMIT, 0, 0, 4},
    {"as long as can be", STR_INIT("\377\377\377\377c"), MP_E_LIMIT, 0, 0, 5},
    {"of no length", STR_INIT("\0\0\0\0c"), MP_E_SYNTAX, 0, 0, 5},
};

static void test_frames(void)
{
    for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
        struct str in = frames[i].in;
        struct milter_packet p = {0, STR_NONE};
        struct mp_err err = {0};
        tap_case("frame: %s", frames[i].label);
        tap_int(milter_packet_next(&in, 4, &p, &err), frames[i].status);
        tap_int(in.n, frames[i].rest);
        tap_int(p.command, frames[i].command);
        tap_int(p.payload.n, frames[i].payload);
        tap_ok((err.text[0] != '\0') == (frames[i].status < 0));
    }
}

static const struct {
    const char *label;
    struct str in;
    int status;
} options[] = {
    {"whole", STR_INIT("\0\0\0\6\0\0\1\377\0\37\377\377"), MP_OK},
    {"cut", STR_INIT("\0\0\0\6\0\0\1\377\0\37\377"), MP_E_SYNTAX},
    {"nothing", STR_INIT(""), MP_E_SYNTAX},
    {"a list", STR_INIT("\0\0\0\6\0\0\1\377\0\37\377\377\0\0\0\0i j\0"), MP_OK},
    {"an empty list", STR_INIT("\0\0\0\6\0\0\1\377\0\37\377\377\0\0\0\0\0"), MP_OK},
    {"a list that does not end", STR_INIT("\0\0\0\6\0\0\1\377\0\37\377\377\0\0\0\0i"), MP_E_SYNTAX},
    {"a stage without a list", STR_INIT("\0\0\0\6\0\0\1\377\0\37\377\377\0\0\0\0"), MP_E_SYNTAX},
    {"a piece of a stage", STR_INIT("\0\0\0\6\0\0\1\377\0\37\377\377\0"), MP_E_SYNTAX},
    {"two lists, one broken", STR_INIT("\0\0\0\6\0\0\1\377\0\37\377\377\0\0\0\0i\0\0\0\0\1j"),
     MP_E_SYNTAX},
};

static void test_options(void)
{
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        struct milter_options o = {0};
        tap_case("options: %s", options[i].label);
        tap_int(milter_options_parse(options[i].in, &o, NULL), options[i].status);
        tap_int(o.steps, options[i].status == MP_OK ? MILTER_STEPS_ALL : 0);
    }
    static const char *const lists[MILTER_STAGES] = {
        [MILTER_AT_CONNECT] = "j _", [MILTER_AT_MAIL] = "{a}", [MILTER_AT_HEADER_END] = ""};
    const struct milter_options written = {6, 0x12345678, 0x9abcdef0, STR_NONE};
    struct milter_options read = {0};
    struct milter_packet p = {0, STR_NONE};
    struct buf out;
    buf_init(&out, ROOM);
    tap_case("options: written and read");
    milter_options_write(&out, &written, lists);
    struct str in = buf_str(&out), list = STR_NONE;
    uint32_t stage = 0;
    tap_int(milter_packet_next(&in, ROOM, &p, NULL), MP_OK);
    tap_int(in.n, 0);
    tap_int(milter_options_parse(p.payload, &read, NULL), MP_OK);
    tap_int(read.version, 6);
    tap_int(read.actions, 0x12345678);
    tap_int(read.steps, 0x9abcdef0);
    for (unsigned i = 0; i < MILTER_STAGES; i++) {
        if (lists[i] == NULL)
            continue;
        tap_ok(milter_options_next(&read.macros, &stage, &list));
        tap_int(stage, i);
        tap_str(list, str_from(lists[i]));
    }
    tap_ok(!milter_options_next(&read.macros, &stage, &list));
    buf_clear(&out);
}

/* Words, pairs and clients, written by the MTA's side and read by the filter's. */
static void test_round(void)
{
    static const struct str words[] = {STR_INIT("<a@b>"), STR_INIT(""), STR_INIT("SIZE=1")};
    struct milter_packet p = {0, STR_NONE};
    struct milter_connect c;
    struct str word = STR_NONE, in;
    struct buf out;
    buf_init(&out, ROOM);
    tap_case("words");
    milter_client_words(&out, MILTER_MAIL, words, 3);
    in = buf_str(&out);
    tap_int(milter_packet_next(&in, ROOM, &p, NULL), MP_OK);
    tap_ok(milter_words_ok(p.payload));
    for (size_t i = 0; i < 3; i++)
        tap_ok(milter_word_next(&p.payload, &word) && str_eq(word, words[i]));
    tap_ok(!milter_word_next(&p.payload, &word) && p.payload.n == 0);
    tap_ok(!milter_words_ok(STR("")) && !milter_words_ok(STR("a")));
    static const struct {
        enum milter_family family;
        const char *address;
        uint16_t port;
    } clients[] = {{MILTER_FAMILY_INET, "192.0.2.1", 65535},
                   {MILTER_FAMILY_INET6, "2001:db8::1", 1},
                   {MILTER_FAMILY_UNIX, "/run/x", 0},
                   {MILTER_FAMILY_UNKNOWN, "", 0}};
    for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
        tap_case("client %c", (char)clients[i].family);
        buf_reset(&out);
        milter_client_connect(&out, STR("c.test"), clients[i].family, clients[i].port,
                              str_from(clients[i].address));
        in = buf_str(&out);
        tap_int(milter_packet_next(&in, ROOM, &p, NULL), MP_OK);
        tap_int(in.n, 0);
        tap_int(milter_connect_parse(p.payload, &c, NULL), MP_OK);
        tap_str(c.name, STR("c.test"));
        tap_str(c.address, str_from(clients[i].address));
        tap_int(c.port, clients[i].port);
        tap_int(c.family, clients[i].family);
    }
    buf_clear(&out);
}

/* ---- a message in pieces -----------------------------------------------------------------------
 */

static const struct {
    const char *label;
    struct str in, want; /* what the pieces give with the space kept */
} messages[] = {
    {"usual", STR_INIT("A: b\r\nC:d\r\n\r\nbody\r\n"), STR_INIT("A: b\r\nC:d\r\n\r\nbody\r\n")},
    {"folded", STR_INIT("A: b\r\n c\r\n\td\r\nE: f\r\n\r\n"),
     STR_INIT("A: b\r\n c\r\n\td\r\nE: f\r\n\r\n")},
    {"no body, no blank line", STR_INIT("A: b\r\n"), STR_INIT("A: b\r\n\r\n")},
    {"no header", STR_INIT("\r\nbody"), STR_INIT("\r\nbody")},
    {"nothing", STR_INIT(""), STR_INIT("\r\n")},
    {"a line that is no field", STR_INIT("A: b\r\nno field\r\n"),
     STR_INIT("A: b\r\n\r\nno field\r\n")},
    {"a colon first", STR_INIT(": b\r\n\r\n"), STR_INIT("\r\n: b\r\n\r\n")},
    {"spaces before the colon are not told", STR_INIT("A \t: b\r\n\r\n"), STR_INIT("A: b\r\n\r\n")},
    {"a field that does not end", STR_INIT("A: b"), STR_INIT("A: b\r\n\r\n")},
    {"a fold that does not end", STR_INIT("A: b\r\n c"), STR_INIT("A: b\r\n c\r\n\r\n")},
};

static void put_together(struct str in, struct buf *to, size_t *packets)
{
    struct milter_packet p;
    struct str name, value;
    while (milter_packet_next(&in, ROOM, &p, NULL) == MP_OK) {
        ++*packets;
        if (p.command == MILTER_HEADER_END)
            buf_add(to, STR("\r\n"));
        if (p.command == MILTER_BODY || p.command == MILTER_BODY_END)
            buf_add(to, p.payload);
        if (p.command != MILTER_HEADER ||
            milter_pair_parse(p.payload, &name, &value, NULL) != MP_OK)
            continue;
        buf_add(to, name);
        buf_addc(to, ':');
        for (struct str line; value.p != NULL; buf_add(to, STR("\r\n"))) {
            line = str_cut(&value, '\n');
            buf_add(to, line);
        }
    }
}

static void test_messages(void)
{
    struct buf out, got;
    buf_init(&out, ROOM);
    buf_init(&got, ROOM);
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        for (unsigned bits = 0; bits < 4; bits++) {
            /* all at once, or a packet at a time */
            const uint32_t quiet = bits & 1 ? MILTER_STEPS_ALL & ~(uint32_t)0x37f : 0;
            const struct milter_client c = {
                .agreed = {6, 0, MILTER_LEADING_SPACE | quiet, STR_NONE}};
            struct milter_client_message m = {.rest = messages[i].in,
                                              .body_in_end = (bits & 2) != 0};
            size_t calls = 0, packets = 0;
            buf_reset(&out);
            buf_reset(&got);
            for (; !m.ended && calls < 100; calls++)
                milter_client_next(&c, &m, &out);
            put_together(buf_str(&out), &got, &packets);
            tap_case("message: %s, %u", messages[i].label, bits);
            tap_str(buf_str(&got), messages[i].want);
            tap_int(calls, bits & 1 ? 1 : packets);
        }
    }
    tap_case("a long body is cut where MTAs do");
    static char body[3 * MILTER_CHUNK_BYTES + 10];
    memset(body, 'b', sizeof body);
    const struct milter_client c = {
        .agreed = {6, 0, MILTER_NO_REPLY_BODY | MILTER_NO_HEADER_END, STR_NONE}};
    struct milter_client_message m = {.rest = str_make(body, sizeof body), .in_body = true};
    size_t packets = 0;
    buf_reset(&out);
    buf_reset(&got);
    milter_client_next(&c, &m, &out);
    put_together(buf_str(&out), &got, &packets);
    tap_ok(m.ended && str_eq(buf_str(&got), str_make(body, sizeof body)));
    tap_int(packets, 5);
    buf_clear(&out);
    buf_clear(&got);
}

static void test_steps(void)
{
    struct milter_client c = {.agreed = {6, 0, MILTER_NO_DATA | MILTER_NO_REPLY_MAIL, STR_NONE}};
    tap_case("what is sent and answered");
    tap_ok(!milter_client_sends(&c, MILTER_DATA) && !milter_client_awaits(&c, MILTER_DATA));
    tap_ok(milter_client_sends(&c, MILTER_MAIL) && !milter_client_awaits(&c, MILTER_MAIL));
    tap_ok(milter_client_sends(&c, MILTER_RCPT) && milter_client_awaits(&c, MILTER_RCPT));
    tap_ok(milter_client_awaits(&c, MILTER_BODY_END) && milter_client_awaits(&c, MILTER_OPTIONS));
    tap_ok(milter_client_sends(&c, MILTER_QUIT) && !milter_client_awaits(&c, MILTER_QUIT));
    tap_ok(!milter_client_awaits(&c, MILTER_MACRO) && !milter_client_awaits(&c, MILTER_ABORT));
    tap_case("what replies mean");
    static const char words[] = "acdrsty", edits[] = "hibmqe+-2";
    for (const char *w = words; *w != '\0'; w++)
        tap_int(milter_client_meaning(*w), MILTER_MEANS_WORD);
    for (const char *e = edits; *e != '\0'; e++)
        tap_int(milter_client_meaning(*e), MILTER_MEANS_EDIT);
    tap_int(milter_client_meaning('p'), MILTER_MEANS_PROGRESS);
    tap_int(milter_client_meaning('O'), MILTER_MEANS_NOTHING);
    tap_int(milter_client_meaning('\0'), MILTER_MEANS_NOTHING);
    tap_case("a filter that asks for more than was offered");
    const struct milter_options offer = {4, 1, 2, STR_NONE};
    static const struct {
        const char *payload;
        int status;
    } asked[] = {{"\0\0\0\4\0\0\0\1\0\0\0\2", MP_OK},
                 {"\0\0\0\5\0\0\0\1\0\0\0\2", MP_E_SYNTAX},
                 {"\0\0\0\4\0\0\0\2\0\0\0\2", MP_E_SYNTAX},
                 {"\0\0\0\4\0\0\0\1\0\0\0\3", MP_E_SYNTAX}};
    struct buf out;
    buf_init(&out, ROOM);
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        milter_client_begin(&c, &offer, &out);
        const struct milter_packet p = {MILTER_OPTIONS, str_make(asked[i].payload, 12)};
        tap_int(milter_client_agree(&c, &p, NULL), asked[i].status);
        tap_int(c.agreed.version, asked[i].status == MP_OK ? 4 : 0);
    }
    const struct milter_packet other = {MILTER_CONTINUE, str_make(asked[0].payload, 12)};
    tap_int(milter_client_agree(&c, &other, NULL), MP_E_SYNTAX);
    buf_clear(&out);
}

int main(void)
{
    test_frames();
    test_options();
    test_round();
    test_messages();
    test_steps();
    return tap_done();
}
