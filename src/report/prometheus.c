/* Prometheus text format 0.0.4: the series of all subjects, family by family. A family must stand
 * together, under one HELP and TYPE, so all waits for the end. No series carries a mail address. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "report/subject_internal.h"

enum {
    FAMILIES_MAX = 500,
    SERIES_MAX = 1 << 20,
    FIRST_SLOTS = 1024,
    LABEL_MAX_BYTES = 300,
    HELP_MAX_BYTES = 1000
};

struct family {
    struct buf name, head, series;
};

struct metrics {
    struct family families[FAMILIES_MAX];
    size_t n_families;
    uint64_t *seen; /* hashes of the series that were written, open addressing; 0: free */
    size_t n_seen, n_slots;
    size_t left_out; /* for lack of room */
};

struct metrics *metrics_new(void)
{
    return calloc(1, sizeof(struct metrics));
}

void metrics_free(struct metrics *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->n_families; i++) {
        buf_clear(&m->families[i].name);
        buf_clear(&m->families[i].head);
        buf_clear(&m->families[i].series);
    }
    free(m->seen);
    free(m);
}

/* ---- each series once: a second one makes readers refuse the whole page ---- */

static bool put_hash(uint64_t *slots, size_t n_slots, uint64_t hash)
{
    size_t at = (size_t)hash & (n_slots - 1);
    while (slots[at] != 0 && slots[at] != hash)
        at = (at + 1) & (n_slots - 1);
    bool is_new = slots[at] == 0;
    slots[at] = hash;
    return is_new;
}

static bool grow(struct metrics *m)
{
    size_t n = m->n_slots == 0 ? FIRST_SLOTS : 2 * m->n_slots;
    uint64_t *slots = calloc(n, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < m->n_slots; i++)
        if (m->seen[i] != 0)
            put_hash(slots, n, m->seen[i]);
    free(m->seen);
    m->seen = slots;
    m->n_slots = n;
    return true;
}

/* Two series of the same hash are taken for one: with SERIES_MAX of them the chance is 2^-25. */
static bool is_first(struct metrics *m, struct str series)
{
    uint64_t hash = str_hash(series);
    hash = hash == 0 ? 1 : hash;
    if (m->n_seen >= SERIES_MAX || (2 * (m->n_seen + 1) > m->n_slots && !grow(m))) {
        m->left_out++;
        return false;
    }
    bool is_new = put_hash(m->seen, m->n_slots, hash);
    m->n_seen += is_new;
    return is_new;
}

/* ---- words ---- */

static void add_escaped(struct buf *out, struct str s, size_t max_bytes, bool is_label)
{
    struct buf shown;
    buf_init(&shown, 16 * max_bytes);
    utf8_add_printable(&shown, s, max_bytes);
    for (size_t i = 0; i < shown.n; i++) {
        if (shown.p[i] == '\\' || (shown.p[i] == '"' && is_label))
            buf_addc(out, '\\');
        buf_addc(out, shown.p[i]);
    }
    buf_clear(&shown);
}

/* Addresses of people do not belong into a monitor, nor does a series for each of them: what stands
 * before the last @ is left out. */
static void add_label_value(struct buf *out, struct str value)
{
    size_t at = str_rfind(value, '@');
    if (at < value.n)
        value = str_slice(value, at + 1, value.n);
    add_escaped(out, value, LABEL_MAX_BYTES, true);
}

