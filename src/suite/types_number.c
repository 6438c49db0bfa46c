/* Readers of numbers: durations, sizes, times, comparisons. */
#include "base/clock.h"
#include "suite/suite_internal.h"

#define BARE_OR(pattern)                                                                           \
    "{\"type\":[\"string\",\"number\"],\"pattern\":\"^(" pattern "|.*\\\\$\\\\{.*)$\"}"
#define OPERATOR "(<=|>=|!=|=|<|>)? *"

struct unit {
    struct str name;
    uint64_t factor;
};

/* A whole number and a unit. Without one: only where `bare` is not 0. */
static bool parse_units(struct str s, const struct unit *units, size_t n, uint64_t bare,
                        uint64_t max, uint64_t *out)
{
    uint64_t value, factor = bare;
    size_t digits = 0;
    while (digits < s.n && is_digit(s.p[digits]))
        digits++;
    struct str unit = str_slice(s, digits, s.n);
    for (size_t i = 0; unit.n > 0 && i < n; i++)
        if (str_eq(units[i].name, unit)) {
            factor = units[i].factor;
            unit.n = 0;
        }
    if (unit.n > 0 || factor == 0 || !str_to_u64(str_slice(s, 0, digits), max / factor, &value))
        return false;
    *out = value * factor;
    return true;
}

bool parse_duration_ms(struct str s, uint64_t *out)
{
    static const struct unit units[] = {{STR_INIT("ms"), 1},
                                        {STR_INIT("s"), 1000},
                                        {STR_INIT("m"), 60 * 1000},
                                        {STR_INIT("h"), 3600 * 1000},
                                        {STR_INIT("d"), 86400ull * 1000}};
    return parse_units(s, units, ARRAY_LEN(units), 0, INT64_MAX / 2, out);
}

bool parse_size(struct str s, uint64_t *out)
{
    static const struct unit units[] = {{STR_INIT("k"), 1000},
                                        {STR_INIT("K"), 1000},
                                        {STR_INIT("M"), 1000 * 1000},
                                        {STR_INIT("G"), 1000 * 1000 * 1000},
                                        {STR_INIT("Ki"), 1024},
                                        {STR_INIT("Mi"), 1024 * 1024},
                                        {STR_INIT("Gi"), 1024 * 1024 * 1024}};
    return parse_units(s, units, ARRAY_LEN(units), 1, INT64_MAX / 2, out);
}

/* ---- plain values ---- */

/* 1: take *r; 0: it has no value yet; -1: a problem was told. */
static int take_word_of(struct decoder *d, const struct node *n, const char *what,
                        struct resolved *r)
{
    if (!take_shown(d, n, what, r))
        return -1;
    return r->unset ? 0 : 1;
}

static bool refuse(struct decoder *d, const struct node *n, struct str text, const char *what)
{
    struct shown word;
    problem(d, &n->at, "%s is wanted here, not '%s'", what, shown(text, &word));
    return false;
}

/* true and false, or the words of the key; "no" is a text (YAML 1.2). */
static bool take_bool(struct decoder *d, const struct node *n, const struct word *words, bool *out)
{
    struct resolved r;
    int value, got = take_word_of(d, n, "true or false", &r);
    if (got <= 0)
        return got == 0;
    if (words != NULL && word_find(words, r.text, &value)) {
        *out = value != 0;
        return true;
    }
    *out = str_eq(r.text, STR("true"));
    return *out || str_eq(r.text, STR("false")) || refuse(d, n, r.text, "true or false");
}

static bool read_bool(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    return take_bool(d, n, k->words, (bool *)(base + k->offset));
}
#define BOOL_SCHEMA                                                                                \
    "{\"anyOf\":[{\"type\":\"boolean\"},{\"type\":\"string\","                                     \
    "\"pattern\":\"^(true|false|.*\\\\$\\\\{.*)$\"}]}"
const struct value_type type_bool = {"`true`, `false`", BOOL_SCHEMA, read_bool};

static bool read_flag(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    struct suite_flag *into = (void *)(base + k->offset);
    into->at = n->at;
    return take_bool(d, n, k->words, &into->value);
}
const struct value_type type_flag = {"`true`, `false`", BOOL_SCHEMA, read_flag};

