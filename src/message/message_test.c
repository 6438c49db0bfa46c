/* Rows for heads, line ends, the index of names and what hostile line ends hide. */
#include "message/message.h"

#include <stdio.h>
#include <stdlib.h>

#include "message/limits.h"
#include "tests/tap.h"

static struct arena arena;

static struct message parse(struct str raw)
{
    struct message m;
    struct mp_err err = {0};
    arena_reset(&arena);
    if (message_parse(&arena, raw, &m, &err) != MP_OK) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    return m;
}

enum { MAX_WANT = 4 };

static const struct {
    const char *label;
    struct str raw, body;
    size_t n_headers;
    enum anomaly want[MAX_WANT]; /* ends with ANOMALY_COUNT; exactly these */
} heads[] = {
    {"plain", STR_INIT("A: 1\r\nB: 2\r\n\r\nbody\r\n"), STR_INIT("body\r\n"), 2, {ANOMALY_COUNT}},
    {"empty", STR_INIT(""), STR_INIT(""), 0, {ANOMALY_NO_HEAD, ANOMALY_COUNT}},
    {"blank line first",
     STR_INIT("\r\nA: 1\r\n"),
     STR_INIT("A: 1\r\n"),
     0,
     {ANOMALY_NO_HEAD, ANOMALY_COUNT}},
    {"no separator",
     STR_INIT("A: 1\r\nB: 2\r\n"),
     STR_INIT(""),
     2,
     {ANOMALY_NO_BODY_SEPARATOR, ANOMALY_COUNT}},
    {"no final line end",
     STR_INIT("A: 1\r\nB: 2"),
     STR_INIT(""),
     2,
     {ANOMALY_NO_BODY_SEPARATOR, ANOMALY_COUNT}},
    {"folded", STR_INIT("A: 1\r\n 2\r\n\t3\r\nB:\r\n x\r\n\r\n"), STR_INIT(""), 2, {ANOMALY_COUNT}},
    {"blank fold",
     STR_INIT("A: 1\r\n \r\n 3\r\n\r\nx"),
     STR_INIT("x"),
     1,
     {ANOMALY_BLANK_FOLD, ANOMALY_COUNT}},
    {"Unix file",
     STR_INIT("A: 1\n 2\nB: 2\n\nbody\n"),
     STR_INIT("body\r\n"),
     2,
     {ANOMALY_LF_ONLY, ANOMALY_COUNT}},
    {"bare LF among fields",
     STR_INIT("A: 1\nB: 2\r\n\r\nx"),
     STR_INIT("x"),
     1,
     {ANOMALY_BARE_LF_HEADER, ANOMALY_COUNT}},
    {"bare LF shows From",
     STR_INIT("A: 1\nFrom: 2\r\n\r\nx"),
     STR_INIT("x"),
     1,
     {ANOMALY_BARE_LF_HEADER, ANOMALY_HIDDEN_FIELD, ANOMALY_COUNT}},
    {"bare CR shows a signature",
     STR_INIT("A: 1\rdkim-signature : 2\r\n\r\nx"),
     STR_INIT("x"),
     1,
     {ANOMALY_BARE_CR_HEADER, ANOMALY_HIDDEN_FIELD, ANOMALY_COUNT}},
    {"CR CR LF",
     STR_INIT("A: 1\r\r\nB: 2\r\n\r\nx"),
     STR_INIT("x"),
     2,
     {ANOMALY_BARE_CR_HEADER, ANOMALY_COUNT}},
    {"first octet is LF",
     STR_INIT("\nA: 1\r\n\r\nx"),
     STR_INIT("x"),
     1,
     {ANOMALY_BARE_LF_HEADER, ANOMALY_BAD_NAME, ANOMALY_COUNT}},
    {"bare LF in the body",
     STR_INIT("A: 1\r\n\r\nx\ny\r\n"),
     STR_INIT("x\ny\r\n"),
     1,
     {ANOMALY_BARE_LF_BODY, ANOMALY_COUNT}},
    {"bare CR ends the body",
     STR_INIT("A: 1\r\n\r\nx\r"),
     STR_INIT("x\r"),
     1,
     {ANOMALY_BARE_CR_BODY, ANOMALY_COUNT}},
    {"NUL in the head",
     STR_INIT("A: 1\0002\r\n\r\nx"),
     STR_INIT("x"),
     1,
     {ANOMALY_NUL_HEADER, ANOMALY_COUNT}},
    {"NUL in a name",
     STR_INIT("A\0: 1\r\n\r\nx"),
     STR_INIT("x"),
     1,
     {ANOMALY_NUL_HEADER, ANOMALY_BAD_NAME, ANOMALY_COUNT}},
    {"NUL in the body",
     STR_INIT("A: 1\r\n\r\nx\0"),
     STR_INIT("x\0"),
     1,
     {ANOMALY_NUL_BODY, ANOMALY_COUNT}},
    {"vertical tab",
     STR_INIT("A: \v1\r\n\r\nx"),
     STR_INIT("x"),
     1,
     {ANOMALY_CONTROL_HEADER, ANOMALY_COUNT}},
    {"DEL",
     STR_INIT("A: \177\r\n\r\nx"),
     STR_INIT("x"),
     1,
     {ANOMALY_CONTROL_HEADER, ANOMALY_COUNT}},
    {"UTF-8", STR_INIT("A: \xc3\xa9\r\n\r\n\xe9"), STR_INIT("\xe9"), 1, {ANOMALY_COUNT}},
    {"Latin-1", STR_INIT("A: \xe9\r\n\r\nx"), STR_INIT("x"), 1, {ANOMALY_HEAD_8BIT, ANOMALY_COUNT}},
    {"space before the colon",
     STR_INIT("A \t: 1\r\n\r\nx"),
     STR_INIT("x"),
     1,
     {ANOMALY_SPACE_COLON, ANOMALY_COUNT}},
    {"no colon",
     STR_INIT("A: 1\r\ngarbage\r\nB: 2\r\n\r\nx"),
     STR_INIT("x"),
     2,
     {ANOMALY_NO_COLON, ANOMALY_COUNT}},
    {"name folded",
     STR_INIT("A\r\n : 1\r\nB: 2\r\n\r\nx"),
     STR_INIT("x"),
     1,
     {ANOMALY_NAME_FOLDED, ANOMALY_COUNT}},
    {"first line folded",
     STR_INIT(" A: 1\r\n b\r\nB: 2\r\n\r\nx"),
     STR_INIT("x"),
     1,
     {ANOMALY_FIRST_LINE_FOLDED, ANOMALY_COUNT}},
    {"mbox line",
     STR_INIT("From a@b.example Mon Nov 13 10:00:00 2023\r\nB: 2\r\n\r\nx"),
     STR_INIT("x"),
     1,
     {ANOMALY_MBOX_LINE, ANOMALY_COUNT}},
    {"From with a space is no mbox line",
     STR_INIT("From : a@b.example\r\n\r\nx"),
     STR_INIT("x"),
     1,
     {ANOMALY_SPACE_COLON, ANOMALY_COUNT}},
    {"empty name", STR_INIT(": 1\r\n\r\nx"), STR_INIT("x"), 1, {ANOMALY_BAD_NAME, ANOMALY_COUNT}},
};

