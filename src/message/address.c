/* Address lists of header fields: one cursor that only moves forward, comments by a counter. */
#include "message/address.h"

#include "message/encoded_word.h"
#include "message/limits.h"
#include "message/message_internal.h"

enum { FIRST_MAILBOXES = 4 };

/* RFC 5322 3.2.3 with RFC 6532 3.2: bytes above 0x7f are UTF-8 of internationalised mail. */
static bool is_atext(char c)
{
    static const char marks[] = "!#$%&'*+-/=?^_`{|}~";
    return is_alnum(c) || (unsigned char)c >= 0x80 ||
           (c != '\0' && memchr(marks, c, sizeof marks - 1) != NULL);
}

/* ---- tokens; each moves *pos behind what it took ---- */

/* Octets that no form of quoting allows in a field (RFC 5322 4.1 has them only as quoted pairs,
 * which readers do not agree on): NUL, and CR or LF outside of CRLF. */
static bool is_broken_at(struct str s, size_t pos)
{
    char c = s.p[pos];
    if (c == '\r')
        return pos + 1 >= s.n || s.p[pos + 1] != '\n';
    return c == '\0' || (c == '\n' && (pos == 0 || s.p[pos - 1] != '\r'));
}

bool comment_skip(struct str s, size_t *pos)
{
    size_t depth = 0;
    for (size_t i = *pos; i < s.n && !is_broken_at(s, i); i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '(' && ++depth > ADDRESS_MAX_COMMENT_DEPTH)
            return false;
        else if (s.p[i] == ')' && --depth == 0) {
            *pos = i + 1;
            return true;
        }
    }
    return false;
}

void cfws_skip(struct str s, size_t *pos, struct str *comment)
{
    while (*pos < s.n) {
        size_t start = *pos;
        if (s.p[start] == '(') {
            if (!comment_skip(s, pos))
                return;
            if (comment != NULL)
                *comment = str_slice(s, start + 1, *pos - 1);
        } else if (is_fws(s.p[start]) && !is_broken_at(s, start)) {
            ++*pos;
        } else {
            return;
        }
    }
}

/* At a quote: to behind its partner. */
static bool skip_quoted(struct str s, size_t *pos)
{
    for (size_t i = *pos + 1; i < s.n && !is_broken_at(s, i); i++) {
        if (s.p[i] == '\\' && i + 1 < s.n && !is_broken_at(s, i + 1)) {
            i++;
        } else if (s.p[i] == '"') {
            *pos = i + 1;
            return true;
        }
    }
    return false;
}

static bool skip_atom(struct str s, size_t *pos)
{
    size_t start = *pos;
    while (*pos < s.n && is_atext(s.p[*pos]))
        ++*pos;
    return *pos > start;
}

/* An atom, or an encoded word that holds more than atoms may. */
static bool skip_word(struct str s, size_t *pos)
{
    size_t n = s.p[*pos] == '=' ? encoded_word_in_phrase(s, *pos) : 0;
    if (n == 0)
        return skip_atom(s, pos);
    *pos += n;
    return true;
}

/* What a run of words means: quotes, backslashes, line ends of folds and CFWS taken out. Copies
 * only when there is something to take out. */
static struct str meaning(struct arena *arena, struct str s)
{
    size_t n = 0, i = 0;
    while (i < s.n && (is_atext(s.p[i]) || s.p[i] == '.'))
        i++;
    if (i == s.n)
        return s;
    char *p = arena_new(arena, char, s.n);
    bool quoted = false;
    for (i = 0; p != NULL && i < s.n;) {
        if (!quoted)
            cfws_skip(s, &i, NULL);
        if (i == s.n)
            break;
        if (s.p[i] == '"') {
            quoted = !quoted;
            i++;
            continue;
        }
        if (quoted && s.p[i] == '\\' && i + 1 < s.n)
            i++;
        if (!quoted || (s.p[i] != '\r' && s.p[i] != '\n'))
            p[n++] = s.p[i];
        i++;
    }
    return str_make(p, p == NULL ? 0 : n);
}

/* ---- the list ---- */

struct parser {
    struct arena *arena;
    struct str s;
    size_t pos, end, cap; /* end: of the last domain or angle bracket */
    struct address_list *out;
    struct str comment, group;
    bool in_group;
};

