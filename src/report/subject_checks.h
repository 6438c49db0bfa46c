/* Is an output about hosts and domains what it claims to be? Judges for the formats of monitors. */
#ifndef MP_REPORT_SUBJECT_CHECKS_H
#define MP_REPORT_SUBJECT_CHECKS_H

#include <stdlib.h>

#include "report/report_checks.h"

/* ---- Prometheus text format 0.0.4 ---- */

static inline struct str prom_name(struct str *s)
{
    size_t n = 0;
    while (n < s->n && (is_alnum(s->p[n]) || s->p[n] == '_'))
        n++;
    struct str name = str_slice(*s, 0, n);
    *s = str_slice(*s, n, s->n);
    return n > 0 && is_digit(name.p[0]) ? STR_NONE : name;
}

static inline bool prom_take(struct str *s, struct str word)
{
    if (!str_starts(*s, word))
        return false;
    *s = str_slice(*s, word.n, s->n);
    return true;
}

/* The value of a label with its quotes; \\, \" and \n are the only escapes; no mail address. */
static inline bool prom_quoted(struct str *s)
{
    if (!prom_take(s, STR("\"")))
        return false;
    for (size_t i = 0; i < s->n; i++) {
        if (s->p[i] == '"') {
            *s = str_slice(*s, i + 1, s->n);
            return true;
        }
        if (s->p[i] == '@' || (s->p[i] == '\\' && ++i < s->n && !str_has(STR("\\\"n"), s->p[i])))
            return false;
    }
    return false;
}

static inline bool prom_labels(struct str *s)
{
    if (!prom_take(s, STR("{")))
        return true;
    do {
        if (prom_name(s).n == 0 || !prom_take(s, STR("=")) || !prom_quoted(s))
            return false;
    } while (prom_take(s, STR(",")));
    return prom_take(s, STR("}"));
}

static inline bool prom_number(struct str s)
{
    char text[40], *end;
    if (s.n == 0 || s.n >= sizeof text || s.p[0] == ' ')
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    strtod(text, &end);
    return *end == '\0';
}

/* No line before this one begins with the same series or head. */
static inline bool prom_is_first(struct str page, struct str line, size_t key)
{
    struct str head = str_slice(line, 0, key);
    for (struct str rest = page; rest.n > 0 && rest.p != line.p;) {
        struct str other = str_cut(&rest, '\n');
        if (other.p != line.p && str_starts(other, head))
            return false;
    }
    return true;
}

/* Families with HELP and TYPE before their series, each once; each series once. */
static inline bool is_good_prometheus(struct str page)
{
    struct str family = STR_NONE;
    bool typed = false;
    if (!is_harmless_text(page) || !str_ends(page, STR("\n")))
        return false;
    for (struct str rest = str_slice(page, 0, page.n - 1); rest.p != NULL;) {
        struct str line = str_cut(&rest, '\n'), s = line;
        if (prom_take(&s, STR("# HELP "))) {
            family = prom_name(&s);
            typed = false;
            if (family.n == 0 || !prom_take(&s, STR(" ")) ||
                !prom_is_first(page, line, line.n - s.n))
                return false;
            continue;
        }
        if (prom_take(&s, STR("# TYPE "))) {
            if (typed || !str_eq(prom_name(&s), family) || !str_eq(s, STR(" gauge")))
                return false;
            typed = true;
            continue;
        }
        bool named = str_eq(prom_name(&s), family) && prom_labels(&s) && prom_take(&s, STR(" "));
        if (!typed || !named || !prom_number(s) || !prom_is_first(page, line, line.n - s.n))
            return false;
    }
    return typed;
}

/* ---- Nagios ---- */

static inline bool nagios_state(struct str *s)
{
    static const char *const names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
    while (s->n > 0 && s->p[0] >= 'A' && s->p[0] <= 'Z')
        *s = str_slice(*s, 1, s->n);
    if (!prom_take(s, STR(" ")))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (prom_take(s, str_from(names[i])))
            return prom_take(s, STR(" - "));
    return false;
}

/* 'label'=number[unit][;warn[;crit]] */
static inline bool nagios_datum(struct str *s)
{
    size_t end;
    if (!prom_take(s, STR("'")) || (end = str_find(*s, '\'')) == s->n ||
        str_has(str_slice(*s, 0, end), '='))
        return false;
    *s = str_slice(*s, end + 1, s->n);
    if (!prom_take(s, STR("=")))
        return false;
    end = str_find(*s, ' ');
    struct str value = str_slice(*s, 0, end);
    *s = str_slice(*s, end, s->n);
    return value.n > 0 && (is_digit(value.p[0]) || value.p[0] == '-' || value.p[0] == 'U') &&
           !str_has(value, '\'') && !str_has(value, '=');
}

/* One line; what follows the only bar is performance data and nothing else. */
static inline bool is_good_nagios(struct str s)
{
    enum { NAGIOS_READS_BYTES = 8192 };
    if (!is_harmless_text(s) || s.n > NAGIOS_READS_BYTES || str_find(s, '\n') + 1 != s.n ||
        !nagios_state(&s))
        return false;
    s = str_slice(s, 0, s.n - 1);
    size_t bar = str_find(s, '|');
    if (bar == s.n)
        return true;
    s = str_slice(s, bar + 1, s.n);
    while (prom_take(&s, STR(" ")))
        if (!nagios_datum(&s))
            return false;
    return s.n == 0;
}

#endif