static bool wanted(size_t row, enum anomaly a)
{
    for (size_t i = 0; i < MAX_WANT && heads[row].want[i] != ANOMALY_COUNT; i++)
        if (heads[row].want[i] == a)
            return true;
    return false;
}

static void test_heads(void)
{
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        struct message m = parse(heads[i].raw);
        tap_case("head: %s", heads[i].label);
        tap_int(m.n_headers, heads[i].n_headers);
        tap_str(m.body, heads[i].body);
        for (int a = 0; a < ANOMALY_COUNT; a++)
            if (!tap_int(message_has(&m, (enum anomaly)a), wanted(i, (enum anomaly)a)))
                tap_note("%s", anomaly_name((enum anomaly)a));
    }
}

static const struct {
    const char *label;
    struct str body;
    bool smuggling;
} bodies[] = {
    {"LF . CRLF", STR_INIT("x\n.\r\ny"), true},
    {"LF . LF", STR_INIT("x\n.\ny\r\n"), true},
    {"CR . CR", STR_INIT("x\r.\ry"), true},
    {"CRLF . CR", STR_INIT("x\r\n.\ry"), true},
    {"CRLF . LF", STR_INIT("x\r\n.\ny"), true},
    {"CR . CRLF", STR_INIT("x\r.\r\ny"), true},
    {"CRLF . CR CRLF", STR_INIT("x\r\n.\r\r\ny"), true},
    {"dot line at the start of the body", STR_INIT(".\ny\r\n"), true},
    {"CRLF NUL . LF", STR_INIT("x\r\n\0.\n"), true},
    {"LF NUL . CRLF", STR_INIT("x\n\0.\r\n"), true},
    {"CRLF NUL . CRLF", STR_INIT("x\r\n\0.\r\n"), true},
    {"CRLF . NUL CRLF", STR_INIT("x\r\n.\0\r\n"), true},
    {"NUL elsewhere", STR_INIT("\0x\r\n.\r\n\0"), false},
    {"stuffed away: CRLF . CRLF", STR_INIT("x\r\n.\r\ny"), false},
    {"no line end behind the dot", STR_INIT("x\n.y\r\n"), false},
    {"none before it", STR_INIT("x.\ny\r\n"), false},
    {"at the end without line end", STR_INIT("x\n."), false},
};

