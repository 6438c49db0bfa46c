/* Received fields read as people write them: clauses by keyword, comments by what stands in them.
 */
#include "message/received.h"

#include "message/message_internal.h"

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_COMMENT, TOKEN_SEMICOLON };

struct token {
    enum token_kind kind;
    struct str text; /* comments without their parentheses */
};

static struct token next_token(struct str s, size_t *pos)
{
    while (*pos < s.n && is_fws(s.p[*pos]))
        ++*pos;
    size_t start = *pos;
    if (start == s.n)
        return (struct token){TOKEN_END, STR_NONE};
    if (s.p[start] == '(') {
        bool closed = comment_skip(s, pos);
        size_t end = closed ? *pos - 1 : s.n;
        *pos = closed ? *pos : s.n;
        return (struct token){TOKEN_COMMENT, str_slice(s, start + 1, end)};
    }
    if (s.p[start] == ';') {
        ++*pos;
        return (struct token){TOKEN_SEMICOLON, STR_NONE};
    }
    while (*pos < s.n && !is_fws(s.p[*pos]) && s.p[*pos] != '(' && s.p[*pos] != ';')
        ++*pos;
    return (struct token){TOKEN_WORD, str_slice(s, start, *pos)};
}

/* ---- addresses and host names ---- */

static struct str without(struct str s, char open, char close)
{
    if (s.n >= 2 && s.p[0] == open && s.p[s.n - 1] == close)
        return str_slice(s, 1, s.n - 1);
    return s;
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]", bare, or behind the user of ident: "user@192.0.2.1". */
static bool read_ip(struct str word, struct ip *ip)
{
    size_t at = str_find(word, '@');
    if (at < word.n)
        word = str_slice(word, at + 1, word.n);
    word = without(word, '[', ']');
    if (str_istarts(word, STR("IPv6:")))
        word = str_slice(word, 5, word.n);
    return ip_parse(word, ip);
}

static bool is_host_name(struct str word)
{
    bool letter = false;
    for (size_t i = 0; i < word.n; i++) {
        char c = word.p[i];
        if (!is_alnum(c) && c != '-' && c != '.' && c != '_' && !((unsigned char)c & 0x80))
            return false;
        letter |= is_alpha(c) || ((unsigned char)c & 0x80) != 0;
    }
    return letter && str_has(word, '.');
}

static struct str host(struct str word)
{
    if (word.n > 0 && word.p[word.n - 1] == '.')
        word.n--;
    return is_host_name(word) ? word : STR_NONE;
}

/* ---- comments ---- */

static bool is_word_end(char c)
{
    return is_fws(c) || c == '(' || c == ')' || c == ',' || c == ';';
}

static struct str next_word(struct str *comment)
{
    struct str s = *comment;
    while (s.n > 0 && is_word_end(s.p[0]))
        s = str_slice(s, 1, s.n);
    size_t n = 0;
    while (n < s.n && !is_word_end(s.p[n]))
        n++;
    *comment = str_slice(s, n, s.n);
    return str_slice(s, 0, n);
}

/* "key=value": the value; empty when it is something else. */
static struct str value_of(struct str word, struct str key)
{
    if (word.n <= key.n || !str_istarts(word, key) || word.p[key.n] != '=')
        return STR_NONE;
    return str_slice(word, key.n + 1, word.n);
}

static bool is_tls_version(struct str word)
{
    return word.n >= 4 && (str_istarts(word, STR("TLS")) || str_istarts(word, STR("SSL"))) &&
           (is_digit(word.p[3]) || to_lower(word.p[3]) == 'v');
}

static void keep_first(struct str *slot, struct str value)
{
    if (slot->n == 0)
        *slot = value;
}

/* TLS as noted by Postfix ("using TLSv1.3 with cipher X"), Gmail and sendmail ("version=X
 * cipher=Y"), Exim ("TLS1.3:X:256"); and who logged in. */
static void read_notes(struct str comment, struct received *r)
{
    struct str last = STR_NONE, before = STR_NONE;
    for (struct str word; (word = next_word(&comment)).n != 0; before = last, last = word) {
        struct str version = value_of(word, STR("version"));
        if (version.n == 0)
            version = word;
        if (is_tls_version(version)) {
            size_t colon = str_find(version, ':');
            struct str rest = str_slice(version, colon + 1, version.n);
            keep_first(&r->tls_version, str_slice(version, 0, colon));
            keep_first(&r->tls_cipher, str_slice(rest, 0, str_find(rest, ':')));
            r->tls = true;
        }
        keep_first(&r->tls_cipher, value_of(word, STR("cipher")));
        if (str_ieq(last, STR("cipher")) && str_ieq(before, STR("with")))
            keep_first(&r->tls_cipher, word);
        if (str_ieq(word, STR("Authenticated")) || value_of(word, STR("auth")).n != 0)
            r->authenticated |= !str_ieq(value_of(word, STR("auth")), STR("none"));
    }
}

/* qmail writes "from rdns (HELO name)", Exim "from rdns ([ip] helo=name)": what stood behind
 * "from" is the name from DNS then. */
static void set_helo(struct received *r, struct str name)
{
    struct ip ip;
    if (name.n == 0)
        return;
    if (r->from_rdns.n == 0 && !str_ieq(r->from_name, STR("unknown")) &&
        !read_ip(r->from_name, &ip))
        r->from_rdns = host(r->from_name);
    r->from_name = name;
}

