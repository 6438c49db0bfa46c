/* What clamd says, as text: answers about bytes, VERSION and STATS. Pure; any bytes may come. */
#include "base/clock.h"
#include "io/clamd_internal.h"

enum { HASH_MIN_DIGITS = 32, HASH_MAX_DIGITS = 64, ID_MAX_DIGITS = 10 };

bool clamd_reply_next(struct str *bytes, struct str *line)
{
    size_t end = str_find(*bytes, '\0');
    if (end == bytes->n)
        return false;
    *line = str_slice(*bytes, 0, end);
    *bytes = str_slice(*bytes, end + 1, bytes->n);
    return true;
}

uint32_t clamd_reply_id(struct str *line)
{
    uint64_t id;
    size_t colon = str_find(*line, ':');
    if (colon > ID_MAX_DIGITS || colon + 1 >= line->n || line->p[colon + 1] != ' ' ||
        !str_to_u64(str_slice(*line, 0, colon), UINT32_MAX, &id))
        return 0;
    *line = str_slice(*line, colon + 2, line->n);
    return (uint32_t)id;
}

/* "stream", "fd[12]": what our bytes are called. A name that clamd gives to a memfd may also be the
 * one that the kernel has for it. */
static bool is_label(struct str s)
{
    if (str_eq(s, STR("stream")) || str_starts(s, STR("/memfd:")))
        return true;
    if (!str_starts(s, STR("fd[")) || !str_ends(s, STR("]")))
        return false;
    uint64_t number;
    return str_to_u64(str_slice(s, 3, s.n - 1), UINT32_MAX, &number);
}

/* Without the label and the blank behind it; p == NULL: it has none. */
static struct str behind_label(struct str line)
{
    size_t at = str_search(line, STR(": "));
    if (at == line.n || !is_label(str_slice(line, 0, at)))
        return STR_NONE;
    return str_slice(line, at + 2, line.n);
}

/* "NAME(hash:size)", as ExtendedDetectionInfo has it, without the bracket. */
static struct str bare_name(struct str name)
{
    size_t open = str_rfind(name, '(');
    if (open == name.n || !str_ends(name, STR(")")))
        return name;
    struct str inner = str_slice(name, open + 1, name.n - 1);
    struct str hash = str_cut(&inner, ':');
    uint64_t size;
    bool is_info = hash.n >= HASH_MIN_DIGITS && hash.n <= HASH_MAX_DIGITS &&
                   str_to_u64(inner, UINT64_MAX, &size);
    for (size_t i = 0; i < hash.n; i++)
        is_info = is_info && (is_digit(hash.p[i]) ||
                              (to_lower(hash.p[i]) >= 'a' && to_lower(hash.p[i]) <= 'f'));
    return is_info ? str_slice(name, 0, open) : name;
}

struct clamd_reply clamd_reply_parse(struct str line)
{
    static const struct str found = STR_INIT(" FOUND");
    struct clamd_reply r = {.kind = CLAMD_REPLY_ERROR};
    r.id = clamd_reply_id(&line);
    r.text = line;
    if (str_starts(line, STR("INSTREAM size limit exceeded"))) {
        r.kind = CLAMD_REPLY_LIMIT;
        return r;
    }
    struct str word = behind_label(line);
    if (word.p == NULL)
        return r;
    r.text = word;
    if (str_eq(word, STR("OK"))) {
        r.kind = CLAMD_REPLY_OK;
    } else if (str_ends(word, found)) {
        r.kind = CLAMD_REPLY_FOUND;
        r.text = bare_name(str_trim(str_slice(word, 0, word.n - found.n)));
    }
    return r;
}

/* ---- VERSION ---- */

/* A number in columns, padded with blanks on its left; false also above `max`. */
static bool column(struct str s, size_t from, size_t to, uint64_t max, int *out)
{
    uint64_t n;
    if (!str_to_u64(str_trim_wsp(str_slice(s, from, to)), max, &n))
        return false;
    *out = (int)n;
    return true;
}

