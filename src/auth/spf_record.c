/* SPF records: selected among TXT records and compiled whole before anything is evaluated, so that
 * an error behind a match counts too (RFC 7208 4.5, 4.6, 12). */
#include "auth/spf_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FAULT_SHOWN_BYTES = 60, PIECES_MAX = 2000 /* of all macro-strings of a record */ };

/* ---- the grammar of mechanisms ---- */

enum arg { ARG_NONE, ARG_DOMAIN, ARG_OPTIONAL_DOMAIN, ARG_IP4, ARG_IP6 };

static const struct mech {
    struct str name;
    enum arg arg;
    bool dual_cidr;
} mechs[SPF_MECH_COUNT] = {
    [SPF_ALL] = {STR_INIT("all"), ARG_NONE, false},            /* RFC 7208 5.1 */
    [SPF_INCLUDE] = {STR_INIT("include"), ARG_DOMAIN, false},  /* RFC 7208 5.2 */
    [SPF_A] = {STR_INIT("a"), ARG_OPTIONAL_DOMAIN, true},      /* RFC 7208 5.3 */
    [SPF_MX] = {STR_INIT("mx"), ARG_OPTIONAL_DOMAIN, true},    /* RFC 7208 5.4 */
    [SPF_PTR] = {STR_INIT("ptr"), ARG_OPTIONAL_DOMAIN, false}, /* RFC 7208 5.5 */
    [SPF_IP4] = {STR_INIT("ip4"), ARG_IP4, false},             /* RFC 7208 5.6 */
    [SPF_IP6] = {STR_INIT("ip6"), ARG_IP6, false},             /* RFC 7208 5.6 */
    [SPF_EXISTS] = {STR_INIT("exists"), ARG_DOMAIN, false},    /* RFC 7208 5.7 */
};

/* One compilation: everything goes into one block of memory, sized before. */
struct compiler {
    struct spf_compiled *out;
    struct spf_term *terms;
    struct spf_piece *pieces, *pieces_end;
    bool has_redirect, has_exp;
};

/* Note the first fault. Always false, so that `return fault(...)` reads well. */
static bool fault(struct compiler *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool fault(struct compiler *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(c->out->reason, sizeof c->out->reason, fmt, ap);
    va_end(ap);
    c->out->status = SPF_RECORD_BROKEN;
    return false;
}

static struct str shown(struct str s)
{
    return str_slice(s, 0, FAULT_SHOWN_BYTES);
}

/* toplabel = ( *alphanum ALPHA *alphanum ) / ( 1*alphanum "-" *( alphanum / "-" ) alphanum ) */
static bool is_toplabel(struct str s)
{
    bool numeric = true;
    if (s.n == 0 || !is_alnum(s.p[0]) || !is_alnum(s.p[s.n - 1]))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!is_alnum(s.p[i]) && s.p[i] != '-')
            return false;
        numeric = numeric && is_digit(s.p[i]);
    }
    return !numeric;
}

/* domain-end = ( "." toplabel [ "." ] ) / macro-expand; `literal` is what follows the last
 * macro-expand (7.1). */
static bool domain_end_ok(struct str literal, bool after_macro)
{
    if (literal.n == 0)
        return after_macro;
    if (literal.p[literal.n - 1] == '.')
        literal.n--;
    size_t dot = str_rfind(literal, '.');
    return dot < literal.n && is_toplabel(str_slice(literal, dot + 1, literal.n));
}

static bool compile_macro(struct compiler *c, struct str term, struct str text,
                          struct spf_macro *out, size_t *tail)
{
    const char *why = "";
    size_t n = 0;
    if (!spf_macro_parse(text, SPF_IN_DOMAIN_SPEC, NULL, &n, tail, &why))
        return fault(c, "%s in '" STR_FMT "'", why, STR_ARG(shown(term)));
    if (n > (size_t)(c->pieces_end - c->pieces))
        return fault(c, "too many macros");
    spf_macro_parse(text, SPF_IN_DOMAIN_SPEC, c->pieces, &n, tail, &why);
    *out = (struct spf_macro){c->pieces, n};
    c->pieces += n;
    return true;
}

static bool compile_domain_spec(struct compiler *c, struct str term, struct str text,
                                struct spf_macro *out)
{
    struct ip ip;
    size_t tail = 0;
    if (text.n == 0)
        return fault(c, "'" STR_FMT "' names no domain", STR_ARG(shown(term)));
    if (ip_parse_keep_mapped(text, &ip))
        return fault(c, "'" STR_FMT "' holds an address where a domain must stand: ip%d is meant",
                     STR_ARG(shown(term)), (int)ip.family);
    if (!compile_macro(c, term, text, out, &tail))
        return false;
    if (!domain_end_ok(str_slice(text, tail, text.n), tail != 0))
        return fault(c, "'" STR_FMT "' does not end in a top-level domain", STR_ARG(shown(term)));
    return true;
}

