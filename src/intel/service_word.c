/* Words of services: their names, their texts, and what they mean for a mail. */
#include "intel/service_word.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/utf8.h"

static const struct str outcome_names[WORD_OUTCOME_COUNT] = {
    [WORD_MALICIOUS] = STR_INIT("malicious"),   [WORD_SUSPICIOUS] = STR_INIT("suspicious"),
    [WORD_HARMLESS] = STR_INIT("harmless"),     [WORD_UNKNOWN] = STR_INIT("unknown"),
    [WORD_KNOWN_GOOD] = STR_INIT("known-good"), [WORD_REFUSED] = STR_INIT("refused"),
    [WORD_LIMITED] = STR_INIT("limited"),       [WORD_ERROR] = STR_INIT("error"),
    [WORD_NOT_ASKED] = STR_INIT("not-asked"),
};

const char *word_outcome_name(enum word_outcome o)
{
    return (size_t)o < ARRAY_LEN(outcome_names) ? outcome_names[o].p : "?";
}

bool word_outcome_by_name(struct str name, enum word_outcome *out)
{
    for (size_t i = 0; i < ARRAY_LEN(outcome_names); i++)
        if (str_eq(name, outcome_names[i])) {
            *out = (enum word_outcome)i;
            return true;
        }
    return false;
}

const char *intel_service_title(enum intel_service s)
{
    static const char *const titles[SERVICE_COUNT] = {
        [SERVICE_VIRUSTOTAL] = "VirusTotal",
        [SERVICE_ABUSEIPDB] = "AbuseIPDB",
        [SERVICE_CIRCL_HASHLOOKUP] = "CIRCL hashlookup",
        [SERVICE_WEB_RISK] = "Google Web Risk",
    };
    return (unsigned)s < SERVICE_COUNT ? titles[s] : "?";
}

bool word_is_missing(const struct service_word *w)
{
    return w->outcome == WORD_REFUSED || w->outcome == WORD_LIMITED || w->outcome == WORD_ERROR;
}

/* ---- texts ---- */

static void put_printable(char *out, size_t room, struct str s)
{
    enum { ELLIPSIS_ROOM = 8 };
    struct buf b;
    buf_init(&b, room);
    utf8_add_printable(&b, s, room - ELLIPSIS_ROOM);
    size_t n = b.n < room ? b.n : room - 1;
    if (n != 0)
        memcpy(out, b.p, n);
    out[n] = '\0';
    buf_clear(&b);
}

void word_label(struct service_word *w, struct str label)
{
    put_printable(w->label, sizeof w->label, label);
}

void word_text(struct service_word *w, const char *fmt, ...)
{
    char raw[2 * WORD_TEXT_BYTES];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(raw, sizeof raw, fmt, ap);
    va_end(ap);
    size_t have = n < 0 ? 0 : (size_t)n < sizeof raw ? (size_t)n : sizeof raw - 1;
    put_printable(w->text, sizeof w->text, str_make(raw, have));
}

/* ---- findings ---- */

/* One finding for each service and reason, and one for each service and value, however many things
 * it was to be asked for: the last one goes when another says the same. NULL: it is gone. */
static struct finding *once(struct finding_list *list, struct finding *f, struct finding_mark mark)
{
    for (size_t i = 0; f != NULL && i < mark.n; i++)
        if (list->items[i].id == f->id && str_eq(list->items[i].evidence, f->evidence)) {
            finding_rewind(list, mark);
            return NULL;
        }
    return f;
}

static void add_missing(const struct service_word *w, struct finding_list *findings)
{
    struct finding_mark mark = finding_mark(findings);
    once(findings,
         finding_add(findings, FINDING_INTEL_UNAVAILABLE, NOWHERE, "%s: %s",
                     intel_service_title(w->service),
                     w->text[0] == '\0' ? word_outcome_name(w->outcome) : w->text),
         mark);
}

/* An address is shared and changes hands; and a few voices are few. */
static enum severity severity_of(const struct service_word *w, const struct indicator *what)
{
    enum severity s = finding_kind(FINDING_INTEL_SERVICE)->severity;
    unsigned less =
        (what->kind == INDICATOR_IP ? 1U : 0U) + (w->outcome == WORD_SUSPICIOUS ? 1U : 0U);
    return (unsigned)s > less ? (enum severity)((unsigned)s - less) : SEV_INFO;
}

static void add_word(const struct service_word *w, const struct indicator *what,
                     struct finding_where where, struct finding_list *findings)
{
    struct str value = indicator_text(findings->arena, what);
    bool bad = w->outcome != WORD_KNOWN_GOOD;
    char seen[32] = "";
    bool has_seen = w->seen_s > 0 && w->seen_s < INT64_MAX / 1000 &&
                    clock_ms_text(w->seen_s * 1000, seen, sizeof seen) != 0;
    seen[has_seen ? sizeof "2026-11-23" - 1 : 0] = '\0';
    struct finding_mark mark = finding_mark(findings);
    struct finding *f =
        finding_add(findings, bad ? FINDING_INTEL_SERVICE : FINDING_INTEL_KNOWN_GOOD, where,
                    "%s: %s%s%s%s%s%s: " STR_FMT, intel_service_title(w->service), w->text,
                    w->label[0] == '\0' ? "" : " (", w->label, w->label[0] == '\0' ? "" : ")",
                    has_seen ? ", as of " : "", seen, STR_ARG(value));
    f = once(findings, f, mark);
    if (f != NULL && bad)
        f->severity = severity_of(w, what);
}

void service_findings(const struct service_word *w, const struct indicator *what,
                      struct finding_where where, struct finding_list *findings)
{
    switch (w->outcome) {
    case WORD_MALICIOUS:
    case WORD_SUSPICIOUS:
    case WORD_KNOWN_GOOD:
        add_word(w, what, where, findings);
        break;
    case WORD_REFUSED:
    case WORD_LIMITED:
    case WORD_ERROR:
        add_missing(w, findings);
        break;
    case WORD_HARMLESS:
    case WORD_UNKNOWN:
    case WORD_NOT_ASKED:
    case WORD_OUTCOME_COUNT:
        break;
    }
}
