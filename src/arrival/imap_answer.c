/* The parts of IMAP that are ours (RFC 3501): answers read as bytes of a stranger, and arguments
 * that no byte can break out of. */
#include "arrival/mailbox_internal.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/utf8.h"

enum { IMAP_DATE_CHARS = 26, UTF16_MAX_BYTES = 4096, DAY_S = 86400 };

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* ---- answers ---- */

int imap_search_parse(struct arena *a, struct str answer, uint32_t **uids, size_t *n,
                      struct mp_err *err)
{
    static const struct str begin = STR_INIT("* SEARCH");
    uint32_t *found = NULL;
    size_t count = 0, cap = 0;
    while (answer.p != NULL) {
        struct str line = str_trim(str_cut(&answer, '\n'));
        if (!str_istarts(line, begin) || (line.n > begin.n && !is_wsp(line.p[begin.n])))
            continue;
        struct str words = str_slice(line, begin.n, line.n);
        while (words.p != NULL) {
            struct str word = str_trim(str_cut(&words, ' '));
            uint64_t uid;
            if (word.n == 0 || word.p[0] == '(') /* "(MODSEQ 5)" of RFC 7162 ends the list */
                continue;
            if (!str_to_u64(word, UINT32_MAX, &uid) || uid == 0)
                return mp_fail(err, MP_E_SYNTAX, 0, "the server answered SEARCH with no numbers");
            if (count == IMAP_MAX_UIDS)
                return mp_fail(err, MP_E_LIMIT, IMAP_MAX_UIDS, "more than %d messages match",
                               IMAP_MAX_UIDS);
            if (count == cap) {
                cap = cap == 0 ? 64 : cap * 2;
                uint32_t *grown = arena_grow(a, found, count, cap, sizeof found[0]);
                if (grown == NULL)
                    return mp_fail(err, MP_E_NOMEM, 0, "no memory for an answer of IMAP");
                found = grown;
            }
            found[count++] = (uint32_t)uid;
        }
    }
    *uids = found;
    *n = count;
    return MP_OK;
}

static bool two_digits(struct str s, size_t at, int *out)
{
    char tens = s.p[at] == ' ' ? '0' : s.p[at];
    if (!is_digit(tens) || !is_digit(s.p[at + 1]))
        return false;
    *out = (tens - '0') * 10 + s.p[at + 1] - '0';
    return true;
}

/* "23-Nov-2026 10:00:45 +0000": date-time of RFC 3501 9, the day with a space or a digit. */
static bool date_read(struct str s, int64_t *unix_s)
{
    int day, high, low, hour, minute, second, zone_h, zone_m, month = 0;
    if (s.n != IMAP_DATE_CHARS || s.p[2] != '-' || s.p[6] != '-' || s.p[11] != ' ' ||
        s.p[14] != ':' || s.p[17] != ':' || s.p[20] != ' ' || (s.p[21] != '+' && s.p[21] != '-'))
        return false;
    for (int i = 0; i < 12; i++)
        if (str_ieq(str_slice(s, 3, 6), str_make(months + 3 * i, 3)))
            month = i + 1;
    if (month == 0 || !two_digits(s, 0, &day) || !two_digits(s, 7, &high) ||
        !two_digits(s, 9, &low) || !two_digits(s, 12, &hour) || !two_digits(s, 15, &minute) ||
        !two_digits(s, 18, &second) || !two_digits(s, 22, &zone_h) || !two_digits(s, 24, &zone_m) ||
        day == 0 || day > 31 || high * 100 + low == 0 || hour > 23 || minute > 59 || second > 60)
        return false;
    int64_t zone = ((int64_t)zone_h * 60 + zone_m) * 60;
    *unix_s = civil_to_unix(high * 100 + low, month, day, hour, minute, second) -
              (s.p[21] == '-' ? -zone : zone);
    return true;
}

bool imap_internaldate_parse(struct str answer, int64_t *unix_s)
{
    static const struct str word = STR_INIT("INTERNALDATE \"");
    for (size_t i = 0; i + word.n <= answer.n; i++) {
        struct str rest = str_slice(answer, i, answer.n);
        if (str_istarts(rest, word) &&
            date_read(str_slice(rest, word.n, word.n + IMAP_DATE_CHARS), unix_s))
            return true;
    }
    return false;
}

