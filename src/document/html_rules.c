/* The rules html.* and svg.*: what the facts of a page mean in a mail. */
#include "base/utf8.h"
#include "content/place.h"
#include "document/page.h"

enum {
    FEW_LETTERS = 60,      /* next to no text */
    SUMMARY_LETTERS = 200, /* hidden in front: what newsletters show in the list of mails */
    SOME_HIDDEN = 4,       /* less is a dot in the wrong colour */
    MUCH_HIDDEN = 200,
    SPLIT_WORDS = 3,
    NUMERIC_RUNS = 3,
    TURNED = 3,
    MANY_BREAKS = 30,
    MANY_EMPTY = 10,
    NUMERIC_HREF = 3,
    SMUGGLING = 3 /* of the bits of enum script_does */
};

/* Each id once an object, whatever number of pages is in it. */
enum told {
    TOLD_PASSWORD,
    TOLD_SCRIPT,
    TOLD_REFRESH,
    TOLD_BASE,
    TOLD_HIDDEN,
    TOLD_SPLIT,
    TOLD_NUMERIC,
    TOLD_BIDI,
    TOLD_IMAGE,
    TOLD_WHITESPACE
};

static bool told_before(struct page *p, enum told what)
{
    uint64_t bit = UINT64_C(1) << what;
    bool before = (p->told & bit) != 0;
    p->told |= bit;
    return before;
}

#define tell(p, id, ...)                                                                           \
    finding_add(&(p)->c->report->findings, id, content_place(&(p)->object), __VA_ARGS__)

static struct str shown(struct str s)
{
    return utf8_cut(s, FINDING_EVIDENCE_MAX);
}

/* ---- what asks and runs ---- */

static void check_password(struct page *p)
{
    const struct html_facts *f = &p->facts;
    struct str action = STR("");
    if (f->passwords == 0 || told_before(p, TOLD_PASSWORD))
        return;
    for (size_t i = 0; i < f->n_forms && action.n == 0; i++)
        if (f->forms[i].passwords > 0)
            action = shown(f->forms[i].action);
    if (action.n > 0)
        tell(p, FINDING_HTML_FORM_PASSWORD, "asks for a password and sends it to " STR_FMT,
             STR_ARG(action));
    else
        tell(p, FINDING_HTML_FORM_PASSWORD, "asks for a password%s",
             f->n_scripts > 0 ? " and leaves it to a script" : "");
}

static void check_script(struct page *p)
{
    const struct html_facts *f = &p->facts;
    for (size_t i = 0; i < f->n_scripts && p->body && !p->svg; i++) {
        const struct html_script *s = &f->scripts[i];
        if (s->kind == HTML_SCRIPT_ADDRESS || str_trim(s->text).n == 0)
            continue;
        if (told_before(p, TOLD_SCRIPT))
            return;
        struct str name = s->kind == HTML_SCRIPT_HANDLER ? s->name : s->tag;
        tell(p, FINDING_HTML_SCRIPT, STR_FMT ": " STR_FMT, STR_ARG(str_slice(name, 0, 40)),
             STR_ARG(shown(str_trim(s->text))));
    }
}

static void check_refresh(struct page *p)
{
    const struct html_facts *f = &p->facts;
    for (size_t i = 0; i < f->n_links; i++) {
        if (f->links[i].source != HTML_FROM_REFRESH)
            continue;
        if (p->refresh.n == 0)
            p->refresh = f->links[i].url;
        if (p->body && !told_before(p, TOLD_REFRESH))
            tell(p, FINDING_HTML_REFRESH, "the page is replaced by " STR_FMT,
                 STR_ARG(shown(f->links[i].url)));
    }
}

/* ---- where links lead ---- */

static int site_of(struct page *p, struct str text, const struct url *base, struct str *out)
{
    struct url u;
    int st = url_parse(p->c->arena, text, base, &u, p->err);
    *out = st == MP_OK && url_is_web(&u) ? url_site(p->c->arena, &u) : STR("");
    return st;
}

/* A link without a scheme: is its domain another one for who joins it to the base as text, or for
 * who takes it for a host by itself? */
static int is_led_away(struct page *p, struct str link, bool *out)
{
    struct url alone;
    struct str by_base, joined, itself;
    *out = false;
    int st = url_parse(p->c->arena, link, NULL, &alone, p->err);
    bool host = str_istarts(link, STR("www.")); /* for browsers a file, for others a host */
    if (st != MP_OK || (alone.kind != URL_NONE && !host) || link.n == 0 || link.p[0] == '#')
        return st;
    struct str as_text[] = {p->base_text, link}, as_host[] = {STR("http://"), link};
    if ((st = site_of(p, link, &p->base, &by_base)) != MP_OK ||
        (st = site_of(p, arena_join(p->c->arena, as_text, 2), NULL, &joined)) != MP_OK ||
        (st = site_of(p, arena_join(p->c->arena, as_host, 2), NULL, &itself)) != MP_OK)
        return st;
    /* "a.html" is a file, but these are pieces of hosts. */
    bool piece = link.p[0] == '@' || (link.p[0] == '.' && link.n > 1 && is_alnum(link.p[1]));
    *out = (piece && joined.n > 0 && !str_eq(joined, by_base)) ||
           (host && itself.n > 0 && !str_eq(itself, by_base));
    return MP_OK;
}

