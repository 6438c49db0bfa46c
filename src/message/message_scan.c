/* Anomalies that bytes and line ends show, and what readers with other line ends would see. */
#include "base/utf8.h"
#include "base/vec.h"
#include "message/limits.h"
#include "message/message_internal.h"

/* RFC 5322 2.1.1: 998 octets and CRLF. */
enum { LINE_MAX_WITH_CRLF = 1000 };

/* A clean body costs two loads and a few compares for 16 bytes; only blocks with something odd are
 * read by bytes. */
enum { BLOCK_BYTES = 4 * VEC_BYTES };
#define FOUR(f, p)                                                                                 \
    ((f((p)) | f((p) + VEC_BYTES)) | (f((p) + 2 * VEC_BYTES) | f((p) + 3 * VEC_BYTES)))

/* Bare CR or LF: "this is LF" differs from "before this stands CR". And NUL. */
static inline vec odd_in_body(const char *p)
{
    vec v = vec_load(p), before = vec_load(p - 1);
    return (vec)((v == '\n') ^ (before == '\r')) | (vec)(v == 0);
}

/* HTAB, CR and LF are usual among fields; all other controls and all above 0x7e are looked at. */
static inline vec odd_in_head(const char *p)
{
    vec v = vec_load(p);
    vec usual = (vec)(v == '\t') | (vec)(v == '\r') | (vec)(v == '\n');
    vec control = (vec)(v < ' ') | (vec)(v > 0x7e);
    return odd_in_body(p) | (control & ~usual);
}

/* What to note for which byte, in the head and in the body. */
struct zone {
    bool is_head;
    enum anomaly bare_lf, bare_cr, nul;
};

static bool is_eol(struct str raw, size_t pos)
{
    return pos < raw.n && (raw.p[pos] == '\r' || raw.p[pos] == '\n');
}

/* NUL is dropped by some servers: a few of them do not part a dot from a line end. */
enum { NULS_DROPPED = 2 };

static size_t nuls_at(struct str raw, size_t pos)
{
    size_t n = 0;
    while (n < NULS_DROPPED && pos + n < raw.n && raw.p[pos + n] == '\0')
        n++;
    return n;
}

static size_t nuls_before(struct str raw, size_t pos)
{
    size_t n = 0;
    while (n < NULS_DROPPED && pos > n && raw.p[pos - n - 1] == '\0')
        n++;
    return n;
}

/* Is this a dot with a CR or LF on either side? */
static bool is_lone_dot(struct str raw, size_t pos)
{
    if (pos >= raw.n || raw.p[pos] != '.' || !is_eol(raw, pos + 1 + nuls_at(raw, pos + 1)))
        return false;
    size_t before = pos - nuls_before(raw, pos);
    return before > 0 && is_eol(raw, before - 1);
}

/* Does the bare CR, bare LF or NUL at `pos` belong to a line with a lone dot? A server that takes
 * it for a line end sees the end of the message there. */
static bool ends_data(struct str raw, size_t pos)
{
    size_t before = pos - nuls_before(raw, pos);
    return is_lone_dot(raw, pos + 1 + nuls_at(raw, pos + 1)) ||
           (before > 0 && is_lone_dot(raw, before - 1));
}

/* True: there are bytes above 0x7f. */
static bool scan_bytes(struct message *m, const struct zone *z, size_t from, size_t to)
{
    struct str raw = m->raw;
    bool high = false;
    for (size_t i = from; i < to; i++) {
        unsigned char c = (unsigned char)raw.p[i];
        bool lf = c == '\n' && (i == 0 || raw.p[i - 1] != '\r');
        bool cr = c == '\r' && (i + 1 == raw.n || raw.p[i + 1] != '\n');
        if (lf || cr || c == '\0') {
            message_note(m, lf ? z->bare_lf : cr ? z->bare_cr : z->nul, i);
            if (!z->is_head && ends_data(raw, i))
                message_note(m, ANOMALY_SMUGGLING, i);
        } else if (z->is_head && (c == 0x7f || (c < ' ' && !is_fws((char)c)))) {
            message_note(m, ANOMALY_CONTROL_HEADER, i);
        }
        high |= c >= 0x80;
    }
    return high;
}