/* Each sequence behind fillers of all lengths, so that it stands at every place of a vector. */
static void test_smuggling(void)
{
    enum { FILLERS = 140 };
    static char raw[512];
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        unsigned agree = 0;
        for (size_t filler = 0; filler < FILLERS; filler++) {
            size_t n = (size_t)snprintf(raw, sizeof raw, "A: 1\r\n\r\n%.*s", (int)filler, "\r\n");
            if (filler > 2)
                n = (size_t)snprintf(raw, sizeof raw, "A: 1\r\n\r\n%0*d\r\n", (int)filler - 2, 0);
            if (filler == 1)
                n--;
            memcpy(raw + n, bodies[i].body.p, bodies[i].body.n);
            struct message m = parse(str_make(raw, n + bodies[i].body.n));
            agree += message_has(&m, ANOMALY_SMUGGLING) == bodies[i].smuggling;
        }
        tap_case("smuggling: %s", bodies[i].label);
        tap_int(agree, FILLERS);
    }
}

static void test_fields(void)
{
    struct message m = parse(STR("Subject:a\r\nFROM : b\r\nsubject: c \r\n d\r\nX:\r\n\r\n"));
    const struct header *last = header_last(&m, STR("SUBJECT"));
    tap_case("fields: from the bottom up, any case");
    tap_int(last->index, 2);
    tap_str(last->value, STR(" c \r\n d"));
    tap_str(last->raw, STR("subject: c \r\n d\r\n"));
    tap_int(header_above(&m, last)->index, 0);
    tap_ok(header_above(&m, header_above(&m, last)) == NULL);
    tap_int(header_first(&m, STR("subject"))->index, 0);
    tap_int(header_count(&m, STR("Subject")), 2);
    tap_int(header_count(&m, STR("Subjec")), 0);
    tap_ok(header_last(&m, STR("")) == NULL);
    tap_ok(header_first(&m, STR("From"))->space_before_colon);
    tap_str(header_first(&m, STR("From"))->name, STR("FROM"));
    tap_case("fields: unfolded");
    tap_str(header_unfold(&arena, last->value), STR("c  d"));
    tap_str(header_unfold(&arena, STR(" \t")), STR(""));
    tap_str(header_unfold(&arena, STR("a\r\nb\r\n\tc\r d")), STR("a\r\nb\tc\r d"));
}

static const struct {
    const char *label;
    struct str raw;
    size_t strict, lenient;
    bool hidden;
} froms[] = {
    {"one", STR_INIT("From: a\r\nTo: b\r\n\r\nFrom: c\r\n"), 1, 1, false},
    {"two", STR_INIT("From: a\r\nfrom: b\r\n\r\n"), 2, 2, false},
    {"behind LF", STR_INIT("X: a\nFrom: b\r\nFrom: c\r\n\r\n"), 1, 2, true},
    {"behind CR", STR_INIT("X: a\rFROM\t: b\r\nFrom: c\r\n\r\n"), 1, 2, true},
    {"LF LF ends the head", STR_INIT("X: a\n\nb\r\nFrom: c\r\n\r\n"), 1, 0, false},
    {"behind LF LF", STR_INIT("From: c\r\nX: a\n\nFrom: b\r\n\r\n"), 1, 1, true},
    {"folded behind LF", STR_INIT("From: c\r\nX: a\n From: b\r\n\r\n"), 1, 1, false},
    {"NUL in the name", STR_INIT("From\0: a\r\nFrom: b\r\n\r\n"), 1, 1, true},
    {"byte order mark",
     STR_INIT("\xef\xbb\xbf"
              "From: a\r\nFrom: b\r\n\r\n"),
     1, 1, true},
    {"first line folded", STR_INIT(" From: a\r\nFrom: b\r\n\r\n"), 1, 1, true},
    {"name folded", STR_INIT("X: y\r\nFrom\r\n : a\r\nFrom: b\r\n\r\n"), 1, 1, true},
    {"another name folded", STR_INIT("Fromage\r\n : a\r\nFrom: b\r\n\r\n"), 1, 1, false},
    {"full-width letter", STR_INIT("\xef\xbc\xa6rom: a\r\nFrom: b\r\n\r\n"), 1, 1, false},
    {"line separator U+2028",
     STR_INIT("X: a\xe2\x80\xa8"
              "From: a\r\nFrom: b\r\n\r\n"),
     1, 1, false},
    {"mbox line", STR_INIT("From a@b c\r\nFrom: b\r\n\r\n"), 1, 1, false},
};