static bool has_invisible(struct str s)
{
    for (int32_t c; (c = utf8_next(&s)) != UTF8_END;)
        if (c != UTF8_BAD && utf8_is_invisible(c))
            return true;
    return false;
}

static int check_base(struct page *p)
{
    enum { LINKS_LOOKED = 100 };
    const struct html_facts *f = &p->facts;
    struct str away = STR("");
    if (!p->has_base || !p->body || told_before(p, TOLD_BASE))
        return MP_OK;
    for (size_t i = 0, n = 0; i < f->n_links && n < LINKS_LOOKED && away.n == 0; i++) {
        bool led = false;
        if (f->links[i].source != HTML_FROM_A)
            continue;
        int st = is_led_away(p, f->links[i].url, &led);
        if (st != MP_OK)
            return st;
        away = led ? f->links[i].url : away;
        n++;
    }
    bool odd = has_invisible(p->base_text);
    struct finding *found =
        away.n > 0
            ? tell(p, FINDING_HTML_BASE, "base " STR_FMT " leads \"" STR_FMT "\" to another domain",
                   STR_ARG(str_slice(p->base_text, 0, 80)), STR_ARG(str_slice(away, 0, 60)))
            : tell(p, FINDING_HTML_BASE, "base " STR_FMT "%s", STR_ARG(shown(p->base_text)),
                   odd ? " with characters that show nothing" : "");
    if (odd || away.n > 0)
        finding_raise(found, SEV_HIGH);
    return MP_OK;
}

/* ---- what is seen ---- */

/* The longest piece that is hidden by a trick. */
static const struct html_hidden *longest_hidden(const struct html_facts *f, bool with_early)
{
    const struct html_hidden *best = NULL;
    for (size_t i = 0; i < f->n_hidden; i++) {
        const struct html_hidden *h = &f->hidden[i];
        if ((h->unseen & HTML_UNSEEN_TRICKS) != 0 && (with_early || !h->early) &&
            (best == NULL || h->text.n > best->text.n))
            best = h;
    }
    return best;
}

static void check_hidden(struct page *p)
{
    const struct html_facts *f = &p->facts;
    bool summary = f->early_letters <= SUMMARY_LETTERS;
    size_t n = f->hidden_letters - (summary ? f->early_letters : 0);
    const struct html_hidden *h = longest_hidden(f, !summary);
    char how[120];
    if (!p->body || n < SOME_HIDDEN || h == NULL || told_before(p, TOLD_HIDDEN))
        return;
    html_unseen_write(h->unseen & HTML_UNSEEN_TRICKS, how, sizeof how);
    struct finding *found =
        tell(p, FINDING_HTML_HIDDEN_TEXT, "%zu characters are not seen, %zu are; by %s: " STR_FMT,
             n, f->seen_letters, how, STR_ARG(utf8_cut(h->text, 100)));
    if (n >= MUCH_HIDDEN && n >= f->seen_letters)
        finding_raise(found, SEV_MEDIUM);
}

static void check_letters(struct page *p)
{
    const struct html_facts *f = &p->facts;
    if (f->split_words >= SPLIT_WORDS && !told_before(p, TOLD_SPLIT))
        tell(p, FINDING_HTML_ZERO_WIDTH_WORDS,
             "%u words are cut by characters that show nothing; seen: " STR_FMT, f->split_words,
             STR_ARG(utf8_cut(f->text, 100)));
    if (f->numeric_runs + f->numeric_href >= NUMERIC_RUNS && !told_before(p, TOLD_NUMERIC))
        tell(p, FINDING_HTML_ENTITY_OBFUSCATION,
             "%u runs of text and %u addresses are written as numbers; read: " STR_FMT,
             f->numeric_runs, f->numeric_href, STR_ARG(utf8_cut(f->text, 100)));
}

