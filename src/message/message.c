/* The head of a message cut into fields, the index of their names, and selection among them. */
#include "message/message.h"

#include "message/limits.h"
#include "message/message_internal.h"

enum { FIRST_FIELDS = 64, SHORT_SORT = 32 };

void message_note(struct message *m, enum anomaly a, size_t offset)
{
    if (m->anomalies[a].count++ == 0)
        m->anomalies[a].first_offset = offset;
}

bool message_has(const struct message *m, enum anomaly a)
{
    return m->anomalies[a].count != 0;
}

static const char *const anomaly_names[ANOMALY_COUNT] = {
    [ANOMALY_BARE_LF_HEADER] = "bare-lf-header",
    [ANOMALY_BARE_CR_HEADER] = "bare-cr-header",
    [ANOMALY_BARE_LF_BODY] = "bare-lf-body",
    [ANOMALY_BARE_CR_BODY] = "bare-cr-body",
    [ANOMALY_NUL_HEADER] = "nul-header",
    [ANOMALY_NUL_BODY] = "nul-body",
    [ANOMALY_CONTROL_HEADER] = "control-header",
    [ANOMALY_SMUGGLING] = "smuggling",
    [ANOMALY_NO_COLON] = "no-colon",
    [ANOMALY_FIRST_LINE_FOLDED] = "first-line-folded",
    [ANOMALY_NAME_FOLDED] = "name-folded",
    [ANOMALY_BAD_NAME] = "bad-name",
    [ANOMALY_BLANK_FOLD] = "blank-fold",
    [ANOMALY_SPACE_COLON] = "space-colon",
    [ANOMALY_NO_HEAD] = "no-head",
    [ANOMALY_NO_BODY_SEPARATOR] = "no-body-separator",
    [ANOMALY_MBOX_LINE] = "mbox-line",
    [ANOMALY_HEAD_8BIT] = "head-8bit",
    [ANOMALY_LONG_LINE] = "long-line",
    [ANOMALY_LF_ONLY] = "lf-only",
    [ANOMALY_TOO_MANY_FIELDS] = "too-many-fields",
    [ANOMALY_HEAD_TOO_LONG] = "head-too-long",
    [ANOMALY_HIDDEN_FIELD] = "hidden-field",
};

const char *anomaly_name(enum anomaly a)
{
    return (unsigned)a < ANOMALY_COUNT ? anomaly_names[a] : "?";
}

/* ---- line ends ---- */

static bool is_crlf_at(struct str raw, size_t pos)
{
    return pos + 1 < raw.n && raw.p[pos] == '\r' && raw.p[pos + 1] == '\n';
}

static size_t skip_wsp(struct str raw, size_t pos)
{
    while (pos < raw.n && is_wsp(raw.p[pos]))
        pos++;
    return pos;
}

/* Offset behind the next CRLF, or the end of the message. */
static size_t line_end(struct str raw, size_t pos)
{
    for (size_t i = pos; i < raw.n;) {
        const char *lf = memchr(raw.p + i, '\n', raw.n - i);
        if (lf == NULL)
            break;
        i = (size_t)(lf - raw.p) + 1;
        if (i - pos >= 2 && lf[-1] == '\r')
            return i;
    }
    return raw.n;
}

/* LF and no CRLF anywhere. Nearly always the first LF decides. */
static bool is_lf_only(struct str raw)
{
    size_t lf = str_find(raw, '\n');
    if (lf == raw.n || (lf > 0 && raw.p[lf - 1] == '\r'))
        return false;
    size_t cr = 0;
    while ((cr += str_find(str_slice(raw, cr, raw.n), '\r')) < raw.n && !is_crlf_at(raw, cr))
        cr++;
    return cr >= raw.n;
}

