/* The border filter (RFC 8601 5): which fields pretend to be our own Authentication-Results.
 *
 * A forged field wants to be missed here and believed further on, by a reader we do not know. So
 * the authserv-id is read in every way that some reader might read it: comments nest or do not,
 * backslashes quote or do not, pieces are joined over comments and folds or are not, encoded words
 * are decoded. One reading that gives our name is enough. "mx.test.evil" is foreign in all of
 * them; "mx.test(" is ours. Wrongly removing a field this odd harms nobody. */
#include "auth/authres.h"
#include "base/idna.h"
#include "base/utf8.h"
#include "message/encoded_word.h"

enum {
    ID_MAX = 1024,                     /* more than any spelling of a domain needs */
    ENCODED_LOOK = 256 * 1024,         /* bytes of one value searched for encoded words */
    SCRATCH_BUDGET = 16 * 1024 * 1024, /* per field; spent means: treat the field as forged */
};

/* One way of reading. */
struct how {
    bool nested;  /* comments nest */
    bool escapes; /* a backslash in a comment or quoted string takes the next byte with it */
    bool joined;  /* comments, folds and controls inside a word vanish; CFWS around dots too */
};

struct id {
    char bytes[ID_MAX];
    size_t n;
    bool too_long;
};

static void id_add(struct id *id, struct str s)
{
    if (s.n > ID_MAX - id->n) {
        id->too_long = true;
        return;
    }
    for (size_t i = 0; i < s.n; i++)
        id->bytes[id->n++] = to_lower(s.p[i]);
}

/* Behind the comment that begins at `at`; 0 when it is not closed. */
static size_t comment_end(struct str v, size_t at, const struct how *how)
{
    size_t depth = 0;
    for (size_t i = at; i < v.n; i++) {
        if (v.p[i] == '\\' && how->escapes)
            i++;
        else if (v.p[i] == '(' && (how->nested || depth == 0))
            depth++;
        else if (v.p[i] == ')' && --depth == 0)
            return i + 1;
    }
    return 0;
}

enum piece { PIECE_TEXT, PIECE_SPACE, PIECE_FOLD, PIECE_NOTHING, PIECE_STOP };

static bool is_wide_space(int32_t c)
{
    return c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
           c == 0x202f || c == 0x205f || c == 0x3000;
}

/* What stands at the front of `rest`, which moves behind it. */
static enum piece next_piece(struct str *rest, bool literal)
{
    static const char stops[] = {'<', '>', '@', ',', ';', '/', '?', '='};
    int32_t c = utf8_next(rest);
    if (c == '\r' || c == '\n')
        return PIECE_FOLD;
    if (c == ' ' || c == '\t' || is_wide_space(c))
        return PIECE_SPACE;
    if (c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xa0) || utf8_is_invisible(c))
        return PIECE_NOTHING; /* NUL, controls, bytes that are not UTF-8, zero-width */
    if (c < 0x80 && memchr(stops, c, sizeof stops) != NULL)
        return PIECE_STOP;
    if (c == '[' || c == ']' || c == ':')
        return literal ? PIECE_TEXT : PIECE_STOP;
    return PIECE_TEXT;
}

struct scan {
    struct str v;
    size_t at;
    const struct how *how;
    bool unclosed; /* a comment was: later "(" are bytes like others, so time stays linear */
    bool after_fold;
};

/* Jump over a comment at s->at. False: there is none that closes. */
static bool jump_comment(struct scan *s)
{
    if (s->unclosed || s->at >= s->v.n || s->v.p[s->at] != '(')
        return false;
    size_t end = comment_end(s->v, s->at, s->how);
    s->unclosed = end == 0;
    if (end != 0)
        s->at = end;
    return end != 0;
}

/* White space inside a word, joined reading: does the word go on behind it? Only around dots. */
static bool goes_on(struct scan *s, const struct id *id)
{
    while (s->at < s->v.n && (is_fws(s->v.p[s->at]) || jump_comment(s)))
        s->at += s->at < s->v.n && is_fws(s->v.p[s->at]);
    return id->bytes[id->n - 1] == '.' || (s->at < s->v.n && s->v.p[s->at] == '.');
}