/* Words and dots, up to the special character that says what they are. */
struct words {
    struct str text; /* from the first word to the last */
    size_t n;
    bool adjacent; /* two words without a dot between: a phrase, no local part */
    bool quoted;
};

static bool fail(struct parser *p, const char *reason)
{
    p->out->status = ADDRESS_INVALID;
    p->out->bad_offset = p->pos;
    p->out->reason = reason;
    return false;
}

static bool limit(struct parser *p, const char *reason)
{
    fail(p, reason);
    p->out->status = ADDRESS_LIMIT;
    return false;
}

/* The next octet that means something; 0 at the end (NUL in the input never gets this far). */
static char peek(struct parser *p)
{
    cfws_skip(p->s, &p->pos, &p->comment);
    return p->pos < p->s.n ? p->s.p[p->pos] : '\0';
}

static bool at_end(const struct parser *p)
{
    return p->pos == p->s.n;
}

static bool parse_words(struct parser *p, struct words *w)
{
    *w = (struct words){0};
    bool dot = true;
    char c = peek(p);
    for (size_t start = p->pos;; c = peek(p)) {
        if (c == '.') {
            p->pos++;
            dot = true;
        } else if (c == '"' || is_atext(c)) {
            if (c == '"' ? !skip_quoted(p->s, &p->pos) : !skip_word(p->s, &p->pos))
                return fail(p, "a quote is not closed");
            w->adjacent |= !dot;
            w->quoted |= c == '"';
            w->n++;
            dot = false;
        } else {
            break;
        }
        w->text = str_slice(p->s, start, p->pos);
    }
    return true;
}

/* RFC 5322 4.4: CFWS may stand around the dots. A final dot is taken off later (idna.h). */
static bool parse_domain(struct parser *p, struct str *domain)
{
    peek(p);
    size_t start = p->pos, end;
    if (!skip_atom(p->s, &p->pos))
        return fail(p, "a domain is missing");
    end = p->pos;
    while (peek(p) == '.') {
        end = ++p->pos;
        if (peek(p) == '.')
            return fail(p, "two dots stand together in a domain");
        if (!skip_atom(p->s, &p->pos)) {
            p->out->obsolete = true;
            break;
        }
        end = p->pos;
    }
    p->end = end;
    struct str written = str_slice(p->s, start, end);
    *domain = meaning(p->arena, written);
    p->out->obsolete |= domain->p != written.p;
    return domain->p != NULL || limit(p, "no memory");
}

static bool parse_literal(struct parser *p, struct str *domain)
{
    size_t start = p->pos;
    while (p->pos < p->s.n && p->s.p[p->pos] != ']') {
        if (is_broken_at(p->s, p->pos) || p->s.p[p->pos] == '\\')
            return fail(p, "a forbidden octet stands in an address literal");
        p->pos++;
    }
    if (at_end(p))
        return fail(p, "an address literal is not closed");
    p->end = ++p->pos;
    *domain = str_slice(p->s, start, p->end);
    return true;
}

/* At "@", behind the words of a local part. */
static bool parse_addr_spec(struct parser *p, const struct words *w, struct mailbox *m)
{
    if (w->n == 0)
        return fail(p, "an address has no local part");
    if (w->adjacent)
        return fail(p, "text stands before an address without angle brackets");
    m->local = meaning(p->arena, w->text);
    if (m->local.p == NULL)
        return limit(p, "no memory");
    m->local_quoted = w->quoted;
    p->out->obsolete |= !w->quoted && m->local.p != w->text.p;
    p->pos++;
    m->domain_is_literal = peek(p) == '[';
    if (!(m->domain_is_literal ? parse_literal(p, &m->domain) : parse_domain(p, &m->domain)))
        return false;
    p->out->encoded_word_as_address |= has_encoded_word(m->local) || has_encoded_word(m->domain);
    return true;
}

/* RFC 5322 4.4 obs-route: "@a,@b:" in front of the address; commas may stand alone. */
static bool skip_route(struct parser *p)
{
    struct str hop;
    for (char c = peek(p); c != ':'; c = peek(p)) {
        p->pos++;
        if (c == '@' ? !parse_domain(p, &hop) : c != ',')
            return c == '@' ? false : fail(p, "a source route is broken");
    }
    p->pos++;
    p->out->obsolete = true;
    return true;
}