static void check_bidi(struct page *p)
{
    const struct html_facts *f = &p->facts;
    const struct html_link *turned = NULL;
    for (size_t i = 0; i < f->n_links && turned == NULL; i++)
        if (f->links[i].rtl && f->links[i].text.n > 0 && str_is_ascii(f->links[i].text))
            turned = &f->links[i];
    if ((f->bidi < TURNED && turned == NULL) || told_before(p, TOLD_BIDI))
        return;
    if (turned != NULL)
        tell(p, FINDING_HTML_BIDI, "the link \"" STR_FMT "\" is shown from right to left",
             STR_ARG(utf8_cut(turned->text, 120)));
    else
        tell(p, FINDING_HTML_BIDI, "%u pieces of text are turned around: " STR_FMT, f->bidi,
             STR_ARG(utf8_cut(f->text, 120)));
}

static void check_layout(struct page *p)
{
    const struct html_facts *f = &p->facts;
    if (!p->body || p->begun_within > 0)
        return;
    if (f->seen_letters < FEW_LETTERS && f->images_in_links > 0 && !told_before(p, TOLD_IMAGE))
        tell(p, FINDING_HTML_IMAGE_ONLY, "%u pictures in links, %zu characters of text: " STR_FMT,
             f->images_in_links, f->seen_letters, STR_ARG(shown(f->text)));
    if ((f->most_breaks >= MANY_BREAKS || f->most_empty >= MANY_EMPTY) &&
        !told_before(p, TOLD_WHITESPACE))
        tell(p, FINDING_HTML_WHITESPACE, "%u %s in a row, with text behind",
             f->most_breaks >= MANY_BREAKS ? f->most_breaks : f->most_empty,
             f->most_breaks >= MANY_BREAKS ? "line breaks" : "empty paragraphs");
}

/* ---- pictures that are pages ---- */

/* What makes the picture active, and the text that shows it. NULL: nothing. */
static const char *activity(const struct html_facts *f, struct str *what)
{
    for (size_t i = 0; i < f->n_links; i++) {
        const struct html_link *l = &f->links[i];
        *what = l->url;
        if (str_istarts(l->url, STR("data:text")) || str_istarts(l->url, STR("data:application")))
            return "an address that holds a page: ";
        if (l->numeric >= NUMERIC_HREF)
            return "an address written as numbers: ";
        if (l->source == HTML_FROM_SCRIPT)
            return "a script from ";
    }
    for (size_t i = 0; i < f->n_scripts; i++) {
        *what = str_trim(f->scripts[i].text);
        if (what->n > 0)
            return f->scripts[i].kind == HTML_SCRIPT_HANDLER ? "a handler: " : "a script: ";
    }
    *what = STR("");
    return f->foreign > 0 ? "a form or a page within a foreignObject" : NULL;
}

static void check_svg(struct page *p)
{
    struct str what = STR("");
    const char *how = p->svg && p->begun_within == 0 ? activity(&p->facts, &what) : NULL;
    if (how != NULL)
        tell(p, FINDING_SVG_ACTIVE, "%s" STR_FMT, how, STR_ARG(shown(what)));
}

int page_rules(struct page *p)
{
    p->letters += p->facts.seen_letters;
    check_password(p);
    check_script(p);
    check_refresh(p);
    check_hidden(p);
    check_letters(p);
    check_bidi(p);
    check_layout(p);
    check_svg(p);
    return check_base(p);
}

/* ---- of all pages together ---- */

static void check_smuggling(struct page *p)
{
    const struct script_facts *s = &p->scripts;
    unsigned count = (unsigned)__builtin_popcount(s->does);
    bool encoded = (s->does & (SCRIPT_DECODES | SCRIPT_CARRIES)) != 0;
    if (count < SMUGGLING || !encoded)
        return;
    struct buf b;
    buf_init(&b, 512);
    for (size_t i = 0; i < s->n_words; i++)
        buf_addf(&b, "%s%s", i > 0 ? ", " : "", s->words[i]);
    if ((s->does & SCRIPT_CARRIES) != 0)
        buf_addf(&b, "%s%zu encoded characters in a row", s->n_words > 0 ? ", " : "",
                 s->longest_run);
    tell(p, FINDING_HTML_SMUGGLING, STR_FMT, STR_ARG(buf_str(&b)));
    buf_clear(&b);
}

static void check_redirect(struct page *p)
{
    struct str target = p->refresh.n > 0 ? p->refresh : p->scripts.target;
    bool small = p->object.bytes.n < PAGE_SMALL_BYTES && p->letters < PAGE_FEW_LETTERS;
    if (!small || (p->refresh.n == 0 && !p->scripts.redirects))
        return;
    tell(p, FINDING_HTML_REDIRECT_ONLY,
         "%zu characters of text, and the browser is sent to " STR_FMT, p->letters,
         STR_ARG(target.n > 0 ? shown(target) : STR("what a script computes")));
}

void page_rules_at_end(struct page *p)
{
    if (p->body)
        return;
    check_smuggling(p);
    check_redirect(p);
}
