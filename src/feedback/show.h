/* What is stored, as tables for people, JSON, JSON lines and CSV for programs. All texts of
 * reporters are made safe for where they are written. */
#ifndef MP_FEEDBACK_SHOW_H
#define MP_FEEDBACK_SHOW_H

#include "base/json.h"
#include "feedback/feedback_store.h"

#define FEEDBACK_SCHEMA_NAME "mailproof/feedback/1" /* keys are only added within it */

/* One object each; what the web API answers, too. */
void feedback_json_report(struct json *j, const struct feedback_stored *x);
void feedback_json_domain(struct json *j, const struct feedback_domain *x);
void feedback_json_source(struct json *j, const struct feedback_source *x);
void feedback_json_row(struct json *j, const struct feedback_row *x);
void feedback_json_day(struct json *j, const struct feedback_day *x);
void feedback_json_tls(struct json *j, const struct feedback_tls_row *x);
void feedback_json_tls_failure(struct json *j, const struct feedback_tls_row *x);
void feedback_json_failure(struct json *j, const struct feedback_failure *x);

/* What to do about a source whose mail fails; empty: nothing. `policy` is p= of its domain. */
struct str feedback_advice(struct arena *a, const struct feedback_source *x, struct str policy);
/* The same about a result-type of RFC 8460 4.3. */
const char *feedback_tls_advice(struct str result_type);

enum feedback_format {
    FEEDBACK_FORMAT_TEXT,
    FEEDBACK_FORMAT_JSON,
    FEEDBACK_FORMAT_JSONL, /* a line a record, failure of TLS, or failure report */
    FEEDBACK_FORMAT_CSV,   /* the records of aggregate reports */
    FEEDBACK_FORMAT_NONE,  /* nothing: they are only taken in */
    FEEDBACK_FORMAT_COUNT
};
bool feedback_format_by_name(struct str name, enum feedback_format *out);

struct feedback_show {
    enum feedback_format format;
    struct feedback_filter filter; /* its limit is that of each list */
    /* The name of an address; NULL, or an empty answer: not told. */
    struct str (*name_of)(void *ctx, const struct ip *ip);
    void *name_ctx;
};
/* `a` is used up. MP_OK, MP_E_NOMEM, MP_E_IO; MP_E_LIMIT: longer than `out` takes. */
int feedback_show(struct feedback_store *s, const struct feedback_show *how, struct arena *a,
                  struct buf *out, struct mp_err *err);

#endif