static void test_hidden(void)
{
    for (size_t i = 0; i < ARRAY_LEN(froms); i++) {
        struct message m = parse(froms[i].raw);
        tap_case("From as others see it: %s", froms[i].label);
        tap_int(header_count(&m, STR("From")), froms[i].strict);
        tap_int(header_count_lenient(&m, STR("From")), froms[i].lenient);
        tap_int(header_hidden(&m, STR("From")), froms[i].hidden);
    }
}

/* ---- large and hostile ---- */

static struct str repeat(struct str unit, size_t times, struct str tail)
{
    char *p = malloc(unit.n * times + tail.n + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(p + i * unit.n, unit.p, unit.n);
    memcpy(p + unit.n * times, tail.p, tail.n);
    return str_make(p, unit.n * times + tail.n);
}

static void test_limits(void)
{
    struct str many =
        repeat(STR("X-Y: 1\r\n"), MESSAGE_MAX_FIELDS + 10, STR("From: a\r\n\r\nbody"));
    struct message m = parse(many);
    tap_case("limits: too many fields");
    tap_int(m.n_headers, MESSAGE_MAX_FIELDS);
    tap_int(header_count(&m, STR("x-y")), MESSAGE_MAX_FIELDS);
    tap_int(m.anomalies[ANOMALY_TOO_MANY_FIELDS].count, 11);
    tap_str(m.body, STR("body"));
    tap_ok(header_hidden(&m, STR("From")));
    free((char *)(uintptr_t)many.p);

    struct str longer =
        repeat(STR("X-Y: 1234567890\r\n"), MESSAGE_MAX_HEAD_BYTES / 17 + 10, STR(""));
    m = parse(longer);
    tap_case("limits: head too long");
    tap_ok(message_has(&m, ANOMALY_HEAD_TOO_LONG));
    tap_ok(m.head.n <= MESSAGE_MAX_HEAD_BYTES);
    tap_int(m.body.n, 0);
    free((char *)(uintptr_t)longer.p);

    struct str line = repeat(STR("0123456789"), 200 * 1000, STR("\r\n\r\n"));
    m = parse(line);
    tap_case("limits: two megabytes without a colon");
    tap_int(m.anomalies[ANOMALY_LONG_LINE].count, 1);
    tap_int(m.anomalies[ANOMALY_NO_COLON].count, 1);
    free((char *)(uintptr_t)line.p);

    struct mp_err err = {0};
    tap_case("limits: longer than a message may be");
    tap_int(message_parse(&arena, str_make("x", (size_t)MESSAGE_MAX_BYTES + 1), &m, &err),
            MP_E_LIMIT);
    struct arena small;
    arena_init(&small, 100);
    tap_case("limits: no memory");
    tap_int(message_parse(&small, STR("A: 1\r\n\r\n"), &m, &err), MP_E_NOMEM);
    struct str unix_file = repeat(STR("A: 1\n"), 50, STR(""));
    tap_int(message_parse(&small, unix_file, &m, &err), MP_E_NOMEM);
    free((char *)(uintptr_t)unix_file.p);
    arena_clear(&small);
}

static void test_line_lengths(void)
{
    static const struct {
        size_t length, times;
        bool want;
    } rows[] = {{998, 5, false}, {999, 5, true}, {1, 3000, false}, {5000, 1, true}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char unit[6000];
        memset(unit, 'y', rows[i].length);
        memcpy(unit + rows[i].length, "\r\n", 2);
        struct str raw = repeat(str_make(unit, rows[i].length + 2), rows[i].times, STR(""));
        struct message m = parse(raw);
        tap_case("lines of %zu octets", rows[i].length);
        tap_int(m.anomalies[ANOMALY_LONG_LINE].count, rows[i].want ? rows[i].times : 0);
        free((char *)(uintptr_t)raw.p);
    }
}

/* ---- properties of any bytes ---- */

static uint32_t dice(uint32_t *state, uint32_t sides)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % sides;
}

