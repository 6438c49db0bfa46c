/* What a mail offers as a password: the words behind "password:" in many languages, and numbers in
 * names. No regular expressions: one pass over the text for each of two ranks of words. */
#include <limits.h>

#include "base/utf8.h"
#include "content/inspect.h"

enum {
    GAP_MAX = 12,     /* separators between the word and the password */
    MARKUP_MAX = 200, /* bytes of one tag between them */
    TOKEN_MIN = 3,
    TOKEN_MAX = 32,
    LINKS_MAX = 8, /* "for the attached file is" */
    NAME_MAX_BYTES = 255
};

/* Lower case; letters outside of ASCII in both cases, as two rows. `inner`: also at the end of a
 * longer word, as in German. */
static const struct {
    struct str text;
    bool inner;
    unsigned char rank;
} words[] = {
    {STR_INIT("password"), true, 0},
    {STR_INIT("passwort"), true, 0},
    {STR_INIT("passcode"), true, 0},
    {STR_INIT("passphrase"), true, 0},
    {STR_INIT("kennwort"), true, 0},
    {STR_INIT("wachtwoord"), true, 0},
    {STR_INIT("mot de passe"), false, 0},
    {STR_INIT("contrase\xc3\xb1"
              "a"),
     false, 0},
    {STR_INIT("contrasena"), false, 0},
    {STR_INIT("contrasenya"), false, 0},
    {STR_INIT("senha"), false, 0},
    {STR_INIT("palavra-passe"), false, 0},
    {STR_INIT("has\xc5\x82o"), false, 0},
    {STR_INIT("haslo"), false, 0},
    {STR_INIT("heslo"), false, 0},
    {STR_INIT("parola"), false, 0},
    {STR_INIT("\xc5\x9fifre"), false, 0},
    {STR_INIT("\xc5\x9eifre"), false, 0},
    {STR_INIT("l\xc3\xb6senord"), false, 0},
    {STR_INIT("salasana"), false, 0},
    {STR_INIT("adgangskode"), false, 0},
    {STR_INIT("jelsz\xc3\xb3"), false, 0},
    {STR_INIT("\xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c"), true, 0},
    {STR_INIT("\xd0\x9f\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c"), true, 0},
    {STR_INIT("\xd0\x9f\xd0\x90\xd0\xa0\xd0\x9e\xd0\x9b\xd0\xac"), true, 0},
    {STR_INIT("\xe5\xaf\x86\xe7\xa0\x81"), true, 0}, /* Chinese, simplified */
    {STR_INIT("\xe5\xaf\x86\xe7\xa2\xbc"), true, 0}, /* Chinese, traditional */
    {STR_INIT("\xe3\x83\x91\xe3\x82\xb9\xe3\x83\xaf\xe3\x83\xbc\xe3\x83\x89"), true,
     0},                                                                     /* Japanese */
    {STR_INIT("\xeb\xb9\x84\xeb\xb0\x80\xeb\xb2\x88\xed\x98\xb8"), true, 0}, /* Korean */
    {STR_INIT("pwd"), false, 0},
    {STR_INIT("pass"), false, 1},
    {STR_INIT("pw"), false, 1},
    {STR_INIT("pin"), false, 1},
    {STR_INIT("code"), true, 1},
    {STR_INIT("key"), false, 1},
    {STR_INIT("clave"), false, 1},
    {STR_INIT("chiave"), false, 1},
    {STR_INIT("schl\xc3\xbcssel"), true, 1},
};
enum { RANKS = 2 };

