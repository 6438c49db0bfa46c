/* How a clamd does: for `doctor`, and for a warning before it is relied on. */
#include <stdlib.h>

#include "base/clock.h"
#include "io/clamd_internal.h"

/* libclamav lets nobody configure a MaxRecursion beyond 100. */
enum { NEST_LEVELS = 110, NEST_HEAD_BYTES = 10 + 5, NEST_TAIL_BYTES = 8, NEST_CORE_BYTES = 16 };
enum { NEST_LEVEL_BYTES = NEST_HEAD_BYTES + NEST_TAIL_BYTES };
enum { NEST_BYTES = NEST_CORE_BYTES + NEST_LEVELS * NEST_LEVEL_BYTES };

static int ask_all(struct clamd_session *s, const char *address, char *text, int64_t begun_us,
                   int64_t deadline_us, struct clamd_status *out, struct mp_err *err)
{
    struct clamd_status status = {0};
    int st = clamd_session_ask(s, "PING", text, CLAMD_REPLY_MAX_BYTES, deadline_us, err);
    status.ping_us = clock_mono_us() - begun_us;
    if (st == MP_OK && !str_eq(str_from(text), STR("PONG")))
        st = mp_fail(err, MP_E_SYNTAX, 0, "%s answers PING with \"%.*s\"", address, CLAMD_TEXT_MAX,
                     text);
    if (st == MP_OK)
        st = clamd_session_ask(s, "VERSION", text, CLAMD_REPLY_MAX_BYTES, deadline_us, err);
    if (st == MP_OK && !clamd_version_parse(str_from(text), &status.version))
        st = mp_fail(err, MP_E_SYNTAX, 0, "%s answers VERSION with \"%.*s\"", address,
                     CLAMD_TEXT_MAX, text);
    if (st == MP_OK)
        st = clamd_session_ask(s, "STATS", text, CLAMD_REPLY_MAX_BYTES, deadline_us, err);
    if (st != MP_OK)
        return st;
    status.has_stats = clamd_stats_parse(str_from(text), &status.stats);
    *out = status;
    return MP_OK;
}

int clamd_status(struct clamd *c, size_t i, int64_t deadline_us, struct clamd_status *out,
                 struct mp_err *err)
{
    struct clamd_session *s = NULL;
    int64_t begun_us = clock_mono_us();
    char *text = malloc(CLAMD_REPLY_MAX_BYTES);
    if (text == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the answers of clamd");
    int st = clamd_session_open(&c->peers[i], deadline_us, &s, err);
    if (st == MP_OK)
        st = ask_all(s, c->peers[i].text, text, begun_us, deadline_us, out, err);
    clamd_session_close(s);
    free(text);
    return st;
}

/* ---- limits by example ---- */

/* CRC-32 of gzip (RFC 1952 8), bit by bit: it is for a few kilobytes. */
static uint32_t crc32_of(const unsigned char *p, size_t n)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static void put_le(unsigned char *to, uint32_t value, size_t octets)
{
    for (size_t i = 0; i < octets; i++)
        to[i] = (unsigned char)(value >> 8 * i);
}

/* Something harmless in a gzip file in a gzip file ... each of one stored block, built from the
 * inside, so that each grows around what is there. */
static void nest(unsigned char out[NEST_BYTES])
{
    static const unsigned char head[11] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 1};
    size_t at = (size_t)NEST_LEVELS * NEST_HEAD_BYTES, n = NEST_CORE_BYTES;
    memcpy(out + at, "nothing in here\n", NEST_CORE_BYTES);
    for (int level = 0; level < NEST_LEVELS; level++) {
        unsigned char *tail = out + at + n;
        put_le(tail, crc32_of(out + at, n), 4);
        put_le(tail + 4, (uint32_t)n, 4);
        at -= NEST_HEAD_BYTES;
        memcpy(out + at, head, sizeof head);
        put_le(out + at + sizeof head, (uint32_t)n, 2);
        put_le(out + at + sizeof head + 2, ~(uint32_t)n, 2);
        n += NEST_LEVEL_BYTES;
    }
}

int clamd_limits(struct clamd *c, size_t i, int64_t deadline_us, enum clamd_limits *out,
                 char text[CLAMD_TEXT_MAX], struct mp_err *err)
{
    unsigned char bytes[NEST_BYTES];
    struct clamd_answer answer = {.verdict = CLAMD_ERROR};
    struct clamd_item item = {.bytes = {(const char *)bytes, sizeof bytes}};
    struct clamd_task task = {.item = &item, .answer = &answer, .by_stream = true};
    struct clamd_session *s = NULL;
    size_t limit_bytes;
    nest(bytes);
    int st = clamd_session_open(&c->peers[i], deadline_us, &s, err);
    if (st == MP_OK)
        st = clamd_session_scan(s, &task, 1, deadline_us, &limit_bytes, err);
    clamd_session_close(s);
    if (st != MP_OK)
        return st;
    *out = CLAMD_LIMITS_UNKNOWN;
    if (answer.verdict == CLAMD_CLEAN)
        *out = CLAMD_LIMITS_SILENT;
    else if (answer.verdict == CLAMD_FOUND &&
             str_starts(str_from(answer.text), STR("Heuristics.Limits.Exceeded")))
        *out = CLAMD_LIMITS_TOLD;
    memcpy(text, answer.text, CLAMD_TEXT_MAX);
    return MP_OK;
}
