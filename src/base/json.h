/* A small streaming JSON writer: ordered, always valid UTF-8, no tree. */
#ifndef MP_BASE_JSON_H
#define MP_BASE_JSON_H

#include "base/buf.h"

enum { JSON_MAX_DEPTH = 32 };

/* Writes into `out`, which must outlive it. `indent` 0 writes one line. Misuse (a value without a
 * key in an object, too deep) trips an assertion: that is our bug, never the mail's. */
struct json {
    struct buf *out;
    unsigned indent, depth;
    bool need_comma[JSON_MAX_DEPTH];
    bool after_key;
};

void json_init(struct json *j, struct buf *out, unsigned indent);

void json_object_begin(struct json *j); /* { */
void json_object_end(struct json *j);
void json_array_begin(struct json *j); /* [ */
void json_array_end(struct json *j);
void json_key(struct json *j, const char *key);

/* Bytes that are not UTF-8 are written as U+FFFD, control characters escaped, and U+2028 and U+2029
 * too: many readers of JSON lines take them for line ends; and the first # of "##[", a command of
 * build servers. */
void json_str(struct json *j, struct str s);
void json_int(struct json *j, int64_t v);
void json_uint(struct json *j, uint64_t v);
void json_bool(struct json *j, bool v);
void json_write_null(struct json *j);
void json_raw(struct json *j, struct str value); /* one JSON value, written before */

/* key and value in one call; json_kstr writes null when s.p == NULL. */
void json_kstr(struct json *j, const char *key, struct str s);
void json_kint(struct json *j, const char *key, int64_t v);
void json_kbool(struct json *j, const char *key, bool v);
void json_kword(struct json *j, const char *key, const char *word); /* null for NULL */
void json_kopt(struct json *j, const char *key, struct str s);      /* null for an empty one */
void json_ktext(struct json *j, const char *key, struct str s);     /* never null */
void json_kstrs(struct json *j, const char *key, const struct str *items, size_t n);
/* "2026-11-23T10:00:00.250Z" of Unix milliseconds; null for what is not after 1970, or has no such
 * form. */
void json_ktime_ms(struct json *j, const char *key, int64_t unix_ms);

#endif