/* Words that may stand between: the next one is a candidate too. */
static const struct str links[] = {
    STR_INIT("is"),         STR_INIT("ist"),       STR_INIT("es"),       STR_INIT("est"),
    STR_INIT("lautet"),     STR_INIT("for"),       STR_INIT("to"),       STR_INIT("the"),
    STR_INIT("this"),       STR_INIT("your"),      STR_INIT("file"),     STR_INIT("archive"),
    STR_INIT("zip"),        STR_INIT("rar"),       STR_INIT("open"),     STR_INIT("attachment"),
    STR_INIT("attached"),   STR_INIT("document"),  STR_INIT("unlock"),   STR_INIT("extract"),
    STR_INIT("f\xc3\xbcr"), STR_INIT("den"),       STR_INIT("die"),      STR_INIT("das"),
    STR_INIT("anhang"),     STR_INIT("datei"),     STR_INIT("del"),      STR_INIT("archivo"),
    STR_INIT("pour"),       STR_INIT("fichier"),   STR_INIT("le"),       STR_INIT("of"),
    STR_INIT("\xc3\xa9"),   STR_INIT("jest"),      STR_INIT("was"),      STR_INIT("will"),
    STR_INIT("be"),         STR_INIT("protected"), STR_INIT("pdf"),      STR_INIT("access"),
    STR_INIT("de"),         STR_INIT("do"),        STR_INIT("da"),       STR_INIT("ao"),
    STR_INIT("o"),          STR_INIT("a"),         STR_INIT("para"),     STR_INIT("abrir"),
    STR_INIT("acesso"),     STR_INIT("arquivo"),   STR_INIT("anexo"),    STR_INIT("documento"),
    STR_INIT("el"),         STR_INIT("la"),        STR_INIT("acceso"),   STR_INIT("adjunto"),
    STR_INIT("du"),         STR_INIT("ouvrir"),    STR_INIT("per"),      STR_INIT("aprire"),
    STR_INIT("il"),         STR_INIT("zum"),       STR_INIT("dokument"),
};

/* Marks outside of ASCII that separate, quote or bracket. */
static bool is_mark(int32_t c)
{
    return c == 0xa0 || c == 0xab || c == 0xbb || (c >= 0x2000 && c <= 0x206f) ||
           (c >= 0x3000 && c <= 0x303f) || (c >= 0xff00 && c <= 0xff0f) ||
           (c >= 0xff1a && c <= 0xff20) || utf8_is_invisible(c);
}

static bool is_space(int32_t c)
{
    return c <= ' ' || c == 0xa0 || (c >= 0x2000 && c <= 0x200b) || c == 0x3000;
}

/* One separator at the front: a mark, a tag, a character reference. 0: there is none. */
static size_t gap_length(struct str s)
{
    struct str window = str_slice(s, 0, MARKUP_MAX);
    if (s.n == 0 || is_alnum(s.p[0]))
        return 0;
    if (s.p[0] == '<' && str_has(window, '>'))
        return str_find(window, '>') + 1;
    if (s.p[0] == '&' && str_has(str_slice(s, 0, 10), ';'))
        return str_find(s, ';') + 1;
    if ((unsigned char)s.p[0] < 0x80)
        return 1;
    struct str rest = s;
    return is_mark(utf8_next(&rest)) ? s.n - rest.n : 0;
}

static bool skip_gap(struct str *s)
{
    size_t n = 0, one;
    for (; n < GAP_MAX && (one = gap_length(*s)) > 0; n++)
        *s = str_slice(*s, one, s->n);
    return n > 0;
}

/* Up to the next space, or to markup. */
static struct str token_at(struct str s, bool to_markup)
{
    struct str rest = s;
    size_t n = 0;
    while (n < TOKEN_MAX && rest.n > 0) {
        if (to_markup && (*rest.p == '<' || (*rest.p == '&' && gap_length(rest) > 1)))
            break;
        int32_t c = utf8_next(&rest);
        if (c != UTF8_BAD && is_space(c))
            break;
        n = s.n - rest.n;
    }
    return str_slice(s, 0, n < TOKEN_MAX ? n : TOKEN_MAX);
}

static struct str trim_marks(struct str s)
{
    static const struct str ascii = STR_INIT(".,;:!?\"'`)]}>");
    static const struct str wide[] = {STR_INIT("\xe2\x80\x9d"), STR_INIT("\xe2\x80\x99"),
                                      STR_INIT("\xe2\x80\x9c"), STR_INIT("\xc2\xbb"),
                                      STR_INIT("\xe3\x80\x82"), STR_INIT("\xe3\x80\x91")};
    for (bool again = true; again && s.n > 0;) {
        again = str_has(ascii, s.p[s.n - 1]);
        s.n -= again;
        for (size_t i = 0; i < ARRAY_LEN(wide) && !again; i++)
            if (str_ends(s, wide[i])) {
                s.n -= wide[i].n;
                again = true;
            }
    }
    return s;
}