static bool take_number(struct decoder *d, const struct node *n, const struct key *k, uint64_t max,
                        uint64_t *out)
{
    struct resolved r;
    int got = take_word_of(d, n, "a number", &r);
    max = k->max == 0 ? max : k->max;
    if (got <= 0 || str_to_u64(r.text, max, out))
        return got >= 0;
    struct shown word;
    problem(d, &n->at, "a whole number up to %llu is wanted here, not '%s'",
            (unsigned long long)max, shown(r.text, &word));
    return false;
}

static bool read_number(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    if (k->second != 0)
        *(bool *)(base + k->second) = true;
    return take_number(d, n, k, INT64_MAX, (uint64_t *)(void *)(base + k->offset));
}
const struct value_type type_number = {"number", BARE_OR("[0-9]+"), read_number};

static bool read_count(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    uint64_t v = 0;
    bool ok = take_number(d, n, k, INT32_MAX, &v);
    *(unsigned *)(void *)(base + k->offset) = (unsigned)v;
    return ok;
}
const struct value_type type_count = {"number", BARE_OR("[0-9]+"), read_count};

static bool read_size(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    struct resolved r;
    int got = take_word_of(d, n, "a size (10M)", &r);
    if (got <= 0 || parse_size(r.text, (uint64_t *)(void *)(base + k->offset)))
        return got >= 0;
    return refuse(d, n, r.text, "a size such as 512k, 10M or 1Gi");
}
const struct value_type type_size = {"size", BARE_OR("[0-9]+([kKMG]i?)?"), read_size};

#define DURATION_SCHEMA                                                                            \
    "{\"type\":\"string\",\"pattern\":\"^([0-9]+(ms|s|m|h|d)|.*\\\\$\\\\{.*)$\"}"
#define A_DURATION "a duration with its unit, such as 500ms, 30s, 5m, 2h or 7d,"

static bool take_duration(struct decoder *d, const struct node *n, uint64_t max_ms, uint64_t *ms)
{
    struct resolved r;
    int got = take_word_of(d, n, "a duration (30s)", &r);
    if (got <= 0)
        return got == 0;
    if (!parse_duration_ms(r.text, ms))
        return refuse(d, n, r.text, A_DURATION);
    if (*ms > max_ms) {
        problem(d, &n->at, "at most %llu days are possible here",
                (unsigned long long)(max_ms / 86400000));
        return false;
    }
    return true;
}

static bool read_duration(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    uint64_t ms = 0;
    bool ok = take_duration(d, n, 7ull * 86400 * 1000, &ms);
    *(unsigned *)(void *)(base + k->offset) = (unsigned)ms;
    return ok;
}
const struct value_type type_duration = {"duration", DURATION_SCHEMA, read_duration};

static bool read_period(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    uint64_t ms = 0;
    bool ok = take_duration(d, n, 3660ull * 86400 * 1000, &ms);
    *(uint64_t *)(void *)(base + k->offset) = ms / 1000;
    return ok;
}
const struct value_type type_period = {"duration", DURATION_SCHEMA, read_period};

/* "2026-11-23T10:00:00Z", or Unix seconds. */
static bool parse_time(struct str s, int64_t *out)
{
    static const struct {
        size_t digits;
        char after;
        uint64_t least, most;
    } parts[] = {{4, '-', 1, 9999}, {2, '-', 1, 12}, {2, 'T', 1, 31},
                 {2, ':', 0, 23},   {2, ':', 0, 59}, {2, 'Z', 0, 60}};
    uint64_t v[ARRAY_LEN(parts)];
    if (str_to_u64(s, INT32_MAX * 100ull, &v[0])) {
        *out = (int64_t)v[0];
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        struct str digits = str_slice(s, 0, parts[i].digits);
        if (s.n <= parts[i].digits || s.p[parts[i].digits] != parts[i].after ||
            !str_to_u64(digits, parts[i].most, &v[i]) || v[i] < parts[i].least)
            return false;
        s = str_slice(s, parts[i].digits + 1, s.n);
    }
    *out = civil_to_unix((int)v[0], (int)v[1], (int)v[2], (int)v[3], (int)v[4], (int)v[5]);
    return s.n == 0;
}

static bool read_time(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    struct resolved r;
    int got = take_word_of(d, n, "a time", &r);
    *(bool *)(base + k->second) = true;
    if (got <= 0 || parse_time(r.text, (int64_t *)(void *)(base + k->offset)))
        return got >= 0;
    return refuse(d, n, r.text, "a time such as 2026-11-23T10:00:00Z");
}
const struct value_type type_time = {
    "time", BARE_OR("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z|[0-9]+"), read_time};

