/* Encoded words of RFC 2047: found, decoded by B or Q, and turned to UTF-8. */
#include "message/encoded_word.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "message/charset.h"
#include "message/limits.h"
#include "message/message_internal.h"

/* An iconv table is loaded for each change of charset: a field that changes more often is no mail.
 */
enum { RAW_WORD_MAX = 4096, CHARSET_CHANGES_MAX = 32 };

struct word {
    struct str charset, text;
    char encoding; /* 'b' or 'q' */
    size_t length; /* of the whole, from "=?" to "?=" */
};

/* RFC 2047 2: token characters for the charset, no white space in the text. Longer words than the
 * RFC's 75 octets are common. RFC 2231 5 adds "*language" to the charset. */
static bool is_token(char c)
{
    return c > ' ' && c < 0x7f && memchr("()<>@,;:\"/[]?.=", c, 15) == NULL;
}

static bool word_at(struct str s, size_t pos, struct word *w)
{
    size_t i = pos + 2, text;
    if (pos + 2 > s.n || s.p[pos] != '=' || s.p[pos + 1] != '?')
        return false;
    while (i < s.n && i - pos <= CHARSET_NAME_MAX && is_token(s.p[i]))
        i++;
    if (i == pos + 2 || i + 3 > s.n || s.p[i] != '?' || s.p[i + 2] != '?')
        return false;
    struct str charset = str_slice(s, pos + 2, i);
    w->charset = str_cut(&charset, '*');
    w->encoding = to_lower(s.p[i + 1]);
    text = i + 3;
    for (i = text; i < s.n && i - text < RAW_WORD_MAX && s.p[i] != '?'; i++)
        if (is_fws(s.p[i]) || s.p[i] == '\0')
            return false;
    if (i + 1 >= s.n || s.p[i] != '?' || s.p[i + 1] != '=')
        return false;
    w->text = str_slice(s, text, i);
    w->length = i + 2 - pos;
    return w->encoding == 'b' || w->encoding == 'q';
}

size_t encoded_word_in_phrase(struct str s, size_t pos)
{
    struct word w;
    if (!word_at(s, pos, &w))
        return 0;
    for (size_t i = 0; i < w.text.n; i++)
        if (w.text.p[i] != '\0' && memchr("<>@\"()\\", w.text.p[i], 7) != NULL)
            return 0;
    return w.length;
}

bool has_encoded_word(struct str text)
{
    struct word w;
    for (size_t pos = 0; pos < text.n; pos++) {
        pos += str_find(str_slice(text, pos, text.n), '=');
        if (pos < text.n && word_at(text, pos, &w))
            return true;
    }
    return false;
}

/* Words of one charset that stand together: their bytes, since characters may be split between
 * words, and how they were written. */
struct run {
    struct str charset, written;
    struct buf bytes;
    unsigned words;
};

struct decoder {
    struct buf out;
    struct run run;
    struct encoded_word_info info;
    unsigned charset_changes;
};

static bool has_control(struct str text)
{
    for (int32_t c; (c = utf8_next(&text)) != UTF8_END;)
        if ((c >= 0 && c < 0x20 && c != 0x09) || (c >= 0x7f && c < 0xa0))
            return true;
    return false;
}

static void flush_run(struct decoder *d)
{
    struct run *run = &d->run;
    size_t before = d->out.n;
    bool decoded;
    if (run->words == 0)
        return;
    decoded = ++d->charset_changes <= CHARSET_CHANGES_MAX &&
              charset_add_utf8(&d->out, run->charset, buf_str(&run->bytes));
    if (!decoded)
        buf_add(&d->out, run->written);
    d->info.words += decoded ? run->words : 0;
    d->info.broken += decoded ? 0 : run->words;
    if (decoded && has_control(str_slice(buf_str(&d->out), before, d->out.n)))
        d->info.control_inside = true;
    buf_reset(&run->bytes);
    run->words = 0;
}

/* False: nothing came out of it; it stays as written. */
static bool take_word(struct decoder *d, const struct word *w, struct str written)
{
    char bytes[RAW_WORD_MAX];
    size_t bad = 0, n = w->encoding == 'b' ? decode_base64(w->text, bytes, &bad)
                                           : decode_qp(w->text, QP_HEADER, bytes, &bad);
    if (n == 0 && w->text.n != 0)
        return false;
    if (d->run.words > 0 && !str_ieq(d->run.charset, w->charset))
        flush_run(d);
    if (d->run.words++ == 0) {
        d->run.charset = w->charset;
        d->run.written = written;
    }
    d->run.written.n = (size_t)(written.p + written.n - d->run.written.p);
    buf_add(&d->run.bytes, str_make(bytes, n));
    return true;
}

/* Text between words, folds taken out. White space alone between two words is not text. */
static void add_plain(struct decoder *d, struct str text)
{
    flush_run(d);
    while (text.n > 0) {
        size_t n = str_search(text, STR("\r\n"));
        buf_add(&d->out, str_slice(text, 0, n));
        text = str_slice(text, n + 2, text.n);
    }
}

struct str encoded_word_decode(struct arena *arena, struct str text, struct encoded_word_info *info)
{
    struct decoder d = {0};
    struct word w;
    size_t plain = 0;
    buf_init(&d.out, ENCODED_WORD_MAX_BYTES);
    buf_init(&d.run.bytes, ENCODED_WORD_MAX_BYTES);
    for (size_t pos = 0; pos < text.n;) {
        pos += str_find(str_slice(text, pos, text.n), '=');
        if (pos == text.n || !word_at(text, pos, &w)) {
            pos++;
            continue;
        }
        struct str between = str_slice(text, plain, pos);
        if (d.run.words == 0 || str_trim(between).n != 0)
            add_plain(&d, between);
        if (!take_word(&d, &w, str_slice(text, pos, pos + w.length))) {
            d.info.broken++;
            add_plain(&d, str_slice(text, pos, pos + w.length));
        }
        plain = pos += w.length;
    }
    add_plain(&d, str_slice(text, plain, text.n));
    struct str out = arena_copy(arena, buf_str(&d.out));
    buf_clear(&d.out);
    buf_clear(&d.run.bytes);
    if (info != NULL)
        *info = d.info;
    return out;
}