static void note_all(struct message *m, enum anomaly a, uint64_t bits, size_t offset)
{
    if (bits == 0)
        return;
    message_note(m, a, offset + (size_t)__builtin_ctzll(bits));
    m->anomalies[a].count += (unsigned)__builtin_popcountll(bits) - 1;
}

/* The same for BLOCK_BYTES of a body with no dot in or beside them, where nothing can end the data.
 * False: there is one. */
static bool scan_dotless(struct message *m, const struct zone *z, size_t pos)
{
    const char *p = m->raw.p + pos;
    uint64_t lf = 0, cr = 0, nul = 0;
    if (z->is_head || pos < VEC_BYTES || m->raw.n - pos < BLOCK_BYTES + VEC_BYTES)
        return false;
    vec dots = (vec)(vec_load(p - VEC_BYTES) == '.') | (vec)(vec_load(p + BLOCK_BYTES) == '.');
    for (unsigned i = 0; i < BLOCK_BYTES; i += VEC_BYTES) {
        vec v = vec_load(p + i), before = vec_load(p + i - 1), after = vec_load(p + i + 1);
        dots |= (vec)(v == '.');
        lf |= (uint64_t)vec_bits((vec)(v == '\n') & (vec)(before != '\r')) << i;
        cr |= (uint64_t)vec_bits((vec)(v == '\r') & (vec)(after != '\n')) << i;
        nul |= (uint64_t)vec_bits((vec)(v == 0)) << i;
    }
    if (vec_any(dots))
        return false;
    note_all(m, z->bare_lf, lf, pos);
    note_all(m, z->bare_cr, cr, pos);
    note_all(m, z->nul, nul, pos);
    return true;
}

/* The vectors see a bare CR one byte late,
 * hence the byte before the block is read again, unless it was read already. */
static bool scan_zone(struct message *m, const struct zone *z, size_t from, size_t to)
{
    size_t pos = from == 0 && to > 0 ? 1 : from, read = pos;
    bool high = scan_bytes(m, z, from, pos); /* the vectors look at the byte before */
    for (; to - pos >= BLOCK_BYTES; pos += BLOCK_BYTES) {
        const char *p = m->raw.p + pos;
        if (!vec_any(z->is_head ? FOUR(odd_in_head, p) : FOUR(odd_in_body, p)))
            continue;
        if (read + 1 < pos)
            read = pos - 1;
        high |= scan_bytes(m, z, read, pos);
        high |= !scan_dotless(m, z, pos) && scan_bytes(m, z, pos, pos + BLOCK_BYTES);
        read = pos + BLOCK_BYTES;
    }
    if (read + 1 < pos)
        read = pos - 1;
    return scan_bytes(m, z, read, to) || high;
}

/* The last LF in a window as long as the longest good line: no line before it is too long. So most
 * lines are leapt over. */
static void scan_line_lengths(struct message *m)
{
    struct str rest = m->raw;
    while (rest.p != NULL && rest.n >= LINE_MAX_WITH_CRLF - 1) {
        size_t window = rest.n < LINE_MAX_WITH_CRLF ? rest.n : LINE_MAX_WITH_CRLF;
        const char *lf = memrchr(rest.p, '\n', window);
        if (lf == NULL) {
            message_note(m, ANOMALY_LONG_LINE, (size_t)(rest.p - m->raw.p));
            lf = memchr(rest.p, '\n', rest.n);
            if (lf == NULL)
                break;
        }
        rest = str_slice(rest, (size_t)(lf - rest.p) + 1, rest.n);
    }
}

static void scan_utf8(struct message *m)
{
    if (utf8_valid(m->head))
        return;
    struct str rest = m->head;
    size_t offset = 0;
    for (int32_t c; (c = utf8_next(&rest)) != UTF8_END; offset = m->head.n - rest.n)
        if (c == UTF8_BAD)
            message_note(m, ANOMALY_HEAD_8BIT, offset);
}

bool lenient_line(struct str text, size_t *pos, struct str *line)
{
    size_t start = *pos, end = start;
    if (start >= text.n)
        return false;
    while (end < text.n && !is_eol(text, end))
        end++;
    *line = str_slice(text, start, end);
    *pos = end + 1;
    if (end + 1 < text.n && text.p[end] == '\r' && text.p[end + 1] == '\n')
        *pos = end + 2;
    return true;
}