static struct str with_crlf(struct arena *arena, struct str raw)
{
    size_t lines = 0;
    for (size_t i = 0; i < raw.n; i++)
        lines += raw.p[i] == '\n';
    char *p = arena_alloc(arena, raw.n + lines, 1);
    if (p == NULL)
        return STR_NONE;
    struct str out = {p, raw.n + lines};
    while (raw.n > 0) {
        size_t n = str_find(raw, '\n');
        memcpy(p, raw.p, n);
        p += n;
        if (n < raw.n) {
            *p++ = '\r';
            *p++ = '\n';
            n++;
        }
        raw = str_slice(raw, n, raw.n);
    }
    return out;
}

/* ---- fields ---- */

struct head_parser {
    struct arena *arena;
    struct message *m;
    size_t cap;
    bool no_memory;
};

static struct header *add_header(struct head_parser *h)
{
    struct message *m = h->m;
    if (m->n_headers == h->cap) {
        size_t cap = h->cap == 0 ? FIRST_FIELDS : h->cap * 2;
        struct header *grown =
            arena_grow(h->arena, m->headers, m->n_headers, cap, sizeof *m->headers);
        if (grown == NULL) {
            h->no_memory = true;
            return NULL;
        }
        m->headers = grown;
        h->cap = cap;
    }
    return &m->headers[m->n_headers++];
}

static bool is_field_name(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || name.p[i] >= 0x7f || name.p[i] == ':')
            return false;
    return name.n != 0;
}

/* A line without a colon in its first line is no field: RFC 5322 4.5 lets white space stand before
 * the colon, but not a line break. */
static void note_no_field(struct message *m, size_t pos, size_t first_end, size_t end)
{
    size_t next = skip_wsp(m->raw, first_end);
    bool folded = next < end && m->raw.p[next] == ':';
    message_note(m, folded ? ANOMALY_NAME_FOLDED : ANOMALY_NO_COLON, pos);
}

static void take_field(struct head_parser *h, size_t pos, size_t first_end, size_t end)
{
    struct message *m = h->m;
    const char *start = m->raw.p + pos, *colon = memchr(start, ':', first_end - pos);
    if (colon == NULL) {
        note_no_field(m, pos, first_end, end);
        return;
    }
    if (m->n_headers == MESSAGE_MAX_FIELDS) {
        message_note(m, ANOMALY_TOO_MANY_FIELDS, pos);
        return;
    }
    struct header *f = add_header(h);
    if (f == NULL)
        return;
    f->index = (uint32_t)(m->n_headers - 1);
    f->offset = pos;
    f->raw = str_make(start, end - pos);
    f->name = str_make(start, (size_t)(colon - start));
    f->value = str_slice(f->raw, f->name.n + 1, f->raw.n);
    if (str_ends(f->value, STR("\r\n")))
        f->value.n -= 2;
    while (f->name.n > 0 && is_wsp(f->name.p[f->name.n - 1])) {
        f->name.n--;
        f->space_before_colon = true;
    }
    if (f->space_before_colon)
        message_note(m, ANOMALY_SPACE_COLON, pos);
    if (!is_field_name(f->name))
        message_note(m, ANOMALY_BAD_NAME, pos);
}

/* Offset behind the lines that begin with white space. */
static size_t folds_end(struct message *m, size_t pos)
{
    while (pos < m->raw.n && is_wsp(m->raw.p[pos])) {
        if (is_crlf_at(m->raw, skip_wsp(m->raw, pos)))
            message_note(m, ANOMALY_BLANK_FOLD, pos);
        pos = line_end(m->raw, pos);
    }
    return pos;
}

/* "From " of mbox files; "From :" is the obsolete form of the field. */
static bool is_mbox_line(struct str raw)
{
    if (!str_starts(raw, STR("From ")))
        return false;
    size_t next = skip_wsp(raw, 5);
    return next < raw.n && raw.p[next] != ':';
}