/* "0" / %x31-39 *DIGIT, at most `max`: no leading zeros (7208 12). */
static bool prefix_length(struct str digits, unsigned max, unsigned char *out)
{
    uint64_t value;
    if ((digits.n > 1 && digits.p[0] == '0') || !str_to_u64(digits, max, &value))
        return false;
    *out = (unsigned char)value;
    return true;
}

/* [ "/" ip4-length ] [ "//" ip6-length ], all of `s`. */
static bool compile_dual_cidr(struct compiler *c, struct str term, struct str s,
                              struct spf_term *out)
{
    bool ok = true;
    if (s.n != 0 && !str_starts(s, STR("//"))) {
        str_cut(&s, '/');
        struct str four = str_slice(s, 0, str_find(s, '/'));
        ok = prefix_length(four, 32, &out->cidr4);
        s = str_slice(s, four.n, s.n);
    }
    if (ok && s.n != 0)
        ok = str_starts(s, STR("//")) && prefix_length(str_slice(s, 2, s.n), 128, &out->cidr6);
    return ok || fault(c, "bad prefix length in '" STR_FMT "'", STR_ARG(shown(term)));
}

static bool compile_network(struct compiler *c, struct str arg, enum ip_family family,
                            struct spf_term *out)
{
    size_t slash = str_find(arg, '/');
    struct str address = str_slice(arg, 0, slash);
    if (address.n < 1 || address.p[0] != ':' ||
        !ip_parse_keep_mapped(str_slice(address, 1, address.n), &out->net) ||
        out->net.family != family)
        return fault(c, "no IPv%d address in '" STR_FMT "'", (int)family,
                     STR_ARG(shown(out->text)));
    unsigned char *length = family == IP_V4 ? &out->cidr4 : &out->cidr6;
    if (slash < arg.n &&
        !prefix_length(str_slice(arg, slash + 1, arg.n), family == IP_V4 ? 32 : 128, length))
        return fault(c, "bad prefix length in '" STR_FMT "'", STR_ARG(shown(out->text)));
    return true;
}

/* Where the dual-cidr-length begins: a domain-spec can hold "/" but never ends in digits and
 * slashes that begin with one. */
static size_t cidr_offset(struct str arg)
{
    size_t from = arg.n;
    while (from > 0 && (is_digit(arg.p[from - 1]) || arg.p[from - 1] == '/'))
        from--;
    return from + str_find(str_slice(arg, from, arg.n), '/');
}

/* `arg` is what follows the mechanism's name, its ":" or "/" included. */
static bool compile_arg(struct compiler *c, const struct mech *mech, struct str arg,
                        struct spf_term *out)
{
    if (mech->arg == ARG_IP4 || mech->arg == ARG_IP6)
        return compile_network(c, arg, mech->arg == ARG_IP4 ? IP_V4 : IP_V6, out);
    if (mech->arg == ARG_NONE)
        return arg.n == 0 || fault(c, "'" STR_FMT "' takes no argument", STR_ARG(shown(out->text)));
    if (mech->dual_cidr) {
        size_t cidr = cidr_offset(arg);
        if (!compile_dual_cidr(c, out->text, str_slice(arg, cidr, arg.n), out))
            return false;
        arg = str_slice(arg, 0, cidr);
    }
    if (arg.n == 0 && mech->arg == ARG_OPTIONAL_DOMAIN)
        return true;
    if (arg.n == 0 || arg.p[0] != ':')
        return fault(c, "'" STR_FMT "' names no domain", STR_ARG(shown(out->text)));
    return compile_domain_spec(c, out->text, str_slice(arg, 1, arg.n), &out->target);
}

static const struct mech *find_mech(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(mechs); i++) {
        if (str_ieq(mechs[i].name, name))
            return &mechs[i];
    }
    return NULL;
}

static enum spf_result qualifier_result(struct str *term)
{
    char q = term->n != 0 ? term->p[0] : '\0';
    enum spf_result r = SPF_PASS;
    if (q == '-')
        r = SPF_FAIL;
    else if (q == '~')
        r = SPF_SOFTFAIL;
    else if (q == '?')
        r = SPF_NEUTRAL;
    else if (q != '+')
        return r;
    *term = str_slice(*term, 1, term->n);
    return r;
}

/* The ranges that give pass, by their shortest prefix. */
static void note_broadest(struct spf_record *r, const struct spf_term *t)
{
    if (t->result != SPF_PASS)
        return;
    if (t->mech == SPF_IP4 && (r->broad4 == NULL || t->cidr4 < r->broad4->cidr4))
        r->broad4 = t;
    if (t->mech == SPF_IP6 && (r->broad6 == NULL || t->cidr6 < r->broad6->cidr6))
        r->broad6 = t;
}

static bool compile_mechanism(struct compiler *c, struct str term)
{
    struct str rest = term;
    struct spf_term out = {.text = term, .cidr4 = 32, .cidr6 = 128};
    out.result = qualifier_result(&rest);
    size_t name = 0;
    while (name < rest.n && rest.p[name] != ':' && rest.p[name] != '/')
        name++;
    const struct mech *mech = find_mech(str_slice(rest, 0, name));
    if (mech == NULL)
        return fault(c, "unknown mechanism '" STR_FMT "'", STR_ARG(shown(term)));
    out.mech = (enum spf_mech)(mech - mechs);
    if (!compile_arg(c, mech, str_slice(rest, name, rest.n), &out))
        return false;
    c->out->record.has_all = c->out->record.has_all || out.mech == SPF_ALL;
    c->terms[c->out->record.n] = out;
    note_broadest(&c->out->record, &c->terms[c->out->record.n++]);
    return true;
}