static bool line_is_field(struct str line, struct str name)
{
    return str_istarts(line, name) &&
           str_starts(str_trim_wsp(str_slice(line, name.n, line.n)), STR(":"));
}

/* A line that begins behind a bare CR or LF of the head. */
static bool hides_behind_line_end(const struct message *m, struct str name)
{
    if (!message_has(m, ANOMALY_BARE_LF_HEADER) && !message_has(m, ANOMALY_BARE_CR_HEADER))
        return false;
    struct str line;
    for (size_t pos = 0, start = 0; lenient_line(m->head, &pos, &line); start = pos) {
        bool after_crlf =
            start >= 2 && m->head.p[start - 1] == '\n' && m->head.p[start - 2] == '\r';
        if (start > 0 && !after_crlf && line_is_field(line, name))
            return true;
    }
    return false;
}

void message_scan(struct message *m)
{
    static const struct zone head = {true, ANOMALY_BARE_LF_HEADER, ANOMALY_BARE_CR_HEADER,
                                     ANOMALY_NUL_HEADER};
    static const struct zone body = {false, ANOMALY_BARE_LF_BODY, ANOMALY_BARE_CR_BODY,
                                     ANOMALY_NUL_BODY};
    static const struct str telling[] = {STR_INIT("From"), STR_INIT("Subject"), STR_INIT("To"),
                                         STR_INIT("Date"), STR_INIT("DKIM-Signature")};
    if (scan_zone(m, &head, 0, m->head.n)) /* sees every byte above 0x7f of the head */
        scan_utf8(m);
    scan_zone(m, &body, m->body_offset, m->raw.n);
    scan_line_lengths(m);
    for (size_t i = 0; i < ARRAY_LEN(telling); i++)
        if (hides_behind_line_end(m, telling[i]))
            message_note(m, ANOMALY_HIDDEN_FIELD, 0);
}

size_t header_count_lenient(const struct message *m, struct str name)
{
    if (!message_has(m, ANOMALY_BARE_LF_HEADER) && !message_has(m, ANOMALY_BARE_CR_HEADER))
        return header_count(m, name);
    size_t n = 0;
    struct str line;
    for (size_t pos = 0; lenient_line(m->head, &pos, &line) && line.n != 0;)
        n += line_is_field(line, name);
    return n;
}

/* The name with all bytes taken out that some reader may drop. */
static bool name_reads_as(struct str written, struct str name)
{
    size_t at = 0;
    for (size_t i = 0; i < written.n; i++) {
        char c = written.p[i];
        if (c <= ' ' || c >= 0x7f)
            continue;
        if (at == name.n || to_lower(c) != to_lower(name.p[at]))
            return false;
        at++;
    }
    return at == name.n && !str_ieq(written, name);
}

/* Among bytes that are no field: " From: x" in front, or "From" with its colon on the next line. */
static bool skipped_reads_as(struct str skipped, struct str name)
{
    struct str line;
    for (size_t pos = 0; lenient_line(skipped, &pos, &line);) {
        line = str_trim_wsp(line);
        if (line_is_field(line, name) || str_ieq(line, name))
            return true;
    }
    return false;
}

bool header_hidden(const struct message *m, struct str name)
{
    bool bad_name = message_has(m, ANOMALY_BAD_NAME), skipped = false;
    static const enum anomaly skipping[] = {ANOMALY_NO_COLON, ANOMALY_FIRST_LINE_FOLDED,
                                            ANOMALY_NAME_FOLDED, ANOMALY_MBOX_LINE,
                                            ANOMALY_TOO_MANY_FIELDS};
    for (size_t i = 0; i < ARRAY_LEN(skipping); i++)
        skipped |= message_has(m, skipping[i]);
    if (hides_behind_line_end(m, name))
        return true;
    if (!bad_name && !skipped)
        return false;
    size_t pos = 0;
    for (size_t i = 0; i < m->n_headers; i++) {
        const struct header *h = &m->headers[i];
        if (bad_name && name_reads_as(h->name, name))
            return true;
        if (skipped_reads_as(str_slice(m->head, pos, h->offset), name))
            return true;
        pos = h->offset + h->raw.n;
    }
    return skipped_reads_as(str_slice(m->head, pos, m->head.n), name);
}