/* "Mon Nov 23 10:00:00 2026", as ctime(3) writes it; 0: it is none. */
static int64_t ctime_parse(struct str s)
{
    enum { DAY = 8, HOUR = 11, MINUTE = 14, SECOND = 17, YEAR = 20, LENGTH = 24 };
    static const struct str months = STR_INIT("JanFebMarAprMayJunJulAugSepOctNovDec");
    int day, hour, minute, second, year;
    if (s.n != LENGTH || s.p[HOUR + 2] != ':' || s.p[MINUTE + 2] != ':')
        return 0;
    size_t month = str_search(months, str_slice(s, 4, 7));
    if (month == months.n || month % 3 != 0 || !column(s, DAY, DAY + 2, 31, &day) || day == 0 ||
        !column(s, HOUR, HOUR + 2, 23, &hour) || !column(s, MINUTE, MINUTE + 2, 59, &minute) ||
        !column(s, SECOND, SECOND + 2, 60, &second) || !column(s, YEAR, LENGTH, 9999, &year) ||
        year < 1970)
        return 0;
    return civil_to_unix(year, (int)(month / 3) + 1, day, hour, minute, second);
}

bool clamd_version_parse(struct str text, struct clamd_version *out)
{
    static const struct str begin = STR_INIT("ClamAV ");
    uint64_t database = 0;
    if (!str_starts(text, begin))
        return false;
    struct str rest = str_trim(str_slice(text, begin.n, text.n));
    struct str engine = str_cut(&rest, '/');
    struct str number = rest.p == NULL ? STR_NONE : str_cut(&rest, '/');
    if (engine.n == 0 || engine.n >= sizeof out->engine ||
        (number.n > 0 && !str_to_u64(number, UINT32_MAX, &database)))
        return false;
    *out = (struct clamd_version){.database = (uint32_t)database, .database_s = ctime_parse(rest)};
    memcpy(out->engine, engine.p, engine.n);
    return true;
}

/* ---- STATS ---- */

/* The number behind the word `key` in "THREADS: live 1  idle 0 max 10 idle-timeout 30". */
static unsigned number_behind(struct str line, struct str key)
{
    uint64_t n;
    while (line.p != NULL) {
        struct str word = str_cut(&line, ' ');
        if (!str_eq(word, key))
            continue;
        struct str value = line.p == NULL ? STR_NONE : str_cut(&line, ' ');
        return str_to_u64(value, UINT16_MAX, &n) ? (unsigned)n : 0;
    }
    return 0;
}

/* One line; those of several pools add up. */
static void add_stat(struct str line, struct clamd_stats *s)
{
    if (str_starts(line, STR("POOLS: "))) {
        s->pools = number_behind(line, STR("POOLS:"));
    } else if (str_starts(line, STR("STATE: "))) {
        s->is_valid = str_starts(line, STR("STATE: VALID"));
    } else if (str_starts(line, STR("THREADS: "))) {
        s->threads_live += number_behind(line, STR("live"));
        s->threads_idle += number_behind(line, STR("idle"));
        s->threads_max += number_behind(line, STR("max"));
    } else if (str_starts(line, STR("QUEUE: "))) {
        s->queued += number_behind(line, STR("QUEUE:"));
    }
}

bool clamd_stats_parse(struct str text, struct clamd_stats *out)
{
    struct clamd_stats s = {0};
    bool has_end = false;
    if (!str_starts(text, STR("POOLS: ")))
        return false;
    while (text.p != NULL && !has_end) {
        struct str line = str_cut(&text, '\n');
        has_end = str_eq(line, STR("END"));
        add_stat(line, &s);
    }
    if (has_end)
        *out = s;
    return has_end;
}

const char *clamd_verdict_name(enum clamd_verdict v)
{
    static const char *const names[] = {[CLAMD_CLEAN] = "clean",
                                        [CLAMD_FOUND] = "found",
                                        [CLAMD_LIMIT] = "limit",
                                        [CLAMD_ERROR] = "error",
                                        [CLAMD_UNAVAILABLE] = "unavailable",
                                        [CLAMD_TIMEOUT] = "timeout"};
    return (size_t)v < ARRAY_LEN(names) ? names[v] : "?";
}
