/* What the sender calls himself: names of brands, of our people, of our domains, and letters that
 * are not what they look like. */
#include "base/fold.h"
#include "base/idna.h"
#include "base/utf8.h"
#include "phish/phish_internal.h"

enum {
    OWN_LABEL_MIN = 4,   /* shorter labels of ours are ordinary words */
    MIXED_WORD_MIN = 4,  /* shorter words of two scripts are units and abbreviations */
    DRAWN_RUN = 3,       /* so many letters of mathematics are no formula */
    MAX_NAME_MATCHES = 8 /* brands in one name */
};

struct finding_where phish_where(const struct phish *p, struct str field)
{
    const struct header *h = header_first(p->in->message, field);
    struct finding_where w = {.header = field};
    if (h != NULL) {
        w.offset = h->offset;
        w.length = h->raw.n;
        w.has_offset = true;
    }
    return w;
}

/* ---- brands ---- */

/* Beside a brand's name these say nothing of somebody else, in whatever language. */
static const struct str service_words[] = {
    STR_INIT("account"),      STR_INIT("accounts"),
    STR_INIT("admin"),        STR_INIT("aktion"),
    STR_INIT("alert"),        STR_INIT("alerts"),
    STR_INIT("app"),          STR_INIT("assistance"),
    STR_INIT("atendimento"),  STR_INIT("aviso"),
    STR_INIT("bank"),         STR_INIT("bei"),
    STR_INIT("beveiliging"),  STR_INIT("billing"),
    STR_INIT("blocage"),      STR_INIT("bloqueada"),
    STR_INIT("by"),           STR_INIT("care"),
    STR_INIT("center"),       STR_INIT("central"),
    STR_INIT("centre"),       STR_INIT("client"),
    STR_INIT("cliente"),      STR_INIT("clientes"),
    STR_INIT("clienti"),      STR_INIT("clients"),
    STR_INIT("club"),         STR_INIT("co"),
    STR_INIT("cod"),          STR_INIT("codigo"),
    STR_INIT("com"),          STR_INIT("compte"),
    STR_INIT("comunicado"),   STR_INIT("conta"),
    STR_INIT("cuenta"),       STR_INIT("customer"),
    STR_INIT("customers"),    STR_INIT("de"),
    STR_INIT("del"),          STR_INIT("delivery"),
    STR_INIT("department"),   STR_INIT("der"),
    STR_INIT("di"),           STR_INIT("die"),
    STR_INIT("do"),           STR_INIT("du"),
    STR_INIT("el"),           STR_INIT("equipe"),
    STR_INIT("equipo"),       STR_INIT("express"),
    STR_INIT("from"),         STR_INIT("gift"),
    STR_INIT("help"),         STR_INIT("helpdesk"),
    STR_INIT("id"),           STR_INIT("inc"),
    STR_INIT("info"),         STR_INIT("informa"),
    STR_INIT("informe"),      STR_INIT("klantenservice"),
    STR_INIT("konto"),        STR_INIT("kunden"),
    STR_INIT("kundendienst"), STR_INIT("kundenservice"),
    STR_INIT("la"),           STR_INIT("le"),
    STR_INIT("loyalty"),      STR_INIT("mail"),
    STR_INIT("membership"),   STR_INIT("message"),
    STR_INIT("messages"),     STR_INIT("mitteilung"),
    STR_INIT("no"),           STR_INIT("noreply"),
    STR_INIT("notice"),       STR_INIT("notifica"),
    STR_INIT("notificacao"),  STR_INIT("notificacion"),
    STR_INIT("notification"), STR_INIT("notifications"),
    STR_INIT("of"),           STR_INIT("official"),
    STR_INIT("online"),       STR_INIT("order"),
    STR_INIT("orders"),       STR_INIT("para"),
    STR_INIT("payment"),      STR_INIT("payments"),
    STR_INIT("premium"),      STR_INIT("prime"),
    STR_INIT("protocolo"),    STR_INIT("reply"),
    STR_INIT("reward"),       STR_INIT("rewards"),
    STR_INIT("secure"),       STR_INIT("securite"),
    STR_INIT("security"),     STR_INIT("seguranca"),
    STR_INIT("seguridad"),    STR_INIT("service"),
    STR_INIT("services"),     STR_INIT("servicio"),
    STR_INIT("servico"),      STR_INIT("servizio"),
    STR_INIT("shipment"),     STR_INIT("shop"),
    STR_INIT("sicherheit"),   STR_INIT("sicurezza"),
    STR_INIT("soporte"),      STR_INIT("store"),
    STR_INIT("suporte"),      STR_INIT("support"),
    STR_INIT("supporto"),     STR_INIT("survey"),
    STR_INIT("team"),         STR_INIT("the"),
    STR_INIT("update"),       STR_INIT("updates"),
    STR_INIT("user"),         STR_INIT("usuario"),
    STR_INIT("utente"),       STR_INIT("verification"),
    STR_INIT("vip"),          STR_INIT("vom"),
    STR_INIT("von"),          STR_INIT("winner"),
    STR_INIT("your"),
};