/* redirect and exp at most once each (6); others are checked as macro-strings and ignored. */
static bool compile_modifier(struct compiler *c, struct str term, struct str name, struct str value)
{
    struct spf_record *r = &c->out->record;
    bool redirect = str_ieq(name, STR("redirect"));
    if (!redirect && !str_ieq(name, STR("exp"))) {
        size_t n, tail;
        const char *why = "";
        return spf_macro_parse(value, SPF_IN_UNKNOWN_MODIFIER, NULL, &n, &tail, &why) ||
               fault(c, "%s in '" STR_FMT "'", why, STR_ARG(shown(term)));
    }
    bool *seen = redirect ? &c->has_redirect : &c->has_exp;
    if (*seen)
        return fault(c, "'%s=' stands twice", redirect ? "redirect" : "exp");
    *seen = true;
    if (redirect)
        r->redirect_text = term;
    return compile_domain_spec(c, term, value, redirect ? &r->redirect : &r->exp);
}

/* name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ), and "=" right behind it: a modifier. */
size_t spf_modifier_name(struct str term)
{
    size_t i = 0;
    if (term.n == 0 || !is_alpha(term.p[0]))
        return 0;
    while (i < term.n && (is_alnum(term.p[i]) || str_has(STR("-_."), term.p[i])))
        i++;
    return i < term.n && term.p[i] == '=' ? i : 0;
}

static bool compile_term(struct compiler *c, struct str term)
{
    size_t name = spf_modifier_name(term);
    if (name == 0)
        return compile_mechanism(c, term);
    return compile_modifier(c, term, str_slice(term, 0, name), str_slice(term, name + 1, term.n));
}

bool spf_is_record(struct str text)
{
    return str_istarts(text, STR("v=spf1")) && (text.n == 6 || text.p[6] == ' ');
}

static size_t count_terms(struct str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] != ' ' && (i == 0 || text.p[i - 1] == ' ');
    return n;
}

struct spf_compiled *spf_record_compile(struct str text)
{
    struct str terms = str_slice(text, 6, text.n);
    size_t n_terms = text.n > SPF_RECORD_MAX_BYTES ? 0 : count_terms(terms);
    bool too_many = text.n > SPF_RECORD_MAX_BYTES || n_terms > SPF_RECORD_MAX_TERMS;
    size_t n_pieces = too_many ? 0 : spf_macro_max_pieces(terms) + n_terms;
    n_pieces = n_pieces < PIECES_MAX ? n_pieces : PIECES_MAX;
    n_terms = too_many ? 0 : n_terms;
    struct spf_compiled *out = calloc(1, sizeof *out + n_terms * sizeof(struct spf_term) +
                                             n_pieces * sizeof(struct spf_piece));
    if (out == NULL)
        return NULL;
    struct compiler c = {.out = out, .terms = (struct spf_term *)(out + 1)};
    c.pieces = (struct spf_piece *)(c.terms + n_terms);
    c.pieces_end = c.pieces + n_pieces;
    out->record.terms = c.terms;
    if (too_many) {
        fault(&c, "more than %d terms or %d bytes", SPF_RECORD_MAX_TERMS, SPF_RECORD_MAX_BYTES);
        return out;
    }
    while (terms.p != NULL) {
        struct str term = str_cut(&terms, ' ');
        if (term.n != 0 && !compile_term(&c, term))
            break;
    }
    return out;
}

/* ---- among the TXT records of a name ---- */

static const char derived_kind; /* its address names our derived values */

static void derived_free(struct dns_derived *d)
{
    free(d); /* the derived part is the first member */
}

const struct spf_compiled *spf_record_of(const struct dns_answer *txt)
{
    struct dns_derived *d = dns_derived_get(txt, &derived_kind);
    if (d != NULL)
        return (const struct spf_compiled *)(const void *)d;
    const struct dns_record *found = NULL;
    size_t n = 0;
    for (size_t i = 0; i < txt->n; i++) {
        if (spf_is_record(txt->records[i].data)) {
            found = &txt->records[i];
            n++;
        }
    }
    struct spf_compiled *made = spf_record_compile(n == 1 ? found->data : STR("v=spf1"));
    if (made == NULL)
        return NULL;
    if (n == 0)
        made->status = SPF_RECORD_ABSENT;
    if (n > 1) {
        made->status = SPF_RECORD_BROKEN;
        snprintf(made->reason, sizeof made->reason, "%zu SPF records where one may stand", n);
    }
    made->derived.kind = &derived_kind;
    made->derived.free = derived_free;
    d = dns_derived_put(txt, &made->derived);
    return (const struct spf_compiled *)(const void *)d;
}