/* ---- arguments ---- */

static bool is_quotable(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || (unsigned char)s.p[i] > '~')
            return false;
    return true;
}

bool imap_quote(struct buf *out, struct str s)
{
    if (!is_quotable(s))
        return false;
    buf_addc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            buf_addc(out, '\\');
        buf_addc(out, s.p[i]);
    }
    buf_addc(out, '"');
    return true;
}

/* A run of characters beyond ASCII: "&", base64 of UTF-16 with "," for "/" and no padding, "-". */
static void add_shifted(struct buf *out, struct str utf16)
{
    struct buf text;
    buf_init(&text, 2 * UTF16_MAX_BYTES);
    base64_encode(&text, utf16);
    buf_addc(out, '&');
    for (size_t i = 0; i < text.n && text.p[i] != '='; i++)
        buf_addc(out, text.p[i] == '/' ? ',' : text.p[i]);
    buf_addc(out, '-');
    out->failed |= text.failed;
    buf_clear(&text);
}

static void add_utf16(struct buf *out, int32_t c)
{
    if (c >= 0x10000) {
        add_utf16(out, 0xd800 + ((c - 0x10000) >> 10));
        c = 0xdc00 + ((c - 0x10000) & 0x3ff);
    }
    buf_addc(out, (char)(c >> 8));
    buf_addc(out, (char)(c & 0xff));
}

bool imap_folder_name(struct buf *out, struct str name)
{
    struct buf run;
    bool ok = utf8_valid(name);
    buf_init(&run, UTF16_MAX_BYTES);
    while (ok && name.n > 0) {
        int32_t c = utf8_next(&name);
        if (c > '~') {
            add_utf16(&run, c);
            if (name.n > 0 && (unsigned char)name.p[0] > '~')
                continue;
            add_shifted(out, buf_str(&run));
            ok = !run.failed;
            buf_reset(&run);
        } else if (c < ' ') {
            ok = false;
        } else {
            buf_addc(out, (char)c);
            if (c == '&')
                buf_addc(out, '-');
        }
    }
    buf_clear(&run);
    return ok && !out->failed;
}

/* " NAME "value"" when the value can be said; else nothing: the server then returns more. */
static void add_key(struct buf *out, const char *key, struct str value)
{
    if (value.n == 0 || !is_quotable(value))
        return;
    buf_addz(out, key);
    imap_quote(out, value);
}

static struct str without_angles(struct str s)
{
    s = str_trim(s);
    return s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>' ? str_slice(s, 1, s.n - 1) : s;
}

/* A message whose head a server reads otherwise than we do, as spoofs are built, has the tag
 * somewhere. Only what came lately is read for it: a mailbox may be large. */
static void add_anywhere(struct buf *out, struct str tag, int64_t now_s)
{
    int year, month, day, hour, minute, second;
    unix_to_civil(now_s - 2 * (int64_t)DAY_S, &year, &month, &day, &hour, &minute, &second);
    buf_addf(out, " (SINCE %d-%.3s-%04d TEXT ", day, months + 3 * ((size_t)month - 1), year);
    imap_quote(out, tag);
    buf_addc(out, ')');
}

void imap_search_write(struct buf *out, const struct mailbox_match *match, int64_t now_s)
{
    struct str tag = is_quotable(match->tag) ? match->tag : STR("");
    buf_addz(out, "UID SEARCH UNDELETED");
    if (match->bounce) {
        add_key(out, " TEXT ", tag);
        add_key(out, " TEXT ", without_angles(match->message_id));
    } else {
        if (tag.n > 0) {
            add_key(out, " OR HEADER X-Mailproof-Tag ", tag);
            add_key(out, " OR HEADER Message-ID ", tag);
            add_key(out, " OR SUBJECT ", tag);
            add_anywhere(out, tag, now_s);
        }
        add_key(out, " HEADER Message-ID ", without_angles(match->message_id));
    }
    add_key(out, " FROM ", match->from); /* To and subject are looked at here: aliases, encodings */
}