/* Numbers and codes are none either. */
static bool is_service_word(struct str word)
{
    for (size_t i = 0; i < word.n; i++)
        if (is_digit(word.p[i]))
            return true;
    size_t from = 0, to = ARRAY_LEN(service_words);
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = str_cmp(word, service_words[middle]);
        if (order == 0)
            return true;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return false;
}

/* Is all of the folded name beside [at, at + n) words of service? */
static bool is_whole(struct str folded, size_t at, size_t n)
{
    struct str sides[] = {str_slice(folded, 0, at), str_slice(folded, at + n, folded.n)};
    for (size_t i = 0; i < ARRAY_LEN(sides); i++)
        for (struct str rest = str_trim_wsp(sides[i]); rest.n > 0;)
            if (!is_service_word(str_cut(&rest, ' ')))
                return false;
    return true;
}

struct name_match {
    struct str folded;
    const struct content_entry *brands[MAX_NAME_MATCHES];
    size_t n;
};

static void note_brand(void *ctx, const struct content_entry *e, size_t at, size_t n)
{
    struct name_match *m = ctx;
    if (m->n < MAX_NAME_MATCHES && (!e->whole || is_whole(m->folded, at, n)))
        m->brands[m->n++] = e;
}

static bool may_bear(const struct content_entry *brand, struct str domain)
{
    for (size_t i = 0; i < brand->n_values; i++)
        if (domain_is_below(domain, brand->values[i]))
            return true;
    return false;
}

/* One brand of several whose domain it is makes the name honest: "Chrome (Google) via LinkedIn". A
 * free mailbox is nobody's domain, whosever it is. */
static void check_brand(struct phish *p)
{
    const struct phish_people *who = &p->people;
    struct name_match m = {.folded = who->folded_name};
    content_lists_match(p->in->lists, LIST_BRANDS, m.folded, note_brand, &m);
    for (size_t i = 0; i < m.n; i++)
        if (!who->from.freemail && may_bear(m.brands[i], who->from.domain))
            return;
    if (m.n == 0 || who->from.address.n == 0 || who->from.own)
        return;
    struct finding *f =
        finding_add(p->findings, FINDING_SENDER_NAME_BRAND, phish_where(p, STR("From")),
                    "\"" STR_FMT "\" writes from " STR_FMT ", which is no domain of " STR_FMT,
                    STR_ARG(str_slice(who->name, 0, 80)),
                    STR_ARG(str_slice(who->from.domain, 0, 80)), STR_ARG(m.brands[0]->key));
    if (who->from.freemail || p->unproven)
        finding_raise(f, SEV_HIGH);
}

/* ---- our people and domains ---- */

static void check_vip(struct phish *p)
{
    const struct phish_people *who = &p->people;
    size_t n;
    const struct content_entry *vips = content_lists_entries(p->in->lists, LIST_VIPS, &n);
    struct str name = str_trim_wsp(who->folded_name);
    if (name.n == 0 || who->from.own)
        return;
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(name, vips[i].folded))
            continue;
        for (size_t k = 0; k < vips[i].n_values; k++)
            if (str_eq(vips[i].values[k], who->from.address))
                return;
        finding_add(p->findings, FINDING_SENDER_NAME_VIP, phish_where(p, STR("From")),
                    "\"" STR_FMT "\" writes from " STR_FMT, STR_ARG(str_slice(who->name, 0, 80)),
                    STR_ARG(str_slice(who->from.address, 0, 100)));
        return;
    }
}

/* What text that names the domain holds, folded: its label, with which the domain begins, or the
 * whole domain when the label is short. */
static struct str words_of_domain(struct str domain, char out[FOLD_BYTES(DOMAIN_MAX_OCTETS)])
{
    struct str rest = domain, label = str_cut(&rest, '.');
    struct str named = label.n >= OWN_LABEL_MIN ? label : domain;
    return fold_text(str_slice(named, 0, DOMAIN_MAX_OCTETS), out);
}

static bool has_words(struct str folded, struct str words)
{
    return words.n > 2 && str_search(folded, words) < folded.n;
}

static struct str folded(struct phish *p, struct str text)
{
    char *out = arena_new(p->arena, char, FOLD_BYTES(text.n));
    return out == NULL ? STR("") : fold_text(text, out);
}

static void tell_own_domain(struct phish *p, struct str shown, struct str domain)
{
    finding_add(p->findings, FINDING_SENDER_NAME_OWN_DOMAIN, phish_where(p, STR("From")),
                "\"" STR_FMT "\" names " STR_FMT " and writes from " STR_FMT,
                STR_ARG(str_slice(shown, 0, 80)), STR_ARG(str_slice(domain, 0, 60)),
                STR_ARG(str_slice(p->people.from.domain, 0, 60)));
}