static size_t skip_odd_start(struct message *m)
{
    size_t pos = 0;
    if (m->raw.n == 0 || is_crlf_at(m->raw, 0))
        message_note(m, ANOMALY_NO_HEAD, 0);
    if (is_mbox_line(m->raw)) {
        message_note(m, ANOMALY_MBOX_LINE, 0);
        pos = line_end(m->raw, 0);
    }
    if (pos < m->raw.n && is_wsp(m->raw.p[pos])) {
        message_note(m, ANOMALY_FIRST_LINE_FOLDED, pos);
        pos = folds_end(m, pos);
    }
    return pos;
}

static void parse_head(struct head_parser *h)
{
    struct message *m = h->m;
    size_t pos = skip_odd_start(m);
    while (pos < m->raw.n && !h->no_memory && !is_crlf_at(m->raw, pos)) {
        size_t first_end = line_end(m->raw, pos), end = folds_end(m, first_end);
        if (end > MESSAGE_MAX_HEAD_BYTES) {
            message_note(m, ANOMALY_HEAD_TOO_LONG, pos);
            break;
        }
        take_field(h, pos, first_end, end);
        pos = end;
    }
    m->head = str_slice(m->raw, 0, pos);
    m->has_body_separator = is_crlf_at(m->raw, pos);
    m->body_offset = m->has_body_separator ? pos + 2 : m->raw.n;
    m->body = str_slice(m->raw, m->body_offset, m->raw.n);
    if (!m->has_body_separator && m->raw.n != 0)
        message_note(m, ANOMALY_NO_BODY_SEPARATOR, pos);
}

/* ---- the index of names ---- */

/* Sorting has no worst case to aim at, and beats a table for the usual forty fields. The hash only
 * makes comparing cheap: eight octets a step. */
