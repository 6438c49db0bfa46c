/* What the daemon tells its operator: one line an event on standard error, JSON or text. */
#ifndef MP_DAEMON_LOG_H
#define MP_DAEMON_LOG_H

#include "base/err.h"
#include "base/json.h"

enum log_level { LOG_DEBUG_LEVEL, LOG_INFO_LEVEL, LOG_WARNING_LEVEL, LOG_ERROR_LEVEL };

enum { LOG_LINE_MAX_BYTES = 64 * 1024, LOG_TEXT_MAX_BYTES = 1000 /* of one field */ };

/* Once, before threads: which process this is, and whether lines are JSON. */
void log_open(const char *role, bool json);

/* One event being written. Text of strangers is made printable. Threads: any, each with its own. */
struct log_event {
    struct buf text;
    struct json json;
    enum log_level level;
};
void log_begin(struct log_event *e, enum log_level level, const char *name); /* "mail.verdict" */
void log_str(struct log_event *e, const char *key, struct str value);
void log_word(struct log_event *e, const char *key, const char *value);
void log_int(struct log_event *e, const char *key, int64_t value);
void log_end(struct log_event *e); /* writes the line at once */

/* An event with one text. */
void log_note(enum log_level level, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
