/* Streaming JSON: commas and indentation by depth, text escaped to valid UTF-8. */
#include "base/json.h"

#include <assert.h>
#include <inttypes.h>

#include "base/clock.h"
#include "base/utf8.h"

void json_init(struct json *j, struct buf *out, unsigned indent)
{
    *j = (struct json){.out = out, .indent = indent};
}

static void new_line(struct json *j)
{
    if (j->indent == 0)
        return;
    buf_addc(j->out, '\n');
    for (unsigned i = 0; i < j->depth * j->indent; i++)
        buf_addc(j->out, ' ');
}

static void before_value(struct json *j)
{
    if (j->after_key) {
        j->after_key = false;
        return;
    }
    if (j->depth == 0)
        return;
    if (j->need_comma[j->depth - 1])
        buf_addc(j->out, ',');
    j->need_comma[j->depth - 1] = true;
    new_line(j);
}

static void open_level(struct json *j, char c)
{
    before_value(j);
    assert(j->depth < JSON_MAX_DEPTH);
    buf_addc(j->out, c);
    j->need_comma[j->depth++] = false;
}

static void close_level(struct json *j, char c)
{
    assert(j->depth > 0);
    bool had = j->need_comma[--j->depth];
    if (had)
        new_line(j);
    buf_addc(j->out, c);
}

void json_object_begin(struct json *j)
{
    open_level(j, '{');
}

void json_object_end(struct json *j)
{
    close_level(j, '}');
}

void json_array_begin(struct json *j)
{
    open_level(j, '[');
}

void json_array_end(struct json *j)
{
    close_level(j, ']');
}

static void quoted(struct buf *out, struct str s)
{
    buf_addc(out, '"');
    while (s.n > 0) {
        size_t plain = 0;
        while (plain < s.n && (unsigned char)s.p[plain] >= 0x20 && s.p[plain] != '"' &&
               s.p[plain] != '\\' && (unsigned char)s.p[plain] < 0x7f &&
               !str_starts_command(str_slice(s, plain, s.n)))
            plain++;
        buf_add(out, str_slice(s, 0, plain));
        s = str_slice(s, plain, s.n);
        if (s.n == 0)
            break;
        bool escape = str_starts_command(s);
        int32_t cp = utf8_next(&s);
        if (cp == '"' || cp == '\\')
            buf_addf(out, "\\%c", (char)cp);
        else if (cp == '\n')
            buf_addz(out, "\\n");
        else if (cp == '\r')
            buf_addz(out, "\\r");
        else if (cp == '\t')
            buf_addz(out, "\\t");
        else if (cp >= 0 &&
                 (escape || cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x2028 || cp == 0x2029))
            buf_addf(out, "\\u%04x", (unsigned)cp);
        else
            utf8_add(out, cp == UTF8_BAD ? 0xfffd : cp);
    }
    buf_addc(out, '"');
}

void json_key(struct json *j, const char *key)
{
    assert(!j->after_key && j->depth > 0);
    before_value(j);
    quoted(j->out, str_from(key));
    buf_addz(j->out, j->indent == 0 ? ":" : ": ");
    j->after_key = true;
}

void json_str(struct json *j, struct str s)
{
    before_value(j);
    quoted(j->out, s);
}

void json_int(struct json *j, int64_t v)
{
    before_value(j);
    buf_addf(j->out, "%" PRId64, v);
}

void json_uint(struct json *j, uint64_t v)
{
    before_value(j);
    buf_addf(j->out, "%" PRIu64, v);
}

void json_bool(struct json *j, bool v)
{
    before_value(j);
    buf_addz(j->out, v ? "true" : "false");
}

void json_write_null(struct json *j)
{
    before_value(j);
    buf_addz(j->out, "null");
}

void json_raw(struct json *j, struct str value)
{
    before_value(j);
    buf_add(j->out, value);
}

void json_kstr(struct json *j, const char *key, struct str s)
{
    json_key(j, key);
    if (s.p == NULL)
        json_write_null(j);
    else
        json_str(j, s);
}

void json_kint(struct json *j, const char *key, int64_t v)
{
    json_key(j, key);
    json_int(j, v);
}

void json_kbool(struct json *j, const char *key, bool v)
{
    json_key(j, key);
    json_bool(j, v);
}

void json_kword(struct json *j, const char *key, const char *word)
{
    json_kstr(j, key, str_from(word));
}

void json_kopt(struct json *j, const char *key, struct str s)
{
    json_kstr(j, key, s.n == 0 ? STR_NONE : s);
}

void json_ktext(struct json *j, const char *key, struct str s)
{
    json_kstr(j, key, s.n == 0 ? STR("") : s);
}

void json_kstrs(struct json *j, const char *key, const struct str *items, size_t n)
{
    json_key(j, key);
    json_array_begin(j);
    for (size_t i = 0; i < n; i++)
        json_str(j, items[i]);
    json_array_end(j);
}

void json_ktime_ms(struct json *j, const char *key, int64_t unix_ms)
{
    char text[32];
    size_t n = unix_ms <= 0 ? 0 : clock_ms_text(unix_ms, text, sizeof text);
    json_kopt(j, key, str_make(text, n));
}