/* The TCP-info of the sending side (RFC 5321 4.4), and what stands in other comments there. The
 * first address in them is the server's word; one behind "from" may be the client's, and so may all
 * that follows a HELO: qmail takes names with spaces, and with them addresses, from strangers. */
static void read_from_comment(struct str comment, struct received *r, bool *address_known)
{
    struct ip ip;
    struct str last = STR_NONE;
    bool first = true;
    for (struct str word; (word = next_word(&comment)).n != 0; last = word, first = false) {
        bool helo = str_ieq(last, STR("HELO")) || str_ieq(last, STR("EHLO"));
        if (helo || value_of(word, STR("helo")).n != 0) {
            set_helo(r, helo ? word : value_of(word, STR("helo")));
            return;
        }
        if (read_ip(word, &ip)) {
            r->from_ip = *address_known ? r->from_ip : ip;
            *address_known = true;
        } else if (first && !str_ieq(word, STR("unknown"))) {
            keep_first(&r->from_rdns, host(word));
        }
    }
}

/* ---- clauses ---- */

enum clause {
    CLAUSE_NONE,
    CLAUSE_FROM,
    CLAUSE_BY,
    CLAUSE_WITH,
    CLAUSE_ID,
    CLAUSE_FOR,
    CLAUSE_VIA,
    CLAUSE_TLS
};

static const struct {
    struct str word;
    enum clause clause;
} keywords[] = {
    {STR_INIT("from"), CLAUSE_FROM}, {STR_INIT("by"), CLAUSE_BY},   {STR_INIT("with"), CLAUSE_WITH},
    {STR_INIT("id"), CLAUSE_ID},     {STR_INIT("for"), CLAUSE_FOR}, {STR_INIT("via"), CLAUSE_VIA},
    {STR_INIT("tls"), CLAUSE_TLS}, /* Exim */
};

static enum clause clause_of(struct str word)
{
    for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
        if (str_ieq(word, keywords[i].word))
            return keywords[i].clause;
    return CLAUSE_NONE;
}

/* RFC 3848, RFC 6531 4.3 and the registry of "with" words: S means TLS, A means AUTH. */
static void read_protocol(struct str with, struct received *r)
{
    static const struct {
        struct str word;
        bool tls, authenticated;
    } words[] = {
        {STR_INIT("ESMTPA"), false, true},    {STR_INIT("ESMTPS"), true, false},
        {STR_INIT("ESMTPSA"), true, true},    {STR_INIT("LMTPA"), false, true},
        {STR_INIT("LMTPS"), true, false},     {STR_INIT("LMTPSA"), true, true},
        {STR_INIT("UTF8SMTPA"), false, true}, {STR_INIT("UTF8SMTPS"), true, false},
        {STR_INIT("UTF8SMTPSA"), true, true}, {STR_INIT("UTF8LMTPA"), false, true},
        {STR_INIT("UTF8LMTPS"), true, false}, {STR_INIT("UTF8LMTPSA"), true, true},
        {STR_INIT("HTTPS"), true, false},     {STR_INIT("SMTPS"), true, false},
        {STR_INIT("asmtp"), false, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (!str_ieq(with, words[i].word))
            continue;
        r->tls |= words[i].tls;
        r->authenticated |= words[i].authenticated;
    }
}

static void set_clause(struct received *r, enum clause clause, struct str word)
{
    switch (clause) {
    case CLAUSE_FROM:
        keep_first(&r->from_name, word);
        if (r->from_ip.family == IP_NONE)
            read_ip(word, &r->from_ip);
        break;
    case CLAUSE_BY:
        keep_first(&r->by_name, word);
        break;
    case CLAUSE_WITH:
        keep_first(&r->with, word);
        read_protocol(word, r);
        break;
    case CLAUSE_ID:
        keep_first(&r->id, without(word, '<', '>'));
        break;
    case CLAUSE_FOR:
        keep_first(&r->for_addr, without(word, '<', '>'));
        break;
    case CLAUSE_VIA:
        keep_first(&r->via, word);
        break;
    case CLAUSE_TLS:
        keep_first(&r->tls_cipher, word);
        r->tls = true;
        break;
    case CLAUSE_NONE:
        break;
    }
}

void received_parse(struct str value, struct received *out)
{
    struct received r = {0};
    enum clause clause = CLAUSE_NONE;
    bool wants_word = false, address_known = false;
    size_t pos = 0, date_at = value.n;
    for (struct token t; (t = next_token(value, &pos)).kind != TOKEN_END;) {
        if (t.kind == TOKEN_SEMICOLON) {
            date_at = pos;
        } else if (t.kind == TOKEN_COMMENT) {
            if (clause == CLAUSE_FROM)
                read_from_comment(t.text, &r, &address_known);
            read_notes(t.text, &r);
        } else if (wants_word) {
            set_clause(&r, clause, t.text);
            wants_word = false;
        } else if (clause_of(t.text) != CLAUSE_NONE) {
            clause = clause_of(t.text);
            wants_word = true;
        }
    }
    r.has_date = date_parse(str_slice(value, date_at, value.n), &r.date);
    *out = r;
}
