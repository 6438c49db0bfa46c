/* SPF macro strings: parsed once into pieces, expanded into names and texts (RFC 7208 7). */
#include "auth/spf_internal.h"

#include <stdio.h>

enum { KEEP_MAX = 128, NAME_MAX_OCTETS = 253 };

/* ---- parsing ---- */

static bool is_delimiter(char c)
{
    return c == '.' || c == '-' || c == '+' || c == ',' || c == '/' || c == '_' || c == '=';
}

/* One of "slodiphcrtv" in either case (7.2); c, r, t only in explanation text. */
static const char *letter_fault(char c, enum spf_macro_place place)
{
    char low = to_lower(c);
    if (c == '\0' || !str_has(STR("slodiphcrtv"), low))
        return "unknown macro letter";
    if (place == SPF_IN_DOMAIN_SPEC && (low == 'c' || low == 'r' || low == 't'))
        return "macro letters c, r and t stand only in explanation text";
    return NULL;
}

/* "{d2r.-}" behind the percent sign; moves *at behind it. */
static const char *parse_braced(struct str text, size_t *at, enum spf_macro_place place,
                                struct spf_piece *piece)
{
    size_t i = *at + 1;
    const char *fault = letter_fault(i < text.n ? text.p[i] : '\0', place);
    if (fault != NULL)
        return fault;
    *piece = (struct spf_piece){.letter = to_lower(text.p[i]),
                                .escape = text.p[i] != to_lower(text.p[i])};
    size_t digits = ++i;
    unsigned keep = 0;
    for (; i < text.n && is_digit(text.p[i]); i++)
        keep = keep < KEEP_MAX ? keep * 10 + (unsigned)(text.p[i] - '0') : keep;
    if (i > digits && keep == 0)
        return "a macro that keeps 0 parts"; /* 7.1: nonzero */
    piece->keep = (unsigned char)(keep < KEEP_MAX ? keep : KEEP_MAX);
    piece->reverse = i < text.n && to_lower(text.p[i]) == 'r';
    i += piece->reverse;
    size_t delimiters = i;
    while (i < text.n && is_delimiter(text.p[i]))
        i++;
    if (i == text.n || text.p[i] != '}')
        return "a macro that is not closed";
    piece->literal = str_slice(text, delimiters, i);
    *at = i + 1;
    return NULL;
}

/* Whatever follows a percent sign; moves *at behind it. */
static const char *parse_expand(struct str text, size_t *at, enum spf_macro_place place,
                                struct spf_piece *piece)
{
    switch (*at < text.n ? text.p[*at] : '\0') {
    case '{':
        return parse_braced(text, at, place, piece);
    case '%':
        *piece = (struct spf_piece){.literal = STR("%")};
        break;
    case '_':
        *piece = (struct spf_piece){.literal = STR(" ")};
        break;
    case '-':
        *piece = (struct spf_piece){.literal = STR("%20")};
        break;
    default:
        return "a % that is not followed by {, %, _ or -";
    }
    ++*at;
    return NULL;
}

bool spf_macro_parse(struct str text, enum spf_macro_place place, struct spf_piece *pieces,
                     size_t *n, size_t *tail, const char **why)
{
    size_t i = 0, used = 0;
    *tail = 0;
    while (i < text.n) {
        size_t start = i;
        while (i < text.n && text.p[i] != '%') {
            char c = text.p[i++];
            if (c > ' ' && c < 0x7f)
                continue;
            if (c != ' ' || place != SPF_IN_EXPLANATION) {
                *why = "a byte that is not printable ASCII";
                return false;
            }
        }
        struct spf_piece piece = {.literal = str_slice(text, start, i)};
        if (i > start && pieces != NULL)
            pieces[used] = piece;
        used += i > start;
        if (i == text.n)
            break;
        i++;
        if ((*why = parse_expand(text, &i, place, &piece)) != NULL)
            return false;
        if (pieces != NULL)
            pieces[used] = piece;
        used++;
        *tail = i;
    }
    *n = used;
    return true;
}

bool spf_macro_uses(const struct spf_macro *m, const char *letters)
{
    struct str set = str_from(letters);
    for (size_t i = 0; i < m->n; i++) {
        if (m->pieces[i].letter != '\0' && str_has(set, m->pieces[i].letter))
            return true;
    }
    return false;
}

/* ---- values ---- */

static struct str address_text(struct spf_env *env)
{
    if (env->address[0] == '\0')
        ip_write(&env->client, env->address);
    return str_from(env->address);
}

/* "2.0.0.1.0.D.B.8..." (7.3): the suite of RFC 7208 tests writes the hexadecimal digits upper
 * case, and in names the case does not matter. */
static struct str dotted_text(struct spf_env *env)
{
    static const char hex[] = "0123456789ABCDEF";
    if (env->client.family != IP_V6)
        return address_text(env);
    for (size_t i = 0; i < 16; i++) {
        env->nibbles[4 * i] = hex[env->client.octets[i] >> 4];
        env->nibbles[4 * i + 1] = '.';
        env->nibbles[4 * i + 2] = hex[env->client.octets[i] & 15];
        env->nibbles[4 * i + 3] = '.';
    }
    return str_make(env->nibbles, sizeof env->nibbles - 1);
}

