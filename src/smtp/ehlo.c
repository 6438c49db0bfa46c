/* Keyword lines of an EHLO reply: a table of names, parameters of those that have some. */
#include "smtp/ehlo.h"

#include "base/word.h"

enum { MECH_MAX_BYTES = 20 /* RFC 4422 3.1 */ };

/* In the order of the bits of enum smtp_extension. */
static const struct str names[] = {
    STR_INIT("PIPELINING"), STR_INIT("8BITMIME"),
    STR_INIT("SMTPUTF8"),   STR_INIT("CHUNKING"),
    STR_INIT("BINARYMIME"), STR_INIT("DSN"),
    STR_INIT("SIZE"),       STR_INIT("STARTTLS"),
    STR_INIT("AUTH"),       STR_INIT("ENHANCEDSTATUSCODES"),
    STR_INIT("REQUIRETLS"), STR_INIT("XCLIENT"),
    STR_INIT("VRFY"),       STR_INIT("ETRN"),
    STR_INIT("DELIVERBY"),  STR_INIT("MT-PRIORITY"),
    STR_INIT("LIMITS"),     STR_INIT("FUTURERELEASE"),
    STR_INIT("PRDR"),       STR_INIT("XFORWARD"),
};
_Static_assert(SMTP_EXT_XFORWARD == 1 << (ARRAY_LEN(names) - 1), "one name a bit");

const char *smtp_extension_name(unsigned bit)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (bit == 1u << i)
            return names[i].p;
    return NULL;
}

static bool is_mech(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
            return false;
    return s.n > 0 && s.n <= MECH_MAX_BYTES;
}

static void add_mechs(struct arena *a, struct str list, struct smtp_ehlo *e)
{
    for (struct str word; (word = str_word(&list)).n > 0;) {
        bool known = !is_mech(word);
        for (size_t i = 0; i < e->n_mechs && !known; i++)
            known = str_ieq(e->mechs[i], word);
        if (known || e->n_mechs == SMTP_EHLO_MAX_MECHS)
            continue;
        char *p = arena_new(a, char, word.n);
        if (p == NULL)
            return;
        for (size_t i = 0; i < word.n; i++)
            p[i] = word.p[i] >= 'a' && word.p[i] <= 'z' ? (char)(word.p[i] & ~0x20) : word.p[i];
        e->mechs[e->n_mechs++] = str_make(p, word.n);
    }
}

static void take_keyword(struct arena *a, struct str line, struct smtp_ehlo *e)
{
    struct str rest = line, keyword = str_word(&rest);
    unsigned bit = 0;
    if (str_istarts(keyword, STR("AUTH="))) { /* before RFC 2554: "AUTH=LOGIN PLAIN" */
        e->extensions |= SMTP_EXT_AUTH;
        add_mechs(a, str_slice(str_trim_wsp(line), 5, line.n), e);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(names) && bit == 0; i++)
        bit = str_ieq(keyword, names[i]) ? 1u << i : 0;
    e->extensions |= bit;
    rest = str_trim_wsp(rest);
    uint64_t size = 0;
    if (bit == SMTP_EXT_AUTH)
        add_mechs(a, rest, e);
    else if (bit == SMTP_EXT_SIZE && str_to_u64(rest, UINT64_MAX, &size))
        e->size_bytes = size;
    else if (bit == SMTP_EXT_XCLIENT)
        e->xclient = rest;
}

void smtp_ehlo_parse(struct arena *a, const struct smtp_reply *r, struct smtp_ehlo *out)
{
    struct smtp_ehlo e = {.extended = true};
    struct str first = r->n_lines > 0 ? r->lines[0] : STR_NONE;
    e.greeting_name = str_word(&first);
    e.mechs = arena_new(a, struct str, SMTP_EHLO_MAX_MECHS);
    e.keywords = arena_new(a, struct str, SMTP_EHLO_MAX_KEYWORDS);
    bool has_memory = e.mechs != NULL && e.keywords != NULL;
    for (size_t i = 1; has_memory && i < r->n_lines && e.n_keywords < SMTP_EHLO_MAX_KEYWORDS; i++) {
        if (str_trim_wsp(r->lines[i]).n == 0)
            continue;
        e.keywords[e.n_keywords++] = r->lines[i];
        take_keyword(a, r->lines[i], &e);
    }
    *out = e;
}
