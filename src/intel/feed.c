/* Reading a feed: which format, and what becomes of one entry. */
#include "intel/feed.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "intel/feed_internal.h"

enum { SCRATCH_BYTES = 48 << 20, CONFIDENT = 100 };

/* ---- mistakes ---- */

uint64_t feed_line(const struct feed_reader *r, const char *at)
{
    uint64_t line = 1;
    for (const char *p = r->bytes.p; (p = memchr(p, '\n', (size_t)(at - p))) != NULL; p++)
        line++;
    return line;
}

int feed_fail(struct feed_reader *r, const char *at, const char *why)
{
    uint64_t line = feed_line(r, at);
    return mp_fail(r->err, MP_E_SYNTAX, (int64_t)line, "line %llu: %s", (unsigned long long)line,
                   why);
}

int feed_no_memory(struct feed_reader *r)
{
    return mp_fail(r->err, MP_E_NOMEM, 0, "no memory to read the feed");
}

void feed_refuse(struct feed_reader *r, const char *at, const char *fmt, ...)
{
    char why[FEED_MAX_WHY_BYTES];
    if (r->page.counts.refused++ > 0)
        return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    struct buf b;
    buf_init(&b, 8 * FEED_MAX_WHY_BYTES);
    buf_addf(&b, "line %llu: ", (unsigned long long)feed_line(r, at));
    utf8_add_printable(&b, str_from(why), FEED_MAX_WHY_BYTES / 2);
    r->page.why = arena_copy(r->arena, utf8_cut(buf_str(&b), FEED_MAX_WHY_BYTES));
    buf_clear(&b);
}

/* ---- one entry ---- */

void feed_next_record(struct feed_reader *r)
{
    arena_reset(&r->scratch);
}

/* What sources write when there is nothing to tell. */
static struct str told(struct str s)
{
    static const struct str nothing[] = {STR_INIT("none"), STR_INIT("n/a"), STR_INIT("null"),
                                         STR_INIT("-")};
    s = str_trim(s);
    for (size_t i = 0; i < ARRAY_LEN(nothing); i++)
        if (str_ieq(s, nothing[i]))
            return STR_NONE;
    return s;
}

/* The digits behind the point, of a number without a part before it: hundredths. */
static uint8_t hundredths(struct str digits)
{
    uint8_t tens = digits.n > 0 ? (uint8_t)(digits.p[0] - '0') : 0;
    uint8_t ones = digits.n > 1 ? (uint8_t)(digits.p[1] - '0') : 0;
    return (uint8_t)(10 * tens + ones);
}

static bool are_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_digit(s.p[i]))
            return false;
    return true;
}

uint8_t feed_confidence(struct str text)
{
    static const struct {
        struct str word;
        uint8_t value;
    } words[] = {{STR_INIT("high"), 85}, {STR_INIT("medium"), 50}, {STR_INIT("low"), 15}};
    uint64_t v;
    struct str s = told(text);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_ieq(s, words[i].word))
            return words[i].value;
    bool percent = s.n > 1 && s.p[s.n - 1] == '%';
    s.n -= percent;
    struct str fraction = s, whole = str_cut(&fraction, '.');
    if (!str_to_u64(whole, CONFIDENT, &v) || !are_digits(fraction))
        return INDICATOR_NO_CONFIDENCE;
    if (fraction.n == 0 || percent || v > 1)
        return (uint8_t)v;
    return v == 0 ? hundredths(fraction) : CONFIDENT; /* "0.85" and "1.0" are shares of one */
}

/* An id or label that can be shown and kept. */
static struct str label_of(struct feed_reader *r, struct str s)
{
    s = told(s);
    if (utf8_valid(s))
        return utf8_cut(s, INDICATOR_MAX_LABEL_BYTES);
    struct buf b;
    buf_init(&b, 16 * INDICATOR_MAX_LABEL_BYTES);
    utf8_add_printable(&b, s, INDICATOR_MAX_LABEL_BYTES / 2);
    s = arena_copy(&r->scratch, utf8_cut(buf_str(&b), INDICATOR_MAX_LABEL_BYTES));
    buf_clear(&b);
    return s;
}

/* Does a rule of the feed drop it? Counted then. */
static bool is_dropped(struct feed_reader *r, const struct feed_value *v, uint8_t confidence)
{
    int64_t seen = v->last_seen_s > v->first_seen_s ? v->last_seen_s : v->first_seen_s;
    bool expired = v->valid_until_s != 0 && v->valid_until_s <= r->now_s;
    if (r->feed->expire_s > 0 && seen != 0)
        expired |= seen < r->now_s - r->feed->expire_s;
    bool low = confidence != INDICATOR_NO_CONFIDENCE && confidence < r->feed->min_confidence;
    r->page.counts.expired += expired;
    r->page.counts.low += low && !expired;
    return expired || low;
}

