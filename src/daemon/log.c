/* Lines for the operator: fixed names of events, fields with values. */
#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/utf8.h"

static const char *const level_names[] = {"debug", "info", "warning", "error"};

/* Written once, before there are threads. */
static struct {
    const char *role;
    bool json;
} log_is = {"serve", true};

void log_open(const char *role, bool json)
{
    log_is.role = role;
    log_is.json = json;
}

void log_begin(struct log_event *e, enum log_level level, const char *name)
{
    e->level = level;
    buf_init(&e->text, LOG_LINE_MAX_BYTES);
    if (!log_is.json) {
        buf_addf(&e->text, "%s %s: %s", log_is.role, level_names[level], name);
        return;
    }
    json_init(&e->json, &e->text, 0);
    json_object_begin(&e->json);
    json_ktime_ms(&e->json, "time", clock_wall_ms());
    json_kword(&e->json, "level", level_names[level]);
    json_kword(&e->json, "process", log_is.role);
    json_kint(&e->json, "pid", getpid());
    json_kword(&e->json, "event", name);
}

static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == '"' || s.p[i] == '=')
            return false;
    return s.n > 0;
}

/* A value cannot end its own quotes and begin a field. */
static void add_quoted(struct buf *out, struct str s)
{
    buf_addc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            buf_addc(out, '\\');
        buf_addc(out, s.p[i]);
    }
    buf_addc(out, '"');
}

void log_str(struct log_event *e, const char *key, struct str value)
{
    struct buf shown;
    buf_init(&shown, LOG_TEXT_MAX_BYTES + 8);
    utf8_add_printable(&shown, value, LOG_TEXT_MAX_BYTES);
    struct str s = buf_str(&shown);
    if (log_is.json) {
        json_ktext(&e->json, key, s);
    } else {
        buf_addf(&e->text, " %s=", key);
        if (is_plain(s))
            buf_add(&e->text, s);
        else
            add_quoted(&e->text, s);
    }
    buf_clear(&shown);
}

void log_word(struct log_event *e, const char *key, const char *value)
{
    log_str(e, key, str_from(value));
}

void log_int(struct log_event *e, const char *key, int64_t value)
{
    if (log_is.json)
        json_kint(&e->json, key, value);
    else
        buf_addf(&e->text, " %s=%lld", key, (long long)value);
}

void log_end(struct log_event *e)
{
    if (log_is.json)
        json_object_end(&e->json);
    buf_addc(&e->text, '\n');
    if (!e->text.failed)
        fd_write(STDERR_FILENO, buf_str(&e->text)); /* nobody is there to be told of a failure */
    buf_clear(&e->text);
}

void log_note(enum log_level level, const char *name, const char *fmt, ...)
{
    char text[LOG_TEXT_MAX_BYTES];
    struct log_event e;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_begin(&e, level, name);
    log_word(&e, "text", text);
    log_end(&e);
}