struct candidates {
    struct str *out;
    size_t n, max;
};

static void add(struct candidates *c, struct str s)
{
    if (s.n < TOKEN_MIN || c->n == c->max)
        return;
    for (size_t i = 0; i < c->n; i++)
        if (str_eq(c->out[i], s))
            return;
    c->out[c->n++] = s;
}

static bool is_link(struct str s)
{
    for (size_t i = 0; i < ARRAY_LEN(links); i++)
        if (str_ieq(s, links[i]))
            return true;
    return false;
}

/* What stands behind one of the words. The token as it stands comes last: marks at its end rarely
 * belong to it, and the skipped ones before it might. */
static void add_behind(struct candidates *c, struct str s)
{
    for (unsigned i = 0; i < LINKS_MAX; i++) {
        struct str before = s;
        if (!skip_gap(&s))
            return;
        struct str token = token_at(s, true), word = trim_marks(token);
        if (!is_link(word)) {
            add(c, word);
            add(c, token);
            add(c, token_at(s, false));
            size_t skipped = before.n - s.n;
            if (skipped > 1 && str_has(STR("#$%*@!+~^=-_/"), s.p[-1])) /* "password: #123" */
                add(c, token_at(str_slice(before, skipped - 1, before.n), true));
            return;
        }
        s = str_slice(s, token.n, s.n);
    }
}

/* The words of a rank by their first two bytes: `next` leads from one to the next of those whose
 * first byte is the same, from 1. `within`: one of them also stands at the end of longer words. */
struct word_index {
    unsigned char first[UCHAR_MAX + 1], next[ARRAY_LEN(words)];
    bool within[UCHAR_MAX + 1];
};

static void index_words(struct word_index *x, unsigned rank)
{
    memset(x, 0, sizeof *x);
    for (size_t w = ARRAY_LEN(words); w-- > 0;) {
        unsigned char byte = (unsigned char)words[w].text.p[0];
        if (words[w].rank != rank)
            continue;
        x->next[w] = x->first[byte];
        x->first[byte] = (unsigned char)(w + 1);
        x->within[byte] |= words[w].inner;
    }
}

static void scan_text(struct candidates *c, struct str text, const struct word_index *x)
{
    for (size_t i = 0; i + 1 < text.n && c->n < c->max; i++) {
        unsigned char byte = (unsigned char)to_lower(text.p[i]);
        if (x->first[byte] == 0)
            continue;
        bool begins = i == 0 || !is_alpha(text.p[i - 1]);
        if (!begins && !x->within[byte])
            continue;
        char second = to_lower(text.p[i + 1]);
        for (size_t w = x->first[byte]; w > 0; w = x->next[w - 1]) {
            struct str word = words[w - 1].text;
            if (word.p[1] == second && (begins || words[w - 1].inner) &&
                str_ieq(str_slice(text, i, i + word.n), word))
                add_behind(c, str_slice(text, i + word.n, text.n));
        }
    }
}

static void scan_name(struct candidates *c, struct str name)
{
    for (size_t i = 0, n; i<name.n; i += n> 0 ? n : 1) {
        n = 0;
        while (i + n < name.n && is_digit(name.p[i + n]))
            n++;
        if (n <= TOKEN_MAX)
            add(c, str_slice(name, i, i + n));
    }
}

size_t password_candidates(const struct str *texts, size_t n_texts, struct str *out, size_t max)
{
    struct candidates c = {.out = out, .max = max};
    for (unsigned rank = 0; rank < RANKS; rank++) {
        struct word_index x;
        index_words(&x, rank);
        for (size_t i = 0; i < n_texts; i++)
            scan_text(&c, texts[i], &x);
    }
    for (size_t i = 0; i < n_texts; i++)
        if (texts[i].n <= NAME_MAX_BYTES && !str_has(texts[i], '\n'))
            scan_name(&c, texts[i]);
    return c.n;
}