int feed_add(struct feed_reader *r, const char *at, const struct feed_value *v)
{
    struct mp_err why = {0};
    struct indicator i = {.first_seen_s = v->first_seen_s,
                          .last_seen_s = v->last_seen_s,
                          .valid_until_s = v->valid_until_s,
                          .tlp = v->tlp,
                          .confidence = v->confidence != INDICATOR_NO_CONFIDENCE
                                            ? v->confidence
                                            : r->feed->confidence};
    if (is_dropped(r, v, i.confidence))
        return MP_OK;
    /* only the first reason is told: writing the others would take longer than reading */
    int st = indicator_read(&r->scratch, v->kind, v->value, &i,
                            r->page.counts.refused == 0 ? &why : NULL);
    if (st == MP_E_NOMEM)
        return feed_no_memory(r);
    if (st != MP_OK) {
        feed_refuse(r, at, "%s", why.text);
        return MP_OK;
    }
    i.id = label_of(r, v->id);
    i.label = label_of(r, v->label);
    st = r->entry(r->ctx, &i, r->err);
    if (st == MP_OK)
        r->page.counts.entries++;
    return st;
}

/* The kind that a word of the source stands for. False: none that we know. */
static bool kind_of(const struct feed *feed, struct str word, enum indicator_kind *out)
{
    *out = feed->kind;
    word = str_trim(word);
    if (word.n == 0)
        return true;
    for (size_t i = 0; i < feed->n_kinds; i++)
        if (str_ieq(feed->kinds[i].word, word)) {
            *out = feed->kinds[i].kind;
            return true;
        }
    return feed->n_kinds == 0 && indicator_kind_by_name(word, out);
}

int feed_add_texts(struct feed_reader *r, const char *at, const struct str texts[COLUMN_COUNT])
{
    struct feed_value v = {.value = texts[COLUMN_VALUE],
                           .id = texts[COLUMN_ID],
                           .label = texts[COLUMN_LABEL],
                           .first_seen_s = feed_time(texts[COLUMN_FIRST_SEEN]),
                           .last_seen_s = feed_time(texts[COLUMN_LAST_SEEN]),
                           .valid_until_s = feed_time(texts[COLUMN_VALID_UNTIL]),
                           .confidence = feed_confidence(texts[COLUMN_CONFIDENCE])};
    int64_t newest = v.last_seen_s > v.first_seen_s ? v.last_seen_s : v.first_seen_s;
    if (newest > r->page.newest_s)
        r->page.newest_s = newest;
    if (!tlp_by_name(texts[COLUMN_TLP], &v.tlp))
        v.tlp = TLP_UNKNOWN;
    if (!kind_of(r->feed, texts[COLUMN_KIND], &v.kind)) {
        feed_refuse(r, at, "no kind of ours: " STR_FMT,
                    STR_ARG(str_slice(texts[COLUMN_KIND], 0, 80)));
        return MP_OK;
    }
    return feed_add(r, at, &v);
}

/* ---- the whole ---- */

/* A page of an error instead of a list, or a list that is packed: said at once, or each line would
 * be refused for itself. */
static int check_head(struct feed_reader *r)
{
    static const struct {
        struct str magic;
        const char *what;
    } magics[] = {{STR_INIT("\x1f\x8b"), "it is packed (gzip)"},
                  {STR_INIT("BZh"), "it is packed (bzip2)"},
                  {STR_INIT("PK\x03\x04"), "it is packed (ZIP)"},
                  {STR_INIT("<"), "it is a page (HTML or XML)"}};
    struct str head = str_slice(r->bytes, 0, 1024);
    size_t at = 0;
    while (at < head.n && is_fws(head.p[at]))
        at++;
    for (size_t i = 0; i < ARRAY_LEN(magics); i++)
        if (str_starts(str_slice(head, at, head.n), magics[i].magic))
            return feed_fail(r, head.p, magics[i].what);
    bool lines = r->feed->format == FEED_PLAIN || r->feed->format == FEED_CSV;
    if (lines && at < head.n && head.p[at] == '{')
        return feed_fail(r, head.p, "it is JSON");
    if (str_has(head, '\0'))
        return feed_fail(r, head.p, "it is no text");
    return MP_OK;
}

int feed_read(struct arena *arena, const struct feed *feed, struct str bytes, int64_t now_s,
              feed_entry_fn *entry, void *ctx, struct feed_page *out, struct mp_err *err)
{
    static int (*const readers[FEED_FORMAT_COUNT])(
        struct feed_reader *) = {[FEED_PLAIN] = feed_read_plain, [FEED_CSV] = feed_read_csv,
                                 [FEED_JSON] = feed_read_json,   [FEED_STIX] = feed_read_stix,
                                 [FEED_TAXII] = feed_read_stix,  [FEED_MISP] = feed_read_misp};
    if ((unsigned)feed->format >= FEED_FORMAT_COUNT)
        return mp_fail(err, MP_E_USAGE, 0, "no format of feeds: %d", (int)feed->format);
    if (str_starts(bytes, STR("\xef\xbb\xbf")))
        bytes = str_slice(bytes, 3, bytes.n);
    if (bytes.p == NULL)
        bytes = STR("");
    struct feed_reader r = {.feed = feed,
                            .bytes = bytes,
                            .now_s = now_s,
                            .entry = entry,
                            .ctx = ctx,
                            .arena = arena,
                            .err = err};
    arena_init(&r.scratch, SCRATCH_BYTES);
    int st = check_head(&r);
    if (st == MP_OK)
        st = readers[feed->format](&r);
    arena_clear(&r.scratch);
    if (st == MP_OK)
        *out = r.page;
    return st;
}