/* Domains of the list; without it, where the mail was delivered to. */
static void check_own_domain(struct phish *p)
{
    const struct phish_people *who = &p->people;
    char out[FOLD_BYTES(DOMAIN_MAX_OCTETS)];
    size_t n;
    const struct content_entry *own = content_lists_entries(p->in->lists, LIST_DOMAINS_OWN, &n);
    bool listed = n > 0;
    n = listed ? n : who->n_own_sites;
    if (who->from.address.n == 0 || who->from.own ||
        content_lists_domain(p->in->lists, LIST_DOMAINS_PARTNER, who->from.domain) != NULL)
        return;
    struct str local = folded(p, str_slice(who->from.local, 0, PEOPLE_MAX_NAME));
    for (size_t i = 0; i < n; i++) {
        struct str domain = listed ? own[i].key : who->own_sites[i];
        struct str words = words_of_domain(domain, out);
        bool in_name = has_words(who->folded_name, words);
        if (!in_name && !has_words(local, words))
            continue;
        tell_own_domain(p, in_name ? who->name : who->from.local, domain);
        return;
    }
}

/* ---- letters ---- */

enum letter_kind {
    LETTER_NONE, /* no letter */
    LETTER_LATIN,
    LETTER_POSING, /* of another script, drawn like a Latin one */
    LETTER_DRAWN,  /* a Latin one of mathematics, or a wide one */
    LETTER_OTHER,
    LETTER_HIDDEN /* shows nothing */
};

static enum letter_kind kind_of(int32_t c)
{
    bool greek_or_cyrillic = c >= 0x0370 && c <= 0x052f;
    if (c < 0x80)
        return c >= 0 && is_alpha((char)c) ? LETTER_LATIN : LETTER_NONE;
    if ((c >= 0x1d400 && c <= 0x1d7ff) || (c >= 0xff21 && c <= 0xff5a))
        return LETTER_DRAWN;
    if (greek_or_cyrillic)
        return fold_letter(c) != 0 ? LETTER_POSING : LETTER_OTHER;
    if (c >= 0xc0 && c <= 0x24f)
        return LETTER_LATIN;
    if (utf8_is_invisible(c))
        return c >= 0xfe00 && c <= 0xfe0f ? LETTER_NONE : LETTER_HIDDEN; /* of emoji */
    return c >= 0x0530 && !(c >= 0x2000 && c <= 0x2bff) ? LETTER_OTHER : LETTER_NONE;
}

struct letters {
    unsigned latin, posing, other; /* of the word so far */
    unsigned drawn;                /* in a row */
    bool hidden;                   /* something hidden stands behind a Latin letter */
    bool east_asian;               /* there are letters among which wide ones are usual */
    const char *why;
};

static bool is_mixed(const struct letters *l)
{
    return l->latin > 0 && l->posing > 0 && l->other == 0 && l->latin + l->posing >= MIXED_WORD_MIN;
}

static void end_word(struct letters *l)
{
    if (is_mixed(l))
        l->why = "a word mixes scripts";
    l->latin = l->posing = l->other = 0;
}

static void look_at(struct letters *l, int32_t c)
{
    enum letter_kind kind = kind_of(c);
    bool wide = c >= 0xff21 && c <= 0xff5a;
    l->drawn = kind == LETTER_DRAWN && !(wide && l->east_asian) ? l->drawn + 1 : 0;
    if (l->drawn == DRAWN_RUN)
        l->why = "letters of mathematics or wide ones instead of plain ones";
    if (kind == LETTER_LATIN && l->hidden)
        l->why = "characters that show nothing stand within a word";
    if (kind == LETTER_HIDDEN) {
        l->hidden = l->latin > 0;
        return;
    }
    l->hidden = false;
    l->latin += kind == LETTER_LATIN;
    l->posing += kind == LETTER_POSING;
    l->other += kind == LETTER_OTHER;
    if (kind == LETTER_NONE || kind == LETTER_DRAWN)
        end_word(l);
}

static bool has_east_asian(struct str text)
{
    for (int32_t c; (c = utf8_next(&text)) != UTF8_END;)
        if ((c >= 0x2e80 && c <= 0x9fff) || (c >= 0xac00 && c <= 0xd7ff))
            return true;
    return false;
}

static void check_letters(struct phish *p, struct str text, struct str field)
{
    struct letters l = {.east_asian = has_east_asian(text)};
    struct str rest = text;
    if (str_is_ascii(text))
        return;
    for (int32_t c; l.why == NULL && (c = utf8_next(&rest)) != UTF8_END;)
        look_at(&l, c);
    end_word(&l);
    if (l.why != NULL)
        finding_add(p->findings, FINDING_SENDER_CONFUSABLE, phish_where(p, field),
                    "%s: " STR_FMT ", meant to be read as \"" STR_FMT "\"", l.why,
                    STR_ARG(str_slice(text, 0, 80)),
                    STR_ARG(str_slice(str_trim_wsp(folded(p, text)), 0, 60)));
}

int sender_name_check(struct phish *p, struct mp_err *err)
{
    (void)err;
    check_brand(p);
    check_vip(p);
    check_own_domain(p);
    check_letters(p, p->people.name, STR("From"));
    check_letters(p, p->people.subject, STR("Subject"));
    return MP_OK;
}