static size_t slow_count(const struct message *m, bool head, char c)
{
    size_t n = 0, from = head ? 0 : m->body_offset, to = head ? m->head.n : m->raw.n;
    for (size_t i = from; i < to; i++) {
        bool partner = c == '\n' ? i > 0 && m->raw.p[i - 1] == '\r'
                                 : i + 1 < m->raw.n && m->raw.p[i + 1] == '\n';
        n += m->raw.p[i] == c && (c == '\0' || !partner);
    }
    return n;
}

static bool counts_agree(const struct message *m)
{
    return m->anomalies[ANOMALY_BARE_LF_HEADER].count == slow_count(m, true, '\n') &&
           m->anomalies[ANOMALY_BARE_CR_HEADER].count == slow_count(m, true, '\r') &&
           m->anomalies[ANOMALY_NUL_HEADER].count == slow_count(m, true, '\0') &&
           m->anomalies[ANOMALY_BARE_LF_BODY].count == slow_count(m, false, '\n') &&
           m->anomalies[ANOMALY_BARE_CR_BODY].count == slow_count(m, false, '\r') &&
           m->anomalies[ANOMALY_NUL_BODY].count == slow_count(m, false, '\0');
}

/* Fields in order, inside the head, apart only by bytes that an anomaly explains. */
static bool fields_tile(const struct message *m)
{
    size_t pos = 0;
    bool gaps = false;
    for (size_t i = 0; i < m->n_headers; i++) {
        const struct header *h = &m->headers[i];
        gaps |= h->offset != pos;
        if (h->offset < pos || h->raw.p != m->raw.p + h->offset || h->index != i)
            return false;
        if (h->value.p < h->name.p + h->name.n + 1 || h->value.p + h->value.n > h->raw.p + h->raw.n)
            return false;
        pos = h->offset + h->raw.n;
    }
    gaps |= pos != m->head.n;
    bool told = message_has(m, ANOMALY_NO_COLON) || message_has(m, ANOMALY_NAME_FOLDED) ||
                message_has(m, ANOMALY_FIRST_LINE_FOLDED) || message_has(m, ANOMALY_MBOX_LINE);
    return pos <= m->head.n && gaps == told &&
           m->head.n + (m->has_body_separator ? 2u : 0u) == m->body_offset &&
           m->body_offset + m->body.n == m->raw.n;
}

static bool index_agrees(const struct message *m)
{
    for (size_t i = 0; i < m->n_headers; i++) {
        size_t count = 0, seen = 0, last = 0;
        for (size_t k = 0; k < m->n_headers; k++) {
            if (!str_ieq(m->headers[k].name, m->headers[i].name))
                continue;
            last = k;
            count++;
        }
        const struct header *h = header_last(m, m->headers[i].name);
        if (h == NULL || h->index != last || header_count(m, h->name) != count)
            return false;
        for (; h != NULL; h = header_above(m, h))
            seen += str_ieq(h->name, m->headers[i].name);
        if (seen != count)
            return false;
    }
    return true;
}

static void test_properties(void)
{
    static const char letters[] = "\r\n\r\n\r\n::  \t\0.abAB\x80xxxxxxxxxxxxxxxxxxxx";
    enum { ROUNDS = 20000, LONGEST = 400 };
    static char raw[LONGEST];
    unsigned counts = 0, tiles = 0, indexes = 0;
    uint32_t state = 20231113;
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t n = dice(&state, LONGEST);
        uint32_t crlf_only = dice(&state, 3);
        for (size_t i = 0; i < n; i++) {
            raw[i] = letters[dice(&state, sizeof letters - 1)];
            if (crlf_only != 0 && i > 0 && raw[i - 1] == '\r')
                raw[i] = '\n';
            else if (crlf_only != 0 && raw[i] == '\n')
                raw[i] = 'a';
        }
        struct message m = parse(str_make(raw, n));
        counts += counts_agree(&m);
        tiles += fields_tile(&m);
        indexes += index_agrees(&m);
    }
    tap_case("any bytes: what vectors find is what a byte loop finds");
    tap_int(counts, ROUNDS);
    tap_case("any bytes: fields and skipped bytes make up the head");
    tap_int(tiles, ROUNDS);
    tap_case("any bytes: the index of names is complete");
    tap_int(indexes, ROUNDS);
}

int main(void)
{
    arena_init(&arena, 512u << 20);
    test_heads();
    test_smuggling();
    test_fields();
    test_hidden();
    test_limits();
    test_line_lengths();
    test_properties();
    arena_clear(&arena);
    return tap_done();
}