static void add_value(struct buf *out, double value)
{
    char text[32];
    if (isnan(value) || isinf(value)) {
        buf_addz(out, isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
        return;
    }
    snprintf(text, sizeof text, "%.15g", value);
    buf_addz(out, text);
}

static void add_series(struct buf *out, const struct metric *m)
{
    buf_addz(out, m->name);
    for (size_t i = 0; i < m->n_labels && i < METRIC_MAX_LABELS; i++) {
        buf_addf(out, "%s%s=\"", i == 0 ? "{" : ",", m->labels[i].name);
        add_label_value(out, m->labels[i].value);
        buf_addc(out, '"');
    }
    buf_addz(out, m->n_labels > 0 ? "}" : "");
}

/* ---- families ---- */

/* The family of a name, in the order of their first series; NULL when there are too many. */
static struct family *family_of(struct metrics *all, const struct metric *m)
{
    for (size_t i = 0; i < all->n_families; i++)
        if (str_eq(buf_str(&all->families[i].name), str_from(m->name)))
            return &all->families[i];
    if (all->n_families == FAMILIES_MAX)
        return NULL;
    struct family *f = &all->families[all->n_families++];
    buf_init(&f->name, HELP_MAX_BYTES);
    buf_init(&f->head, 32 * HELP_MAX_BYTES);
    buf_init(&f->series, SIDE_MAX_BYTES);
    buf_addz(&f->name, m->name);
    buf_addf(&f->head, "# HELP %s ", m->name);
    add_escaped(&f->head, str_from(m->help), HELP_MAX_BYTES, false);
    buf_addf(&f->head, "\n# TYPE %s gauge\n", m->name);
    return f;
}

static void add_metric(struct metrics *all, const struct metric *m)
{
    struct family *f = family_of(all, m);
    struct buf series;
    if (f == NULL) {
        all->left_out++;
        return;
    }
    buf_init(&series, 64 * LABEL_MAX_BYTES);
    add_series(&series, m);
    if (!series.failed && is_first(all, buf_str(&series))) {
        buf_addc(&series, ' ');
        add_value(&series, m->value);
        buf_addc(&series, '\n');
        buf_add(&f->series, buf_str(&series));
    }
    all->left_out += series.failed;
    buf_clear(&series);
}

/* ---- reading one back ---- */

static bool read_number(struct str s, double *out)
{
    char text[40], *end;
    if (s.n == 0 || s.n >= sizeof text)
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    *out = strtod(text, &end);
    return *end == '\0' && !isnan(*out);
}

bool report_metric_find(struct str page, const struct metric *m, double *value)
{
    struct buf series;
    bool found = false;
    buf_init(&series, 64 * LABEL_MAX_BYTES);
    add_series(&series, m);
    buf_addc(&series, ' ');
    while (!series.failed && !found && page.n > 0) {
        struct str line = str_cut(&page, '\n');
        found = str_starts(line, buf_str(&series)) &&
                read_number(str_slice(line, series.n, line.n), value);
    }
    buf_clear(&series);
    return found;
}

/* ---- the stream ---- */

static void prometheus_begin(struct report *r)
{
    (void)r;
}

static void prometheus_message(struct report *r, const struct job *job, int outcome)
{
    (void)r;
    (void)job;
    (void)outcome; /* only counted: see prometheus_end */
}

static void prometheus_subject(struct report *r, const struct subject *s, int outcome)
{
    (void)outcome;
    for (size_t i = 0; i < s->n_metrics; i++)
        add_metric(r->metrics, &s->metrics[i]);
}

static void prometheus_error(struct report *r, const struct report_error *e)
{
    (void)r;
    (void)e;
}

/* All outcomes, also those without a target: an alert needs a series before something happens. */
static void add_outcomes(struct report *r)
{
    const struct {
        const char *name;
        size_t n;
    } rows[] = {{"passed", r->passed},
                {"failed", r->failed},
                {"undecided", r->undecided},
                {"error", r->unreadable}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        add_metric(r->metrics, &(struct metric){.name = "mailproof_targets",
                                                .help = "Targets of the last run, by outcome.",
                                                .value = (double)rows[i].n,
                                                .labels = {{"outcome", str_from(rows[i].name)}},
                                                .n_labels = 1});
    add_metric(r->metrics, &(struct metric){.name = "mailproof_series_left_out",
                                            .help = "Series that this page had no room for.",
                                            .value = (double)r->metrics->left_out});
}

static void prometheus_end(struct report *r)
{
    add_outcomes(r);
    for (size_t i = 0; i < r->metrics->n_families; i++) {
        struct family *f = &r->metrics->families[i];
        if (f->series.failed)
            r->out->failed = true;
        buf_add(r->out, buf_str(&f->head));
        buf_add(r->out, buf_str(&f->series));
    }
}

const struct report_ops report_prometheus_ops = {prometheus_begin, prometheus_message,
                                                 prometheus_subject, prometheus_error,
                                                 prometheus_end};