/* The character behind a backslash, whatever it is. */
static void take_quoted(struct scan *s, struct id *id)
{
    struct str rest = str_slice(s->v, s->at, s->v.n), from = rest;
    utf8_next(&rest);
    id_add(id, str_slice(from, 0, from.n - rest.n));
    s->at += from.n - rest.n;
}

/* Take one byte, character or comment. False: the word is over. */
static bool step(struct scan *s, struct id *id, bool literal)
{
    char c = s->v.p[s->at];
    bool fold_before = s->after_fold;
    s->after_fold = false;
    if (jump_comment(s))
        return id->n == 0 || s->how->joined;
    if (c == '(') {
        s->at++;
        return id->n == 0;
    }
    if (c == '"' || c == '\\') {
        s->at++;
        if (c == '\\' && s->how->escapes)
            take_quoted(s, id);
        return true;
    }
    struct str rest = str_slice(s->v, s->at, s->v.n);
    enum piece piece = next_piece(&rest, literal);
    struct str bytes = str_slice(s->v, s->at, s->v.n - rest.n);
    s->at = s->v.n - rest.n;
    if (piece == PIECE_TEXT)
        id_add(id, bytes);
    if (piece == PIECE_TEXT || id->n == 0)
        return true;
    if (piece == PIECE_STOP || !s->how->joined)
        return false;
    s->after_fold = piece == PIECE_FOLD || (fold_before && piece == PIECE_SPACE);
    return piece != PIECE_SPACE || s->after_fold || goes_on(s, id);
}

/* The first word of `v` in that reading, lower case, outer dots off. */
static bool read_id(struct str v, const struct how *how, bool literal, struct id *id)
{
    struct scan s = {.v = v, .how = how};
    id->n = 0;
    id->too_long = false;
    while (s.at < v.n && !id->too_long && step(&s, id, literal))
        continue;
    while (id->n > 0 && id->bytes[id->n - 1] == '.')
        id->n--;
    return !id->too_long && id->n != 0;
}

/* Our own name, folded once. */
struct ours {
    struct str name;
    bool literal; /* an address literal: brackets and colons belong to it */
};

static struct ours fold_ours(struct arena *a, struct str authserv_id)
{
    struct ours o = {.literal = str_starts(authserv_id, STR("["))};
    if (idna_to_ascii(a, authserv_id, &o.name))
        return o;
    while (str_ends(authserv_id, STR(".")))
        authserv_id.n--;
    o.name = authserv_id;
    return o;
}

static bool is_ours(struct arena *scratch, struct str id, const struct ours *ours)
{
    struct str ascii;
    while (str_starts(id, STR(".")))
        id = str_slice(id, 1, id.n);
    if (str_ieq(id, ours->name))
        return true;
    return !str_is_ascii(id) && idna_to_ascii(scratch, id, &ascii) && str_ieq(ascii, ours->name);
}

static bool text_claims(struct arena *scratch, struct str text, const struct ours *ours)
{
    static const struct how readings[] = {{true, true, false},   {true, true, true},
                                          {false, true, false},  {false, true, true},
                                          {true, false, false},  {true, false, true},
                                          {false, false, false}, {false, false, true}};
    struct id id;
    bool plain = !str_has(text, '(') && !str_has(text, '\\');
    size_t n = plain ? 2 : ARRAY_LEN(readings);
    for (size_t i = 0; i < n; i++)
        if (read_id(text, &readings[i], ours->literal, &id) &&
            is_ours(scratch, str_make(id.bytes, id.n), ours))
            return true;
    return false;
}

static bool value_claims(struct arena *scratch, struct str value, const struct ours *ours)
{
    if (ours->name.n == 0)
        return false;
    if (text_claims(scratch, value, ours))
        return true;
    struct str head = str_slice(value, 0, ENCODED_LOOK);
    if (str_search(head, STR("=?")) == head.n)
        return false;
    struct str decoded = encoded_word_decode(scratch, head, NULL);
    return decoded.p == NULL || text_claims(scratch, decoded, ours);
}