/* ---- comparisons ---- */

static struct str cut_operator(struct str s, enum suite_op *op)
{
    static const struct {
        struct str text;
        enum suite_op op;
    } ops[] = {{STR_INIT(">="), SUITE_GE}, {STR_INIT("<="), SUITE_LE}, {STR_INIT("!="), SUITE_NE},
               {STR_INIT("=="), SUITE_EQ}, {STR_INIT(">"), SUITE_GT},  {STR_INIT("<"), SUITE_LT},
               {STR_INIT("="), SUITE_EQ}};
    *op = SUITE_EQ;
    for (size_t i = 0; i < ARRAY_LEN(ops); i++)
        if (str_starts(s, ops[i].text)) {
            *op = ops[i].op;
            return str_trim_wsp(str_slice(s, ops[i].text.n, s.n));
        }
    return s;
}

static bool number_value(struct str s, int64_t *out)
{
    uint64_t v;
    bool ok = str_to_u64(s, INT64_MAX, &v);
    if (ok)
        *out = (int64_t)v;
    return ok;
}

static bool time_value(struct str s, int64_t *out)
{
    uint64_t v;
    bool ok = parse_duration_ms(s, &v);
    if (ok)
        *out = (int64_t)v;
    return ok;
}

static bool size_value(struct str s, int64_t *out)
{
    uint64_t v;
    bool ok = parse_size(s, &v);
    if (ok)
        *out = (int64_t)v;
    return ok;
}

static bool tls_value(struct str s, int64_t *out)
{
    static const char *const versions[] = {"none", "1.0", "1.1", "1.2", "1.3"};
    for (size_t i = 0; i < ARRAY_LEN(versions); i++)
        if (str_eq(s, str_from(versions[i]))) {
            *out = i == 0 ? 0 : 0x0300 + (int64_t)i;
            return true;
        }
    return false;
}

static bool grade_value(struct str s, int64_t *out)
{
    int64_t rank = suite_grade_rank(s);
    if (rank >= 0)
        *out = rank;
    return rank >= 0;
}

static bool take_compare(struct decoder *d, const struct node *n,
                         bool (*value)(struct str, int64_t *), const char *what,
                         struct suite_compare *out)
{
    struct resolved r;
    int got = take_word_of(d, n, what, &r);
    out->at = n->at;
    if (got <= 0)
        return got == 0;
    out->text = r.text;
    return value(cut_operator(str_trim_wsp(r.text), &out->op), &out->value) ||
           refuse(d, n, r.text, what);
}

#define COMPARE(name, value, what, shown_as, pattern)                                              \
    static bool read_compare_##name(struct decoder *d, const struct node *n, const struct key *k,  \
                                    char *base)                                                    \
    {                                                                                              \
        return take_compare(d, n, value, what, (void *)(base + k->offset));                        \
    }                                                                                              \
    const struct value_type type_compare_##name = {shown_as, BARE_OR(OPERATOR "(" pattern ")"),    \
                                                   read_compare_##name}

COMPARE(count, number_value, "a comparison with a number, such as \"<=3\",", "comparison, number",
        "[0-9]+");
COMPARE(time, time_value, "a comparison with a duration, such as \"<5s\",", "comparison, duration",
        "[0-9]+(ms|s|m|h|d)");
COMPARE(size, size_value, "a comparison with a size, such as \">=10M\",", "comparison, size",
        "[0-9]+([kKMG]i?)?");
COMPARE(tls, tls_value, "a comparison with a version of TLS, such as \">=1.2\", or none",
        "comparison, version of TLS", "none|1\\\\.[0-3]");
COMPARE(grade, grade_value, "a comparison with a grade, such as \">=B\",", "comparison, grade",
        "A\\\\+|[ABCDF]");

/* ">14", or {warn: 21, crit: 7}. */
static bool read_days(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    struct suite_days *into = (void *)(base + k->offset);
    into->at = n->at;
    if (n->kind != NODE_MAP)
        return take_compare(d, n, number_value, "a comparison with days, such as \">14\",",
                            &into->compare);
    return decode(d, n, k->context, into);
}
const struct value_type type_days = {"comparison, days; or mapping", NULL, read_days};