/* Behind "<". */
static bool parse_angle(struct parser *p, struct mailbox *m)
{
    struct words w;
    char c = peek(p);
    if (c == '>') {
        m->null_address = true;
        p->pos++;
        return true;
    }
    m->has_route = c == '@' || c == ',';
    if ((m->has_route && !skip_route(p)) || !parse_words(p, &w))
        return false;
    if (peek(p) != '@')
        return fail(p, "no address stands in the angle brackets");
    if (!parse_addr_spec(p, &w, m))
        return false;
    if (peek(p) != '>')
        return fail(p, "an angle bracket is not closed");
    p->pos++;
    return true;
}

/* "a@b.example <a@b.example>": an address as a name wants quotes, but many programs leave them out,
 * or write apostrophes, which the grammar takes for part of the address.
 * Taken when both addresses are of one domain, so that no reader can see another author. */
static bool parse_named_by_address(struct parser *p, struct mailbox *m)
{
    struct str written = str_slice(p->s, m->offset, p->end);
    struct mailbox inner = {.group = m->group, .offset = m->offset, .display = written};
    struct str named = m->domain;
    if (str_starts(m->local, STR("'")) && str_ends(named, STR("'")))
        named.n--;
    p->pos++;
    if (!parse_angle(p, &inner))
        return false;
    if (inner.null_address || inner.has_route || inner.domain_is_literal ||
        !str_ieq(inner.domain, named))
        return fail(p, "text stands behind an address");
    p->end = p->pos;
    p->out->obsolete = true;
    *m = inner;
    return true;
}

static bool keep(struct parser *p, const struct mailbox *m)
{
    struct address_list *out = p->out;
    if (out->n == ADDRESS_MAX_MAILBOXES)
        return limit(p, "more mailboxes than are read");
    if (out->n == p->cap) {
        size_t cap = p->cap == 0 ? FIRST_MAILBOXES : p->cap * 2;
        struct mailbox *grown = arena_grow(p->arena, out->items, out->n, cap, sizeof *out->items);
        if (grown == NULL)
            return limit(p, "no memory");
        out->items = grown;
        p->cap = cap;
    }
    out->items[out->n++] = *m;
    return true;
}

static bool begin_group(struct parser *p, const struct words *w)
{
    if (p->in_group || w->n == 0)
        return fail(p, "a colon stands where no group can begin");
    p->in_group = true;
    p->group = w->text;
    p->out->groups++;
    p->pos++;
    return true;
}

/* No address follows the words: an empty element of the list (RFC 5322 4.4), or no grammar. */
static bool no_mailbox(struct parser *p, const struct words *w, char next)
{
    if (w->text.n != 0) {
        p->out->encoded_word_as_address |= has_encoded_word(w->text);
        return fail(p, "a name stands without an address");
    }
    if (next == ',')
        p->out->obsolete = true;
    if (next == '(')
        return fail(p, "a comment is not closed");
    return next == ',' || next == ';' || at_end(p) || fail(p, "an unexpected character");
}

/* One mailbox, the head of a group, or nothing; then what may follow it. */
static bool parse_element(struct parser *p)
{
    struct words w;
    struct mailbox m = {.group = p->group};
    p->comment = STR_NONE;
    if (!parse_words(p, &w))
        return false;
    char c = peek(p);
    m.offset = w.n == 0 ? p->pos : (size_t)(w.text.p - p->s.p);
    if (c == ':')
        return begin_group(p, &w);
    if (c == '<') {
        m.display = w.text;
        p->pos++;
        if (!parse_angle(p, &m))
            return false;
        p->end = p->pos;
    } else if (c == '@') {
        if (!parse_addr_spec(p, &w, &m))
            return false;
        if (peek(p) == '<' && !parse_named_by_address(p, &m))
            return false;
    } else {
        return no_mailbox(p, &w, c);
    }
    m.length = p->end - m.offset;
    c = peek(p);
    m.comment = p->comment;
    if (c == '(')
        return fail(p, "a comment is not closed");
    if (!at_end(p) && c != ',' && c != ';')
        return fail(p, "text stands behind an address");
    return keep(p, &m);
}

static bool end_group(struct parser *p)
{
    if (!p->in_group)
        return fail(p, "a semicolon stands outside of a group");
    p->in_group = false;
    p->group = STR_NONE;
    p->pos++;
    char c = peek(p);
    return at_end(p) || c == ',' || fail(p, "text stands behind a group");
}