bool authres_claims(struct arena *arena, struct str value, struct str authserv_id)
{
    struct ours ours = fold_ours(arena, authserv_id);
    return value_claims(arena, value, &ours);
}

/* ---- fields ---- */

/* White space and controls in a field name are dropped by some readers. */
static bool is_authres_name(struct str name)
{
    static const struct str want = STR_INIT("authentication-results");
    size_t n = 0;
    for (size_t i = 0; i < name.n; i++) {
        if ((unsigned char)name.p[i] <= 0x20 || name.p[i] == 0x7f)
            continue;
        if (n == want.n || to_lower(name.p[i]) != want.p[n])
            return false;
        n++;
    }
    return n == want.n;
}

/* Where the next field begins for a reader that ends lines at a bare CR or LF; raw.n if nowhere. */
static size_t next_lenient_field(struct str raw, size_t at)
{
    for (size_t i = at + 1; i < raw.n; i++)
        if ((raw.p[i - 1] == '\r' || raw.p[i - 1] == '\n') && !is_fws(raw.p[i]))
            return i;
    return raw.n;
}

/* Is it ours by its own name, or does such a field hide behind a bare line break in it? The second
 * kind counts in a field of any name: the next hop that repairs line ends sets it free. */
static bool field_forged(struct arena *scratch, const struct header *h, const struct ours *ours,
                         bool bare_breaks)
{
    if (is_authres_name(h->name) && value_claims(scratch, h->value, ours))
        return true;
    for (size_t at = 0; bare_breaks && at < h->raw.n;) {
        size_t end = next_lenient_field(h->raw, at);
        struct str value = str_slice(h->raw, at, end);
        struct str name = str_cut(&value, ':');
        if (is_authres_name(name) && value_claims(scratch, value, ours))
            return true;
        at = end;
    }
    return false;
}

int authres_forged(struct arena *arena, const struct message *msg, struct str authserv_id,
                   const struct header ***fields, size_t *n, struct mp_err *err)
{
    const struct header **found = NULL;
    size_t count = 0, cap = 0;
    int st = MP_OK;
    struct arena scratch;
    arena_init(&scratch, SCRATCH_BUDGET);
    struct ours ours = fold_ours(arena, authserv_id);
    bool bare_breaks =
        message_has(msg, ANOMALY_BARE_LF_HEADER) || message_has(msg, ANOMALY_BARE_CR_HEADER);
    for (size_t i = msg->n_headers; ours.name.n != 0 && i > 0; i--) {
        arena_reset(&scratch);
        if (!field_forged(&scratch, &msg->headers[i - 1], &ours, bare_breaks))
            continue;
        if (count == cap) {
            cap = cap == 0 ? 8 : cap * 2;
            found = arena_grow(arena, found, count, cap, sizeof *found);
        }
        if (found == NULL) {
            st = mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
            break;
        }
        found[count++] = &msg->headers[i - 1];
    }
    arena_clear(&scratch);
    if (st == MP_OK) {
        *fields = found;
        *n = count;
    }
    return st;
}

void authres_findings(struct auth_ctx *ctx)
{
    const struct header **forged;
    size_t n;
    if (ctx->msg == NULL)
        return;
    if (authres_forged(ctx->arena, ctx->msg, ctx->config->authserv_id, &forged, &n, NULL) !=
        MP_OK) {
        ctx->findings->starved = true;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct finding_where where = {.header = forged[i]->name,
                                      .offset = forged[i]->offset,
                                      .length = forged[i]->raw.n,
                                      .has_offset = true};
        finding_add(ctx->findings, FINDING_AUTH_FORGED_AUTHRES, where, STR_FMT,
                    STR_ARG(str_trim(str_slice(forged[i]->value, 0, FINDING_EVIDENCE_MAX))));
    }
}
