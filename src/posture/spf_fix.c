/* SPF records mended: each problem of the audit that has one right answer, as a new record. What
 * would need to know who sends for the domain is left to its owner. */
#include "posture/spf_fix.h"

/* What a record of ours should end in when we cannot know that all senders are listed. */
static struct str end_word(const struct posture_ctx *c)
{
    return c->out->profile == PROFILE_SENDING ? STR("~all") : STR("-all");
}

static bool is_modifier(struct str s)
{
    size_t i = 0;
    while (i < s.n && (is_alnum(s.p[i]) || str_has(STR("-_."), s.p[i])))
        i++;
    return i > 0 && i < s.n && s.p[i] == '=';
}

/* A mechanism that lets somebody pass, "all" aside? */
static bool has_pass(const struct words *w)
{
    for (size_t i = 0; i < w->n; i++) {
        struct str s = w->at[i];
        bool passes = s.n > 0 && memchr("-~?", s.p[0], 3) == NULL;
        if (passes && !is_modifier(s) && !str_ieq(words_bare(s), STR("all")))
            return true;
    }
    return false;
}

/* ---- single terms ---- */

static bool drop_term(struct spf_mender *m)
{
    size_t i = words_find(&m->w, m->p->term);
    if (i == m->w.n)
        return false;
    bool redirect = str_istarts(m->w.at[i], STR("redirect="));
    words_remove(&m->w, i);
    if (redirect && words_all(&m->w) == m->w.n)
        words_add(&m->w, end_word(m->c));
    return true;
}

/* Hosts take mail, so they are the ones to begin with. */
static void add_hosts(struct spf_mender *m)
{
    const struct posture *p = m->c->out;
    if (p->profile == PROFILE_SENDING && posture_takes_mail(p))
        words_add(&m->w, p->implicit_mx ? STR("a") : STR("mx"));
}

static bool mend_plus_all(struct spf_mender *m)
{
    if (!str_ieq(words_bare(m->p->term), STR("all")))
        return drop_term(m);
    size_t i = words_find(&m->w, m->p->term);
    if (i == m->w.n)
        return false;
    words_remove(&m->w, i);
    bool listed = has_pass(&m->w);
    if (!listed)
        add_hosts(m);
    words_add(&m->w, listed || !has_pass(&m->w) ? STR("-all") : end_word(m->c));
    return true;
}

static bool add_end(struct spf_mender *m)
{
    words_add(&m->w, end_word(m->c));
    return true;
}

static bool mend_neutral(struct spf_mender *m)
{
    size_t i = words_all(&m->w);
    if (i == m->w.n)
        return false;
    m->w.at[i] = end_word(m->c);
    return true;
}

/* What stands behind "all" was meant to count. */
static bool move_all(struct spf_mender *m)
{
    size_t i = words_all(&m->w);
    if (i == m->w.n)
        return false;
    struct str all = m->w.at[i];
    for (; i < m->w.n; i = words_all(&m->w))
        words_remove(&m->w, i);
    words_add(&m->w, all);
    return true;
}

static bool drop_range(struct spf_mender *m)
{
    struct str term = words_bare(m->p->term);
    return (str_istarts(term, STR("ip4:")) || str_istarts(term, STR("ip6:"))) && drop_term(m);
}

/* "include=x" meant "include:x", if that is a term. */
static bool mend_modifier(struct spf_mender *m)
{
    static const struct str mechs[] = {STR_INIT("include"), STR_INIT("a"),   STR_INIT("mx"),
                                       STR_INIT("exists"),  STR_INIT("ip4"), STR_INIT("ip6")};
    struct str value = m->p->term, name = str_cut(&value, '=');
    size_t i = words_find(&m->w, m->p->term), all = words_all(&m->w);
    bool known = false;
    for (size_t k = 0; k < ARRAY_LEN(mechs); k++)
        known |= str_ieq(name, mechs[k]);
    struct str term = arena_fmt(m->c->arena, "%.*s:%.*s", STR_ARG(name), STR_ARG(value));
    struct str alone = arena_fmt(m->c->arena, "v=spf1 %.*s", STR_ARG(term));
    if (!known || i == m->w.n || term.p == NULL || !spf_record_valid(alone))
        return drop_term(m);
    m->w.at[i] = term;
    return all > i || move_all(m);
}