static struct str value_of(struct spf_env *env, char letter)
{
    switch (letter) {
    case 's':
        return env->sender;
    case 'l':
        return env->local;
    case 'o':
        return env->sender_domain;
    case 'd':
        return env->domain;
    case 'i':
        return dotted_text(env);
    case 'p':
        return env->validated;
    case 'v':
        return env->client.family == IP_V6 ? STR("ip6") : STR("in-addr");
    case 'h':
        return env->helo;
    case 'c':
        return address_text(env);
    case 'r':
        return env->receiver.n != 0 ? env->receiver : STR("unknown");
    case 't':
        snprintf(env->seconds, sizeof env->seconds, "%lld", (long long)env->now_s);
        return str_from(env->seconds);
    default:
        return STR_NONE;
    }
}

/* ---- expansion ---- */

/* Output of a fixed size, filled from the left (texts) or from the right (names, of which only the
 * last octets count). Stops when full: what the values hold beyond costs nothing. */
struct out {
    char *p;
    size_t n, max;
    bool backward;
};

static bool put(struct out *o, char c)
{
    if (o->n == o->max)
        return false;
    o->p[o->backward ? o->max - 1 - o->n : o->n] = c;
    o->n++;
    return true;
}

static bool put_all(struct out *o, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!put(o, s.p[o->backward ? s.n - 1 - i : i]))
            return false;
    }
    return true;
}

/* RFC 3986 2.3: everything but the unreserved characters is written as %XX. */
static bool put_escaped(struct out *o, struct str s)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[o->backward ? s.n - 1 - i : i];
        bool plain = is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
        char coded[3] = {'%', hex[(unsigned char)c >> 4], hex[(unsigned char)c & 15]};
        if (!put_all(o, plain ? str_make(&c, 1) : str_make(coded, 3)))
            return false;
    }
    return true;
}

/* Take one part off the left or right end of `*s`; p == NULL when it was the last. */
static struct str take_part(struct str *s, bool from_right, struct str delimiters)
{
    struct str all = *s, part;
    size_t i = 0;
    while (i < all.n && !str_has(delimiters, all.p[from_right ? all.n - 1 - i : i]))
        i++;
    part = from_right ? str_slice(all, all.n - i, all.n) : str_slice(all, 0, i);
    if (i == all.n)
        *s = STR_NONE;
    else
        *s = from_right ? str_slice(all, 0, all.n - i - 1) : str_slice(all, i + 1, all.n);
    return part;
}

/* The stretch of the value that holds the parts kept: of the reversed list the right-hand ones are
 * the first of the value. */
static struct str kept_parts(const struct spf_piece *piece, struct str value, struct str delimiters)
{
    if (piece->keep == 0)
        return value;
    struct str rest = value;
    for (unsigned i = 0; i < piece->keep && rest.p != NULL; i++)
        take_part(&rest, !piece->reverse, delimiters);
    if (rest.p == NULL)
        return value;
    return piece->reverse ? str_slice(value, 0, value.n - rest.n - 1)
                          : str_slice(value, rest.n + 1, value.n);
}

static bool put_macro(struct out *o, const struct spf_piece *piece, struct str value)
{
    struct str delimiters = piece->literal.n != 0 ? piece->literal : STR(".");
    if (value.n == 0)
        return true;
    struct str rest = kept_parts(piece, value, delimiters);
    for (bool first = true; rest.p != NULL; first = false) {
        struct str part = take_part(&rest, o->backward != piece->reverse, delimiters);
        if (!first && !put(o, '.'))
            return false;
        if (!(piece->escape ? put_escaped(o, part) : put_all(o, part)))
            return false;
    }
    return true;
}

static bool put_piece(struct out *o, struct spf_env *env, const struct spf_piece *piece)
{
    return piece->letter == '\0' ? put_all(o, piece->literal)
                                 : put_macro(o, piece, value_of(env, piece->letter));
}

static struct str without_final_dot(struct str s)
{
    return s.n != 0 && s.p[s.n - 1] == '.' ? str_slice(s, 0, s.n - 1) : s;
}

struct str spf_expand_name(struct arena *arena, struct spf_env *env, const struct spf_macro *m)
{
    if (m->n == 1 && m->pieces[0].letter == '\0' && m->pieces[0].literal.n <= NAME_MAX_OCTETS)
        return without_final_dot(m->pieces[0].literal);
    /* The final dot and one octet too many, which tells that labels must go. */
    char text[NAME_MAX_OCTETS + 2];
    struct out o = {.p = text, .max = sizeof text, .backward = true};
    for (size_t i = m->n; i-- > 0;) {
        if (!put_piece(&o, env, &m->pieces[i]))
            break;
    }
    struct str name = without_final_dot(str_make(text + o.max - o.n, o.n));
    while (name.n > NAME_MAX_OCTETS) {
        size_t dot = str_find(name, '.');
        if (dot == name.n)
            break; /* one endless label: cannot be asked, which the caller sees */
        name = str_slice(name, dot + 1, name.n);
    }
    return arena_copy(arena, name);
}

struct str spf_expand_text(struct arena *arena, struct spf_env *env, const struct spf_macro *m)
{
    char text[SPF_EXPLANATION_MAX_BYTES];
    struct out o = {.p = text, .max = sizeof text};
    for (size_t i = 0; i < m->n; i++) {
        if (!put_piece(&o, env, &m->pieces[i]))
            break;
    }
    for (size_t i = 0; i < o.n; i++) {
        if (text[i] < ' ' || text[i] > '~')
            text[i] = '?'; /* of the sender's local part or HELO, never of the record */
    }
    return arena_copy(arena, str_make(text, o.n));
}