static bool parse_list(struct parser *p)
{
    for (;;) {
        bool was_in_group = p->in_group;
        if (!parse_element(p))
            return false;
        if (p->in_group != was_in_group)
            continue; /* the first member may follow the colon */
        char c = peek(p);
        if (c == ';' && !end_group(p))
            return false;
        if (at_end(p))
            return !p->in_group || fail(p, "a group is not closed");
        p->pos += peek(p) == ',';
    }
}

void address_parse(struct arena *arena, struct str value, struct address_list *out)
{
    *out = (struct address_list){.status = ADDRESS_OK};
    struct parser p = {.arena = arena, .s = value, .out = out};
    if (!parse_list(&p))
        return;
    out->status = ADDRESS_EMPTY;
    for (size_t i = 0; i < out->n; i++)
        if (!out->items[i].null_address)
            out->status = ADDRESS_OK;
}

/* ---- SMTP paths: nothing may be folded, commented or spaced ---- */

/* RFC 5321 4.1.2 Quoted-string: printable ASCII, UTF-8 by RFC 6531 3.3. */
static bool take_path_quoted(struct str s, size_t *pos)
{
    for (size_t i = *pos + 1; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < ' ' || c == 0x7f)
            return false;
        if (c == '"') {
            *pos = i + 1;
            return true;
        }
        if (c == '\\' && (++i == s.n || s.p[i] < ' ' || s.p[i] == 0x7f))
            return false;
    }
    return false;
}

static bool take_path_domain(struct str s, size_t *pos)
{
    size_t start = *pos;
    if (start < s.n && s.p[start] == '[') {
        size_t end = start + str_find(str_slice(s, start, s.n), ']');
        for (size_t i = start + 1; i < end; i++)
            if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == '[' || s.p[i] == '\\')
                return false;
        *pos = end + 1;
        return end < s.n;
    }
    for (; *pos < s.n; ++*pos) {
        char c = s.p[*pos];
        bool dot_is_first = *pos == start || s.p[*pos - 1] == '.';
        if (c == '.' ? dot_is_first : !is_alnum(c) && c != '-' && c != '_' && !(c & 0x80))
            break;
    }
    return *pos > start && s.p[*pos - 1] != '.';
}

/* "@one,@two:" as RFC 5321 4.1.2 has it; to be accepted and ignored. */
static bool take_path_route(struct str s, size_t *pos)
{
    while (*pos < s.n && s.p[*pos] == '@') {
        ++*pos;
        if (!take_path_domain(s, pos) || *pos == s.n)
            return false;
        if (s.p[*pos] == ':') {
            ++*pos;
            return true;
        }
        if (s.p[*pos] != ',')
            return false;
        ++*pos;
    }
    return false;
}

static bool take_path_mailbox(struct arena *arena, struct str s, size_t pos, struct mailbox *m)
{
    size_t start = pos;
    m->local_quoted = pos < s.n && s.p[pos] == '"';
    if (m->local_quoted && !take_path_quoted(s, &pos))
        return false;
    while (!m->local_quoted && pos < s.n && (is_atext(s.p[pos]) || s.p[pos] == '.'))
        pos++;
    m->local = meaning(arena, str_slice(s, start, pos));
    if (pos == start || m->local.p == NULL || pos == s.n || s.p[pos] != '@')
        return false;
    start = ++pos;
    if (!take_path_domain(s, &pos) || pos != s.n)
        return false;
    m->domain = str_slice(s, start, pos);
    m->domain_is_literal = s.p[start] == '[';
    return true;
}

bool smtp_path_parse(struct arena *arena, struct str path, struct mailbox *out, bool *null_path)
{
    struct mailbox m = {.length = path.n};
    struct str s = path;
    size_t pos = 0;
    bool angle = s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>';
    if (angle)
        s = str_slice(s, 1, s.n - 1);
    m.null_address = s.n == 0;
    m.has_route = s.n > 0 && s.p[0] == '@';
    if (m.has_route && (!angle || !take_path_route(s, &pos)))
        return false;
    if (!m.null_address && !take_path_mailbox(arena, s, pos, &m))
        return false;
    *null_path = m.null_address;
    *out = m;
    return true;
}