/* ---- syntax ---- */

static bool is_address(struct str s, struct ip *out)
{
    return ip_parse_keep_mapped(str_slice(s, 0, str_find(s, '/')), out);
}

/* Dashes that text programs put in the place of "-". */
static struct str plain_dash(struct str s)
{
    static const struct str dashes[] = {STR_INIT("\xe2\x80\x93"), STR_INIT("\xe2\x80\x94"),
                                        STR_INIT("\xe2\x88\x92")};
    for (size_t i = 0; i < ARRAY_LEN(dashes); i++)
        if (str_starts(s, dashes[i]) && str_ieq(str_slice(s, dashes[i].n, s.n), STR("all")))
            return STR("-all");
    return s;
}

/* One word as it was meant, when that is plain to see. */
static struct str mend_word(struct arena *a, struct str word)
{
    struct ip ip;
    while (word.n > 0 && str_has(STR(",;\"'"), word.p[word.n - 1]))
        word.n--;
    word = plain_dash(word);
    struct str arg = words_bare(word);
    struct str sign = str_slice(word, 0, word.n - arg.n);
    if (!is_address(arg, &ip)) {
        struct str name = str_cut(&arg, ':');
        if (arg.p == NULL)
            return word;
        if (arg.n == 0 && (str_ieq(name, STR("a")) || str_ieq(name, STR("mx"))))
            return str_slice(word, 0, word.n - 1);
        if (!is_address(arg, &ip))
            return word;
    }
    return arena_fmt(a, "%.*sip%d:%.*s", STR_ARG(sign), (int)ip.family, STR_ARG(arg));
}

/* "include: x" and "- all": a space too many. */
static bool is_cut_short(struct str s)
{
    struct str name = words_bare(s);
    return name.n == 0 || str_ieq(name, STR("include:")) || str_ieq(name, STR("ip4:")) ||
           str_ieq(name, STR("ip6:")) || str_ieq(name, STR("exists:"));
}

static bool is_second(const struct words *w, struct str word)
{
    size_t n = str_istarts(word, STR("redirect=")) ? 9 : str_istarts(word, STR("exp=")) ? 4 : 0;
    for (size_t i = 0; n > 0 && i < w->n; i++)
        if (str_istarts(w->at[i], str_slice(word, 0, n)))
            return true;
    return false;
}

static void mend_words(struct arena *a, struct words *w)
{
    struct words in = *w;
    w->n = 0;
    for (size_t i = 0; i < in.n; i++) {
        struct str word = in.at[i];
        if (is_cut_short(word) && i + 1 < in.n)
            word = arena_join(a, (struct str[]){word, in.at[++i]}, 2);
        word = mend_word(a, word);
        w->overflow |= word.p == NULL;
        if (word.n > 0 && !is_second(w, word))
            words_add(w, word);
    }
}

static bool mend_syntax(struct spf_mender *m)
{
    mend_words(m->c->arena, &m->w);
    return true;
}

/* ---- the table ---- */

static bool (*const mends[SPF_PROBLEM_KIND_COUNT])(struct spf_mender *) = {
    [SPF_PROBLEM_SYNTAX] = mend_syntax,
    [SPF_PROBLEM_LOOKUPS] = spf_fit,
    [SPF_PROBLEM_VOIDS] = spf_fit,
    [SPF_PROBLEM_LOOP] = drop_term,
    [SPF_PROBLEM_NO_RECORD] = drop_term,
    [SPF_PROBLEM_PLUS_ALL] = mend_plus_all,
    [SPF_PROBLEM_NO_ALL] = add_end,
    [SPF_PROBLEM_NEUTRAL_ALL] = mend_neutral,
    [SPF_PROBLEM_AFTER_ALL] = move_all,
    [SPF_PROBLEM_REDIRECT_ALL] = drop_term,
    [SPF_PROBLEM_DUPLICATE] = drop_term,
    [SPF_PROBLEM_PRIVATE] = drop_range,
    [SPF_PROBLEM_UNKNOWN_MODIFIER] = mend_modifier,
};