static uint64_t name_hash(struct str name)
{
    const uint64_t no_case = 0x2020202020202020u; /* some marks fall together too: no matter */
    uint64_t h = name.n, word;
    for (; name.n >= sizeof word; name = str_slice(name, sizeof word, name.n)) {
        memcpy(&word, name.p, sizeof word);
        h = (h ^ (word | no_case)) * 0x9e3779b97f4a7c15u;
        h ^= h >> 32;
    }
    word = 0;
    memcpy(&word, name.n == 0 ? "" : name.p, name.n);
    h = (h ^ (word | no_case)) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

static int key_cmp(const struct message *m, const struct header_key *key, uint64_t hash,
                   struct str name)
{
    if (key->hash != hash)
        return key->hash < hash ? -1 : 1;
    struct str other = m->headers[key->bottom].name;
    return str_eq(other, name) ? 0 : str_icmp(other, name);
}

static bool key_after(const struct message *m, const struct header_key *a,
                      const struct header_key *b)
{
    return key_cmp(m, a, b->hash, m->headers[b->bottom].name) > 0;
}

static void insertion_sort(const struct message *m, struct header_key *keys, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct header_key key = keys[i];
        size_t at = i;
        for (; at > 0 && key_after(m, &keys[at - 1], &key); at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

/* Merge two sorted neighbours; of equals the left one first. */
static void merge(const struct message *m, const struct header_key *left, size_t n_left,
                  size_t n_right, struct header_key *out)
{
    const struct header_key *right = left + n_left;
    while (n_left > 0 && n_right > 0) {
        if (key_after(m, left, right)) {
            *out++ = *right++;
            n_right--;
        } else {
            *out++ = *left++;
            n_left--;
        }
    }
    if (n_left > 0)
        memcpy(out, left, n_left * sizeof *left);
    if (n_right > 0)
        memcpy(out, right, n_right * sizeof *right);
}

/* Stable. Returns where the sorted keys are: `keys` or `spare`. */
static struct header_key *sort_keys(const struct message *m, struct header_key *keys,
                                    struct header_key *spare, size_t n)
{
    for (size_t i = 0; i < n; i += SHORT_SORT)
        insertion_sort(m, keys + i, n - i < SHORT_SORT ? n - i : SHORT_SORT);
    for (size_t width = SHORT_SORT; width < n; width *= 2) {
        for (size_t i = 0; i < n; i += 2 * width) {
            size_t left = n - i < width ? n - i : width, rest = n - i - left;
            merge(m, keys + i, left, rest < width ? rest : width, spare + i);
        }
        struct header_key *sorted = spare;
        spare = keys;
        keys = sorted;
    }
    return keys;
}

/* Fields of one name lie side by side now, topmost first: one key for each run. */
static void link_same_names(struct message *m, struct header_key *sorted)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n_headers; i++) {
        struct header_key key = sorted[i];
        struct header_key *last = n == 0 ? NULL : &sorted[n - 1];
        if (last != NULL && !key_after(m, &key, last)) {
            m->headers[key.bottom].above = last->bottom + 1;
            last->bottom = key.bottom;
            last->count++;
            continue;
        }
        sorted[n++] = key;
    }
    m->keys = sorted;
    m->n_keys = n;
}

static bool index_names(struct arena *arena, struct message *m)
{
    size_t n = m->n_headers;
    struct header_key *keys = arena_new(arena, struct header_key, n);
    struct header_key *spare = n <= SHORT_SORT ? keys : arena_new(arena, struct header_key, n);
    if (keys == NULL || spare == NULL)
        return false;
    for (uint32_t i = 0; i < n; i++)
        keys[i] = (struct header_key){name_hash(m->headers[i].name), i, i, 1};
    link_same_names(m, sort_keys(m, keys, spare, n));
    return true;
}

static const struct header_key *find_key(const struct message *m, struct str name)
{
    uint64_t hash = name_hash(name);
    size_t low = 0, high = m->n_keys;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int d = key_cmp(m, &m->keys[middle], hash, name);
        if (d == 0)
            return &m->keys[middle];
        if (d < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct header *header_last(const struct message *m, struct str name)
{
    const struct header_key *key = find_key(m, name);
    return key == NULL ? NULL : &m->headers[key->bottom];
}

const struct header *header_above(const struct message *m, const struct header *h)
{
    return h->above == 0 ? NULL : &m->headers[h->above - 1];
}

const struct header *header_first(const struct message *m, struct str name)
{
    const struct header_key *key = find_key(m, name);
    return key == NULL ? NULL : &m->headers[key->top];
}

size_t header_count(const struct message *m, struct str name)
{
    const struct header_key *key = find_key(m, name);
    return key == NULL ? 0 : key->count;
}

/* ---- parsing and values ---- */

int message_parse(struct arena *arena, struct str raw, struct message *out, struct mp_err *err)
{
    if (raw.n > MESSAGE_MAX_BYTES)
        return mp_fail(err, MP_E_LIMIT, MESSAGE_MAX_BYTES, "message is longer than %d bytes",
                       MESSAGE_MAX_BYTES);
    struct message m = {.raw = raw};
    if (is_lf_only(raw)) {
        message_note(&m, ANOMALY_LF_ONLY, 0);
        m.raw = with_crlf(arena, raw);
    }
    struct head_parser h = {.arena = arena, .m = &m};
    if (m.raw.n >= raw.n)
        parse_head(&h);
    if (m.raw.n < raw.n || h.no_memory || !index_names(arena, &m))
        return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
    message_scan(&m);
    *out = m;
    return MP_OK;
}

struct str header_unfold(struct arena *arena, struct str value)
{
    value = str_trim(value);
    if (!str_has(value, '\r'))
        return value;
    struct str copy = arena_copy(arena, value);
    if (copy.p == NULL)
        return copy;
    char *p = (char *)(uintptr_t)copy.p;
    size_t n = 0;
    for (size_t i = 0; i < value.n; i++) {
        if (is_crlf_at(value, i) && i + 2 < value.n && is_wsp(value.p[i + 2]))
            i += 2;
        p[n++] = value.p[i];
    }
    return str_make(p, n);
}