/* The one SPF record at the name, or where its alias leads. */
static bool find_record(struct posture_ctx *c, struct str domain, struct spf_change *out)
{
    const struct dns_answer *txt;
    size_t n = 0;
    if (dns_ask(c->dns, domain, DNS_TXT, &txt, NULL) != MP_OK)
        return false;
    for (size_t i = 0; i < txt->n; i++) {
        if (!words_is_spf(txt->records[i].data))
            continue;
        out->before = txt->records[i].data;
        n++;
    }
    out->at = txt->canonical;
    return n == 1 && posture_is_ours(c, out->at);
}

bool spf_mend(struct posture_ctx *c, const struct spf_problem *p, struct spf_change *out)
{
    struct spf_mender m = {.c = c, .p = p};
    if (mends[p->kind] == NULL || !find_record(c, p->domain, out))
        return false;
    words_split(out->before, &m.w);
    if (!mends[p->kind](&m))
        return false;
    out->after = words_join(c->arena, &m.w);
    return out->after.p != NULL && !str_eq(out->before, out->after) && spf_record_valid(out->after);
}

/* ---- whole records ---- */

static void merge_words(struct arena *a, struct words *all, const struct words *one, bool *soft,
                        bool *hard)
{
    size_t end = words_all(one);
    for (size_t i = 0; i < one->n; i++) {
        struct str word = one->at[i];
        if (str_istarts(word, STR("redirect=")))
            word = end < one->n ? STR("")
                                : arena_fmt(a, "include:%.*s", STR_ARG(str_slice(word, 9, word.n)));
        if (str_ieq(words_bare(word), STR("all"))) {
            *soft |= word.p[0] != '-';
            *hard |= word.p[0] == '-';
        } else if (word.n > 0 && words_find(all, word) == all->n && !is_second(all, word)) {
            words_add(all, word);
        }
    }
}

/* By their bytes: the order in which a server sends records is chance. */
static const struct dns_record *next_record(const struct dns_answer *txt,
                                            const struct dns_record *last)
{
    const struct dns_record *next = NULL;
    for (size_t i = 0; i < txt->n; i++) {
        const struct dns_record *r = &txt->records[i];
        if (words_is_spf(r->data) && (last == NULL || str_cmp(r->data, last->data) > 0) &&
            (next == NULL || str_cmp(r->data, next->data) < 0))
            next = r;
    }
    return next;
}

/* The softest end of all of them: none of the senders that one record lists is lost by another. */
struct str spf_merge(struct posture_ctx *c, const struct dns_answer *txt)
{
    struct words all = {.n = 0};
    bool soft = false, hard = false;
    for (const struct dns_record *r = NULL; (r = next_record(txt, r)) != NULL;) {
        struct words one;
        words_split(r->data, &one);
        if (!spf_record_valid(r->data))
            mend_words(c->arena, &one);
        merge_words(c->arena, &all, &one, &soft, &hard);
    }
    words_add(&all, soft ? STR("~all") : hard ? STR("-all") : end_word(c));
    struct str text = words_join(c->arena, &all);
    return text.p != NULL && spf_record_valid(text) ? text : STR_NONE;
}

bool spf_is_nearly(struct posture_ctx *c, struct str text, struct str *after)
{
    static const struct str bom = STR_INIT("\xef\xbb\xbf");
    struct words w;
    struct str s = str_starts(text, bom) ? str_slice(text, bom.n, text.n) : text;
    while (s.n > 0 && (str_has(STR("\"' "), s.p[0]) || is_fws(s.p[0])))
        s = str_slice(s, 1, s.n);
    *after = STR_NONE;
    if (words_is_spf(text) || !str_istarts(s, STR("v=spf1")))
        return false;
    size_t at = 6;
    while (at < s.n && str_has(STR(";,:."), s.p[at]))
        at++;
    words_split(arena_join(c->arena, (struct str[]){STR("v=spf1"), str_slice(s, at, s.n)}, 2), &w);
    mend_words(c->arena, &w);
    s = words_join(c->arena, &w);
    if (s.p != NULL && spf_record_valid(s))
        *after = s;
    return true;
}

struct str spf_first(struct posture_ctx *c)
{
    struct spf_mender m = {.c = c};
    add_hosts(&m);
    if (m.w.n == 0 && c->out->profile == PROFILE_SENDING)
        return STR_NONE;
    words_add(&m.w, end_word(c));
    return words_join(c->arena, &m.w);
}
